//! Sums, means and variances of floats over moving frames. DataFusion subtracts what leaves a frame, which loses the
//! small beside the large and never gets rid of an infinity; here nothing is subtracted.

use std::mem::{size_of, size_of_val};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::Accumulator;

use super::float::plain;

/// What is computed of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Sum,
    Mean,
    /// Of a sample (by n − 1) or of all (by n), or its root.
    Variance {
        sample: bool,
        root: bool,
    },
}

impl Moment {
    /// What DataFusion's aggregate of that name computes.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "var" => Moment::Variance { sample: true, root: false },
            "var_pop" => Moment::Variance { sample: false, root: false },
            "stddev" => Moment::Variance { sample: true, root: true },
            "stddev_pop" => Moment::Variance { sample: false, root: true },
            _ => return None,
        })
    }
}

/// What is known of some rows.
#[derive(Debug, Clone, Copy, Default)]
struct Rows {
    count: f64,
    sum: f64,
    mean: f64,
    /// The sum of the squares of the distances from the mean.
    squares: f64,
}

impl Rows {
    /// One row.
    fn one(value: f64) -> Self {
        Self { count: 1.0, sum: value, mean: value, squares: 0.0 }
    }

    /// Both together.
    fn and(self, other: Self) -> Self {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        Self {
            count,
            sum: self.sum + other.sum,
            mean: self.mean + distance * (other.count / count),
            squares: self.squares + other.squares + distance * distance * (self.count * other.count / count),
        }
    }

    /// What is asked of them; None where it is not defined.
    fn moment(self, moment: Moment) -> Option<f64> {
        match moment {
            Moment::Sum => (self.count > 0.0).then_some(self.sum),
            Moment::Mean => (self.count > 0.0).then(|| self.sum / self.count),
            Moment::Variance { sample, root } => {
                let by = if sample { self.count - 1.0 } else { self.count };
                let variance = (by > 0.0).then(|| self.squares / by);
                if root { variance.map(f64::sqrt) } else { variance }
            }
        }
    }
}

/// The floats of a frame as two stacks: rows come onto `recent`; rows leave from `leaving`, which knows at each of
/// its rows all that leave after it, and is filled from `recent` when it is empty.
#[derive(Debug)]
pub(super) struct Frame {
    leaving: Vec<Rows>,
    recent: Vec<f64>,
    /// All of `recent`.
    came: Rows,
    moment: Moment,
}

impl Frame {
    /// An empty frame.
    pub(super) fn new(moment: Moment) -> Self {
        Self { leaving: Vec::new(), recent: Vec::new(), came: Rows::default(), moment }
    }

    /// Takes the oldest row out; false if there is none.
    fn leave(&mut self) -> bool {
        if self.leaving.is_empty() {
            let mut rows = Rows::default();
            for value in self.recent.drain(..).rev() {
                rows = rows.and(Rows::one(value));
                self.leaving.push(rows);
            }
            self.came = Rows::default();
        }
        self.leaving.pop().is_some()
    }
}

impl Accumulator for Frame {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<Float64Type>().iter().flatten() {
            self.recent.push(value);
            self.came = self.came.and(Rows::one(value));
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
        let rows = self.leaving.last().copied().unwrap_or_default().and(self.came);
        Ok(ScalarValue::Float64(rows.moment(self.moment).map(plain)))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        internal_err!("a moving frame is never divided")
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        internal_err!("a moving frame is never divided")
    }

    fn size(&self) -> usize {
        let (leaving, recent) = (self.leaving.capacity(), self.recent.capacity());
        size_of_val(self) + leaving * size_of::<Rows>() + recent * size_of::<f64>()
    }
}
