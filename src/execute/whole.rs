//! Where a LIMIT may not cut: rows pass until there is one too many.

use std::fmt;
use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, PlanProperties};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::{StreamExt, TryStreamExt, future};

use crate::error::Error;
use crate::sql::Whole;

/// DataFusion's planner of queries, which knows our node.
#[derive(Debug)]
pub(super) struct Planner;

#[async_trait::async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Watch)]);
        planner.create_physical_plan(plan, session).await
    }
}

struct Watch;

#[async_trait::async_trait]
impl ExtensionPlanner for Watch {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(whole) = node.as_any().downcast_ref::<Whole>() else { return Ok(None) };
        match inputs {
            [input] => Ok(Some(Arc::new(WholeExec::new(whole.limit, Arc::clone(input))))),
            _ => internal_err!("Whole has one input"),
        }
    }
}

/// Passes rows on, and fails where there are more than the limit.
#[derive(Debug)]
struct WholeExec {
    limit: usize,
    input: Arc<dyn ExecutionPlan>,
}

impl WholeExec {
    fn new(limit: usize, input: Arc<dyn ExecutionPlan>) -> Self {
        Self { limit, input }
    }
}

impl DisplayAs for WholeExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Whole: at most {} rows", self.limit)
    }
}

impl ExecutionPlan for WholeExec {
    fn name(&self) -> &str {
        "Whole"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self::new(self.limit, input)))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let (schema, limit) = (input.schema(), self.limit);
        let mut rows = 0_usize;
        let counted = input.and_then(move |batch| {
            rows = rows.saturating_add(batch.num_rows());
            future::ready(if rows > limit { Err(cuts(limit)) } else { Ok(batch) })
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted.boxed())))
    }
}

fn cuts(limit: usize) -> DataFusionError {
    DataFusionError::External(Box::new(Error::invalid(format!(
        "LIMIT {limit} without ORDER BY cuts rows beneath an aggregate, so that the answer would be chance; add ORDER BY, \
         or leave it out"
    ))))
}
