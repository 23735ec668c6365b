//! OFFSET without LIMIT over sorted rows. DataFusion 55 asks for no order beneath such a node: a sort that only it needs is
//! left out where its key is not shown, and a sort above is pushed down through it, so that rows are passed over by another
//! order or by chance. Here the node asks for the order, right above the sort, and what is shown is computed above it.

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;

use super::passing::{Passing, Watch};

/// Puts such nodes in the place of DataFusion's.
#[derive(Debug)]
pub(super) struct Offsets;

impl PhysicalOptimizerRule for Offsets {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let optimized = plan.transform_up(|node| {
            let Some(limit) = node.downcast_ref::<GlobalLimitExec>() else { return Ok(Transformed::no(node)) };
            match limit.skip() > 0 && limit.fetch().is_none() {
                true => {
                    Ok(above_sort(limit.input(), limit.skip())?.map_or_else(|| Transformed::no(node), Transformed::yes))
                }
                false => Ok(Transformed::no(node)),
            }
        })?;
        Ok(optimized.data)
    }

    fn name(&self) -> &str {
        "offsets"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The plan whose sorted rows are passed over right above their sort; none where only projections may stand between and
/// something else does.
fn above_sort(plan: &Arc<dyn ExecutionPlan>, rows: usize) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(sort) = plan.downcast_ref::<SortExec>() {
        let offset = Offset { rows, order: sort.expr().clone() };
        return Ok(Some(Passing::above(Arc::clone(plan), offset)));
    }
    let Some(projection) = plan.downcast_ref::<ProjectionExec>() else { return Ok(None) };
    let Some(beneath) = above_sort(projection.input(), rows)? else { return Ok(None) };
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    Arc::clone(plan).replace_children(vec![beneath], options).map(Some)
}

/// How many rows a node passes over, if it is such a node.
pub(super) fn passed_over(node: &dyn ExecutionPlan) -> Option<usize> {
    node.downcast_ref::<Passing<Offset>>().map(|offset| offset.watch().rows)
}

/// Passes over the first rows in an order.
#[derive(Debug)]
pub(super) struct Offset {
    rows: usize,
    order: LexOrdering,
}

impl Watch for Offset {
    fn name(&self) -> &'static str {
        "Offset"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offset: {} rows", self.rows)
    }

    fn sees_all(&self) -> bool {
        true
    }

    fn needs(&self) -> Option<&LexOrdering> {
        Some(&self.order)
    }

    fn watch(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        match partition {
            0 => GlobalLimitExec::new(Arc::clone(input), self.rows, None).execute(0, context),
            other => internal_err!("rows are passed over in one partition, and this is {other}"),
        }
    }
}
