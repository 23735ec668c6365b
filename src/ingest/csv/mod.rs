//! CSV by RFC 4180: UTF-8, commas, one header line, fields in quotes where they hold commas, quotes or line ends. A blank
//! line is no row; in a file of one column, where it could be a missing value, it is refused.

mod diagnosis;
mod rows;
mod scanner;

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::error::{Error, Result};

use super::sources::{SourceFile, unreadable as unread};
use rows::Rows;
use scanner::{Scanner, Step, Strict};

/// The longest line of a header.
const HEADER_LIMIT_BYTES: usize = 1 << 20;
/// The longest row: a column of texts holds twice as much, and most likely a quote is lost.
const ROW_LIMIT_BYTES: usize = 1 << 30;
const TOO_LONG: &str = "a row is longer than 1 GiB; is a quote missing?";

/// A file's columns, all text, as its header names them.
///
/// # Errors
/// Invalid: a file without a header, or a header that is not UTF-8, names a column twice, leaves one without a name,
/// or is written with other separators than commas.
pub(super) fn header(table: &str, file: &SourceFile) -> Result<SchemaRef> {
    let fault = |what: &str| Error::invalid(format!("table '{table}': '{}', line 1: {what}", file.shown));
    let line = header_line(table, file)?;
    if std::str::from_utf8(&line).is_err() {
        return Err(fault("not UTF-8; save the file as UTF-8"));
    }
    let read = Format::default().with_header(true).infer_schema(line.as_slice(), Some(0));
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
    match fields.as_slice() {
        [] => Err(Error::invalid(format!("table '{table}': '{}' is empty", file.shown))),
        [one] if one.name().contains([';', '\t', '|']) => {
            Err(fault(&format!("one column '{}'; columns are separated by commas", one.name())))
        }
        _ => Ok(Arc::new(Schema::new(fields))),
    }
}

/// The first line that is not blank, without its end; empty where there is none.
fn header_line(table: &str, file: &SourceFile) -> Result<Vec<u8>> {
    let fault = |what: &str| Error::invalid(format!("table '{table}': '{}': {what}", file.shown));
    let (mut scanner, mut line) = (Scanner::new(), Vec::new());
    for byte in BufReader::new(file.open_text()?).bytes() {
        let byte = byte.map_err(|error| unread(&file.shown, error))?;
        match scanner.pass(byte) {
            Step::Blank | Step::Nothing => continue,
            Step::RecordEnd => return Ok(line),
            Step::FieldEnd | Step::Within => line.push(byte),
        }
        if line.len() > HEADER_LIMIT_BYTES {
            return Err(fault("the header is longer than 1 MiB; is this a CSV file?"));
        }
    }
    match scanner.open_quote() {
        Some(opened) => Err(fault(&format!("the quote opened in line {opened} is never closed"))),
        None => Ok(line),
    }
}

/// A file's rows as text, behind its header, so many of them and about so many bytes in a batch. An empty field is NULL.
pub(super) fn rows(
    table: &str,
    file: &SourceFile,
    batch_rows: usize,
    batch_bytes: usize,
) -> Result<Rows<Strict<File>>> {
    let schema = header(table, file)?;
    let text = Strict::new(file.open_text()?, schema.fields().len() == 1);
    Ok(Rows::new(text, schema, batch_rows, batch_bytes))
}

/// A row, or the file, that is no CSV: by its line where a second look finds it.
pub(super) fn unreadable(table: &str, file: &SourceFile, error: ArrowError) -> Error {
    let found = header(table, file).ok().and_then(|header| diagnosis::first_fault(file, &header));
    let said = match found {
        Some(fault) => format!("table '{table}': '{}', {fault}", file.shown),
        None => {
            let reason = error.to_string();
            let reason = reason.strip_prefix("Csv error: ").unwrap_or(&reason);
            format!("table '{table}': '{}' cannot be read: {reason}", file.shown)
        }
    };
    Error::invalid(said).with_source(error)
}
