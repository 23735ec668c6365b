//! Constants beside rows. DataFusion may repeat one for every row of a batch, which no quota sees, so a long one is
//! refused before it runs.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;

/// The most bytes of a constant that stands beside rows.
const MOST: usize = 128 << 10;

/// Refuses constants that are too long to be repeated.
#[derive(Debug)]
pub(super) struct LimitConstants;

impl PhysicalOptimizerRule for LimitConstants {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.apply(|node| {
            let inputs = node.children();
            // A statement without tables has one row.
            if !inputs.is_empty() && inputs.iter().all(|input| input.is::<PlaceholderRowExec>()) {
                return Ok(TreeNodeRecursion::Continue);
            }
            node.apply_expressions(&mut |expr| expr.apply(short))?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(plan)
    }

    fn name(&self) -> &str {
        "limit_constants"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn short(expr: &Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion> {
    match expr.downcast_ref::<Literal>().map(|literal| literal.value().size()) {
        Some(bytes) if bytes > MOST => Err(DataFusionError::ResourcesExhausted(format!(
            "a constant of {} KiB stands beside rows, and {} KiB is the most; make it shorter, or select it by itself",
            bytes >> 10,
            MOST >> 10
        ))),
        _ => Ok(TreeNodeRecursion::Continue),
    }
}
