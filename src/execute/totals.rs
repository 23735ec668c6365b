//! Filters above totals. DataFusion 55's `push_down_filter` puts a condition that names no column beneath an aggregate
//! without keys, as if it named one of the keys: `WHERE 1 = 0` then keeps rows from being counted, and the total's one row
//! is answered all the same. So it does with grouping sets, one of which may be the total. Nothing may pass such an
//! aggregate, and here nothing does.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::OptimizerConfig;
use datafusion::optimizer::optimizer::{ApplyOrder, OptimizerRule};

/// The rule that is guarded.
const GUARDED: &str = "push_down_filter";

/// The rules, with that one stopped above totals.
pub(super) fn guarded(
    rules: Vec<Arc<dyn OptimizerRule + Send + Sync>>,
) -> impl Iterator<Item = Arc<dyn OptimizerRule + Send + Sync>> {
    rules.into_iter().map(|rule| match rule.name() {
        GUARDED => Arc::new(Guarded(rule)) as Arc<dyn OptimizerRule + Send + Sync>,
        _ => rule,
    })
}

#[derive(Debug)]
struct Guarded(Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for Guarded {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let above_total = match &plan {
            LogicalPlan::Filter(filter) => {
                matches!(filter.input.as_ref(), LogicalPlan::Aggregate(aggregate) if may_be_total(&aggregate.group_expr))
            }
            _ => false,
        };
        if above_total { Ok(Transformed::no(plan)) } else { self.0.rewrite(plan, config) }
    }
}

/// Whether an aggregate by these keys may have a row where there are none to aggregate.
fn may_be_total(keys: &[Expr]) -> bool {
    keys.iter().all(|key| matches!(key, Expr::GroupingSet(_)))
}
