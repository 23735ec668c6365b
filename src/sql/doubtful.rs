//! What DataFusion would answer otherwise than SQL means, refused: IN over a subquery where UNKNOWN and FALSE differ,
//! and correlated subqueries whose rows depend on whether there are any.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::logical_plan::Subquery;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

use crate::error::{Error, Result};

use super::outside::{self, Asked};
use super::{deep, planning_error};

/// Refuses such a plan.
///
/// # Errors
/// Invalid, with what to write instead.
pub(super) fn refused(plan: &LogicalPlan) -> Result<()> {
    deep(|| {
        outside::refused_farther(plan)?;
        match plan {
            LogicalPlan::Filter(filter) => condition(&filter.predicate, Place::Condition)?,
            LogicalPlan::Join(join) if join.filter.iter().any(asks_for_values_outside) => {
                return Err(Error::invalid(
                    "a subquery in ON names what is outside it; write it in WHERE, or join a query that groups by what is \
                     compared",
                ));
            }
            _ => drop(plan.apply_expressions(value).map_err(planning_error)?),
        }
        plan.inputs().into_iter().try_for_each(refused)
    })
}

/// Whether a subquery whose value is asked names what is outside it.
fn asks_for_values_outside(expr: &Expr) -> bool {
    let value = |inner: &Expr| matches!(inner, Expr::ScalarSubquery(subquery) if is_correlated(subquery));
    expr.exists(|inner| Ok(value(inner))).unwrap_or_default()
}

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Rows are kept where it is TRUE.
    Condition,
    /// It is one of several, beside OR or in CASE, of which one must be TRUE.
    Alternative,
    /// Its value matters, UNKNOWN too.
    Value,
}

fn condition(expr: &Expr, place: Place) -> Result<()> {
    deep(|| match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            condition(left, place)?;
            condition(right, place)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let place = if place == Place::Value { Place::Value } else { Place::Alternative };
            condition(left, place)?;
            condition(right, place)
        }
        Expr::Case(case) if case.expr.is_none() => {
            for (when, then) in &case.when_then_expr {
                condition(when, Place::Alternative)?;
                condition(then, Place::Value)?;
            }
            case.else_expr.iter().try_for_each(|otherwise| condition(otherwise, Place::Value))
        }
        Expr::Not(inner) => match inner.as_ref() {
            Expr::InSubquery(within) if !within.negated => {
                inclusion(&InSubquery { negated: true, ..within.clone() }, place)
            }
            inner => condition(inner, Place::Value),
        },
        Expr::InSubquery(within) => inclusion(within, place),
        Expr::Exists(exists) => {
            if is_correlated(&exists.subquery) && always_one(&exists.subquery.subquery) {
                return Err(Error::invalid(
                    "an aggregate without GROUP BY always gives a row, so that EXISTS over it is always true; leave the \
                     aggregate out, or compare its value: (SELECT count(*) …) > 0",
                ));
            }
            outside::refused(&exists.subquery, Asked::Rows)?;
            refused(&exists.subquery.subquery)
        }
        Expr::ScalarSubquery(subquery) => {
            outside::refused(subquery, Asked::Value)?;
            refused(&subquery.subquery)
        }
        _ => expr.apply_children(value).map(drop).map_err(planning_error),
    })
}

/// An expression whose value matters, for DataFusion's walks.
fn value(expr: &Expr) -> PlanResult<TreeNodeRecursion> {
    match condition(expr, Place::Value) {
        Ok(()) => Ok(TreeNodeRecursion::Continue),
        Err(error) => Err(DataFusionError::External(Box::new(error))),
    }
}

fn inclusion(within: &InSubquery, place: Place) -> Result<()> {
    let InSubquery { expr, subquery, negated } = within;
    if *negated && is_correlated(subquery) {
        return Err(Error::invalid(
            "NOT IN over a subquery that names what is outside is not supported; write NOT EXISTS (SELECT 1 … WHERE …)",
        ));
    }
    if is_correlated(subquery) && (always_one(&subquery.subquery) || limits(&subquery.subquery)) {
        return Err(Error::invalid(
            "IN over an aggregate or a LIMIT of a subquery that names what is outside is not supported; compare with = \
             and the subquery",
        ));
    }
    match (*negated, place) {
        (_, Place::Condition) | (false, Place::Alternative) => {}
        (true, _) => {
            return Err(Error::invalid(
                "NOT IN (SELECT …) is supported as a condition of its own, beside AND only: elsewhere NULL would not be \
                 told from FALSE; write NOT EXISTS (SELECT 1 … WHERE …), or a condition of its own",
            ));
        }
        (false, Place::Value) => {
            return Err(Error::invalid(
                "IN (SELECT …) is supported as a condition, beside AND and OR only: elsewhere NULL would not be told from \
                 FALSE; write EXISTS (SELECT 1 … WHERE …)",
            ));
        }
    }
    outside::refused(subquery, Asked::Members)?;
    condition(expr, Place::Value)?;
    refused(&subquery.subquery)
}

fn is_correlated(subquery: &Subquery) -> bool {
    !subquery.outer_ref_columns.is_empty()
}

/// Whether a plan gives one row whatever there is beneath, but for what a filter above it takes away.
fn always_one(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::Limit(_) => plan.inputs().into_iter().any(always_one),
        _ => false,
    }
}

/// Whether there is a LIMIT among the last things that a plan does.
fn limits(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Limit(_) => true,
        LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Sort(_) => {
            plan.inputs().into_iter().any(limits)
        }
        _ => false,
    }
}
