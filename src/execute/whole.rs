//! Where a LIMIT may not cut: rows pass until there is one too many.

use std::fmt;
use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::{TryStreamExt, future};

use super::passing::{Passing, Watch};
use crate::error::Error;
use crate::sql::Whole;

/// DataFusion's planner of queries, which knows our node.
#[derive(Debug)]
pub(super) struct Planner;

#[async_trait::async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(WholePlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}

struct WholePlanner;

#[async_trait::async_trait]
impl ExtensionPlanner for WholePlanner {
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
            [input] => Ok(Some(Passing::above(Arc::clone(input), AtMost(whole.limit)))),
            _ => internal_err!("Whole has one input"),
        }
    }
}

/// Fails where there are more rows than so many.
#[derive(Debug)]
struct AtMost(usize);

impl Watch for AtMost {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Whole: at most {} rows", self.0)
    }

    fn sees_all(&self) -> bool {
        true
    }

    fn watch(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = input.execute(partition, context)?;
        let (schema, limit) = (input.schema(), self.0);
        let mut rows = 0_usize;
        let counted = input.and_then(move |batch| {
            rows = rows.saturating_add(batch.num_rows());
            future::ready(if rows > limit { Err(cuts(limit)) } else { Ok(batch) })
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted)))
    }
}

fn cuts(limit: usize) -> DataFusionError {
    DataFusionError::External(Box::new(Error::invalid(format!(
        "LIMIT {limit} without ORDER BY cuts rows beneath an aggregate, so that the answer would be chance; add ORDER BY, \
         or leave it out"
    ))))
}
