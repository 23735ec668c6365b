//! What is wrong with a CSV file, by line and column: looked for only when reading it has failed.

use std::io::{BufReader, Read};

use arrow::datatypes::Schema;

use super::scanner::{Scanner, Step};
use super::{ROW_LIMIT_BYTES, TOO_LONG};
use crate::ingest::sources::SourceFile;

/// The first fault of a file, in words.
pub(super) fn first_fault(file: &SourceFile, header: &Schema) -> Option<String> {
    let text = BufReader::new(file.open_text().ok()?).bytes();
    Examination::new(header).all(text.map_while(Result::ok))
}

/// How far a file has been examined.
struct Examination<'a> {
    header: &'a Schema,
    scanner: Scanner,
    /// The bytes of the field so far, the line where it begins, and that of its row.
    field: Vec<u8>,
    field_line: u64,
    row_line: u64,
    /// How many fields of the row have ended, and how many bytes it has.
    fields: usize,
    row_bytes: usize,
    row_limit_bytes: usize,
    begun: bool,
    blank: Option<u64>,
}

impl<'a> Examination<'a> {
    fn new(header: &'a Schema) -> Self {
        let scanner = Scanner::new();
        let (field_line, row_line) = (scanner.line(), scanner.line());
        Self {
            header,
            scanner,
            field: Vec::new(),
            field_line,
            row_line,
            fields: 0,
            row_bytes: 0,
            row_limit_bytes: ROW_LIMIT_BYTES,
            begun: false,
            blank: None,
        }
    }

    fn all(mut self, bytes: impl Iterator<Item = u8>) -> Option<String> {
        for byte in bytes {
            if let Some(fault) = self.byte(byte) {
                return Some(fault);
            }
        }
        if let Some(opened) = self.scanner.open_quote() {
            return Some(format!("line {opened}: the quote opened in line {opened} is never closed"));
        }
        if self.fields == 0 && self.field.is_empty() { None } else { self.end_row() }
    }

    fn byte(&mut self, byte: u8) -> Option<String> {
        let line = self.scanner.line();
        match self.scanner.pass(byte) {
            Step::Nothing => None,
            Step::Blank => {
                self.blank = Some(line).filter(|_| self.begun && self.header.fields().len() == 1);
                None
            }
            Step::RecordEnd => self.end_row(),
            step => {
                if let Some(line) = self.blank {
                    return Some(format!(
                        "line {line}: a blank line; write \"\" for a missing value, or take the line out"
                    ));
                }
                if self.field.is_empty() {
                    self.field_line = line;
                    self.row_line = if self.fields == 0 { line } else { self.row_line };
                }
                self.row_bytes += 1;
                if self.row_bytes > self.row_limit_bytes {
                    return Some(format!("line {}: {TOO_LONG}", self.row_line));
                }
                if step == Step::FieldEnd {
                    return self.end_field();
                }
                self.field.push(byte);
                None
            }
        }
    }

    fn end_field(&mut self) -> Option<String> {
        let field = std::mem::take(&mut self.field);
        let at = self.fields;
        self.fields += 1;
        if std::str::from_utf8(&field).is_ok() {
            return None;
        }
        let column =
            self.header.fields().get(at).map_or_else(String::new, |field| format!(", column '{}'", field.name()));
        Some(format!("line {}{column}: not UTF-8; save the file as UTF-8", self.field_line))
    }

    fn end_row(&mut self) -> Option<String> {
        if let Some(fault) = self.end_field() {
            return Some(fault);
        }
        self.begun = true;
        self.row_bytes = 0;
        let fields = std::mem::take(&mut self.fields);
        let (line, expected) = (self.row_line, self.header.fields().len());
        let counted = |count: usize| if count == 1 { "1 field".to_owned() } else { format!("{count} fields") };
        if fields == expected {
            return None;
        }
        let hint = if fields > expected { "; a field that holds a comma stands in quotes" } else { "" };
        Some(format!("line {line}: {}, expected {expected}{hint}", counted(fields)))
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    fn fault(columns: &[&str], text: &[u8]) -> Option<String> {
        let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
        Examination::new(&Schema::new(fields)).all(text.iter().copied())
    }

    #[test]
    fn faults_are_told_by_the_line_of_the_file() {
        let two = ["id", "city"];
        for (text, told) in [
            (
                &b"id,city\n1,\"x\ny\"\n2,a,b\n"[..],
                "line 4: 3 fields, expected 2; a field that holds a comma stands in quotes",
            ),
            (b"id,city\r\n\r\n1,\r\n2", "line 4: 1 field, expected 2"),
            (b"id,city\n1,\"x\n\xff\"\n", "line 2, column 'city': not UTF-8; save the file as UTF-8"),
            (b"id,city\n\xc3,1\n", "line 2, column 'id': not UTF-8; save the file as UTF-8"),
            (b"id,city\n1,\"x\n2,y\n", "line 2: the quote opened in line 2 is never closed"),
        ] {
            assert_eq!(fault(&two, text).as_deref(), Some(told), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(fault(&two, "id,city\n1,\"x\n\"\n,\n\n2,臺北".as_bytes()), None);
        let schema = Schema::new(vec![Field::new("n", DataType::Utf8, true)]);
        let short = Examination { row_limit_bytes: 8, ..Examination::new(&schema) };
        let text = b"n\n\"1234\n6\"\n123456789\n";
        assert_eq!(short.all(text.iter().copied()), Some(format!("line 4: {TOO_LONG}")));
        let blank = "line 3: a blank line; write \"\" for a missing value, or take the line out";
        assert_eq!(fault(&["n"], b"n\n1\n\n2\n").as_deref(), Some(blank));
        assert_eq!(fault(&["n"], b"\nn\n1\n\"\"\n\n\n"), None);
    }
}
