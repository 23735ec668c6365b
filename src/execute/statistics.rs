//! Totals told from statistics. DataFusion 55's `aggregate_statistics` looks for the first step of a total among all the
//! steps beneath it, one after the other, and passes over its own first step where that has a FILTER: beneath
//! `SELECT count(*) FILTER (WHERE x > 100) FROM (SELECT count(*) AS x …)` it would take the inner count for the outer one.
//! A plan with such a total is left as it is.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::aggregate_statistics::AggregateStatistics;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;

/// The rule, in place of DataFusion's own.
pub(super) fn guarded(
    rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>,
) -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
    if rule.name() == AggregateStatistics::new().name() { Arc::new(Guarded(rule)) } else { rule }
}

#[derive(Debug)]
struct Guarded(Arc<dyn PhysicalOptimizerRule + Send + Sync>);

impl PhysicalOptimizerRule for Guarded {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        if has_filtered_total(&plan)? { Ok(plan) } else { self.0.optimize(plan, config) }
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}

/// Whether a total with a FILTER stands in the plan.
fn has_filtered_total(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut found = false;
    plan.apply(|node| {
        let filtered = |step: &AggregateExec| {
            step.group_expr().is_empty() && step.filter_expr().iter().any(|filter| filter.is_some())
        };
        found |= node.downcast_ref::<AggregateExec>().is_some_and(filtered);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}
