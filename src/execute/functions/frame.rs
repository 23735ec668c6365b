//! Sums and means of floats over moving frames. DataFusion subtracts what leaves a frame, which loses the small beside
//! the large and never gets rid of an infinity; here nothing is subtracted.

use std::mem::{size_of, size_of_val};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::Accumulator;

use super::float::plain;

/// The floats of a frame as two stacks: rows come onto `recent`; rows leave from `leaving`, which knows at each of
/// its rows the sum of it and all that leave after it, and is filled from `recent` when it is empty.
#[derive(Debug, Default)]
pub(super) struct Frame {
    leaving: Vec<f64>,
    recent: Vec<f64>,
    /// The sum of `recent`.
    sum: f64,
    mean: bool,
}

impl Frame {
    /// An empty frame, for its mean or its sum.
    pub(super) fn new(mean: bool) -> Self {
        Self { mean, ..Self::default() }
    }

    /// Takes the oldest row out; false if there is none.
    fn leave(&mut self) -> bool {
        if self.leaving.is_empty() {
            let mut sum = 0.0;
            for value in self.recent.drain(..).rev() {
                sum += value;
                self.leaving.push(sum);
            }
            self.sum = 0.0;
        }
        self.leaving.pop().is_some()
    }
}

impl Accumulator for Frame {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<Float64Type>().iter().flatten() {
            self.recent.push(value);
            self.sum += value;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for _ in 0..values[0].len() - values[0].null_count() {
            if !self.leave() {
                return internal_err!("a frame gives back more rows than it had");
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let count = self.leaving.len() + self.recent.len();
        let sum = self.leaving.last().copied().unwrap_or(0.0) + self.sum;
        let value = if self.mean { sum / count as f64 } else { sum };
        Ok(ScalarValue::Float64((count > 0).then(|| plain(value))))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        internal_err!("a moving frame is never divided")
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        internal_err!("a moving frame is never divided")
    }

    fn size(&self) -> usize {
        size_of_val(self) + (self.leaving.capacity() + self.recent.capacity()) * size_of::<f64>()
    }
}
