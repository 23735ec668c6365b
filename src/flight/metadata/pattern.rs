//! Patterns of names: `%` is any characters, `_` is one, and `\` before either takes it as it is.

use crate::error::{Error, Result};

/// The longest pattern that is read, in bytes. No name is longer.
const BYTES: usize = 4096;

/// What one place of a pattern takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Any,
    One,
    This(char),
}

/// A pattern of names.
#[derive(Debug)]
pub(super) struct Pattern(Vec<Place>);

impl Pattern {
    /// Reads a pattern; without one, everything matches.
    ///
    /// # Errors
    /// Invalid: it is too long.
    pub(super) fn read(text: Option<&str>) -> Result<Self> {
        let text = text.unwrap_or("%");
        if text.len() > BYTES {
            return Err(Error::invalid(format!("a pattern of {} bytes; {BYTES} is the most", text.len())));
        }
        let mut places = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            places.push(match character {
                '%' => Place::Any,
                '_' => Place::One,
                '\\' => Place::This(characters.next_if(|next| matches!(next, '%' | '_' | '\\')).unwrap_or('\\')),
                other => Place::This(other),
            });
        }
        Ok(Self(places))
    }

    /// Whether the whole name is as the pattern says.
    pub(super) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut at, mut place) = (0, 0);
        // Where the last `%` stands, and where what follows it was last tried.
        let mut last: Option<(usize, usize)> = None;
        while at < name.len() {
            match self.0.get(place) {
                Some(Place::Any) => {
                    last = Some((place, at));
                    place += 1;
                }
                Some(Place::One) => (at, place) = (at + 1, place + 1),
                Some(Place::This(character)) if *character == name[at] => (at, place) = (at + 1, place + 1),
                _ => match last {
                    Some((any, tried)) => {
                        last = Some((any, tried + 1));
                        (at, place) = (tried + 1, any + 1);
                    }
                    None => return false,
                },
            }
        }
        self.0[place..].iter().all(|place| *place == Place::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use proptest::prelude::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::read(Some(pattern)).unwrap().matches(name)
    }

    #[test]
    fn names_match_as_a_whole() {
        for pattern in ["sales", "s%", "%s", "%", "_____", "s_l%s", "%a%e%", "%%sales%%", "sales%"] {
            assert!(matches(pattern, "sales"), "{pattern}");
        }
        for pattern in ["", "sale", "Sales", "____", "______", "%x%", "s%x", "ales", "%sale", "sales_"] {
            assert!(!matches(pattern, "sales"), "{pattern}");
        }
        assert!(Pattern::read(None).unwrap().matches("anything"));
        assert!(matches("", ""));
        assert!(matches("銷_", "銷售"));
    }

    #[test]
    fn wildcards_can_be_taken_as_they_are() {
        assert!(matches(r"all\_lines", "all_lines"));
        assert!(!matches(r"all\_lines", "all-lines"));
        assert!(matches(r"100\%", "100%"));
        assert!(!matches(r"100\%", "1000"));
        assert!(matches(r"a\\b", r"a\b"));
        assert!(matches(r"a\b", r"a\b"));
        assert!(matches("a\\", "a\\"));
    }

    #[test]
    fn long_patterns_are_refused() {
        assert_eq!(Pattern::read(Some(&"%".repeat(BYTES + 1))).unwrap_err().kind(), Kind::Invalid);
    }

    /// The same by trying everything.
    fn tried(pattern: &[Place], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            ([Place::Any, rest @ ..], _) => {
                tried(rest, name) || matches!(name, [_, after @ ..] if tried(pattern, after))
            }
            ([Place::One, rest @ ..], [_, after @ ..]) => tried(rest, after),
            ([Place::This(this), rest @ ..], [first, after @ ..]) => this == first && tried(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn whatever_is_tried_agrees(pattern in "[ab_%]{0,8}", name in "[ab]{0,8}") {
            let read = Pattern::read(Some(&pattern)).unwrap();
            let characters: Vec<char> = name.chars().collect();
            prop_assert_eq!(read.matches(&name), tried(&read.0, &characters));
        }
    }
}
