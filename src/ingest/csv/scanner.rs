//! Where fields, rows and lines of CSV end, byte by byte.

use std::io::{self, Read};

#[derive(Clone, Copy, PartialEq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// A quote within quotes: the end of the field, or the first of two that stand for one.
    Quote,
}

/// What a byte is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// A byte of a field.
    Within,
    /// The comma behind a field.
    FieldEnd,
    /// The line end behind a row.
    RecordEnd,
    /// The end of a line with nothing in it.
    Blank,
    /// The second byte of a line end.
    Nothing,
}

/// How far a file has been looked at.
pub(super) struct Scanner {
    state: State,
    last: u8,
    /// Whether the row that the next byte belongs to has no byte yet.
    at_start: bool,
    line: u64,
    opened: u64,
}

impl Scanner {
    pub(super) fn new() -> Self {
        Self { state: State::FieldStart, last: 0, at_start: true, line: 1, opened: 1 }
    }

    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The line of the quote that is open, if one is.
    pub(super) fn open_quote(&self) -> Option<u64> {
        (self.state == State::Quoted).then_some(self.opened)
    }

    /// Takes the next byte.
    pub(super) fn pass(&mut self, byte: u8) -> Step {
        let second = byte == b'\n' && self.last == b'\r';
        let ends_line = matches!(byte, b'\n' | b'\r');
        let quoted = self.state == State::Quoted;
        self.last = byte;
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) => State::Quoted,
            (State::FieldStart, b'"') => {
                self.opened = self.line;
                State::Quoted
            }
            (State::Quote, b'"') => State::Quoted,
            (_, b',' | b'\n' | b'\r') => State::FieldStart,
            _ => State::Plain,
        };
        self.line += u64::from(ends_line && !second);
        if quoted || !ends_line {
            self.at_start = false;
            return if byte == b',' && !quoted { Step::FieldEnd } else { Step::Within };
        }
        if second {
            return Step::Nothing;
        }
        if std::mem::replace(&mut self.at_start, true) { Step::Blank } else { Step::RecordEnd }
    }
}

/// A file's bytes, and an error where it ends within quotes: a parser would take all that follows a lost quote for one
/// field, and the rows in it would vanish without a word. So would a blank line in a file of one column.
pub(in crate::ingest) struct Strict<R> {
    inner: R,
    scanner: Scanner,
    one_column: bool,
    begun: bool,
    blank: bool,
}

impl<R: Read> Strict<R> {
    pub(super) fn new(inner: R, one_column: bool) -> Self {
        Self { inner, scanner: Scanner::new(), one_column, begun: false, blank: false }
    }
}

impl<R: Read> Read for Strict<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let refused = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.scanner.open_quote().is_some() {
            return Err(refused("a quote is never closed"));
        }
        for byte in &buffer[..read] {
            match self.scanner.pass(*byte) {
                Step::Blank => self.blank |= self.begun && self.one_column,
                Step::Nothing => (),
                _ if self.blank => return Err(refused("a line is blank")),
                _ => self.begun = true,
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, one_column: bool) -> io::Result<String> {
        let mut all = String::new();
        Strict::new(text.as_bytes(), one_column).read_to_string(&mut all).map(|_| all)
    }

    #[test]
    fn quotes_must_close() {
        for whole in ["a,b\n1,\"x\"\n", "a\n\"x \"\"y\"\" z\"\n", "a,b\n5\" pipe,2\n", "a\n\"two\nlines\"\n", "a\n\"\""]
        {
            assert_eq!(read(whole, false).unwrap(), whole);
        }
        for broken in ["a,b\n1,\"x\n2,y\n", "\"a,b\n", "a\n\"x\"\"\n\n", "a,b\n\"x\",\""] {
            assert!(read(broken, false).is_err(), "{broken}");
        }
    }

    #[test]
    fn blank_lines_may_not_stand_for_values() {
        for whole in ["n\n1\n2\n", "\n\nn\r\n1\r\n\r\n\r\n", "n\n\"\"\n2", "n\n\"\n\n\"\n2\n"] {
            assert!(read(whole, true).is_ok(), "{whole}");
        }
        for broken in ["n\n1\n\n2\n", "n\r\n\r\n1\r\n", "n\r1\r\r2"] {
            assert!(read(broken, true).is_err() && read(broken, false).is_ok(), "{broken}");
        }
    }
}
