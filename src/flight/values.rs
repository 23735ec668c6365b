//! The values that a client binds, each as a literal of SQL: what a statement with the value in its place would say.

use std::panic::AssertUnwindSafe;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow_flight::FlightData;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use tonic::Status;

use super::status;
use crate::error::{Error, Result};

/// The most messages in which one row of values may come.
const MESSAGES: usize = 64;

/// The one row of values in `messages`.
///
/// # Errors
/// Invalid: they are no Arrow data, hold another number of rows than one, or types that no literal has.
pub(super) async fn row(
    messages: impl Stream<Item = Result<FlightData, Status>> + Send + 'static,
) -> Result<Vec<String>> {
    // The reader takes it that a body is as long as its header says, and panics where it is not.
    let read = AssertUnwindSafe(read(messages)).catch_unwind().await;
    read.unwrap_or_else(|_panic| Err(Error::invalid("the values cannot be read: they are damaged")))
}

async fn read(messages: impl Stream<Item = Result<FlightData, Status>> + Send + 'static) -> Result<Vec<String>> {
    let checked = messages.take(MESSAGES).map(|message| plain(message.map_err(FlightError::from)?));
    let mut batches = FlightRecordBatchStream::new_from_flight_data(checked);
    let mut row = None;
    while let Some(batch) = batches.try_next().await.map_err(unreadable)? {
        match (batch.num_rows(), &row) {
            (0, _) => {}
            (1, None) => row = Some(literals(&batch)?),
            _ => {
                return Err(Error::invalid(
                    "several rows of values were bound; SQL only reads here, and a query takes one row at a time",
                ));
            }
        }
    }
    row.map_or_else(|| Err(Error::invalid("no row of values was bound")), Ok)
}

/// Refuses data whose size when unpacked only the client knows.
fn plain(message: FlightData) -> Result<FlightData, FlightError> {
    let header = arrow::ipc::root_as_message(&message.data_header).ok();
    let rows = header.and_then(|header| header.header_as_record_batch());
    let words = header.and_then(|header| header.header_as_dictionary_batch()?.data());
    let compressed = rows.or(words).is_some_and(|batch| batch.compression().is_some());
    match compressed {
        true => Err(FlightError::DecodeError("the values are compressed; send them as they are".to_owned())),
        false => Ok(message),
    }
}

fn unreadable(error: FlightError) -> Error {
    if let FlightError::Tonic(status) = error {
        return status::error(*status);
    }
    Error::invalid(format!("the values cannot be read: {error}")).with_source(error)
}

fn literals(batch: &RecordBatch) -> Result<Vec<String>> {
    let literal = |(at, column): (usize, &ArrayRef)| {
        literal(column)?.ok_or_else(|| {
            Error::invalid(format!(
                "${} has type {}, which no literal of SQL has; bind a number, a text, a date or a time",
                at + 1,
                column.data_type()
            ))
        })
    };
    batch.columns().iter().enumerate().map(literal).collect()
}

/// The first value of an array as a literal; none for a type that has none.
fn literal(array: &ArrayRef) -> Result<Option<String>> {
    use DataType::{
        Boolean, Date32, Date64, Decimal32, Decimal64, Decimal128, Dictionary, Float16, Float32, Float64, Int8, Int16,
        Int32, Int64, LargeUtf8, Null, Time32, Time64, Timestamp, UInt8, UInt16, UInt32, UInt64, Union, Utf8, Utf8View,
    };
    let of = array.data_type();
    if let Union(..) = of {
        let union = array.as_union_opt().filter(|union| !union.is_empty());
        return union.map_or(Ok(None), |union| literal(&union.value(0)));
    }
    if let Dictionary(_, values) = of {
        return literal(&converted(array, values)?);
    }
    if array.is_null(0) || of.is_null() {
        return Ok(Some("NULL".to_owned()));
    }
    Ok(Some(match of {
        Null => "NULL".to_owned(),
        Boolean | Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32 => shown(array)?,
        Int64 if array.as_primitive::<arrow::datatypes::Int64Type>().value(0) > i64::MIN => shown(array)?,
        Int64 => format!("CAST('{}' AS BIGINT)", shown(array)?),
        UInt64 => format!("CAST('{}' AS DECIMAL(20, 0))", shown(array)?),
        Float16 | Float32 | Float64 => format!("CAST('{}' AS DOUBLE)", shown(&converted(array, &Float64)?)?),
        Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) if *scale >= 0 => {
            format!("CAST('{}' AS DECIMAL({precision}, {scale}))", shown(array)?)
        }
        Utf8 | LargeUtf8 | Utf8View => format!("'{}'", shown(array)?.replace('\'', "''")),
        Date32 => format!("DATE '{}'", shown(array)?),
        Date64 => format!("DATE '{}'", shown(&converted(array, &Date32)?)?),
        Time32(_) | Time64(_) => format!("CAST('{}' AS TIME)", shown(array)?),
        // An instant is told from a wall clock by its offset.
        Timestamp(unit, Some(_)) => {
            format!("TIMESTAMP '{}'", shown(&converted(array, &Timestamp(*unit, Some("+00:00".into())))?)?)
        }
        Timestamp(TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond, None) => {
            format!("TIMESTAMP '{}'", shown(array)?)
        }
        _ => return Ok(None),
    }))
}

fn converted(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    cast(array, to).map_err(|error| Error::invalid("a value that was bound cannot be read").with_source(error))
}

fn shown(array: &ArrayRef) -> Result<String> {
    let unreadable = |error| Error::invalid(format!("a value that was bound cannot be read: {error}"));
    let options = FormatOptions::default();
    ArrayFormatter::try_new(array.as_ref(), &options)
        .and_then(|formatter| formatter.value(0).try_to_string())
        .map_err(unreadable)
}
