//! What operators mean: SQL's `+ − × /` on numbers become our functions when a statement is planned, and what
//! remains of DataFusion's own arithmetic (unary minus, casts that would truncate) before a plan runs.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::functions::math::round;
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::arithmetic::{checked, divide, negate};

/// Plans the arithmetic operators.
#[derive(Debug)]
pub(super) struct ArithmeticPlanner;

impl ExprPlanner for ArithmeticPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let operator = match expr.op {
            BinaryOperator::Plus => Operator::Plus,
            BinaryOperator::Minus => Operator::Minus,
            BinaryOperator::Multiply => Operator::Multiply,
            BinaryOperator::Divide => Operator::Divide,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema)) else {
            return Ok(PlannerResult::Original(expr));
        };
        let number = |data_type: &DataType| data_type.is_numeric() || data_type.is_null();
        let function = match operator {
            Operator::Divide if number(&left) && number(&right) => Some(divide()),
            _ => checked(operator, &left, &right),
        };
        Ok(match function {
            Some(function) => PlannerResult::Planned(function.call(vec![expr.left, expr.right])),
            None => PlannerResult::Original(expr),
        })
    }
}

/// Rewrites what would wrap or truncate: the unary minus and `+ − ×` of integers, and casts of fractions to
/// integers, which round half away from zero. Types stay as they are.
#[derive(Debug)]
pub(crate) struct ExactRewrite;

impl FunctionRewrite for ExactRewrite {
    fn name(&self) -> &str {
        "exact_arithmetic"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        Ok(match expr {
            Expr::Negative(argument) if argument.get_type(schema)? == DataType::Int64 => {
                Transformed::yes(negate().call(vec![*argument]))
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let function = match op {
                    Operator::Plus | Operator::Minus | Operator::Multiply => {
                        let (left, right) = (left.get_type(schema)?, right.get_type(schema)?);
                        let same = left == right || !left.is_integer() || !right.is_integer();
                        checked(op, &left, &right).filter(|_| same)
                    }
                    _ => None,
                };
                match function {
                    Some(function) => Transformed::yes(function.call(vec![*left, *right])),
                    None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
                }
            }
            Expr::Cast(Cast { expr, field }) if field.data_type().is_integer() => match rounded(&expr, schema)? {
                Some(expr) => Transformed::yes(Expr::Cast(Cast { expr: Box::new(expr), field })),
                None => Transformed::no(Expr::Cast(Cast { expr, field })),
            },
            Expr::TryCast(TryCast { expr, field }) if field.data_type().is_integer() => match rounded(&expr, schema)? {
                Some(expr) => Transformed::yes(Expr::TryCast(TryCast { expr: Box::new(expr), field })),
                None => Transformed::no(Expr::TryCast(TryCast { expr, field })),
            },
            other => Transformed::no(other),
        })
    }
}

/// The argument of a cast to an integer, rounded half away from zero, if it has a fraction.
fn rounded(argument: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    Ok(match argument.get_type(schema)? {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => Some(round().call(vec![argument.clone()])),
        DataType::Decimal128(precision, scale) if scale > 0 => {
            let whole = precision.saturating_sub(scale.unsigned_abs()).saturating_add(1).min(DECIMAL128_MAX_PRECISION);
            let cast = Cast::new(Box::new(argument.clone()), DataType::Decimal128(whole, 0));
            Some(Expr::Cast(cast))
        }
        _ => None,
    })
}

/// The planners, ours first.
pub(super) fn planners(rest: Vec<Arc<dyn ExprPlanner>>) -> Vec<Arc<dyn ExprPlanner>> {
    let ours: Arc<dyn ExprPlanner> = Arc::new(ArithmeticPlanner);
    std::iter::once(ours).chain(rest).collect()
}
