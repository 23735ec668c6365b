//! Joins in which NULL is equal to NULL, beside others. DataFusion 55 takes inner joins and the conditions above them apart
//! and puts them together anew (`eliminate_cross_join`), and asks of all their keys what the uppermost join asks of its own:
//! a CROSS JOIN above a join by IS NOT DISTINCT FROM loses the rows whose key is NULL, and beneath such a join `a = b` finds
//! them. So it is given no plan that holds both; conditions find their joins by pushing down as well. Nor are equalities made
//! keys where NULL is equal to NULL (`extract_equijoin_predicate`).

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, NullEquality, Result};
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::logical_plan::Join;
use datafusion::optimizer::optimizer::ApplyOrder;

use super::guarded::Given;

/// The rule that does so.
pub(super) const TAKING_APART: &str = "eliminate_cross_join";
/// The rule that makes equalities among a join's other conditions keys, of the kind that it has.
pub(super) const EXTRACTING: &str = "extract_equijoin_predicate";

/// The plan, unless keys of different kinds stand in it side by side.
pub(super) fn not_mixed(plan: LogicalPlan, _order: Option<ApplyOrder>) -> Result<Given> {
    let mut mixed = false;
    plan.apply_with_subqueries(|node| {
        let inner = |beneath: &LogicalPlan| matches!(beneath, LogicalPlan::Join(join) if is_inner(join));
        mixed = mixed
            || match node {
                LogicalPlan::Join(join) if is_inner(join) => {
                    let joins = || [&join.left, &join.right].into_iter().filter(|side| inner(side));
                    joins().count() > 0 && (equates_nulls(node) || joins().any(|side| equates_nulls(side)))
                }
                LogicalPlan::Filter(filter) => inner(&filter.input) && equates_nulls(&filter.input),
                _ => false,
            };
        Ok(if mixed { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(if mixed { Given::Spared(plan) } else { Given::Plan(plan) })
}

/// A node, unless equalities would become keys in which NULL is equal to NULL.
pub(super) fn not_extended(node: LogicalPlan, _order: Option<ApplyOrder>) -> Result<Given> {
    Ok(if equates_nulls(&node) { Given::Spared(node) } else { Given::Plan(node) })
}

fn is_inner(join: &Join) -> bool {
    join.join_type == JoinType::Inner
}

fn equates_nulls(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Join(join) if join.null_equality == NullEquality::NullEqualsNull)
}
