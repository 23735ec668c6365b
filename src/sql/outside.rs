//! Correlated subqueries over tables, in whose place DataFusion 55 puts joins: it takes conditions on what is outside from
//! where they stand and joins by them. That means the same only above plain rows and inner joins. From beneath an outer
//! join, a window or a LIMIT it would compute of other rows (apache/datafusion#25507).

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::logical_plan::{Distinct, FetchType, Filter, Join, Limit, SkipType, Subquery};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, JoinType, LogicalPlan, Operator};

use crate::error::{Error, Result};

use super::wording::BY_EQUALITIES;
use super::{deep, planning_error};

/// What is asked of a subquery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The value of its one row.
    Value,
    /// Whether it has rows.
    Rows,
    /// Whether a value is among its rows.
    Members,
}

/// Refuses a subquery that names what is outside elsewhere than where joins mean the same.
///
/// # Errors
/// Invalid, with what to write instead.
pub(super) fn refused(subquery: &Subquery, asked: Asked) -> Result<()> {
    Path { asked, aggregated: false, named: false, met: false }.down(&subquery.subquery)
}

/// Refuses subqueries within a plan's expressions that name what is not right outside them.
///
/// # Errors
/// Invalid, with what to write instead.
pub(super) fn refused_farther(plan: &LogicalPlan) -> Result<()> {
    let mut farther = false;
    let inputs = plan.inputs();
    let known = |expr: &Expr| match expr {
        Expr::OuterReferenceColumn(_, column) => inputs.iter().any(|input| input.schema().has_column(column)),
        _ => true,
    };
    plan.apply_expressions(|expr| {
        expr.apply(|inner| {
            let subquery = match inner {
                Expr::Exists(exists) => &exists.subquery,
                Expr::InSubquery(within) => &within.subquery,
                Expr::ScalarSubquery(subquery) => subquery,
                _ => return Ok(TreeNodeRecursion::Continue),
            };
            farther = farther || !subquery.outer_ref_columns.iter().all(known);
            Ok(TreeNodeRecursion::Continue)
        })
    })
    .map_err(planning_error)?;
    match farther {
        true => Err(Error::invalid(
            "a subquery names what is farther outside than the query around it; it may name what is right outside it alone",
        )),
        false => Ok(()),
    }
}

/// The way down from a subquery's last step to the conditions on what is outside.
#[derive(Debug, Clone, Copy)]
struct Path {
    asked: Asked,
    /// Whether it went by an aggregate.
    aggregated: bool,
    /// Whether it went into a query after FROM.
    named: bool,
    /// Whether it met such a condition.
    met: bool,
}

impl Path {
    fn down(self, plan: &LogicalPlan) -> Result<()> {
        if !names_outside(plan)? {
            return Ok(());
        }
        if !matches!(plan, LogicalPlan::Filter(_)) && names_itself(plan)? {
            return Err(elsewhere("in an expression that is no condition of its WHERE"));
        }
        deep(|| match plan {
            LogicalPlan::Projection(_) | LogicalPlan::Sort(_) => self.beneath(plan),
            LogicalPlan::SubqueryAlias(_) => Self { named: true, ..self }.beneath(plan),
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Aggregate(_) if self.met => Err(elsewhere("in HAVING")),
            LogicalPlan::Aggregate(_) if self.asked == Asked::Value && self.aggregated => Err(by_equalities()),
            LogicalPlan::Aggregate(_) if self.asked == Asked::Value && self.named => {
                Err(elsewhere("beneath an aggregate in a query after FROM"))
            }
            LogicalPlan::Aggregate(_) => Self { aggregated: true, ..self }.beneath(plan),
            LogicalPlan::Distinct(Distinct::All(_)) if self.asked != Asked::Value => {
                Self { aggregated: true, ..self }.beneath(plan)
            }
            LogicalPlan::Distinct(_) => Err(elsewhere("beneath DISTINCT")),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Limit(limit) if self.asked == Asked::Rows && !self.met && leaves_a_row(limit)? => {
                self.beneath(plan)
            }
            LogicalPlan::Limit(_) => Err(elsewhere("beneath LIMIT or OFFSET")),
            LogicalPlan::Window(_) => Err(elsewhere("beneath a window")),
            LogicalPlan::Union(_) => Err(elsewhere("in a side of UNION")),
            _ => Err(elsewhere("within what is not evaluated row by row")),
        })
    }

