//! The types of an expression's parts brought together, as they are before it runs: what could never run is refused
//! when a model is read. A text that is compared with a number would be cast row by row, so it is refused as well.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::type_coercion::{TypeCoercion, TypeCoercionRewriter};

use arrow::datatypes::DataType;

use crate::error::{Error, Result};

use super::fault::{in_words, no_call, planning_error};

/// An expression over rows of `schema`, its types brought together.
///
/// # Errors
/// Invalid: types that do not go together.
pub(super) fn expr(expr: &Expr, schema: &DFSchema) -> Result<Expr> {
    refuse_calls(expr, schema).and_then(|()| refuse_mixed(expr, schema)).map_err(planning_error)?;
    let coerced = expr.clone().rewrite(&mut TypeCoercionRewriter::new(schema)).map_err(planning_error)?;
    Ok(coerced.data)
}

/// A query, its types brought together.
///
/// # Errors
/// Invalid: types that do not go together.
pub(super) fn query(plan: LogicalPlan, options: &ConfigOptions) -> Result<LogicalPlan> {
    plan.apply_with_subqueries(|node| {
        let mut rows = DFSchema::empty();
        for input in node.inputs() {
            rows.merge(input.schema());
        }
        node.apply_expressions(|expr| {
            refuse_mixed(expr, &rows)?;
            Ok(TreeNodeRecursion::Continue)
        })
    })
    .map_err(planning_error)?;
    TypeCoercion::new().analyze(plan, options).map_err(planning_error)
}

/// Refuses a call that no form of its function takes, by the types of its arguments.
fn refuse_calls(expr: &Expr, rows: &DFSchema) -> datafusion::common::Result<()> {
    expr.apply(|expr| {
        let Expr::ScalarFunction(call) = expr else { return Ok(TreeNodeRecursion::Continue) };
        let types: Result<Vec<String>, DataFusionError> =
            call.args.iter().map(|argument| Ok(in_words(&argument.get_type(rows)?.to_string()))).collect();
        match (types, expr.get_type(rows)) {
            (Ok(types), Err(_)) => refused(no_call(&format!("{}({})", call.name(), types.join(", ")))),
            // What is wrong with an argument is told there.
            _ => Ok(TreeNodeRecursion::Continue),
        }
    })
    .map(drop)
}

fn refused<T>(message: String) -> datafusion::common::Result<T> {
    Err(DataFusionError::External(Box::new(Error::invalid(message))))
}

/// Refuses a text that is compared with something else; a text literal is read as what it is compared with.
fn refuse_mixed(expr: &Expr, rows: &DFSchema) -> datafusion::common::Result<()> {
    expr.apply(|expr| {
        for (left, right) in compared(expr) {
            for (text, other) in [(left, right), (right, left)] {
                // What has no type here is noted where it gets one.
                let (Ok(kind), Ok(others)) = (text.get_type(rows), other.get_type(rows)) else { continue };
                if is_text(&kind) && !is_text(&others) && others != DataType::Null && !matches!(text, Expr::Literal(..))
                {
                    let name = match text {
                        Expr::Column(column) | Expr::OuterReferenceColumn(_, column) => column.name.clone(),
                        other => other.to_string(),
                    };
                    return refused(format!("'{name}' is text; compare it with text or cast it"));
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map(drop)
}

/// The pairs of expressions that an expression compares.
fn compared(expr: &Expr) -> Vec<(&Expr, &Expr)> {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    match expr {
        Expr::BinaryExpr(binary) => match binary.op {
            Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom => {
                vec![(binary.left.as_ref(), binary.right.as_ref())]
            }
            _ => Vec::new(),
        },
        Expr::Between(between) => {
            [&between.low, &between.high].map(|bound| (between.expr.as_ref(), bound.as_ref())).into()
        }
        Expr::InList(list) => list.list.iter().map(|item| (list.expr.as_ref(), item)).collect(),
        Expr::Case(case) => {
            let whens = case.when_then_expr.iter().map(|(when, _)| when.as_ref());
            case.expr.iter().flat_map(|value| whens.clone().map(|when| (value.as_ref(), when))).collect()
        }
        _ => Vec::new(),
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}
