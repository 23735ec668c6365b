//! Orders of joined rows. DataFusion 55 takes rows that a hash join gives for ordered by what the probe side is ordered by
//! and then by what the build side is (apache/datafusion#25052). They are not where rows of the probe side are equal in
//! what orders it: each meets the rows of the build side from the first on. Sorts would be left out, and groups told apart
//! that are one. Beneath such joins the build side has no order here.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use super::passing::{Passing, Watch};

/// The rule after which it is decided which side is built.
pub(super) const AFTER: &str = "join_selection";

/// Nodes whose rows are in an order, or may be once requirements are enforced.
const ORDERED: [&str; 5] =
    ["SortExec", "SortPreservingMergeExec", "WindowAggExec", "BoundedWindowAggExec", "PartialSortExec"];

/// Takes the order from the build sides of hash joins.
#[derive(Debug)]
pub(super) struct Unordered;

impl PhysicalOptimizerRule for Unordered {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let optimized = plan.transform_up(|node| {
            let Some(join) = node.downcast_ref::<HashJoinExec>() else { return Ok(Transformed::no(node)) };
            let claims = matches!(join.join_type(), JoinType::Inner | JoinType::Right);
            if !claims || !may_be_ordered(join.left())? || !may_be_ordered(join.right())? {
                return Ok(Transformed::no(node));
            }
            let sides = vec![Passing::above(Arc::clone(join.left()), Shuffled), Arc::clone(join.right())];
            node.replace_children(sides, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
                .map(Transformed::yes)
        })?;
        Ok(optimized.data)
    }

    fn name(&self) -> &str {
        "unordered_build_sides"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn may_be_ordered(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut ordered = false;
    plan.apply(|node| {
        ordered = ORDERED.contains(&node.name()) || node.output_ordering().is_some();
        Ok(if ordered { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(ordered)
}

/// Rows as they come, of which no order is told.
#[derive(Debug)]
struct Shuffled;

impl Watch for Shuffled {
    fn name(&self) -> &'static str {
        "Shuffled"
    }

    fn tells_order(&self) -> bool {
        false
    }

    fn watch(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        input.execute(partition, context)
    }
}
