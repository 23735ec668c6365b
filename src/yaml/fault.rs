//! Faults in files that people write: where, and what to do about it.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, Result};

/// A place in a file; both numbers count from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// Where a file begins: the place of faults that have no better one.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One fault in one file; reads `file:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// The file as its reader knows it.
    pub file: String,
    /// Where in the file.
    pub at: Position,
    /// What is wrong and the way out.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.at, self.message)
    }
}

/// All faults found so far, in any number of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault.
    pub fn push(&mut self, file: &str, at: Position, message: impl Into<String>) {
        self.0.push(Fault { file: file.to_owned(), at, message: message.into() });
    }

    /// Notes all faults of `other`.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many faults there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The faults in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// The same faults by file, line and column, each once.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort();
        self.0.dedup();
        self
    }

    /// One error that lists every fault, one a line; [`Faults::of`] gets them back.
    pub fn into_error(self) -> Error {
        let faults = self.sorted();
        let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
        Error::misconfigured(lines.join("\n")).with_source(faults)
    }

    /// `value` if nothing is wrong, else [`Faults::into_error`].
    ///
    /// # Errors
    /// Misconfigured: every fault, one a line.
    pub fn into_result<T>(self, value: T) -> Result<T> {
        if self.is_empty() { Ok(value) } else { Err(self.into_error()) }
    }

    /// The faults that `error` lists, if it was made by [`Faults::into_error`].
    pub fn of(error: &Error) -> Option<&Self> {
        error.source().and_then(|source| source.downcast_ref::<Self>())
    }
}

impl fmt::Display for Faults {
    /// A count: the error that carries the faults has listed them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            1 => f.write_str("1 fault"),
            n => write!(f, "{n} faults"),
        }
    }
}

impl StdError for Faults {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn an_error_lists_every_fault_once_in_order() {
        let mut faults = Faults::default();
        faults.push("b.yaml", Position { line: 2, column: 10 }, "late");
        faults.push("b.yaml", Position { line: 2, column: 9 }, "early");
        faults.push("a.yaml", Position { line: 30, column: 1 }, "other file");
        faults.push("b.yaml", Position { line: 2, column: 9 }, "early");
        let error = faults.into_error();
        assert_eq!(error.kind(), Kind::Misconfigured);
        assert_eq!(error.message(), "a.yaml:30:1: other file\nb.yaml:2:9: early\nb.yaml:2:10: late");
        assert_eq!(Faults::of(&error).map(Faults::len), Some(3));
        assert_eq!(error.source().map(ToString::to_string), Some("3 faults".to_owned()));
        assert!(Faults::of(&Error::invalid("x")).is_none());
    }

    #[test]
    fn no_faults_pass_the_value_on() {
        assert_eq!(Faults::default().into_result(7).ok(), Some(7));
    }
}
