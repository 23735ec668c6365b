//! All values of a group, to find the one at a place in their order.

use std::collections::VecDeque;
use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
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

/// The values of one group or frame.
#[derive(Debug)]
pub(super) struct Ranking<T: Ranked> {
    /// In the order of arrival, since frames give rows back in that order.
    values: VecDeque<T::Native>,
    data_type: DataType,
    /// How many units of the type are 1.
    unit: f64,
    /// The place, from 0 to 1.
    place: f64,
    distinct: bool,
}

impl<T: Ranked> Ranking<T> {
    /// No values yet.
    pub(super) fn new(data_type: DataType, scale: i8, place: f64, distinct: bool) -> Self {
        Self { values: VecDeque::new(), data_type, unit: 10_f64.powi(i32::from(scale)), place, distinct }
    }

    /// The value at the place among `values`.
    fn at_place(&self, mut values: Vec<T::Native>) -> Option<f64> {
        let order = |left: &T::Native, right: &T::Native| left.compare(*right);
        if self.distinct {
            values.sort_unstable_by(order);
            values.dedup_by(|left, right| left.is_eq(*right));
        }
        let at = self.place * values.len().checked_sub(1)? as f64;
        let (_, low, above) = values.select_nth_unstable_by(at.floor() as usize, order);
        let low = *low;
        let high = above.iter().copied().min_by(order).unwrap_or(low);
        Some(plain(T::between(low, high, at.fract()) / self.unit))
    }
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
        Ok(ScalarValue::Float64(self.at_place(self.values.iter().copied().collect())))
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
