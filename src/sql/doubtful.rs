//! What DataFusion would answer otherwise than SQL means, refused: IN over a subquery where UNKNOWN and FALSE differ,
//! correlated subqueries whose rows depend on whether there are any, and LIMITs that take rows by chance.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::logical_plan::Subquery;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

use crate::error::{Error, Result};

use super::deep;

/// Refuses such a plan.
///
/// # Errors
/// Invalid, with what to write instead.
pub(super) fn refused(plan: &LogicalPlan) -> Result<()> {
    deep(|| {
        match plan {
            LogicalPlan::Filter(filter) => condition(&filter.predicate, Place::Condition)?,
            _ => expressions(plan)?,
        }
        if let LogicalPlan::Aggregate(aggregate) = plan
            && by_chance(&aggregate.input)
        {
            return Err(Error::invalid(
                "a LIMIT without ORDER BY beneath an aggregate takes rows by chance; add ORDER BY, or leave it out",
            ));
        }
        plan.inputs().into_iter().try_for_each(refused)
    })
}

/// The expressions of a node that filters nothing.
fn expressions(plan: &LogicalPlan) -> Result<()> {
    plan.expressions().iter().try_for_each(|expr| condition(expr, Place::Value))
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
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            condition(left, place)?;
            deep(|| condition(right, place))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let place = if place == Place::Value { Place::Value } else { Place::Alternative };
            condition(left, place)?;
            deep(|| condition(right, place))
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
            inner => deep(|| condition(inner, Place::Value)),
        },
        Expr::InSubquery(within) => inclusion(within, place),
        Expr::Exists(exists) => {
            if is_correlated(&exists.subquery) && always_one(&exists.subquery.subquery) {
                return Err(Error::invalid(
                    "an aggregate without GROUP BY always gives a row, so that EXISTS over it is always true; leave the \
                     aggregate out, or compare its value: (SELECT count(*) …) > 0",
                ));
            }
            refused(&exists.subquery.subquery)
        }
        Expr::ScalarSubquery(subquery) => refused(&subquery.subquery),
        _ => within(expr),
    }
}

/// The parts of an expression, each for its value.
fn within(expr: &Expr) -> Result<()> {
    let mut outcome = Ok(());
    // The closure never fails.
    let _ = expr.apply_children(|part| {
        outcome = deep(|| condition(part, Place::Value));
        Ok(if outcome.is_err() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    outcome
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

/// Whether a plan's rows are those that a LIMIT without an order let through.
fn by_chance(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Limit(limit) => !is_ordered(&limit.input) && !takes_none(plan),
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Window(_) => plan.inputs().into_iter().any(by_chance),
        _ => false,
    }
}

/// Whether it is LIMIT 0, which asks for the schema.
fn takes_none(plan: &LogicalPlan) -> bool {
    plan.fetch().is_ok_and(|fetch| fetch == Some(0))
}

fn is_ordered(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(_) => true,
        // One row is in order.
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => plan.inputs().into_iter().any(is_ordered),
        _ => false,
    }
}
