//! Casts from what files hold to the mart's types. Nothing is guessed and nothing is lost: a value that does not fit
//! stops the table, named by file, row and column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, SchemaRef, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::{Error, Result};
use crate::model::Column;

use super::{number, text, time};

/// The longest value shown in an error.
const SHOWN_CHARACTERS: usize = 60;

/// Where a batch comes from.
pub(super) struct Place<'a> {
    pub(super) table: &'a str,
    pub(super) file: &'a str,
    /// The number of its first row, from 1.
    pub(super) first_row: u64,
    /// What its rows are called.
    pub(super) unit: &'a str,
}

/// A value that cannot be cast: at which row of the array, and why.
#[derive(Debug, PartialEq)]
pub(super) struct Misfit {
    pub(super) row: usize,
    pub(super) why: String,
}

/// A batch in the mart's types, columns in the mart's order.
pub(super) fn batch(
    batch: &RecordBatch,
    columns: &[Column],
    schema: &SchemaRef,
    place: &Place<'_>,
) -> Result<RecordBatch> {
    let mut cast = Vec::with_capacity(columns.len());
    for column in columns {
        let array = batch.column_by_name(&column.from).ok_or_else(|| {
            Error::invalid(format!("table '{}': '{}' has no column '{}'", place.table, place.file, column.from))
        })?;
        cast.push(self::column(array, column).map_err(|misfit| {
            Error::invalid(format!(
                "table '{}': '{}', {} {}, column '{}': {}",
                place.table,
                place.file,
                place.unit,
                place.first_row + misfit.row as u64,
                column.from,
                misfit.why
            ))
        })?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), cast, &options).map_err(|error| {
        Error::internal(format!("table '{}': a batch does not fit its schema", place.table)).with_source(error)
    })
}

fn column(array: &ArrayRef, column: &Column) -> Result<ArrayRef, Misfit> {
    let array = plain_text(array)?;
    match (array.data_type(), &column.data_type) {
        (DataType::Decimal128(..), DataType::Decimal128(precision, scale)) => {
            number::rescaled(array.as_primitive::<Decimal128Type>(), *precision, *scale)
        }
        (from, to) if from == to && *to != DataType::Float64 => Ok(array),
        (DataType::Utf8, to) => text::parse(array.as_string::<i32>(), to, column.stored_in),
        (DataType::Float64, DataType::Float64) => Ok(canonical(array.as_primitive::<Float64Type>())),
        (DataType::Float32, DataType::Float64) => {
            let wide = checked(&array, &DataType::Float64)?;
            Ok(canonical(wide.as_primitive::<Float64Type>()))
        }
        (DataType::Float64 | DataType::Float32, DataType::Decimal128(precision, scale)) => {
            let wide = checked(&array, &DataType::Float64)?;
            number::decimals(wide.as_primitive::<Float64Type>(), *precision, *scale)
        }
        (DataType::Date32 | DataType::Date64, DataType::Timestamp(..)) => {
            let midnight = checked(&array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            time::instants(&midnight, &column.data_type, column.stored_in)
        }
        (DataType::Timestamp(..), DataType::Timestamp(..) | DataType::Date32) => {
            time::instants(&array, &column.data_type, column.stored_in)
        }
        (from, DataType::Int64) if from.is_floating() || matches!(from, DataType::Decimal128(..)) => {
            number::integers(&array)
        }
        (from, DataType::Float64) if from.is_integer() => number::doubles(&array),
        (_, to) => checked(&array, to),
    }
}

/// Text in its plainest form.
fn plain_text(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let textual = |data_type: &DataType| matches!(data_type, DataType::LargeUtf8 | DataType::Utf8View);
    match array.data_type() {
        data_type if textual(data_type) => checked(array, &DataType::Utf8),
        DataType::Dictionary(_, value) if textual(value) || **value == DataType::Utf8 => {
            checked(array, &DataType::Utf8)
        }
        DataType::Dictionary(_, value) => checked(array, value),
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) => {
            checked(array, &DataType::Decimal128(38, *scale))
        }
        _ => Ok(Arc::clone(array)),
    }
}

/// −0 as 0 and every NaN as one, so that equal values are equal bits.
fn canonical(floats: &Float64Array) -> ArrayRef {
    let plain = |value: f64| {
        if value.is_nan() {
            f64::NAN
        } else if value == 0.0 {
            0.0
        } else {
            value
        }
    };
    Arc::new(floats.unary::<_, Float64Type>(plain))
}

/// Arrow's cast where it loses nothing; the first value that it cannot cast is a misfit.
pub(super) fn checked(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Misfit> {
    let strict = CastOptions { safe: false, format_options: FormatOptions::default() };
    let error = match cast_with_options(array, to, &strict) {
        Ok(cast) => return Ok(cast),
        Err(error) => error,
    };
    let lenient = CastOptions { safe: true, format_options: FormatOptions::default() };
    let row = cast_with_options(array, to, &lenient)
        .ok()
        .and_then(|cast| (0..array.len()).find(|&row| cast.is_null(row) && !array.is_null(row)));
    match row {
        Some(row) => Err(misfit(row, &value(array, row), to)),
        None => Err(Misfit { row: 0, why: format!("cannot become {}: {error}", shown_type(to)) }),
    }
}

/// The misfit of a value and a type.
pub(super) fn misfit(row: usize, value: &str, to: &DataType) -> Misfit {
    let mut shown: String = value.chars().take(SHOWN_CHARACTERS).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    Misfit { row, why: format!("'{shown}' is no {}", shown_type(to)) }
}

pub(super) fn value(array: &dyn Array, row: usize) -> String {
    match array.as_any().downcast_ref::<StringArray>() {
        Some(texts) => texts.value(row).to_owned(),
        None => ArrayFormatter::try_new(array, &FormatOptions::default())
            .map_or_else(|_| "?".to_owned(), |formatter| formatter.value(row).to_string()),
    }
}

/// A type as the model writes it.
pub(super) fn shown_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "text".into(),
        DataType::Int64 => "integer".into(),
        DataType::Float64 => "double".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(..) => "timestamp".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        other => other.to_string(),
    }
}
