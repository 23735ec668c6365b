//! A table for people under construction: names, values, and to which side they go.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type, SchemaRef};
use arrow::util::display::FormatOptions;

use crate::error::Result;
use crate::model::NumberFormat;

use super::text;

/// Where a result's field tells how its measure is shown.
const FORMAT: &str = "starmart.format";

/// A column: its name, how its values stand, and its values; NULL is none.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) side: Side,
    /// Whether its values may be cut. Half a text still says something; half a number says another number.
    pub(super) cuts: bool,
    /// How its numbers are written; as they are without it.
    format: Option<NumberFormat>,
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
    /// A table of texts; those on the left may be cut.
    pub(in crate::cli) fn new(columns: &[(&str, Side)]) -> Self {
        let column = |&(name, side): &(&str, Side)| {
            let (name, cuts) = (name.to_owned(), side == Side::Left);
            Column { name, side, cuts, format: None, values: vec![] }
        };
        Self { columns: columns.iter().map(column).collect() }
    }

    /// A table of a result, with numbers as the model formats them or as they are.
    pub(in crate::cli) fn of(schema: &SchemaRef, formats: bool) -> Self {
        let column = |field: &FieldRef| {
            let side = if field.data_type().is_numeric() { Side::Right } else { Side::Left };
            let cuts = matches!(field.data_type(), DataType::Utf8 | DataType::Binary) || field.data_type().is_nested();
            let name = plain(field.name()).replace('\n', " ");
            Column { name, side, cuts, format: format(field).filter(|_| formats), values: vec![] }
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
            let written = |row| match column.format.as_ref().and_then(|format| number(format, values, row)) {
                Some(number) => number,
                None => plain(&formatter.value(row).to_string()),
            };
            let value = |row| (!text::is_null(values, row)).then(|| written(row));
            column.values.extend((0..batch.num_rows()).map(value));
        }
        Ok(())
    }

    /// Leaves out the columns that say nothing.
    pub(in crate::cli) fn drop_empty(&mut self) {
        self.columns.retain(|column| column.values.iter().flatten().any(|value| !value.is_empty()));
    }
}

/// How the numbers of a field are shown, if it says so in a way that is known here.
fn format(field: &Field) -> Option<NumberFormat> {
    NumberFormat::parse(field.metadata().get(FORMAT)?)
}

/// A value in a format; none if it is no number of a measure.
fn number(format: &NumberFormat, values: &dyn Array, row: usize) -> Option<String> {
    match values.data_type() {
        DataType::Int64 => Some(format.integer(values.as_primitive::<Int64Type>().value(row))),
        DataType::Decimal128(_, scale) => {
            Some(format.decimal(values.as_primitive::<Decimal128Type>().value(row), *scale))
        }
        DataType::Float64 => Some(format.double(values.as_primitive::<Float64Type>().value(row))),
        _ => None,
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
