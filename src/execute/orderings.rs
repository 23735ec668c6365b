//! Orders of joined rows. DataFusion 55 takes rows that a hash join gives for ordered by what the probe side is ordered by
//! and then by what the build side is (apache/datafusion#25052). They are not where rows of the probe side are equal in
//! what orders it: each meets the rows of the build side from the first on. Sorts would be left out, and groups told apart
//! that are one. And it takes what is constant on a side for constant in the rows that an outer join fills up with NULL.
//! Such joins are not told of either here.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use super::passing::{Passing, Watch};

/// The rule after which it is decided which side is built.
pub(super) const AFTER: &str = "join_selection";

/// Nodes whose rows are in an order, or may be once requirements are enforced.
const ORDERED: [&str; 5] =
    ["SortExec", "SortPreservingMergeExec", "WindowAggExec", "BoundedWindowAggExec", "PartialSortExec"];

/// Hides from joins what they would tell wrongly of their rows.
#[derive(Debug)]
pub(super) struct Sides;

impl PhysicalOptimizerRule for Sides {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let optimized = plan.transform_up(|node| {
            let Some((join_type, left, right)) = joined(&node) else { return Ok(Transformed::no(node)) };
            let ordered = node.is::<HashJoinExec>() && may_be_ordered(left)? && may_be_ordered(right)?;
            let constant = |side: &Arc<dyn ExecutionPlan>| !side.equivalence_properties().constants().is_empty();
            let (hide_left, hide_right) = match join_type {
                JoinType::Inner => (ordered, false),
                JoinType::Right => (ordered || constant(left), false),
                JoinType::Left => (false, constant(right)),
                JoinType::Full => (constant(left), constant(right)),
                _ => (false, false),
            };
            if !hide_left && !hide_right {
                return Ok(Transformed::no(node));
            }
            let side = |side: &Arc<dyn ExecutionPlan>, hide: bool| match hide {
                true => Passing::above(Arc::clone(side), Untold),
                false => Arc::clone(side),
            };
            let sides = vec![side(left, hide_left), side(right, hide_right)];
            let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            node.replace_children(sides, options).map(Transformed::yes)
        })?;
        Ok(optimized.data)
    }

    fn name(&self) -> &str {
        "sides_of_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The kind of a join and its sides.
type Joined<'p> = (JoinType, &'p Arc<dyn ExecutionPlan>, &'p Arc<dyn ExecutionPlan>);

fn joined(node: &Arc<dyn ExecutionPlan>) -> Option<Joined<'_>> {
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        return Some((*join.join_type(), join.left(), join.right()));
    }
    let join = node.downcast_ref::<NestedLoopJoinExec>()?;
    Some((*join.join_type(), join.left(), join.right()))
}

fn may_be_ordered(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut ordered = false;
    plan.apply(|node| {
        ordered = ORDERED.contains(&node.name()) || node.output_ordering().is_some();
        Ok(if ordered { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(ordered)
}

/// Rows as they come, of which nothing is told.
#[derive(Debug)]
struct Untold;

impl Watch for Untold {
    fn name(&self) -> &'static str {
        "Untold"
    }

    fn tells(&self) -> bool {
        false
    }
}
