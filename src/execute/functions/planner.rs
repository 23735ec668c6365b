//! What operators mean: SQL's `+ − × / %` on numbers become our functions when a statement is planned, and what
//! remains of DataFusion's own arithmetic (unary minus, casts that would truncate) before a plan runs.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{Between, Cast, InList, ScalarFunction, TryCast, WindowFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, WindowFunctionDefinition};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::arithmetic::{checked, divide, negate};
use super::concatenation::concatenation;
use super::conversion::{conversion, within_dialect};
use super::elapsed::{as_durations, days_between, is_length, written};
use super::float;
use super::gathering::over_window;
use super::times::{interval_times, multiplied};

/// Plans the operators.
#[derive(Debug)]
pub(super) struct OperatorPlanner;

impl ExprPlanner for OperatorPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema)) else {
            return Ok(PlannerResult::Original(expr));
        };
        refuse_misread(&expr.op, &left, &right)?;
        refuse_time_of_date((&expr.left, &left), (&expr.right, &right))?;
        let number = |data_type: &DataType| data_type.is_numeric() || data_type.is_null();
        if expr.op == BinaryOperator::Multiply {
            let interval = |data_type: &DataType| matches!(data_type, DataType::Interval(_));
            let args = match (interval(&left), interval(&right)) {
                (true, false) if right.is_integer() => Some((expr.left.clone(), expr.right.clone())),
                (false, true) if left.is_integer() => Some((expr.right.clone(), expr.left.clone())),
                _ => None,
            };
            if let Some((interval, count)) = args {
                return Ok(PlannerResult::Planned(interval_times().call(vec![interval, count])));
            }
        }
        let function = match expr.op {
            BinaryOperator::Plus => checked(Operator::Plus, &left, &right),
            BinaryOperator::Minus if left == DataType::Date32 && right == DataType::Date32 => Some(days_between()),
            BinaryOperator::Minus => checked(Operator::Minus, &left, &right),
            BinaryOperator::Multiply => checked(Operator::Multiply, &left, &right),
            BinaryOperator::Modulo => checked(Operator::Modulo, &left, &right),
            BinaryOperator::Divide if number(&left) && number(&right) => Some(divide()),
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
                if is_length(&left) || is_length(&right) =>
            {
                let durations = as_durations(&[&expr.left, &expr.right], schema)?;
                return Ok(PlannerResult::Original(match durations.as_deref() {
                    Some([left, right]) => RawBinaryExpr { op: expr.op, left: left.clone(), right: right.clone() },
                    _ => expr,
                }));
            }
            _ => None,
        };
        Ok(match function {
            Some(function) => PlannerResult::Planned(function.call(vec![expr.left, expr.right])),
            None => PlannerResult::Original(expr),
        })
    }
}

/// Refuses operators that mean something else elsewhere, and those on bits of what is no integer.
fn refuse_misread(operator: &BinaryOperator, left: &DataType, right: &DataType) -> Result<()> {
    let integer = |data_type: &DataType| data_type.is_integer() || data_type.is_null();
    match operator {
        BinaryOperator::BitwiseXor | BinaryOperator::Xor => {
            plan_err!("the operator {operator} is not supported; write power(2, 3) for 2 to the power of 3")
        }
        BinaryOperator::PGBitwiseShiftLeft | BinaryOperator::PGBitwiseShiftRight => {
            plan_err!(
                "the operator {operator} is not supported; multiply by a power of two, or divide by one and floor"
            )
        }
        BinaryOperator::BitwiseAnd | BinaryOperator::BitwiseOr | BinaryOperator::PGBitwiseXor
            if !integer(left) || !integer(right) =>
        {
            plan_err!("the operator {operator} takes integers, not {left} and {right}; cast them first")
        }
        _ => Ok(()),
    }
}

/// Refuses hours beside a date, which DataFusion would drop from the date that it gives.
fn refuse_time_of_date(left: (&Expr, &DataType), right: (&Expr, &DataType)) -> Result<()> {
    let (date, interval) = if *left.1 == DataType::Date32 { (left, right) } else { (right, left) };
    if *date.1 != DataType::Date32 || !matches!(interval.1, DataType::Interval(_)) || is_of_days(interval.0) {
        return Ok(());
    }
    match multiplied(interval.0).unwrap_or(interval.0) {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(length)), _) => {
            let interval = written(*length);
            plan_err!("{interval} has hours, which a date does not; cast the date to a timestamp first")
        }
        _ => plan_err!("a computed interval may have hours, which a date does not; cast the date to a timestamp first"),
    }
}

/// Whether an interval is written so that it has no hours.
fn is_of_days(interval: &Expr) -> bool {
    match interval {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(length)), _) => length.nanoseconds == 0,
        Expr::Literal(value, _) => value.is_null() || matches!(value, ScalarValue::IntervalYearMonth(_)),
        Expr::Negative(inner) => is_of_days(inner),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Plus | Operator::Minus, right }) => {
            is_of_days(left) && is_of_days(right)
        }
        Expr::Case(case) => {
            let results = case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr);
            results.into_iter().all(|result| is_of_days(result))
        }
        other => multiplied(other).is_some_and(is_of_days),
    }
}

/// Rewrites what would wrap, truncate or be compared in another sense: the unary minus and `+ − × %`, casts that
/// may change a value, and intervals in comparisons. Types stay as they are.
#[derive(Debug)]
pub(crate) struct ExactRewrite;

