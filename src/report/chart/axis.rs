//! Ticks of an axis at round numbers, and where values stand on it.

/// The steps between ticks, of each power of ten.
const STEPS: [f64; 4] = [1.0, 2.0, 2.5, 5.0];
/// How many ticks there may be.
const FEWEST: usize = 4;
const MOST: usize = 6;

/// Ticks from zero to the largest value, and down to below the smallest where that is less: four to six, as many as may
/// be, at steps of 1, 2, 2.5 or 5 times a power of ten.
pub fn ticks(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for value in values {
        (low, high) = (low.min(value), high.max(value));
    }
    if low == high {
        return vec![0.0];
    }
    finest(low, high, |step| at(low, high, step))
}

/// Ticks from below the smallest value to above the largest, both of them within: for lines, which need not stand on zero.
/// Values that are all alike have a tick below and one above.
pub fn ticks_around(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let range = values.into_iter().fold(None, |range: Option<(f64, f64)>, value| {
        Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
    });
    let Some((low, high)) = range else { return vec![0.0] };
    if low == high {
        // A hundredth of a number is a change that would be seen.
        let step = if low == 0.0 { 1.0 } else { 10_f64.powf(low.abs().log10().floor() - 2.0) };
        return around(low, high, step);
    }
    finest(low, high, |step| around(low, high, step))
}

/// The ticks of the finest step that gives few enough.
fn finest(low: f64, high: f64, at: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    let power = (high - low).log10().floor();
    let steps = [-1.0, 0.0].into_iter().flat_map(|less| STEPS.map(|step| step * 10_f64.powf(power + less)));
    // From the finest step on, the first that gives few enough gives the most.
    let mut coarsest = Vec::new();
    for step in steps {
        let found = at(step);
        if found.len() < FEWEST && !coarsest.is_empty() {
            break;
        }
        let enough = found.len() <= MOST;
        coarsest = found;
        if enough {
            break;
        }
    }
    coarsest
}

fn at(low: f64, high: f64, step: f64) -> Vec<f64> {
    // A quotient of doubles may miss a whole number by a hair.
    let first = (low / step + 1e-9).floor().min(0.0);
    let last = (high / step + 1e-9).floor();
    let count = (last - first) as usize + 1;
    (0..count).map(|tick| (first + tick as f64) * step).map(|value| if value == 0.0 { 0.0 } else { value }).collect()
}

/// Whole steps from at or below the low end to at or above the high one: two of them at least.
fn around(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step + 1e-9).floor();
    let last = (high / step - 1e-9).ceil().max(first + 1.0);
    let count = (last - first) as usize + 1;
    (0..count).map(|tick| (first + tick as f64) * step).map(|value| if value == 0.0 { 0.0 } else { value }).collect()
}

/// A linear scale from values to points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    /// Where the low end stands.
    from: f64,
    /// Where the high end stands.
    to: f64,
}

impl Axis {
    pub(super) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        // All values alike stand at the low end.
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to }
    }

    /// The high end.
    pub(super) fn at_end(&self) -> f64 {
        self.high
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_stand_at_round_numbers() {
        assert_eq!(ticks([20_144.7, 6_962.0]), [0.0, 5_000.0, 10_000.0, 15_000.0, 20_000.0]);
        assert_eq!(
            ticks([3.0]),
            [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0][..7].iter().copied().step_by(2).collect::<Vec<_>>()
        );
        assert_eq!(ticks([10.0]), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks([-3.0, 7.0]), [-4.0, -2.0, 0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks([]), [0.0]);
        assert_eq!(ticks([0.0]), [0.0]);
    }

    #[test]
    fn a_range_lies_between_its_ticks() {
        assert_eq!(ticks_around([19.92, 22.25]), [19.0, 20.0, 21.0, 22.0, 23.0]);
        assert_eq!(ticks_around([20.0, 22.0]), [20.0, 20.5, 21.0, 21.5, 22.0]);
        assert_eq!(ticks_around([0.0]), [0.0, 1.0]);
        assert_eq!(ticks_around([50.0]).len(), 2);
        assert_eq!(ticks_around([]), [0.0]);
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_ticks(low in -1e9_f64..1e9, size in 1e-3_f64..1e9) {
            let found = ticks_around([low, low + size]);
            prop_assert!((2..=MOST).contains(&found.len()), "{:?}", found);
            let hair = 1e-8 * size.max(low.abs());
            prop_assert!(found[0] <= low + hair && *found.last().unwrap() >= low + size - hair, "{:?}", found);
        }

        #[test]
        fn there_are_four_to_six(high in 1e-6_f64..1e15) {
            let found = ticks([high]);
            prop_assert!((FEWEST..=MOST).contains(&found.len()), "{:?}", found);
            prop_assert_eq!(found[0], 0.0);
            let step = found[1];
            prop_assert!(found.last().unwrap() <= &(high * (1.0 + 1e-8)) && found.last().unwrap() + step > high);
        }

        #[test]
        fn values_below_zero_are_covered(low in -1e9_f64..-1.0, high in 0.0_f64..1e9) {
            let found = ticks([low, high]);
            prop_assert!(found.contains(&0.0));
            prop_assert!(found[0] <= low * (1.0 - 1e-8) && (3..=8).contains(&found.len()), "{:?}", found);
        }
    }
}
