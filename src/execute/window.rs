//! The memory of window functions. DataFusion's window operators keep rows beside the query's quota; here what enters
//! one is counted as long as it may keep it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};
use futures::StreamExt;

use super::passing::{Passing, Watch};
use super::size::batch_bytes;

/// What a value of a result takes whose type does not say, in bytes.
const VALUE: usize = 16;

/// Puts every window operator between a node that counts what enters it and one that counts what leaves.
#[derive(Debug)]
pub(super) struct CountWindows;

impl PhysicalOptimizerRule for CountWindows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let Some(kept) = Kept::by(node.as_ref()) else { return Ok(Transformed::no(node)) };
            let accounts = Accounts::default();
            let inflow = |input: &Arc<_>| Passing::above(Arc::clone(input), Inflow(Arc::clone(&accounts)));
            let children = node.children().into_iter().map(inflow).collect();
            let window = node.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))?;
            Ok(Transformed::yes(Passing::above(window, Outflow(accounts, kept))))
        })
        .map(|counted| counted.data)
    }

    fn name(&self) -> &str {
        "count_windows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// What an operator keeps.
#[derive(Debug, Clone, Copy)]
struct Kept {
    /// How many rows that it has answered already.
    answered: usize,
    /// The bytes of a row of results.
    width: usize,
}

impl Kept {
    /// What a node keeps, if it is a window operator.
    fn by(node: &dyn ExecutionPlan) -> Option<Self> {
        if let Some(window) = node.downcast_ref::<WindowAggExec>() {
            return Some(Self { answered: usize::MAX, width: width(window.window_expr()) });
        }
        let window = node.downcast_ref::<BoundedWindowAggExec>()?;
        let answered = window.window_expr().iter().map(|expr| behind(expr.as_ref())).max().unwrap_or(0);
        Some(Self { answered, width: width(window.window_expr()) })
    }
}

/// How many rows behind the current one a bounded window function looks back at, at most.
fn behind(expr: &dyn WindowExpr) -> usize {
    let frame = expr.get_window_frame();
    match &frame.start_bound {
        // What a frame that only grows has seen is within its result.
        WindowFrameBound::Preceding(rows) if rows.is_null() => 0,
        WindowFrameBound::Preceding(rows) if frame.units == WindowFrameUnits::Rows => {
            rows.to_string().parse().unwrap_or(usize::MAX)
        }
        WindowFrameBound::Preceding(_) => usize::MAX,
        WindowFrameBound::CurrentRow | WindowFrameBound::Following(_) => 0,
    }
}

fn width(exprs: &[Arc<dyn WindowExpr>]) -> usize {
    let of = |expr: &Arc<dyn WindowExpr>| {
        expr.field().ok().and_then(|field| field.data_type().primitive_width()).unwrap_or(VALUE)
    };
    exprs.iter().map(of).sum()
}

/// What one partition of a window operator holds.
#[derive(Debug)]
struct Account {
    kept: Kept,
    reservation: MemoryReservation,
    flow: Mutex<Flow>,
}

/// What has passed.
#[derive(Debug, Default, Clone, Copy)]
struct Flow {
    rows: usize,
    bytes: usize,
    answered: usize,
}

impl Account {
    /// Counts what passes, and reserves what is kept now.
    fn count(&self, pass: impl FnOnce(&mut Flow)) -> Result<()> {
        let flow = {
            let mut flow = self.flow.lock().unwrap_or_else(PoisonError::into_inner);
            pass(&mut flow);
            *flow
        };
        let rows = flow.rows.saturating_sub(flow.answered).saturating_add(self.kept.answered).min(flow.rows);
        // Rows are kept in the order of the input and by partition, and are put together again.
        let row = 2 * flow.bytes.div_ceil(flow.rows.max(1)) + self.kept.width;
        self.reservation.try_resize(rows.saturating_mul(row))
    }
}

/// The accounts of the partitions that have begun, from the outflow to the inflow.
type Accounts = Arc<Mutex<HashMap<usize, Arc<Account>>>>;

/// Counts what enters a window operator.
#[derive(Debug)]
struct Inflow(Accounts);

impl Watch for Inflow {
    fn name(&self) -> &'static str {
        "WindowInflow"
    }

    fn watch(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let account = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
        let Some(account) = account else { return internal_err!("a window operator has no account") };
        Ok(counted(input.execute(partition, context)?, account, |flow, batch| {
            flow.rows += batch.num_rows();
            flow.bytes += batch_bytes(batch);
        }))
    }
}

/// Counts what leaves a window operator.
#[derive(Debug)]
struct Outflow(Accounts, Kept);

impl Watch for Outflow {
    fn name(&self) -> &'static str {
        "WindowOutflow"
    }

    fn watch(
        &self,
        window: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new("window functions").register(context.memory_pool());
        let account = Arc::new(Account { kept: self.1, reservation, flow: Mutex::default() });
        // The operator asks its input, which takes the account.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, Arc::clone(&account));
        let answered = window.execute(partition, context)?;
        Ok(counted(answered, account, |flow, batch| flow.answered += batch.num_rows()))
    }
}

/// The stream, whose batches are counted.
fn counted(
    stream: SendableRecordBatchStream,
    account: Arc<Account>,
    pass: fn(&mut Flow, &RecordBatch),
) -> SendableRecordBatchStream {
    let schema = stream.schema();
    let batches = stream.map(move |batch| {
        let batch = batch?;
        account.count(|flow| pass(flow, &batch))?;
        Ok(batch)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