impl FunctionRewrite for ExactRewrite {
    fn name(&self) -> &str {
        "exact_arithmetic"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        Ok(match expr {
            Expr::Literal(scalar @ (ScalarValue::Float64(_) | ScalarValue::Float32(_)), metadata) => {
                Transformed::yes(Expr::Literal(float::plain_scalar(scalar), metadata))
            }
            Expr::Negative(argument) => match argument.get_type(schema)? {
                DataType::Int64 | DataType::Float64 => Transformed::yes(negate().call(vec![*argument])),
                _ => Transformed::no(Expr::Negative(argument)),
            },
            Expr::BinaryExpr(binary) => rewrite_binary(binary, schema)?,
            Expr::Between(between) => rewrite_between(between, schema)?,
            Expr::InList(list) => rewrite_list(list, schema)?,
            Expr::Cast(Cast { expr, field }) => match conversion(&expr.get_type(schema)?, field.data_type(), false) {
                Some(function) => Transformed::yes(function.call(vec![*expr])),
                None => Transformed::no(Expr::Cast(Cast { expr, field })),
            },
            Expr::TryCast(TryCast { expr, field }) => {
                match conversion(&expr.get_type(schema)?, field.data_type(), true) {
                    Some(function) => Transformed::yes(function.call(vec![*expr])),
                    None => Transformed::no(Expr::TryCast(TryCast { expr, field })),
                }
            }
            Expr::ScalarFunction(function) => rewrite_arrow_cast(function, schema)?,
            Expr::WindowFunction(window) => rewrite_window(window),
            other => Transformed::no(other),
        })
    }
}

/// An operator of DataFusion's own.
fn rewrite_binary(binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let BinaryExpr { left, op, right } = binary;
    let function = match op {
        Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Modulo => {
            let (left, right) = (left.get_type(schema)?, right.get_type(schema)?);
            let same = left == right || !left.is_integer() || !right.is_integer();
            checked(op, &left, &right).filter(|_| same)
        }
        Operator::StringConcat => concatenation(&left.get_type(schema)?, &right.get_type(schema)?),
        Operator::Eq
        | Operator::NotEq
        | Operator::Lt
        | Operator::LtEq
        | Operator::Gt
        | Operator::GtEq
        | Operator::IsDistinctFrom
        | Operator::IsNotDistinctFrom => {
            return Ok(match as_durations(&[left.as_ref(), right.as_ref()], schema)?.as_deref() {
                Some([left, right]) => {
                    let (left, right) = (Box::new(left.clone()), Box::new(right.clone()));
                    Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right }))
                }
                _ => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
            });
        }
        _ => None,
    };
    Ok(match function {
        Some(function) => Transformed::yes(function.call(vec![*left, *right])),
        None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
    })
}

/// BETWEEN, where its sides may be intervals.
fn rewrite_between(between: Between, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let operands = [between.expr.as_ref(), between.low.as_ref(), between.high.as_ref()];
    Ok(match as_durations(&operands, schema)?.as_deref() {
        Some([expr, low, high]) => {
            let [expr, low, high] = [expr, low, high].map(|operand| Box::new(operand.clone()));
            Transformed::yes(Expr::Between(Between { expr, low, high, ..between }))
        }
        _ => Transformed::no(Expr::Between(between)),
    })
}

/// IN, where its items may be intervals.
fn rewrite_list(list: InList, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let operands: Vec<&Expr> = std::iter::once(list.expr.as_ref()).chain(&list.list).collect();
    let Some(mut durations) = as_durations(&operands, schema)? else {
        return Ok(Transformed::no(Expr::InList(list)));
    };
    let items = durations.split_off(1);
    let expr = durations.pop().map_or(list.expr, Box::new);
    Ok(Transformed::yes(Expr::InList(InList { expr, list: items, negated: list.negated })))
}

/// An aggregate over a window, limited if its results could be many times what it reads.
fn rewrite_window(mut window: Box<WindowFunction>) -> Transformed<Expr> {
    let limited = match &window.fun {
        WindowFunctionDefinition::AggregateUDF(function) => over_window(function, &window.params),
        WindowFunctionDefinition::WindowUDF(_) => None,
    };
    let is_limited = limited.is_some();
    if let Some(function) = limited {
        window.fun = WindowFunctionDefinition::AggregateUDF(function);
    }
    Transformed::new_transformed(Expr::WindowFunction(window), is_limited)
}

/// `arrow_cast`, which becomes a cast only within the optimiser, as the cast that it is.
fn rewrite_arrow_cast(function: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let lenient = match function.func.name() {
        "arrow_cast" => false,
        "arrow_try_cast" => true,
        _ => return Ok(Transformed::no(Expr::ScalarFunction(function))),
    };
    let expr = Expr::ScalarFunction(function);
    let to = expr.get_type(schema)?;
    within_dialect(&to)?;
    let Expr::ScalarFunction(ScalarFunction { mut args, .. }) = expr else {
        return Ok(Transformed::no(expr));
    };
    args.truncate(1);
    let Some(argument) = args.pop() else {
        return plan_err!("arrow_cast takes a value and a type");
    };
    Ok(Transformed::yes(match conversion(&argument.get_type(schema)?, &to, lenient) {
        Some(conversion) => conversion.call(vec![argument]),
        None if lenient => Expr::TryCast(TryCast::new(Box::new(argument), to)),
        None => Expr::Cast(Cast::new(Box::new(argument), to)),
    }))
}

/// The planners, ours first.
pub(super) fn planners(rest: Vec<Arc<dyn ExprPlanner>>) -> Vec<Arc<dyn ExprPlanner>> {
    let ours: Arc<dyn ExprPlanner> = Arc::new(OperatorPlanner);
    std::iter::once(ours).chain(rest).collect()
}
