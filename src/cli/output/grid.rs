//! Tables for people: columns as wide as what they hold, Chinese counted double, numbers to the right, NULL apart.

use std::fmt;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::util::display::FormatOptions;
use unicode_width::UnicodeWidthStr;

use crate::error::Result;

use super::text;

/// A table under construction.
pub(in crate::cli) struct Grid {
    names: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<Option<String>>>,
    colour: bool,
}

impl Grid {
    /// A table of texts; a column of whole numbers goes to the right.
    pub(in crate::cli) fn new(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Self { right: vec![false; names.len()], names, rows: Vec::new(), colour: false }
    }

    /// A table of a result.
    pub(in crate::cli) fn of(schema: &SchemaRef, colour: bool) -> Self {
        let names = schema.fields().iter().map(|field| plain(field.name())).collect();
        let right = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
        Self { names, right, rows: Vec::new(), colour }
    }

    /// Adds a row of texts.
    pub(in crate::cli) fn row(&mut self, row: Vec<String>) {
        if self.rows.is_empty() {
            let number = |text: &String| text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['-', ':']);
            self.right = row.iter().map(number).collect();
        }
        self.rows.push(row.into_iter().map(Some).collect());
    }

    /// Adds the rows of a batch.
    pub(in crate::cli) fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let options = FormatOptions::default();
        let formatters = text::formatters(batch, &options)?;
        for row in 0..batch.num_rows() {
            let values = formatters.iter().zip(batch.columns());
            let value = |(formatter, column): (&arrow::util::display::ArrayFormatter<'_>, &arrow::array::ArrayRef)| {
                (!column.is_null(row)).then(|| plain(&formatter.value(row).to_string()))
            };
            self.rows.push(values.map(value).collect());
        }
        Ok(())
    }
}

/// A text on one line, without what would move the cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NULL: &str = "NULL";
        let mut widths: Vec<usize> = self.names.iter().map(|name| name.width()).collect();
        for row in &self.rows {
            for (width, value) in widths.iter_mut().zip(row) {
                *width = (*width).max(value.as_deref().unwrap_or(NULL).width());
            }
        }
        let pad = |text: &str, width: usize, right: bool| {
            let space = " ".repeat(width.saturating_sub(text.width()));
            if right { format!("{space}{text}") } else { format!("{text}{space}") }
        };
        let line = |cells: Vec<String>| cells.join("  ").trim_end().to_owned();
        let columns = || widths.iter().zip(&self.right);
        writeln!(f, "{}", line(self.names.iter().zip(columns()).map(|(name, (w, r))| pad(name, *w, *r)).collect()))?;
        writeln!(f, "{}", line(widths.iter().map(|width| "─".repeat(*width)).collect()))?;
        for row in &self.rows {
            let cells = row.iter().zip(columns()).map(|(value, (width, right))| match value {
                Some(value) => pad(value, *width, *right),
                None if self.colour => format!("\x1b[2m{}\x1b[0m", pad(NULL, *width, *right)),
                None => pad(NULL, *width, *right),
            });
            writeln!(f, "{}", line(cells.collect()))?;
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn chinese_counts_double_and_numbers_go_right() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("食品"), None, Some("a\nb")]));
        let number: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(1200), None]));
        let batch = RecordBatch::try_from_iter([("部門", text), ("n", number)]).unwrap();
        let mut grid = Grid::of(&batch.schema(), false);
        grid.batch(&batch).unwrap();
        assert_eq!(grid.to_string(), "部門     n\n────  ────\n食品     7\nNULL  1200\na\u{fffd}b   NULL\n");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_469_307].map(grouped), ["0", "999", "1,000", "1,469,307"]);
    }
}
