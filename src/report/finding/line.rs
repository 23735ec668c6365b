//! A line of clauses: as many as fit, the first first.

use crate::error::{Error, Result};
use crate::report::locale::raised;

/// A part of a sentence that is said whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Its words.
    pub long: String,
    /// Fewer words that say the same.
    pub short: Option<String>,
    /// Whether the line is nothing without it.
    pub is_mandatory: bool,
    /// Whether it begins a sentence of its own.
    pub is_sentence: bool,
}

impl Clause {
    /// A clause that may be left out.
    pub fn new(long: impl Into<String>) -> Self {
        Self { long: long.into(), short: None, is_mandatory: false, is_sentence: false }
    }

    /// The same with a shorter form.
    #[must_use]
    pub fn with_short(self, short: Option<String>) -> Self {
        Self { short: short.filter(|short| *short != self.long), ..self }
    }

    /// The same as a sentence of its own.
    #[must_use]
    pub fn sentence(self) -> Self {
        Self { is_sentence: true, ..self }
    }

    /// The same, never left out.
    #[must_use]
    pub fn mandatory(self) -> Self {
        Self { is_mandatory: true, ..self }
    }
}

/// Clauses and how they are joined.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// The clauses, the lead first, which is mandatory.
    pub clauses: &'a [Clause],
    /// What stands between two clauses, where the later does not begin with a mark of its own.
    pub joint: &'a str,
    /// What stands before one that begins a sentence.
    pub full_stop: &'a str,
    /// What stands at the end.
    pub end: &'a str,
    /// Whether it is a sentence, which begins with a capital; words of a report's author stand as they are.
    pub is_sentence: bool,
}

/// The marks that a clause may begin with.
const MARKS: [char; 8] = [',', ';', ':', '.', '，', '；', '：', '。'];

impl Line<'_> {
    /// The line as it fits into `room`: from the last clause back each takes its short form, then each is left out.
    ///
    /// # Errors
    /// Invalid: what must be said does not fit.
    pub fn fitted(&self, width: &dyn Fn(&str) -> f64, room: f64) -> Result<String> {
        let mut said: Vec<Option<&str>> = self.clauses.iter().map(|clause| Some(clause.long.as_str())).collect();
        let fits = |said: &[Option<&str>]| width(&self.joined(said)) <= room;
        for at in (0..said.len()).rev() {
            if fits(&said) {
                return Ok(self.joined(&said));
            }
            if let (Some(slot), Some(clause)) = (said.get_mut(at), self.clauses.get(at)) {
                *slot = Some(clause.short.as_deref().unwrap_or(&clause.long));
            }
        }
        for at in (1..said.len()).rev() {
            if fits(&said) {
                break;
            }
            if let Some(slot) =
                said.get_mut(at).filter(|_| self.clauses.get(at).is_some_and(|clause| !clause.is_mandatory))
            {
                *slot = None;
            }
        }
        let line = self.joined(&said);
        if width(&line) <= room {
            return Ok(line);
        }
        Err(Error::invalid(format!("the line '{line}' is too long for its place; give it shorter words")))
    }

    fn joined(&self, said: &[Option<&str>]) -> String {
        let mut line = String::new();
        let told = said.iter().zip(self.clauses).filter_map(|(said, clause)| Some(((*said)?, clause.is_sentence)));
        for (clause, begins) in told.filter(|(clause, _)| !clause.is_empty()) {
            if line.is_empty() {
                line.push_str(&if self.is_sentence { raised(clause) } else { clause.to_owned() });
            } else if clause.starts_with(MARKS) {
                line.push_str(clause);
            } else if begins {
                line.push_str(self.full_stop);
                line.push_str(&raised(clause));
            } else {
                line.push_str(self.joint);
                line.push_str(clause);
            }
        }
        if !line.is_empty() {
            line.push_str(self.end);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(clauses: &[Clause], room: f64) -> Result<String> {
        Line { clauses, joint: "; ", full_stop: ". ", end: ".", is_sentence: true }
            .fitted(&|text| text.chars().count() as f64, room)
    }

    #[test]
    fn the_last_clauses_give_way_first() {
        let all = [
            Clause::new("revenue up"),
            Clause::new(": more trips, fewer items").with_short(Some(": more trips".into())),
            Clause::new("eighth of 47").sentence(),
        ];
        assert_eq!(fitted(&all, 100.0).unwrap(), "Revenue up: more trips, fewer items. Eighth of 47.");
        assert_eq!(fitted(&all, 40.0).unwrap(), "Revenue up: more trips. Eighth of 47.");
        assert_eq!(fitted(&all, 25.0).unwrap(), "Revenue up: more trips.");
        assert_eq!(fitted(&all, 12.0).unwrap(), "Revenue up.");
        assert!(fitted(&all, 5.0).unwrap_err().message().contains("'Revenue up.'"));
        assert_eq!(fitted(&[], 5.0).unwrap(), "");
    }

    #[test]
    fn what_is_mandatory_stays() {
        let all = [Clause::new("revenue up"), Clause::new(", no sales on Monday").mandatory(), Clause::new("more")];
        assert_eq!(fitted(&all, 31.0).unwrap(), "Revenue up, no sales on Monday.");
        assert!(fitted(&all, 20.0).is_err());
        let own = Line { clauses: &[Clause::new("iPhones")], joint: "", full_stop: "", end: "", is_sentence: false };
        assert_eq!(own.fitted(&|_| 0.0, 1.0).unwrap(), "iPhones");
    }
}
