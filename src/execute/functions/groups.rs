//! Exact totals per group, for GROUP BY: rows in, one total per group out, by way of partial totals that other
//! threads merge.

use std::mem::size_of;
use std::sync::Arc;

use arrow::array::BooleanBufferBuilder;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Int64Array, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::total::{Finish, Wide, overflow, selection};

/// The totals of `sum` and `avg` per group: `T` is the type of the argument, `W` of the totals.
#[derive(Debug)]
pub(super) struct Groups<T, W> {
    totals: Vec<W>,
    /// The number of values per group, kept for means only.
    counts: Vec<i64>,
    /// Which groups have seen a value; kept only once a group could be without one.
    seen: Option<BooleanBufferBuilder>,
    wrapped: bool,
    state_type: DataType,
    finish: Finish,
    argument: std::marker::PhantomData<fn(T)>,
}

impl<T, W: Wide> Groups<T, W> {
    /// Totals of values at `scale`.
    pub(super) fn new(scale: i8, finish: Finish) -> Self {
        Self {
            totals: Vec::new(),
            counts: Vec::new(),
            seen: None,
            wrapped: false,
            state_type: W::state_type(scale),
            finish,
            argument: std::marker::PhantomData,
        }
    }

    /// Whether values are counted.
    fn is_mean(&self) -> bool {
        matches!(self.finish, Finish::Mean(_))
    }

    /// Adds `values` to the totals of `groups`.
    fn add<U: ArrowPrimitiveType>(
        &mut self,
        values: &PrimitiveArray<U>,
        wide: impl Fn(U::Native) -> W,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) {
        let known = self.totals.len();
        self.totals.resize(count, W::default());
        let chosen = selection(values.nulls(), filter);
        let mut wrapped = false;
        let totals = &mut self.totals;
        let mut plus = |group: usize, value: U::Native| {
            let (total, over) = totals[group].plus(wide(value));
            totals[group] = total;
            wrapped |= over;
        };
        let rows = groups.iter().zip(values.values());
        let Some(chosen) = chosen else {
            match &mut self.seen {
                None => rows.for_each(|(group, value)| plus(*group, *value)),
                Some(seen) => {
                    seen.append_n(count - known, false);
                    rows.for_each(|(group, value)| {
                        seen.set_bit(*group, true);
                        plus(*group, *value);
                    });
                }
            }
            self.wrapped |= wrapped;
            return;
        };
        let seen = self.seen.get_or_insert_with(|| all_set(known));
        seen.append_n(count - known, false);
        let values = values.values();
        for row in chosen.set_indices() {
            seen.set_bit(groups[row], true);
            plus(groups[row], values[row]);
        }
        self.wrapped |= wrapped;
    }

    /// The totals to emit, with NULL for groups without a value.
    fn take(&mut self, emit: EmitTo) -> Result<(Vec<W>, Vec<i64>, Option<NullBuffer>)> {
        if self.wrapped {
            return Err(overflow(&self.state_type));
        }
        let totals = emit.take_needed(&mut self.totals);
        let counts = if self.is_mean() { emit.take_needed(&mut self.counts) } else { Vec::new() };
        let nulls = self.seen.take().map(|mut seen| {
            let bits = seen.finish();
            let rest = bits.slice(totals.len(), bits.len() - totals.len());
            if let EmitTo::First(_) = emit {
                let mut seen = BooleanBufferBuilder::new(rest.len());
                seen.append_buffer(&rest);
                self.seen = Some(seen);
            }
            NullBuffer::new(bits.slice(0, totals.len()))
        });
        Ok((totals, counts, nulls))
    }

    /// The totals as an array of their state type.
    fn state_array(&self, totals: Vec<W>, nulls: Option<NullBuffer>) -> ArrayRef {
        Arc::new(PrimitiveArray::<W::State>::new(totals.into(), nulls).with_data_type(self.state_type.clone()))
    }
}

/// `n` set bits.
fn all_set(n: usize) -> BooleanBufferBuilder {
    let mut bits = BooleanBufferBuilder::new(n);
    bits.append_n(n, true);
    bits
}

impl<T, W> GroupsAccumulator for Groups<T, W>
where
    T: ArrowPrimitiveType,
    W: Wide + From<T::Native>,
{
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        if self.is_mean() {
            self.counts.resize(count, 0);
            match selection(values.nulls(), filter) {
                None => groups.iter().for_each(|group| self.counts[*group] += 1),
                Some(chosen) => chosen.set_indices().for_each(|row| self.counts[groups[row]] += 1),
            }
        }
        self.add(values, W::from, groups, filter, count);
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let (totals, counts, nulls) = self.take(emit)?;
        self.finish.values(&totals, &counts, nulls)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (totals, counts, nulls) = self.take(emit)?;
        let mut state = vec![self.state_array(totals, nulls)];
        if self.is_mean() {
            state.push(Arc::new(Int64Array::from(counts)));
        }
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        if self.is_mean() {
            self.counts.resize(count, 0);
            let counts = states[1].as_primitive::<Int64Type>();
            groups.iter().zip(counts.values()).for_each(|(group, n)| self.counts[*group] += n);
        }
        self.add(states[0].as_primitive::<W::State>(), |total| total, groups, None, count);
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<T>();
        let chosen = selection(values.nulls(), filter);
        let totals = values.values().iter().map(|value| W::from(*value)).collect();
        let counts = match (self.is_mean(), &chosen) {
            (false, _) => None,
            (true, None) => Some(vec![1; values.len()]),
            (true, Some(chosen)) => Some(chosen.iter().map(i64::from).collect()),
        };
        let mut state = vec![self.state_array(totals, chosen.map(NullBuffer::new))];
        state.extend(counts.map(|counts| Arc::new(Int64Array::from(counts)) as ArrayRef));
        Ok(state)
    }

    fn size(&self) -> usize {
        let bits = self.seen.as_ref().map_or(0, |seen| seen.capacity() / 8);
        self.totals.capacity() * size_of::<W>() + self.counts.capacity() * size_of::<i64>() + bits
    }
}
