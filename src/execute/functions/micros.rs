//! DataFusion's functions that make timestamps, with timestamps in microseconds as the mart keeps them, whatever unit
//! theirs has; and text read straight into microseconds, so that it need not lie between 1677 and 2262.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

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

/// A function of DataFusion's.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Micros(Arc<ScalarUDF>);

/// DataFusion's function, made to give microseconds if it gives timestamps.
pub(super) fn in_microseconds(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match MAKING.contains(&function.name()) {
        true => Arc::new(ScalarUDF::from(Micros(function))),
        false => function,
    }
}

impl Micros {
    /// What can be cast without a detour by nanoseconds.
    fn direct(&self, arguments: &[ColumnarValue], to: &DataType) -> Option<Result<ColumnarValue>> {
        let [argument] = arguments else {
            return None;
        };
        match argument.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if READING.contains(&self.name()) => {
                Some(argument.cast_to(to, None))
            }
            integer if integer.is_integer() && self.name() == "to_timestamp" => {
                let seconds = DataType::Timestamp(TimeUnit::Second, None);
                Some(argument.cast_to(&seconds, None).and_then(|seconds| seconds.cast_to(to, None)))
            }
            DataType::Timestamp(..) => Some(argument.cast_to(to, None)),
            _ => None,
        }
    }
}

impl ScalarUDFImpl for Micros {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.0.coerce_types(arguments)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.0.return_type(arguments).map(micros)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = self.0.return_field_from_args(args)?;
        Ok(Arc::new(Field::new(self.name(), micros(field.data_type().clone()), field.is_nullable())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let to = args.return_type().clone();
        if let Some(cast) = self.direct(&args.args, &to) {
            return cast;
        }
        let scalars = args.args.iter().map(|argument| match argument {
            ColumnarValue::Scalar(scalar) => Some(scalar),
            ColumnarValue::Array(_) => None,
        });
        let scalars: Vec<Option<&ScalarValue>> = scalars.collect();
        let fields = ReturnFieldArgs { arg_fields: &args.arg_fields, scalar_arguments: &scalars };
        let return_field = self.0.return_field_from_args(fields)?;
        self.0.invoke_with_args(ScalarFunctionArgs { return_field, ..args })?.cast_to(&to, None)
    }
}

/// The type in microseconds.
fn micros(data_type: DataType) -> DataType {
    match data_type {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone),
        other => other,
    }
}
