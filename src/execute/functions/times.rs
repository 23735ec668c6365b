//! An interval as many times as an integer says, which DataFusion has no operator for: `n * INTERVAL '1 day'`.

use std::sync::Arc;

use arrow::array::{AsArray, IntervalMonthDayNanoArray};
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::{Result, ScalarValue, exec_err, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

const NAME: &str = "interval_times";

/// `interval * integer`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Times {
    signature: Signature,
}

/// `interval * integer`.
pub(super) fn interval_times() -> ScalarUDF {
    let interval = DataType::Interval(IntervalUnit::MonthDayNano);
    ScalarUDF::from(Times { signature: Signature::exact(vec![interval, DataType::Int64], Volatility::Immutable) })
}

/// The interval of which an expression is a multiple.
pub(super) fn multiplied(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::ScalarFunction(function) if function.func.name() == NAME => function.args.first(),
        _ => None,
    }
}

impl ScalarUDFImpl for Times {
    fn name(&self) -> &str {
        NAME
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.iter().map(ToString::to_string).collect::<Vec<_>>().join(" * "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Interval(IntervalUnit::MonthDayNano))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let single = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [intervals, counts] = arrays.as_slice() else {
            return internal_err!("{NAME} takes an interval and an integer");
        };
        let (intervals, counts) =
            (intervals.as_primitive::<IntervalMonthDayNanoType>(), counts.as_primitive::<Int64Type>());
        let product = |pair: (Option<IntervalMonthDayNano>, Option<i64>)| match pair {
            (Some(interval), Some(count)) => times(interval, count).map(Some),
            _ => Ok(None),
        };
        let products: IntervalMonthDayNanoArray = intervals.iter().zip(counts).map(product).collect::<Result<_>>()?;
        Ok(match single && products.len() == 1 {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&products, 0)?),
            false => ColumnarValue::Array(Arc::new(products)),
        })
    }
}

/// Each part of an interval as many times.
fn times(interval: IntervalMonthDayNano, count: i64) -> Result<IntervalMonthDayNano> {
    let part = |of: i32| i64::from(of).checked_mul(count).and_then(|part| i32::try_from(part).ok());
    match (part(interval.months), part(interval.days), interval.nanoseconds.checked_mul(count)) {
        (Some(months), Some(days), Some(nanoseconds)) => Ok(IntervalMonthDayNano { months, days, nanoseconds }),
        _ => exec_err!("an interval {count} times is out of range"),
    }
}
