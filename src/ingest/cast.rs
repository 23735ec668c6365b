//! Casts from what files hold to the mart's types. Nothing is guessed and nothing is lost: a value that does not fit
//! stops the table, named by file, row and column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Float64Type, SchemaRef, TimeUnit};

use crate::error::{Error, Result};
use crate::model::Column;

use super::misfit::{Misfit, checked};
use super::{number, text, time};

/// Where a batch comes from.
pub(super) struct Place<'a> {
    pub(super) table: &'a str,
    pub(super) file: &'a str,
    /// The number of its first row, from 1.
    pub(super) first_row: u64,
    /// What its rows are called.
    pub(super) unit: &'a str,
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

/// The values of a column in its type.
pub(super) fn column(array: &ArrayRef, column: &Column) -> Result<ArrayRef, Misfit> {
    let array = widened(array)?;
    let to = &column.data_type;
    match (array.data_type(), to) {
        (DataType::Null, to) => Ok(new_null_array(to, array.len())),
        (DataType::Utf8, to) => text::parse(array.as_string::<i32>(), to, column.stored_in),
        (DataType::Timestamp(..), _) => time::instants(&array, to, column.stored_in),
        (DataType::Date32, DataType::Date32 | DataType::Timestamp(..)) => time::days(&array, to, column.stored_in),
        (DataType::Float64, DataType::Float64) => Ok(canonical(array.as_primitive())),
        (DataType::Float64, DataType::Int64) => number::whole(array.as_primitive()),
        (DataType::Float64, DataType::Decimal128(precision, scale)) => {
            number::decimals(array.as_primitive(), *precision, *scale)
        }
        (DataType::Int64, DataType::Float64) => number::doubles(array.as_primitive()),
        (DataType::Int64, DataType::Decimal128(precision, scale)) => {
            number::fixed(array.as_primitive(), *precision, *scale)
        }
        (DataType::Decimal128(..), DataType::Float64) => number::floats(array.as_primitive()),
        (DataType::Decimal128(..), DataType::Int64) => number::integers(array.as_primitive()),
        (DataType::Decimal128(..), DataType::Decimal128(precision, scale)) => {
            number::rescaled(array.as_primitive(), *precision, *scale)
        }
        // A file may hold more digits than its type says, and formatting would leave them out.
        (DataType::Decimal128(precision, scale), DataType::Utf8) => {
            checked(&number::rescaled(array.as_primitive(), *precision, *scale)?, to)
        }
        (from, to) if from == to => Ok(array),
        (_, to) => checked(&array, to),
    }
}

/// The array in the widest type of its kind.
fn widened(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    use DataType::{
        Date64, Decimal32, Decimal64, Decimal128, Dictionary, Float16, Float32, Float64, Int8, Int16, Int32, Int64,
        LargeUtf8, RunEndEncoded, Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    let to = match array.data_type() {
        LargeUtf8 | Utf8View => Utf8,
        Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32 | UInt64 => Int64,
        Float16 | Float32 => Float64,
        Decimal32(precision, scale) | Decimal64(precision, scale) => Decimal128(*precision, *scale),
        // What is no midnight must be seen.
        Date64 => Timestamp(TimeUnit::Millisecond, None),
        Dictionary(_, values) => return widened(&checked(array, values)?),
        RunEndEncoded(_, values) => return widened(&checked(array, values.data_type())?),
        _ => return Ok(Arc::clone(array)),
    };
    checked(array, &to)
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
