//! A table for people under construction: names, values, and to which side they go.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::FormatOptions;

use crate::error::Result;

use super::text;

/// A column: its name, how its values stand, and its values; NULL is none.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) side: Side,
    /// Whether its values may be cut. Half a text still says something; half a number says another number.
    pub(super) cuts: bool,
    pub(super) values: Vec<Option<String>>,
}

/// Where the values of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Side {
    Left,
    Right,
}

/// A table under construction.
#[derive(Debug)]
pub(in crate::cli) struct Grid {
    pub(super) columns: Vec<Column>,
}

impl Grid {
    /// A table of texts.
    pub(in crate::cli) fn new(columns: &[(&str, Side)]) -> Self {
        let column = |&(name, side): &(&str, Side)| Column { name: name.to_owned(), side, cuts: false, values: vec![] };
        Self { columns: columns.iter().map(column).collect() }
    }

    /// A table of a result.
    pub(in crate::cli) fn of(schema: &SchemaRef) -> Self {
        let column = |field: &arrow::datatypes::FieldRef| {
            let side = if field.data_type().is_numeric() { Side::Right } else { Side::Left };
            let cuts = matches!(field.data_type(), DataType::Utf8 | DataType::Binary) || field.data_type().is_nested();
            Column { name: plain(field.name()).replace('\n', " "), side, cuts, values: vec![] }
        };
        Self { columns: schema.fields().iter().map(column).collect() }
    }

    /// Adds a row of texts.
    pub(in crate::cli) fn row(&mut self, row: Vec<String>) {
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.values.push(Some(value));
        }
    }

    /// Adds the rows of a batch.
    pub(in crate::cli) fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let options = FormatOptions::default();
        let formatters = text::formatters(batch, &options)?;
        for ((column, values), formatter) in self.columns.iter_mut().zip(batch.columns()).zip(formatters) {
            let value = |row| (!text::is_null(values, row)).then(|| plain(&formatter.value(row).to_string()));
            column.values.extend((0..batch.num_rows()).map(value));
        }
        Ok(())
    }

    /// Leaves out the columns that say nothing.
    pub(in crate::cli) fn drop_empty(&mut self) {
        self.columns.retain(|column| column.values.iter().flatten().any(|value| !value.is_empty()));
    }
}

/// A text without what would move the cursor, other than to a next line.
fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => c,
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.replace("\r\n", "\n").chars().map(shown).collect()
}

/// A count with its thousands apart: 1,469,307.
pub(in crate::cli) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something: 1 row, 1,200 rows.
pub(in crate::cli) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_469_307].map(grouped), ["0", "999", "1,000", "1,469,307"]);
        assert_eq!(counted(1, "key breaks it", "keys break it"), "1 key breaks it");
        assert_eq!(counted(1200, "row", "rows"), "1,200 rows");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(plain("a\r\nb\tc\x1b[2J\u{9b}d\r"), "a\nb c\u{fffd}[2J\u{fffd}d\u{fffd}");
    }
}
