//! Sorts that came to be missing. DataFusion 55 leaves out a sort by what is constant, or by what rows are ordered by
//! already, and rules after that one may make a plan forget why: a join whose projection is moved into it no longer tells
//! which of its columns are constant. Its own check would refuse such a plan. Before that, what a node requires and its
//! input does not tell is sorted here: what is in order already, or nearly so, is sorted quickly.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

/// DataFusion's check, before which nothing may be missing.
pub(super) const BEFORE: &str = "SanityCheckPlan";

/// Sorts what a node requires to be sorted and is not known to be.
#[derive(Debug)]
pub(super) struct Resorted;

impl PhysicalOptimizerRule for Resorted {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(plan.transform_up(resorted)?.data)
    }

    fn name(&self) -> &str {
        "resorted"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn resorted(node: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let mut inputs = Vec::new();
    let mut missing = false;
    for (input, required) in node.children().into_iter().zip(node.required_input_ordering()) {
        let required = required.map(|required| required.into_single());
        let sorted = match required {
            Some(required) if !input.equivalence_properties().ordering_satisfy_requirement(required.clone())? => {
                LexOrdering::new(required.into_iter().map(PhysicalSortExpr::from))
            }
            _ => None,
        };
        missing |= sorted.is_some();
        inputs.push(match sorted {
            Some(ordering) => {
                let several = input.output_partitioning().partition_count() > 1;
                Arc::new(SortExec::new(ordering, Arc::clone(input)).with_preserve_partitioning(several)) as _
            }
            None => Arc::clone(input),
        });
    }
    if !missing {
        return Ok(Transformed::no(node));
    }
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    node.replace_children(inputs, options).map(Transformed::yes)
}
