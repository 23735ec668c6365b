//! Numbers as cubes answer them: sums and counts exactly, quotients as doubles.

use std::fmt;

/// A number of a report. Equality is of value and kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// So many units of 10^-places.
    Exact {
        /// The units.
        units: i128,
        /// How many decimal places a unit has.
        places: u32,
    },
    /// A quotient or what was made of one; finite.
    Double(f64),
}

/// The most places that an average may take beyond its summands' before it becomes a double.
const AVERAGE_PLACES: u32 = 6;

impl Figure {
    /// Nothing at all.
    pub const ZERO: Self = Self::whole(0);

    /// A whole number.
    pub const fn whole(units: i128) -> Self {
        Self::Exact { units, places: 0 }
    }

    /// The nearest double.
    pub fn double(self) -> f64 {
        match self {
            // The text is rounded once, a division of two doubles would be twice.
            Self::Exact { .. } => self.to_string().parse().unwrap_or(f64::NAN),
            Self::Double(value) => value,
        }
    }

    /// The double, if it is finite.
    pub fn of_double(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self::Double(value))
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        match self {
            Self::Exact { units, .. } => units == 0,
            Self::Double(value) => value == 0.0,
        }
    }

    /// Whether it is less than nothing.
    pub fn is_negative(self) -> bool {
        match self {
            Self::Exact { units, .. } => units < 0,
            Self::Double(value) => value < 0.0,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.exactly(other, i128::checked_add).unwrap_or_else(|| Self::Double(self.double() + other.double()))
    }

    /// What is left of this without the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.exactly(other, i128::checked_sub).unwrap_or_else(|| Self::Double(self.double() - other.double()))
    }

    /// Its distance from nothing.
    #[must_use]
    pub fn distance(self) -> Self {
        if self.is_negative() { Self::ZERO.minus(self) } else { self }
    }

    /// This so many times.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let (Self::Exact { units, places }, Self::Exact { units: by, places: more }) = (self, other) else {
            return Self::Double(self.double() * other.double());
        };
        match units.checked_mul(by) {
            Some(units) => Self::Exact { units, places: places + more },
            None => Self::Double(self.double() * other.double()),
        }
    }

    /// The quotient; none by nothing.
    #[must_use]
    pub fn over(self, other: Self) -> Option<Self> {
        if other.is_zero() { None } else { Self::of_double(self.double() / other.double()) }
    }

    /// The mean of all; none of none. Of exact numbers it is exact where it has an end.
    pub fn mean(all: &[Self]) -> Option<Self> {
        let sum = all.iter().copied().reduce(Self::plus)?;
        let count = i128::try_from(all.len()).ok()?;
        let Self::Exact { units, places } = sum else { return sum.over(Self::whole(count)) };
        let exact = (0..=AVERAGE_PLACES).find_map(|more| {
            let units = units.checked_mul(10_i128.checked_pow(more)?)?;
            (units % count == 0).then(|| Self::Exact { units: units / count, places: places + more })
        });
        exact.or_else(|| sum.over(Self::whole(count)))
    }

    /// The change from `before` to this, as a share of `before`; none where that is nothing or less.
    pub fn change_from(self, before: Self) -> Option<f64> {
        if before.is_zero() || before.is_negative() {
            return None;
        }
        self.minus(before).over(before).map(Self::double)
    }

    /// The one of which the figure is the largest; of equal ones the first.
    pub fn largest<T>(all: impl IntoIterator<Item = T>, of: impl Fn(&T) -> Self) -> Option<T> {
        all.into_iter().reduce(|best, next| if of(&next).compared(of(&best)).is_gt() { next } else { best })
    }

    /// The one of which the figure is the smallest; of equal ones the first.
    pub fn smallest<T>(all: impl IntoIterator<Item = T>, of: impl Fn(&T) -> Self) -> Option<T> {
        all.into_iter().reduce(|best, next| if of(&next).compared(of(&best)).is_lt() { next } else { best })
    }

    /// Which is more; by value, whatever the kind.
    pub fn compared(self, other: Self) -> std::cmp::Ordering {
        match self.minus(other) {
            difference if difference.is_zero() => std::cmp::Ordering::Equal,
            difference if difference.is_negative() => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        }
    }

    fn exactly(self, other: Self, sum: impl Fn(i128, i128) -> Option<i128>) -> Option<Self> {
        let (Self::Exact { units: a, places: p }, Self::Exact { units: b, places: q }) = (self, other) else {
            return None;
        };
        let places = p.max(q);
        let raised = |units: i128, from: u32| units.checked_mul(10_i128.checked_pow(places - from)?);
        Some(Self::Exact { units: sum(raised(a, p)?, raised(b, q)?)?, places })
    }
}

impl fmt::Display for Figure {
    /// As files of data have it: exact numbers with all of their places, doubles so that they read back the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exact { units, places: 0 } => write!(f, "{units}"),
            Self::Exact { units, places } => {
                let digits = format!("{:0>width$}", units.unsigned_abs(), width = places as usize + 1);
                let (whole, fraction) = digits.split_at(digits.len() - places as usize);
                write!(f, "{}{whole}.{fraction}", if units < 0 { "-" } else { "" })
            }
            Self::Double(value) => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(cents: i128) -> Figure {
        Figure::Exact { units: cents, places: 2 }
    }

    #[test]
    fn sums_and_averages_are_exact() {
        let weeks = [8_593_642, 9_766_346, 8_644_523, 9_139_147].map(money);
        assert_eq!(Figure::mean(&weeks).unwrap().to_string(), "90359.145");
        assert_eq!(Figure::mean(&[Figure::whole(1), Figure::whole(2)]).unwrap().to_string(), "1.5");
        assert_eq!(Figure::mean(&[Figure::whole(1); 3]), Some(Figure::whole(1)));
        assert_eq!(Figure::mean(&[Figure::whole(1), Figure::ZERO, Figure::ZERO]), Some(Figure::Double(1.0 / 3.0)));
        assert_eq!(Figure::mean(&[]), None);
        assert_eq!(money(150).minus(Figure::whole(2)).to_string(), "-0.50");
        assert_eq!(money(-5).to_string(), "-0.05");
    }

    #[test]
    fn what_does_not_fit_is_a_double() {
        let most = Figure::whole(i128::MAX);
        assert_eq!(most.plus(most), Figure::Double(2.0 * i128::MAX as f64));
        assert_eq!(most.times(Figure::whole(2)), Figure::Double(2.0 * i128::MAX as f64));
    }

    #[test]
    fn nothing_divides_nothing() {
        assert_eq!(money(100).over(Figure::ZERO), None);
        assert_eq!(money(100).change_from(Figure::ZERO), None);
        assert_eq!(money(100).change_from(money(-100)), None, "a share of a loss says nothing");
        assert_eq!(money(150).change_from(money(100)), Some(0.5));
    }
}
