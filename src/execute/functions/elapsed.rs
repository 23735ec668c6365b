//! Time between two points: the days between dates, and durations compared with intervals. DataFusion compares an
//! interval's months, days and nanoseconds one after the other, so to it 24 hours are less than a day.

use arrow::compute::kernels::numeric::sub;
use arrow::datatypes::{DataType, IntervalMonthDayNano};
use datafusion::common::DFSchema;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::expr::{Cast, schema_name_from_exprs};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::physical_expr_common::datum::apply;

use super::calendar::DAY;

/// `date - date`: a number of days.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DaysBetween {
    signature: Signature,
}

/// `date - date`.
pub(super) fn days_between() -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Date32, DataType::Date32], Volatility::Immutable);
    ScalarUDF::from(DaysBetween { signature })
}

impl ScalarUDFImpl for DaysBetween {
    fn name(&self) -> &str {
        "days_between"
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let names = arguments.iter().map(|argument| schema_name_from_exprs(std::slice::from_ref(argument)));
        Ok(names.collect::<Result<Vec<_>, _>>()?.join(" - "))
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.iter().map(ToString::to_string).collect::<Vec<_>>().join(" - "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [later, earlier] = args.args.as_slice() else {
            return internal_err!("days_between takes two dates");
        };
        let days = |date: &ColumnarValue| date.cast_to(&DataType::Int32, None)?.cast_to(&DataType::Int64, None);
        apply(&days(later)?, &days(earlier)?, sub)
    }
}

/// Whether an operand of this type makes a comparison one of lengths of time.
pub(super) fn is_length(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
}

/// The operands of a comparison as durations, where one is an interval; None where DataFusion compares them rightly.
pub(super) fn as_durations(operands: &[&Expr], schema: &DFSchema) -> Result<Option<Vec<Expr>>> {
    let mut intervals = false;
    for operand in operands {
        let data_type = operand.get_type(schema)?;
        if !is_length(&data_type) && !data_type.is_null() {
            return Ok(None);
        }
        intervals |= matches!(data_type, DataType::Interval(_));
    }
    if !intervals {
        return Ok(None);
    }
    operands.iter().map(|operand| as_duration(operand, schema)).collect::<Result<_>>().map(Some)
}

/// One operand as a duration.
fn as_duration(operand: &Expr, schema: &DFSchema) -> Result<Expr> {
    match operand {
        Expr::Alias(alias) => as_duration(&alias.expr, schema),
        Expr::Cast(Cast { expr, field }) if matches!(field.data_type(), DataType::Interval(_)) => {
            as_duration(expr, schema)
        }
        Expr::Negative(inner) => match as_duration(inner, schema)? {
            Expr::Literal(ScalarValue::DurationMicrosecond(Some(length)), _) => {
                Ok(lit(ScalarValue::DurationMicrosecond(length.checked_neg())))
            }
            other => Ok(Expr::Negative(Box::new(other))),
        },
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _) => match microseconds(*interval) {
            Some(length) => Ok(lit(ScalarValue::DurationMicrosecond(Some(length)))),
            None => incomparable(operand),
        },
        Expr::Literal(ScalarValue::IntervalMonthDayNano(None), _) => Ok(lit(ScalarValue::DurationMicrosecond(None))),
        other if matches!(other.get_type(schema)?, DataType::Duration(_) | DataType::Null) => Ok(other.clone()),
        other => incomparable(other),
    }
}

/// The length of an interval without months, if it has one in whole microseconds.
fn microseconds(interval: IntervalMonthDayNano) -> Option<i64> {
    if interval.months != 0 || interval.nanoseconds % 1_000 != 0 {
        return None;
    }
    i64::from(interval.days).checked_mul(DAY)?.checked_add(interval.nanoseconds / 1_000)
}

/// An interval as SQL writes it.
pub(super) fn written(interval: IntervalMonthDayNano) -> String {
    let IntervalMonthDayNano { months, days, nanoseconds } = interval;
    const SECOND: i64 = 1_000_000_000;
    let parts = [
        (i64::from(months), "months"),
        (i64::from(days), "days"),
        (nanoseconds / (3600 * SECOND), "hours"),
        (nanoseconds / (60 * SECOND) % 60, "minutes"),
        (nanoseconds / SECOND % 60, "seconds"),
        (nanoseconds % SECOND, "nanoseconds"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count != 0).map(|(count, unit)| format!("{count} {unit}"));
    match parts.collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => "INTERVAL '0 days'".to_owned(),
        parts => format!("INTERVAL '{parts}'"),
    }
}

/// The refusal of an interval without a length.
fn incomparable<T>(interval: &Expr) -> Result<T> {
    let interval = match interval {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _) => written(*interval),
        other => other.to_string(),
    };
    plan_err!(
        "{interval} has no length to compare: only an interval that is written out, without months, has one; add it \
         to a timestamp and compare that, as in a < b + INTERVAL '1 month'"
    )
}
