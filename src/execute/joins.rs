//! Joins that can be stopped. A join compares every row of one side with many of the other and may give nothing for
//! hours, while it neither waits nor comes back to its thread: aborting its task does nothing, and other queries get no
//! turn. So its filter looks at the query's stop, and now and then lets the thread's other tasks go on elsewhere.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, HashJoinExecBuilder, NestedLoopJoinExec, NestedLoopJoinExecBuilder,
};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::clock;
use crate::query::Stop;

/// How often a filter lets its thread's other tasks go on elsewhere, which costs a change of threads.
const TURN: Duration = Duration::from_millis(20);

/// The plan, with joins that give way to others after some batches, and whose filters fail after `stop`. The plans of
/// queries join by hash or in nested loops only.
pub(super) fn stoppable(plan: Arc<dyn ExecutionPlan>, stop: &Stop) -> Result<Arc<dyn ExecutionPlan>> {
    let with_stop = |filter: &JoinFilter| watched(filter, stop);
    let stopping = |plan: Arc<dyn ExecutionPlan>| {
        let join = if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
            HashJoinExecBuilder::from(join).with_filter(join.filter().map(with_stop)).build_exec()?
        } else if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
            Arc::new(NestedLoopJoinExecBuilder::from(join).with_filter(join.filter().map(with_stop)).build()?)
        } else if plan.is::<CrossJoinExec>() {
            plan
        } else {
            return Ok(Transformed::no(plan));
        };
        Ok(Transformed::yes(Arc::new(CooperativeExec::new(join)) as Arc<dyn ExecutionPlan>))
    };
    plan.transform_up(stopping).map(|plan| plan.data)
}

fn watched(filter: &JoinFilter, stop: &Stop) -> JoinFilter {
    let turns = Arc::new(Turns { since: clock::monotonic(), last_us: AtomicU64::new(0) });
    let expr = Watched { expr: Arc::clone(filter.expression()), stop: stop.clone(), turns };
    JoinFilter::new(Arc::new(expr), filter.column_indices().to_vec(), Arc::clone(filter.schema()))
}

/// A filter that fails after a stop.
#[derive(Debug)]
struct Watched {
    expr: Arc<dyn PhysicalExpr>,
    stop: Stop,
    turns: Arc<Turns>,
}

/// When the last turn of a filter ended.
#[derive(Debug)]
struct Turns {
    since: Instant,
    last_us: AtomicU64,
}

impl Turns {
    /// Whether a turn ends now.
    fn end(&self) -> bool {
        let now_us = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let last_us = self.last_us.load(Ordering::Relaxed);
        let ends = Duration::from_micros(now_us.saturating_sub(last_us)) >= TURN;
        if ends {
            self.last_us.store(now_us, Ordering::Relaxed);
        }
        // Only the query threads have other tasks to give away.
        ends && Handle::try_current().is_ok()
    }
}

impl PhysicalExpr for Watched {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.stop.check().map_err(|error| DataFusionError::External(Box::new(error)))?;
        match self.turns.end() {
            true => block_in_place(|| self.expr.evaluate(batch)),
            false => self.expr.evaluate(batch),
        }
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.expr.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.expr]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let expr = children.pop().ok_or_else(|| DataFusionError::Internal("a filter without an expression".into()))?;
        Ok(Arc::new(Self { expr, stop: self.stop.clone(), turns: Arc::clone(&self.turns) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt_sql(f)
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.expr.eq(&other.expr)
    }
}

impl Eq for Watched {}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expr.hash(state);
    }
}
