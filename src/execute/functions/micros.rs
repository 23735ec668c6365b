//! DataFusion's functions that make timestamps, with timestamps in microseconds as the mart keeps them, whatever unit
//! theirs has: of a number, which counts from 1970 in UTC, an instant. Text is read straight into microseconds, so that
//! it need not lie between 1677 and 2262.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF};

use super::around::{Manner, around};

/// The functions that read a text to its last microsecond, or a number of seconds.
const READING: [&str; 3] = ["to_timestamp", "to_timestamp_micros", "to_timestamp_nanos"];
/// Those that give timestamps of other units.
const MAKING: [&str; 6] = [
    "to_timestamp",
    "to_timestamp_micros",
    "to_timestamp_nanos",
    "to_timestamp_millis",
    "to_timestamp_seconds",
    "from_unixtime",
];

/// Timestamps in microseconds.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Micros;

/// DataFusion's function, made to give microseconds if it gives timestamps.
pub(super) fn in_microseconds(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    if MAKING.contains(&function.name()) { around(function, Micros) } else { function }
}

/// What can be cast without a detour by nanoseconds.
fn direct(name: &str, arguments: &[ColumnarValue], to: &DataType) -> Option<Result<ColumnarValue>> {
    let [argument] = arguments else {
        return None;
    };
    match argument.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if READING.contains(&name) => {
            Some(argument.cast_to(to, None))
        }
        integer if integer.is_integer() && name == "to_timestamp" => {
            let seconds = DataType::Timestamp(TimeUnit::Second, None);
            Some(argument.cast_to(&seconds, None).and_then(|seconds| seconds.cast_to(to, None)))
        }
        DataType::Timestamp(..) => Some(argument.cast_to(to, None)),
        _ => None,
    }
}

impl Manner for Micros {
    fn returns(&self, of: DataType, first: Option<&DataType>) -> DataType {
        match of {
            DataType::Timestamp(_, None) if first.is_some_and(DataType::is_numeric) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            }
            DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone),
            other => other,
        }
    }

    fn call(&self, function: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let to = args.return_type().clone();
        if let Some(cast) = direct(function.name(), &args.args, &to) {
            return cast;
        }
        let scalars = args.args.iter().map(|argument| match argument {
            ColumnarValue::Scalar(scalar) => Some(scalar),
            ColumnarValue::Array(_) => None,
        });
        let scalars: Vec<Option<&ScalarValue>> = scalars.collect();
        let fields = ReturnFieldArgs { arg_fields: &args.arg_fields, scalar_arguments: &scalars };
        let return_field = function.return_field_from_args(fields)?;
        function.invoke_with_args(ScalarFunctionArgs { return_field, ..args })?.cast_to(&to, None)
    }
}
