//! DataFusion's logical rules with something of ours before each that would make a plan answer otherwise.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::OptimizerConfig;
use datafusion::optimizer::optimizer::{ApplyOrder, Optimizer, OptimizerRule};

use super::{dependencies, null_keys, totals};

/// What a rule is given: a plan, or none where it may not touch it.
pub(super) enum Given {
    Plan(LogicalPlan),
    Spared(LogicalPlan),
}

/// What is done before a rule that is given the plan node by node, in an order, or as a whole.
type Guard = fn(LogicalPlan, Option<ApplyOrder>) -> Result<Given>;

/// DataFusion's rules, guarded.
pub(super) fn rules() -> impl Iterator<Item = Arc<dyn OptimizerRule + Send + Sync>> {
    Optimizer::new().rules.into_iter().map(|rule| {
        let guard: Guard = match rule.name() {
            totals::GUARDED => totals::spared,
            null_keys::TAKING_APART => null_keys::not_mixed,
            null_keys::EXTRACTING => null_keys::not_extended,
            name if dependencies::ASKING.contains(&name) => dependencies::forgotten,
            _ => return rule,
        };
        Arc::new(Guarded { rule, guard }) as Arc<dyn OptimizerRule + Send + Sync>
    })
}

#[derive(Debug)]
struct Guarded {
    rule: Arc<dyn OptimizerRule + Send + Sync>,
    guard: Guard,
}

impl OptimizerRule for Guarded {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.rule.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match (self.guard)(plan, self.apply_order())? {
            Given::Plan(plan) => self.rule.rewrite(plan, config),
            Given::Spared(plan) => Ok(Transformed::no(plan)),
        }
    }
}
