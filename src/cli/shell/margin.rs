//! The margin of lines that go on: `     ...> `, as wide as the prompt. The editor knows one prompt, but takes a tab to be
//! as wide as it is told; so a line that goes on begins with a tab, which is drawn as the margin. What is asked and kept
//! elsewhere has no such tab.

use unicode_width::UnicodeWidthChar;

/// The end of a line, and the margin of the next.
pub(super) const BREAK: &str = "\n\t";
/// What a margin ends with.
const MARK: &str = "...> ";

/// A text with a margin before each line but the first.
pub(super) fn with(text: &str) -> String {
    without(text).replace('\n', BREAK)
}

/// A text as it was meant.
pub(super) fn without(text: &str) -> String {
    text.replace(BREAK, "\n")
}

/// A text, which may be coloured, as it is drawn behind a prompt of some width: margins instead of their tabs, and blanks
/// instead of others, up to the next multiple of that width.
pub(super) fn drawn(text: &str, prompt: usize) -> String {
    let margin = format!("{MARK:>prompt$}");
    let mut drawn = String::with_capacity(text.len());
    let mut column = prompt;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => {
                drawn.push('\n');
                column = 0;
                if characters.next_if_eq(&'\t').is_some() {
                    drawn.push_str(&margin);
                    column = prompt;
                }
            }
            '\t' => {
                let blanks = prompt - column % prompt.max(1);
                drawn.push_str(&" ".repeat(blanks));
                column += blanks;
            }
            '\x1b' => {
                drawn.push(character);
                for part in characters.by_ref() {
                    drawn.push(part);
                    if part.is_ascii_alphabetic() {
                        break;
                    }
                }
            }
            other => {
                drawn.push(other);
                column += other.width().unwrap_or_default();
            }
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_come_and_go() {
        let text = "SELECT 1,\n  '部門'\n;";
        assert_eq!(with(text), "SELECT 1,\n\t  '部門'\n\t;");
        assert_eq!(without(&with(text)), text);
        assert_eq!(with(&with(text)), with(text));
    }

    #[test]
    fn tabs_are_drawn_as_the_editor_counts_them() {
        assert_eq!(drawn("a\n\tb", 10), "a\n     ...> b");
        assert_eq!(drawn("a\nb\tc", 10), "a\nb         c");
        assert_eq!(drawn("門\tc", 10), "門        c");
        assert_eq!(drawn("\x1b[1ma\x1b[0m\tc", 10), "\x1b[1ma\x1b[0m         c");
        assert_eq!(drawn("a\n\t\tb", 10), "a\n     ...>           b");
    }
}