    fn beneath(self, plan: &LogicalPlan) -> Result<()> {
        plan.inputs().into_iter().try_for_each(|input| self.down(input))
    }

    fn filter(self, filter: &Filter) -> Result<()> {
        let mut met = self.met;
        for condition in split_conjunction(&filter.predicate) {
            if condition.contains_outer() {
                met = true;
                if !is_equality(condition, filter.input.schema()) && (self.aggregated || self.asked == Asked::Value) {
                    return Err(by_equalities());
                }
            }
        }
        Self { met, ..self }.down(&filter.input)
    }

    fn join(self, join: &Join) -> Result<()> {
        let (left, right) = match join.join_type {
            JoinType::Inner => (true, true),
            JoinType::Left => (true, false),
            JoinType::Right => (false, true),
            _ => (false, false),
        };
        for (side, kept) in [(&join.left, left), (&join.right, right)] {
            if !kept && names_outside(side)? {
                return Err(elsewhere("on the side of an outer join whose rows may be missing"));
            }
            self.down(side)?;
        }
        Ok(())
    }
}

/// Whether a condition makes a column inside equal to something outside, so that an aggregate can be grouped by it.
fn is_equality(condition: &Expr, schema: &DFSchema) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return false };
    // It is grouped by the column, so that a cast may not make one of two of its values.
    let inside = |side: &Expr| match side {
        Expr::Cast(cast) if matches!(cast.expr.as_ref(), Expr::Column(_)) => {
            cast.expr.get_type(schema).is_ok_and(|from| tells_apart(&from, cast.field.data_type()))
        }
        side => matches!(side, Expr::Column(_)),
    };
    let outside = |side: &Expr| side.contains_outer() && side.column_refs().is_empty();
    inside(left) && outside(right) || outside(left) && inside(right)
}

/// Whether a cast makes two values of two.
fn tells_apart(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (from, to) if from == to => true,
        (from, DataType::Decimal128(precision, scale)) if from.is_integer() => {
            i16::from(*precision) - i16::from(*scale) >= 19
        }
        (DataType::Decimal128(_, from), DataType::Decimal128(_, to)) => to >= from,
        (DataType::Date32, DataType::Timestamp(..)) => true,
        (from, to) => (from.is_integer() && to.is_integer()) || (from.is_string() && to.is_string()),
    }
}

/// Whether a LIMIT takes no row away where there is one.
fn leaves_a_row(limit: &Limit) -> Result<bool> {
    let skips = !matches!(limit.get_skip_type().map_err(planning_error)?, SkipType::Literal(0));
    let fetches = match limit.get_fetch_type().map_err(planning_error)? {
        FetchType::Literal(most) => most != Some(0),
        FetchType::UnsupportedExpr => false,
    };
    Ok(fetches && !skips)
}

/// Whether a plan names what is outside, in itself or beneath.
fn names_outside(plan: &LogicalPlan) -> Result<bool> {
    deep(|| {
        let beneath = || plan.inputs().into_iter().try_fold(false, |found, input| Ok(found || names_outside(input)?));
        Ok(names_itself(plan)? || beneath()?)
    })
}

fn names_itself(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_expressions(|expr| {
        found = found || expr.contains_outer();
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(planning_error)?;
    Ok(found)
}

fn elsewhere(place: &str) -> Error {
    Error::invalid(format!(
        "a subquery that names what is outside it does so in conditions of its WHERE, over tables and inner joins; here it \
         stands {place}; join a query that groups by what is compared"
    ))
}

fn by_equalities() -> Error {
    Error::invalid(BY_EQUALITIES)
}
