//! Exact totals without GROUP BY and over window frames: one total, to which rows are added and from which
//! rows are taken away; and the same over distinct values.

use std::collections::HashMap;
use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Array, PrimitiveArray};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, i256};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::total::{Finish, Wide, each_i128, overflow, selection};

/// One exact total: `T` is the type of the argument, `W` of the total.
#[derive(Debug)]
pub(super) struct Single<T, W> {
    total: W,
    count: i64,
    wrapped: bool,
    state_type: DataType,
    finish: Finish,
    argument: std::marker::PhantomData<fn(T)>,
}

impl<T, W: Wide> Single<T, W> {
    /// The total of no values, at `scale`.
    pub(super) fn new(scale: i8, finish: Finish) -> Self {
        Self {
            total: W::default(),
            count: 0,
            wrapped: false,
            state_type: W::state_type(scale),
            finish,
            argument: std::marker::PhantomData,
        }
    }

    /// The total of the values that count, and how many they are.
    fn total_of<U: ArrowPrimitiveType>(
        &mut self,
        values: &PrimitiveArray<U>,
        wide: impl Fn(U::Native) -> W,
    ) -> (W, i64) {
        let mut wrapped = false;
        let plus = |total: W, value: &U::Native| {
            let (sum, over) = total.plus(wide(*value));
            wrapped |= over;
            sum
        };
        let total = match selection(values.nulls(), None) {
            None => values.values().iter().fold(W::default(), plus),
            Some(chosen) => chosen.set_indices().map(|row| &values.values()[row]).fold(W::default(), plus),
        };
        self.wrapped |= wrapped;
        (total, rows(values.len() - values.null_count()))
    }

    /// Adds a partial total.
    fn plus(&mut self, total: W, count: i64) {
        let (sum, wrapped) = self.total.plus(total);
        (self.total, self.count, self.wrapped) = (sum, self.count + count, self.wrapped | wrapped);
    }
}

/// A number of rows as the counts are kept.
fn rows(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl<T, W> Accumulator for Single<T, W>
where
    T: ArrowPrimitiveType + std::fmt::Debug,
    W: Wide + From<T::Native>,
{
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (total, count) = self.total_of(values[0].as_primitive::<T>(), W::from);
        self.plus(total, count);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (total, count) = self.total_of(values[0].as_primitive::<T>(), W::from);
        let (rest, wrapped) = self.total.minus(total);
        (self.total, self.count, self.wrapped) = (rest, self.count - count, self.wrapped | wrapped);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.wrapped {
            return Err(overflow(&self.state_type));
        }
        self.finish.value(self.total, self.count)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        if self.wrapped {
            return Err(overflow(&self.state_type));
        }
        let total = (self.count != 0).then_some(self.total);
        let array = PrimitiveArray::<W::State>::from_iter([total]).with_data_type(self.state_type.clone());
        let mut state = vec![ScalarValue::try_from_array(&array, 0)?];
        if let Finish::Mean(_) = self.finish {
            state.push(ScalarValue::Int64(Some(self.count)));
        }
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (total, mut count) = self.total_of(states[0].as_primitive::<W::State>(), |total| total);
        if let Some(counts) = states.get(1) {
            count = counts.as_primitive::<Int64Type>().values().iter().sum();
        }
        self.plus(total, count);
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The exact total of the distinct values, each with the number of rows that hold it.
#[derive(Debug)]
pub(super) struct Distinct {
    values: HashMap<i128, u64>,
    item_type: DataType,
    finish: Finish,
}

impl Distinct {
    /// The total of no values, at `scale`.
    pub(super) fn new(scale: i8, finish: Finish) -> Self {
        Self { values: HashMap::new(), item_type: i128::state_type(scale), finish }
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each_i128(&values[0], |value| *self.values.entry(value).or_default() += 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each_i128(&values[0], |value| {
            if let Some(rows) = self.values.get_mut(&value) {
                *rows -= 1;
                if *rows == 0 {
                    self.values.remove(&value);
                }
            }
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let total = self.values.keys().fold(i256::ZERO, |total, value| total.wrapping_add(i256::from_i128(*value)));
        self.finish.value(total, rows(self.values.len()))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = Decimal128Array::from_iter_values(self.values.keys().copied());
        let values = Arc::new(values.with_data_type(self.item_type.clone()));
        Ok(vec![SingleRowListArrayBuilder::new(values).build_list_scalar()])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            for value in values.as_primitive::<Decimal128Type>().iter().flatten() {
                *self.values.entry(value).or_default() += 1;
            }
        }
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * (size_of::<(i128, u64)>() + 1)
    }
}
