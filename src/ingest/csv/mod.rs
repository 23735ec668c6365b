//! CSV by RFC 4180: UTF-8, commas, one header line, fields in quotes where they hold commas, quotes or line ends.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use arrow::csv::ReaderBuilder;
use arrow::csv::reader::{Format, Reader};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::{Error, Result};

use super::sources::SourceFile;

/// The longest line of a header.
const HEADER_LIMIT_BYTES: u64 = 1 << 20;

/// A file's columns, all text, as its header names them.
///
/// # Errors
/// Invalid: a header that is not UTF-8, names a column twice, or leaves one without a name.
pub(super) fn header(table: &str, file: &SourceFile) -> Result<SchemaRef> {
    let fault = |what: &str| Error::invalid(format!("table '{table}': '{}', line 1: {what}", file.shown));
    let text = Quotes::new(file.open_text()?).take(HEADER_LIMIT_BYTES);
    let read = Format::default().with_header(true).infer_schema(text, Some(0));
    let (named, _) = read.map_err(|error| fault(&format!("the header cannot be read: {error}")).with_source(error))?;
    let mut fields: Vec<Field> = Vec::with_capacity(named.fields().len());
    for name in named.fields().iter().map(|field| field.name().trim()) {
        if name.is_empty() {
            return Err(fault("the header has a column without a name"));
        }
        if fields.iter().any(|field| field.name() == name) {
            return Err(fault(&format!("the header names '{name}' twice")));
        }
        fields.push(Field::new(name, DataType::Utf8, true));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// A file's rows as text, behind its header. An empty field is NULL.
pub(super) fn rows(table: &str, file: &SourceFile, batch_rows: usize) -> Result<Reader<Quotes<File>>> {
    let text = Quotes::new(file.open_text()?);
    let builder = ReaderBuilder::new(header(table, file)?).with_header(true).with_batch_size(batch_rows);
    builder.build(text).map_err(|error| unreadable(table, file, error))
}

/// A row, or the file, that is no CSV.
pub(super) fn unreadable(table: &str, file: &SourceFile, error: arrow::error::ArrowError) -> Error {
    Error::invalid(format!("table '{table}': '{}' cannot be read: {error}", file.shown)).with_source(error)
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// A quote within quotes: the end of the field, or the first of two that stand for one.
    Quote,
}

/// A file's bytes, and an error where it ends within quotes: a parser would take all that follows a lost quote for one
/// field, and the rows in it would vanish without a word.
pub(super) struct Quotes<R> {
    inner: R,
    state: State,
    line: u64,
    opened: u64,
}

impl<R: Read> Quotes<R> {
    fn new(inner: R) -> Self {
        Self { inner, state: State::FieldStart, line: 1, opened: 1 }
    }

    fn pass(&mut self, byte: u8) {
        self.line += u64::from(byte == b'\n');
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
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.state == State::Quoted {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the quote opened in line {} is never closed", self.opened),
            ));
        }
        for byte in &buffer[..read] {
            self.pass(*byte);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<String> {
        let mut all = String::new();
        Quotes::new(text.as_bytes()).read_to_string(&mut all).map(|_| all)
    }

    #[test]
    fn quotes_must_close() {
        for whole in ["a,b\n1,\"x\"\n", "a\n\"x \"\"y\"\" z\"\n", "a,b\n5\" pipe,2\n", "a\n\"two\nlines\"\n", "a\n\"\""]
        {
            assert_eq!(read(whole).unwrap(), whole);
        }
        for (broken, line) in [("a,b\n1,\"x\n2,y\n", 2), ("\"a,b\n", 1), ("a\n\"x\"\"\n\n", 2), ("a,b\n\"x\",\"", 2)] {
            let error = read(broken).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line} ")), "{broken}: {error}");
        }
    }
}
