//! Where the lines of a text stand in its file, so that a fault inside of it is found where it was written.

use super::fault::Position;

/// The lines of a scalar: how many of its characters come before each, and where the line begins in the file.
///
/// YAML takes indentation away and folds lines into one, but what stands on a line stays together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Vec<(usize, Position)>);

impl Lines {
    /// The lines of `text`, whose first character stands at `at` in a file of these lines, and whose end in this line.
    pub(super) fn of(text: &str, file: &[&str], at: Position, end: usize) -> Self {
        if at.line == end {
            return Self(vec![(0, at)]);
        }
        let mut starts = Vec::new();
        let (mut rest, mut read) = (text, 0);
        for (index, line) in file.iter().enumerate().skip(at.line.saturating_sub(1)) {
            let blanks = rest.chars().take_while(|c| c.is_whitespace()).count();
            (rest, read) = (rest.trim_start(), read + blanks);
            if rest.is_empty() {
                break;
            }
            let from = if index + 1 == at.line { at.column.saturating_sub(1) } else { 0 };
            let line = beyond(line, from);
            let written = line.trim_start();
            if !written.is_empty() {
                let blanks = line.chars().take_while(|c| c.is_whitespace()).count();
                starts.push((read, Position { line: index + 1, column: from + blanks + 1 }));
                let count = written.trim_end().chars().count();
                (rest, read) = (beyond(rest, count), read + count);
            }
        }
        Self(starts)
    }

    /// The place of the character before which stand `offset` others, if it is known.
    pub fn place(&self, offset: usize) -> Option<Position> {
        let (before, at) = self.0.iter().rev().find(|(before, _)| *before <= offset)?;
        Some(Position { line: at.line, column: at.column + offset - before })
    }
}

/// A text without so many of its first characters.
fn beyond(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or("", |(at, _)| &text[at..])
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Faults, Position, parse};

    /// Where `word` stands in the text of the key `a`, by its lines.
    fn found(source: &str, word: &str) -> Position {
        let node = parse("f", source, &mut Faults::default()).unwrap();
        let value = node.get("a").unwrap();
        let text = value.text().unwrap();
        let before = text.split(word).next().unwrap().chars().count();
        value.lines.place(before).unwrap()
    }

    #[test]
    fn a_word_is_found_where_it_is_written() {
        for source in [
            "a: one two WORD",
            "a: 'one WORD'",
            "a: \"一 WORD\"",
            "a: |\n  one\n  two WORD\n",
            "a: |\n\n  one\n\n    deeper WORD\n  end\n",
            "a: >-\n  one\n  two WORD three\n",
            "a: one\n   two\n     WORD three\nb: c",
            "a:\n  one\n  WORD",
            "{b: c, a: one\n  two WORD, c: d}",
            "a: |\n  # one\n  WORD # two\n",
        ] {
            let (line, text) = source.lines().enumerate().find(|(_, line)| line.contains("WORD")).unwrap();
            let column = text.split("WORD").next().unwrap().chars().count() + 1;
            assert_eq!(found(source, "WORD"), Position { line: line + 1, column }, "{source}");
        }
    }
}
