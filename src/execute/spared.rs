//! Plans that a physical rule of DataFusion 55 is not given, since it would make them answer otherwise.
//!
//! `aggregate_statistics` looks for the first step of a total among all the steps beneath it, one after the other, and
//! passes over its own first step where that has a FILTER: beneath `SELECT count(*) FILTER (WHERE x > 100) FROM (SELECT
//! count(*) AS x …)` it would take the inner count for the outer one. What it knows of computed columns is wrong
//! besides: the greatest of numbers that are cast to texts is taken for the cast of the greatest (12 and not 9;
//! datafusion#25221), a column of NULL for one value, and a constant's sum over no rows for 0. So it is left to count
//! rows. `LimitAggregation` looks for the groups that ORDER BY and LIMIT leave, through windows too, and then lets no
//! others be: `SELECT k, count(*) OVER () … GROUP BY k ORDER BY k LIMIT 1` would count what the LIMIT leaves. And it
//! follows the column that ORDER BY names through projections by its name, also where one computes another value of
//! that name: `SELECT -k AS k FROM (SELECT DISTINCT k …) ORDER BY k LIMIT 1`.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::aggregate_statistics::AggregateStatistics;
use datafusion::physical_optimizer::topk_aggregation::TopKAggregation;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};

/// The rule, in place of DataFusion's own.
pub(super) fn guarded(
    rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>,
) -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
    let spares = match rule.name() {
        name if name == AggregateStatistics::new().name() => is_more_than_a_count,
        name if name == TopKAggregation::new().name() => misleads,
        _ => return rule,
    };
    Arc::new(Guarded { rule, spares })
}

#[derive(Debug)]
struct Guarded {
    rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>,
    /// Whether a plan with such a node is left as it is.
    spares: fn(&Arc<dyn ExecutionPlan>) -> bool,
}

impl PhysicalOptimizerRule for Guarded {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let mut spared = false;
        plan.apply(|node| {
            spared = (self.spares)(node);
            Ok(if spared { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
        if spared { Ok(plan) } else { self.rule.optimize(plan, config) }
    }

    fn name(&self) -> &str {
        self.rule.name()
    }

    fn schema_check(&self) -> bool {
        self.rule.schema_check()
    }
}

/// Whether it gives a total of other than how many rows there are.
fn is_more_than_a_count(node: &Arc<dyn ExecutionPlan>) -> bool {
    let counts_rows = |aggregate: &Arc<AggregateFunctionExpr>| {
        let arguments = aggregate.expressions();
        let is_value = |argument: &Arc<dyn PhysicalExpr>| {
            argument.downcast_ref::<Literal>().is_some_and(|literal| !literal.value().is_null())
        };
        aggregate.fun().name() == "count" && !aggregate.is_distinct() && arguments.iter().all(is_value)
    };
    node.downcast_ref::<AggregateExec>().is_some_and(|step| {
        let filtered = step.filter_expr().iter().any(|filter| filter.is_some());
        step.group_expr().is_empty() && (filtered || !step.aggr_expr().iter().all(counts_rows))
    })
}

fn misleads(node: &Arc<dyn ExecutionPlan>) -> bool {
    node.is::<WindowAggExec>() || node.is::<BoundedWindowAggExec>() || gives_names_anew(node)
}

/// Whether a projection calls another value by the name of a column that it reads.
fn gives_names_anew(node: &Arc<dyn ExecutionPlan>) -> bool {
    let Some(projection) = node.downcast_ref::<ProjectionExec>() else { return false };
    let read = projection.input().schema();
    let same = |expr: &ProjectionExpr| {
        expr.expr.downcast_ref::<Column>().is_some_and(|column| column.name() == expr.alias.as_str())
    };
    projection.expr().iter().any(|expr| read.column_with_name(&expr.alias).is_some() && !same(expr))
}
