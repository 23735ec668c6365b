//! What DataFusion would compute, or fail at, although it has no meaning.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result as PlanResult};
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, WindowFrameBound, WindowFrameUnits};

use crate::error::Error;

use super::fault::in_words;

/// Refuses the least of values that have no order, distances between values that have none, and numbers as times.
pub(super) fn refuse(expr: &Expr, schema: &DFSchema) -> PlanResult<()> {
    match expr {
        Expr::AggregateFunction(AggregateFunction { func, params }) => least(func.name(), &params.args, schema),
        Expr::WindowFunction(window) => {
            least(window.fun.name(), &window.params.args, schema)?;
            distance(window, schema)
        }
        Expr::ScalarFunction(call) if call.func.name() == "to_char" => written(call.args.first(), schema),
        Expr::Cast(cast) => time_of_number(&cast.expr, cast.field.data_type(), schema),
        Expr::TryCast(cast) => time_of_number(&cast.expr, cast.field.data_type(), schema),
        _ => Ok(()),
    }
}

/// How long something takes has no format: it would be written as it is.
fn written(value: Option<&Expr>, schema: &DFSchema) -> PlanResult<()> {
    let long = |of: &DataType| matches!(of, DataType::Interval(_) | DataType::Duration(_));
    match value.map(|value| value.get_type(schema)).transpose()?.is_some_and(|of| long(&of)) {
        true => {
            Err(refusal("to_char writes a date or a time; EXTRACT(DAY FROM …) takes a number of an interval".into()))
        }
        false => Ok(()),
    }
}

/// A number is cast to a time by its unit, which is another one for every type: days, or nanoseconds.
fn time_of_number(of: &Expr, to: &DataType, schema: &DFSchema) -> PlanResult<()> {
    let time = matches!(to, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 | DataType::Time64(_));
    match time && of.get_type(schema)?.is_numeric() {
        true => Err(refusal("a number is no time; to_timestamp(x) takes x as seconds since 1970".into())),
        false => Ok(()),
    }
}

fn least(name: &str, args: &[Expr], schema: &DFSchema) -> PlanResult<()> {
    match args {
        [of] if matches!(name, "min" | "max") && matches!(of.get_type(schema)?, DataType::Map(..)) => {
            Err(refusal(format!("{name} takes values that have an order, and a map has none; take a value of it")))
        }
        _ => Ok(()),
    }
}

fn distance(window: &WindowFunction, schema: &DFSchema) -> PlanResult<()> {
    let frame = &window.params.window_frame;
    let distant = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::Preceding(value) | WindowFrameBound::Following(value) => !value.is_null(),
        WindowFrameBound::CurrentRow => false,
    };
    let [order] = window.params.order_by.as_slice() else { return Ok(()) };
    if frame.units != WindowFrameUnits::Range || !(distant(&frame.start_bound) || distant(&frame.end_bound)) {
        return Ok(());
    }
    let of = order.expr.get_type(schema)?;
    let number = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::Preceding(value) | WindowFrameBound::Following(value) => {
            value.data_type().is_numeric() && !value.is_null()
                || value.try_as_str().flatten().is_some_and(|text| text.trim().parse::<f64>().is_ok())
        }
        WindowFrameBound::CurrentRow => false,
    };
    if of.is_temporal() && (number(&frame.start_bound) || number(&frame.end_bound)) {
        return Err(refusal(
            "a distance between times is an interval: RANGE BETWEEN INTERVAL '7 days' PRECEDING …".into(),
        ));
    }
    match of.is_numeric() || of.is_temporal() || of.is_null() {
        true => Ok(()),
        false => Err(refusal(format!(
            "RANGE with a distance needs an ORDER BY of numbers or times, not {}; write ROWS to count rows",
            in_words(&of.to_string())
        ))),
    }
}

fn refusal(message: String) -> DataFusionError {
    DataFusionError::External(Box::new(Error::invalid(message)))
}
