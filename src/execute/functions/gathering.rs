//! Aggregates whose result holds every value (`array_agg`, `string_agg`): all that they keep counts to the quota, and
//! over a window, where each row gets a result of its own, they make no more than a limit.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::WindowFunctionParams;
use datafusion::logical_expr::{Accumulator, AggregateUDF, EmitTo, GroupsAccumulator};

use super::around_aggregate::{AggregateManner, around_aggregate};
use crate::execute::size::array_bytes;

/// The aggregates.
const GATHERING: [&str; 2] = ["array_agg", "string_agg"];
/// The most bytes that one of them may make over the windows of a query.
const OVER_WINDOWS: usize = 256 << 20;

/// Keeps count of what an aggregate gathers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Gathering {
    window: Option<Window>,
}

/// A window that an aggregate stands over.
#[derive(Debug, Clone)]
struct Window {
    /// Whether all rows of a partition get the same result, which is made once and repeated.
    whole: bool,
    /// What has been made so far.
    made: Arc<AtomicUsize>,
}

impl PartialEq for Window {
    fn eq(&self, other: &Self) -> bool {
        self.whole == other.whole
    }
}

impl Eq for Window {}

impl Hash for Window {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.whole.hash(state);
    }
}

/// DataFusion's aggregate, counted if it gathers values.
pub(super) fn counted(function: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    match GATHERING.contains(&function.name()) {
        true => around_aggregate(function, Gathering { window: None }),
        false => function,
    }
}

/// The aggregate over a window, limited if it gathers values.
pub(super) fn over_window(function: &Arc<AggregateUDF>, params: &WindowFunctionParams) -> Option<Arc<AggregateUDF>> {
    let frame = &params.window_frame;
    let whole = params.order_by.is_empty() || (frame.start_bound.is_unbounded() && frame.end_bound.is_unbounded());
    let window = Some(Window { whole, made: Arc::default() });
    let gathers = GATHERING.contains(&function.name());
    gathers.then(|| around_aggregate(Arc::clone(function), Gathering { window }))
}

impl Window {
    /// Counts a result, for as many rows as were gathered if all get the same.
    fn count(&self, result: &ScalarValue, rows: usize) -> Result<()> {
        let bytes = result.size().saturating_mul(if self.whole { rows } else { 1 });
        let before = self.made.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > OVER_WINDOWS {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "array_agg or string_agg OVER a window would make more than {} MiB; aggregate by GROUP BY, or look at \
                 fewer rows",
                OVER_WINDOWS >> 20
            )));
        }
        Ok(())
    }
}

impl AggregateManner for Gathering {
    fn one(&self, inner: Box<dyn Accumulator>, distinct: bool) -> Box<dyn Accumulator> {
        Box::new(Gathered { inner, distinct, window: self.window.clone(), rows: 0, unseen: 0 })
    }

    fn groups(&self, inner: Box<dyn GroupsAccumulator>) -> Box<dyn GroupsAccumulator> {
        Box::new(GatheredByGroup { inner, unseen: 0 })
    }
}

/// What of arrays DataFusion does not see where it tells a size: texts that are held as views.
fn unseen(arrays: &[ArrayRef]) -> usize {
    let of = |array: &ArrayRef| {
        array_bytes(array.as_ref()).saturating_sub(array.to_data().get_slice_memory_size().unwrap_or_default())
    };
    arrays.iter().map(of).sum()
}

#[derive(Debug)]
struct Gathered {
    inner: Box<dyn Accumulator>,
    distinct: bool,
    window: Option<Window>,
    rows: usize,
    unseen: usize,
}

impl Gathered {
    fn unseen(&self, arrays: &[ArrayRef]) -> usize {
        if self.distinct { 0 } else { unseen(arrays) }
    }
}

impl Accumulator for Gathered {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.unseen += self.unseen(values);
        self.rows += values.first().map_or(0, |values| values.len());
        self.inner.update_batch(values)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.unseen = self.unseen.saturating_sub(self.unseen(values));
        self.rows = self.rows.saturating_sub(values.first().map_or(0, |values| values.len()));
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = self.inner.evaluate()?;
        self.window.iter().try_for_each(|window| window.count(&result, self.rows))?;
        Ok(result)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.unseen += self.unseen(states);
        self.inner.merge_batch(states)
    }

    fn size(&self) -> usize {
        self.inner.size() + self.unseen
    }
}

struct GatheredByGroup {
    inner: Box<dyn GroupsAccumulator>,
    unseen: usize,
}

impl GatheredByGroup {
    fn emit(&mut self, emit: EmitTo) {
        if matches!(emit, EmitTo::All) {
            self.unseen = 0;
        }
    }
}

impl GroupsAccumulator for GatheredByGroup {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.unseen += unseen(values);
        self.inner.update_batch(values, groups, filter, count)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        self.emit(emit);
        self.inner.evaluate(emit)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        self.emit(emit);
        self.inner.state(emit)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.unseen += unseen(states);
        self.inner.merge_batch(states, groups, count)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.inner.size() + self.unseen
    }
}
