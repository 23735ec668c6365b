//! Where the lines of a text stand in its file, so that a fault inside of it is found where it was written.

use super::fault::Position;

/// The lines of a scalar: how many of its characters come before each, and where the line begins in the file.
///
/// YAML takes indentation away and folds lines into one, but what stands on a line stays together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Vec<(usize, Position)>);

impl Lines {
    /// The lines of `text`, whose first character stands at `at` in a file of these lines.
    pub(super) fn of(text: &str, file: &[&str], at: Position) -> Self {
        let text: Vec<char> = text.chars().collect();
        let mut starts = Vec::new();
        let mut read = 0;
        for (index, line) in file.iter().enumerate().skip(at.line.saturating_sub(1)) {
            let line: Vec<char> = line.chars().collect();
            let from = if index + 1 == at.line { at.column.saturating_sub(1) } else { 0 };
            let blanks = line.iter().skip(from).take_while(|c| c.is_whitespace()).count();
            let written = line.iter().skip(from + blanks).collect::<String>();
            read += text.iter().skip(read).take_while(|c| c.is_whitespace()).count();
            if read >= text.len() {
                break;
            }
            if !written.is_empty() {
                starts.push((read, Position { line: index + 1, column: from + blanks + 1 }));
                read += written.trim_end().chars().count();
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
