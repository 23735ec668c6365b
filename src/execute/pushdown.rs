//! Filters pushed down, where names tell columns apart. DataFusion's physical pushdown finds a filter's column in the
//! node beneath by its name, and takes the first of that name: beneath a join of two tables that both have it, the filter
//! would come to stand over the wrong one. Filters above such a node stay where they are; what could be pushed down
//! logically has been, and that goes by table and name.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;

use super::offset::Offsets;
use super::orderings::{self, Sides};
use super::resorted::{self, Resorted};
use super::spared::guarded;

/// DataFusion's physical rules, with this pushdown in place of its own.
pub(super) fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let own = [FilterPushdown::new(), FilterPushdown::new_post_optimization()];
    let unambiguous =
        |rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>| match own.iter().any(|own| own.name() == rule.name()) {
            true => Arc::new(Unambiguous(rule)) as _,
            false => rule,
        };
    let mut rules: Vec<_> = PhysicalOptimizer::new().rules.into_iter().map(unambiguous).map(guarded).collect();
    let after = rules.iter().position(|rule| rule.name() == orderings::AFTER).map_or(0, |at| at + 1);
    rules.insert(after, Arc::new(Sides));
    rules.insert(after, Arc::new(Offsets));
    let before = rules.iter().position(|rule| rule.name() == resorted::BEFORE).unwrap_or(rules.len());
    rules.insert(before, Arc::new(Resorted));
    rules
}

/// A rule for the parts of a plan in which names tell columns apart.
#[derive(Debug)]
struct Unambiguous(Arc<dyn PhysicalOptimizerRule + Send + Sync>);

impl PhysicalOptimizerRule for Unambiguous {
    /// Optimises the greatest parts of a plan beneath whose top no node has two columns of one name. The top itself may:
    /// no filter comes from above it, and its own are written for the node beneath.
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let optimized = plan.transform_down(|part| {
            let mut beneath = part.children().into_iter();
            if beneath.try_fold(false, |found, child| Ok::<_, DataFusionError>(found || is_ambiguous(child)?))? {
                return Ok(Transformed::no(part));
            }
            Ok(Transformed::new(self.0.optimize(part, config)?, true, TreeNodeRecursion::Jump))
        })?;
        Ok(optimized.data)
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}

/// Whether a node of the plan has two columns of one name.
fn is_ambiguous(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut ambiguous = false;
    plan.apply(|node| {
        let schema = node.schema();
        let names: BTreeSet<&String> = schema.fields().iter().map(|field| field.name()).collect();
        ambiguous = names.len() < schema.fields().len();
        Ok(if ambiguous { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(ambiguous)
}
