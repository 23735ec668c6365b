//! All values of a group, to find the one at a place in their order.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, internal_err};
use datafusion::logical_expr::Accumulator;

use super::float::plain;

/// A type whose values are ranked.
pub(super) trait Ranked: ArrowPrimitiveType<Native: ArrowNativeTypeOp> + std::fmt::Debug {
    /// The value at `part` of the way from `low` to `high`, in units of the type.
    fn between(low: Self::Native, high: Self::Native, part: f64) -> f64;
}

impl Ranked for Int64Type {
    fn between(low: i64, high: i64, part: f64) -> f64 {
        Decimal128Type::between(low.into(), high.into(), part)
    }
}

impl Ranked for Date32Type {
    fn between(low: i32, high: i32, part: f64) -> f64 {
        Decimal128Type::between(low.into(), high.into(), part)
    }
}

impl Ranked for TimestampMicrosecondType {
    fn between(low: i64, high: i64, part: f64) -> f64 {
        Decimal128Type::between(low.into(), high.into(), part)
    }
}

impl Ranked for Decimal128Type {
    fn between(low: i128, high: i128, part: f64) -> f64 {
        // The order makes the difference positive, and 38 digits twice fit 128 bits without a sign.
        low as f64 + high.wrapping_sub(low).cast_unsigned() as f64 * part
    }
}

impl Ranked for Float64Type {
    fn between(low: f64, high: f64, part: f64) -> f64 {
        match high - low {
            // Infinities have no difference, and huge values none that a float holds.
            difference if difference.is_finite() => low + difference * part,
            _ if part == 0.0 || low == high => low,
            _ => low * (1.0 - part) + high * part,
        }
    }
}

/// The place of a value in the order of all, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// A double, between two values as far as the place lies between theirs.
    Between(f64),
    /// The first value whose part of all, itself and those before it, is not less.
    Of(f64),
}

/// The values of one group or frame.
#[derive(Debug)]
pub(super) struct Ranking<T: Ranked> {
    /// In the order of arrival, since frames give rows back in that order.
    values: VecDeque<T::Native>,
    data_type: DataType,
    /// How many units of the type are 1.
    unit: f64,
    place: Place,
    distinct: bool,
}

impl<T: Ranked> Ranking<T> {
    /// No values yet.
    pub(super) fn new(data_type: DataType, scale: i8, place: Place, distinct: bool) -> Self {
        Self { values: VecDeque::new(), data_type, unit: 10_f64.powi(i32::from(scale)), place, distinct }
    }

    /// The value at the place among `values`.
    fn at_place(&self, mut values: Vec<T::Native>) -> Result<ScalarValue> {
        if self.distinct {
            values.sort_unstable_by(order::<T>);
            values.dedup_by(|left, right| left.is_eq(*right));
        }
        match self.place {
            Place::Between(place) => Ok(ScalarValue::Float64(self.between(values, place))),
            Place::Of(place) => ScalarValue::new_primitive::<T>(of::<T>(values, place), &self.data_type),
        }
    }

    /// The double at a place among `values`.
    fn between(&self, mut values: Vec<T::Native>, place: f64) -> Option<f64> {
        let at = place * values.len().checked_sub(1)? as f64;
        let (_, low, above) = values.select_nth_unstable_by(at.floor() as usize, order::<T>);
        let low = *low;
        let high = above.iter().copied().min_by(order::<T>).unwrap_or(low);
        Some(plain(T::between(low, high, at.fract()) / self.unit))
    }
}

fn order<T: Ranked>(left: &T::Native, right: &T::Native) -> Ordering {
    left.compare(*right)
}

/// The first of `values` whose part of all is at least `place`; parts are compared as doubles, as `cume_dist` gives them.
fn of<T: Ranked>(mut values: Vec<T::Native>, place: f64) -> Option<T::Native> {
    let count = values.len();
    let part = |rank: usize| rank as f64 / count as f64;
    let near = (place * count as f64) as usize;
    let rank = (near.max(1)..=count).find(|rank| part(*rank) >= place)?;
    let (_, value, _) = values.select_nth_unstable_by(rank - 1, order::<T>);
    Some(*value)
}

impl<T: Ranked> Accumulator for Ranking<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        self.values
            .try_reserve(values.len() - values.null_count())
            .map_err(|error| exec_datafusion_err!("no memory for {} values: {error}", values.len()))?;
        match values.null_count() {
            0 => self.values.extend(values.values().iter().copied()),
            _ => self.values.extend(values.iter().flatten()),
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let count = values[0].len() - values[0].null_count();
        if count > self.values.len() {
            return internal_err!("a frame gives back {count} of {} values", self.values.len());
        }
        self.values.drain(..count);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.at_place(self.values.iter().copied().collect())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<T::Native> = std::mem::take(&mut self.values).into();
        let values = PrimitiveArray::<T>::new(values.into(), None).with_data_type(self.data_type.clone());
        Ok(vec![SingleRowListArrayBuilder::new(Arc::new(values)).build_list_scalar()])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        states[0].as_list::<i32>().iter().flatten().try_for_each(|values| self.update_batch(&[values]))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<T::Native>()
    }
}
