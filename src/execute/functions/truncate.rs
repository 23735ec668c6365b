//! `date_trunc` and `date_bin` in microseconds. DataFusion's count nanoseconds, which end in 1677 and 2262.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Field, FieldRef, IntervalMonthDayNano, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_datafusion_err, exec_err, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::calendar::{DAY, Unit, add_months, months_between};
use super::conversion::is_utc;
use super::elapsed::written;

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Trunc,
    Bin,
}

/// `date_trunc` or `date_bin`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Truncate {
    kind: Kind,
    signature: Signature,
    aliases: Vec<String>,
}

/// `date_trunc('unit', timestamp)`.
pub(super) fn date_trunc() -> ScalarUDF {
    Truncate::udf(Kind::Trunc, vec!["datetrunc".into()])
}

/// `date_bin(interval, timestamp[, origin])`.
pub(super) fn date_bin() -> ScalarUDF {
    Truncate::udf(Kind::Bin, Vec::new())
}

/// The width of bins.
#[derive(Debug, Clone, Copy)]
enum Stride {
    Months(i64),
    Microseconds(i64),
}

impl Stride {
    /// The width that an interval tells.
    fn of(interval: IntervalMonthDayNano) -> Result<Self> {
        let IntervalMonthDayNano { months, days, nanoseconds } = interval;
        let length = i64::from(days).checked_mul(DAY).and_then(|days| days.checked_add(nanoseconds / 1_000));
        match (months, length) {
            (months, Some(0)) if months > 0 && nanoseconds == 0 => Ok(Stride::Months(months.into())),
            (0, Some(length)) if length > 0 && nanoseconds % 1_000 == 0 => Ok(Stride::Microseconds(length)),
            _ => {
                let shown = written(interval);
                exec_err!(
                    "date_bin takes a positive interval of months alone, or of days and time in whole microseconds, \
                     not {shown}"
                )
            }
        }
    }

    /// The start of the bin that holds `at`, counted from `origin`.
    fn start(self, at: i64, origin: i64) -> Option<i64> {
        match self {
            Stride::Microseconds(length) => {
                // The distance from the origin may exceed 64 bits; a bin's start rarely does.
                let distance = i128::from(at) - i128::from(origin);
                i64::try_from(i128::from(at) - distance.rem_euclid(i128::from(length))).ok()
            }
            Stride::Months(count) => {
                let months = months_between(origin, at);
                let months = months - months.rem_euclid(count);
                match add_months(origin, months)? {
                    start if start <= at => Some(start),
                    // The origin is later in its month than `at` is in its own.
                    _ => add_months(origin, months - count),
                }
            }
        }
    }
}

impl Truncate {
    fn udf(kind: Kind, aliases: Vec<String>) -> ScalarUDF {
        ScalarUDF::from(Self { kind, signature: Signature::user_defined(Volatility::Immutable), aliases })
    }

    /// What happens to each instant, in the zone of the timestamps.
    fn step(&self, arguments: &[ColumnarValue], zone: Option<Tz>) -> Result<Box<dyn Fn(i64) -> Option<i64>>> {
        let literal = |argument: &ColumnarValue| match argument {
            ColumnarValue::Scalar(scalar) => Ok(scalar.clone()),
            ColumnarValue::Array(_) => exec_err!("only the timestamp of {} may vary from row to row", self.name()),
        };
        match (self.kind, arguments) {
            (Kind::Trunc, [unit, _]) => {
                let name = literal(unit)?;
                let Some(unit) = name.try_as_str().flatten().and_then(Unit::of) else {
                    return exec_err!(
                        "date_trunc cuts to microsecond, millisecond, second, minute, hour, day, week, month, \
                         quarter or year, not '{name}'"
                    );
                };
                Ok(match zone {
                    Some(zone) => Box::new(move |at| unit.start_in(zone, at)),
                    None => Box::new(move |at| unit.start(at)),
                })
            }
            (Kind::Bin, [stride, _, rest @ ..]) => {
                let ScalarValue::IntervalMonthDayNano(Some(stride)) = literal(stride)? else {
                    return exec_err!("the interval of date_bin is missing");
                };
                let stride = Stride::of(stride)?;
                let origin = match rest.first().map(literal).transpose()? {
                    None => 0,
                    Some(ScalarValue::TimestampMicrosecond(Some(origin), _)) => origin,
                    Some(_) => return exec_err!("the origin of date_bin is missing"),
                };
                Ok(Box::new(move |at| stride.start(at, origin)))
            }
            _ => internal_err!("{} got {} arguments", self.name(), arguments.len()),
        }
    }
}

/// The zone in which timestamps of a type are cut; None where the clock is UTC or on some wall.
fn zone_of(data_type: &DataType) -> Result<Option<Tz>> {
    match data_type {
        DataType::Timestamp(_, Some(zone)) if !is_utc(zone) => Ok(Some(zone.parse()?)),
        _ => Ok(None),
    }
}

/// The timestamp that an argument is taken as.
fn timestamp(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Date32 | DataType::Date64 | DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        DataType::Null => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}

impl ScalarUDFImpl for Truncate {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Trunc => "date_trunc",
            Kind::Bin => "date_bin",
        }
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let (first, takes) = match self.kind {
            Kind::Trunc => (DataType::Utf8, "the name of a unit and a timestamp"),
            Kind::Bin => (DataType::Interval(IntervalUnit::MonthDayNano), "an interval, a timestamp and an origin"),
        };
        let wrong = || DataFusionError::Plan(format!("{} takes {takes}", self.name()));
        let (at, origin) = match (self.kind, arguments) {
            (_, [_, at]) => (at, None),
            (Kind::Bin, [_, at, origin]) => (at, Some(origin)),
            _ => return Err(wrong()),
        };
        let mut coerced = vec![first, timestamp(at).ok_or_else(wrong)?];
        if let Some(origin) = origin {
            coerced.push(timestamp(origin).ok_or_else(wrong)?);
        }
        Ok(coerced)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments.get(1) {
            Some(data_type) => Ok(data_type.clone()),
            None => plan_err!("{} takes a timestamp", self.name()),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if args.scalar_arguments.first().is_none_or(Option::is_none) {
            return plan_err!("the first argument of {} must be a literal", self.name());
        }
        let at = &args.arg_fields[1];
        Ok(Arc::new(Field::new(self.name(), at.data_type().clone(), at.is_nullable())))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let data_type = args.return_type().clone();
        if args.args.iter().any(|argument| matches!(argument, ColumnarValue::Scalar(scalar) if scalar.is_null())) {
            return ScalarValue::try_from(&data_type).map(ColumnarValue::Scalar);
        }
        let step = self.step(&args.args, zone_of(&data_type)?)?;
        let beyond = |at: i64| exec_datafusion_err!("{} of {at} µs is beyond what a timestamp holds", self.name());
        let cut = |array: &ArrayRef| -> Result<ArrayRef> {
            let instants: &PrimitiveArray<TimestampMicrosecondType> = array.as_primitive();
            let starts =
                instants.try_unary::<_, TimestampMicrosecondType, _>(|at| step(at).ok_or_else(|| beyond(at)))?;
            Ok(Arc::new(starts.with_data_type(data_type.clone())))
        };
        match &args.args[1] {
            ColumnarValue::Array(array) => cut(array).map(ColumnarValue::Array),
            ColumnarValue::Scalar(scalar) => {
                let starts = cut(&scalar.to_array()?)?;
                ScalarValue::try_from_array(&starts, 0).map(ColumnarValue::Scalar)
            }
        }
    }
}
