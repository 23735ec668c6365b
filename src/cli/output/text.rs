//! CSV and JSON, value by value: decimals keep their digits, timestamps are ISO 8601, NULL is empty or null.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::{Error, Result};

/// Formatters of a batch's columns.
///
/// # Errors
/// Invalid: a column of a type that has no text.
pub(super) fn formatters<'a>(
    batch: &'a RecordBatch,
    options: &'a FormatOptions<'a>,
) -> Result<Vec<ArrayFormatter<'a>>> {
    let formatter = |(field, column): (&'a FieldRef, &'a ArrayRef)| {
        ArrayFormatter::try_new(column, options).map_err(|error| {
            let (name, data_type) = (field.name(), field.data_type());
            Error::invalid(format!(
                "column '{name}' of type {data_type} cannot be shown as text; choose --format arrow"
            ))
            .with_source(error)
        })
    };
    batch.schema_ref().fields().iter().zip(batch.columns()).map(formatter).collect()
}

/// Whether a value is NULL; a column of no type but NULL keeps no record of it.
pub(super) fn is_null(column: &dyn Array, row: usize) -> bool {
    column.is_null(row) || *column.data_type() == DataType::Null
}

pub(super) fn csv_header(schema: &SchemaRef) -> String {
    let names: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
    names.join(",") + "\n"
}

/// A value of CSV that is empty.
const EMPTY: &str = "\"\"";

pub(super) fn csv(batch: &RecordBatch) -> Result<String> {
    let options = FormatOptions::default();
    let formatters = formatters(batch, &options)?;
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        for (at, (formatter, column)) in formatters.iter().zip(batch.columns()).enumerate() {
            if at > 0 {
                text.push(',');
            }
            let value = if is_null(column, row) { None } else { Some(formatter.value(row).to_string()) };
            match value.as_deref() {
                // An empty text is quoted: NULL is nothing at all, unless the line would be empty, which readers skip.
                Some("") => text.push_str(EMPTY),
                None if batch.num_columns() == 1 => text.push_str(EMPTY),
                None => {}
                Some(value) => text.push_str(&quoted(value)),
            }
        }
        text.push('\n');
    }
    Ok(text)
}

fn quoted(value: &str) -> String {
    if value.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

pub(super) fn json(schema: &SchemaRef, batch: &RecordBatch) -> Result<Vec<String>> {
    let options = FormatOptions::default();
    let formatters = formatters(batch, &options)?;
    let names: Vec<String> =
        schema.fields().iter().map(|field| serde_json::Value::from(field.name().as_str()).to_string()).collect();
    let mut objects = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let fields = formatters.iter().zip(batch.columns()).zip(&names).map(|((formatter, column), name)| {
            let value = if is_null(column, row) {
                "null".to_owned()
            } else {
                json_value(column.data_type(), &formatter.value(row).to_string())
            };
            format!("{name}: {value}")
        });
        objects.push(format!("{{{}}}", fields.collect::<Vec<_>>().join(", ")));
    }
    Ok(objects)
}

fn json_value(data_type: &DataType, shown: &str) -> String {
    let number = data_type.is_numeric() && shown.parse::<f64>().is_ok_and(f64::is_finite);
    if number || *data_type == DataType::Boolean {
        shown.to_owned()
    } else {
        serde_json::Value::from(shown).to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, NullArray, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("部,\"門"), Some(""), None]));
        let money = Decimal128Array::from(vec![Some(100_000_000_000_000_000_001), None, Some(-5)]);
        let money: ArrayRef = Arc::new(money.with_precision_and_scale(38, 2).unwrap());
        RecordBatch::try_from_iter([("text", text), ("money", money)]).unwrap()
    }

    #[test]
    fn csv_quotes_and_tells_null_from_empty() {
        assert_eq!(csv(&batch()).unwrap(), "\"部,\"\"門\",1000000000000000000.01\n\"\",\n,-0.05\n");
    }

    #[test]
    fn no_line_of_csv_is_empty() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("")]));
        assert_eq!(csv(&RecordBatch::try_from_iter([("text", text)]).unwrap()).unwrap(), "a\n\"\"\n\"\"\n");
    }

    #[test]
    fn json_keeps_every_digit() {
        assert_eq!(
            json(&batch().schema(), &batch()).unwrap(),
            [
                "{\"text\": \"部,\\\"門\", \"money\": 1000000000000000000.01}",
                "{\"text\": \"\", \"money\": null}",
                "{\"text\": null, \"money\": -0.05}"
            ]
        );
    }

    #[test]
    fn a_null_of_no_type_is_null() {
        let null: ArrayRef = Arc::new(NullArray::new(1));
        let batch = RecordBatch::try_from_iter([("n", Arc::clone(&null)), ("m", null)]).unwrap();
        assert_eq!(csv(&batch).unwrap(), ",\n");
        assert_eq!(json(&batch.schema(), &batch).unwrap(), ["{\"n\": null, \"m\": null}"]);
    }
}
