//! Days beside those of the week before: by how much each is above, and where the week splits.

use chrono::NaiveDate;

use super::time::Day;
use crate::report::figure::Figure;

/// Days in a row, all above or all below those of the week before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
    /// By how much they are above, together.
    pub sum: Figure,
}

/// A day and by how much it is above the same day of the week before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Above {
    /// The day.
    pub day: NaiveDate,
    /// By how much.
    pub by: Figure,
}

/// The days that have a value in both weeks.
pub fn above(days: &[Day]) -> Vec<Above> {
    days.iter().filter_map(|day| Some(Above { day: day.day, by: day.this?.minus(day.before?) })).collect()
}

/// Split after the day that makes the smaller of two parts of opposite signs the largest.
pub fn halves(above: &[Above]) -> Option<[Run; 2]> {
    let mut best: Option<[Run; 2]> = None;
    for at in 1..above.len() {
        let (first, rest) = above.split_at(at);
        let (Some(a), Some(b)) = (run(first), run(rest)) else { continue };
        let opposite = a.sum.is_negative() != b.sum.is_negative() && !a.sum.is_zero() && !b.sum.is_zero();
        let more = |best: &[Run; 2]| smaller(a.sum, b.sum).compared(smaller(best[0].sum, best[1].sum)).is_gt();
        if opposite && best.as_ref().is_none_or(more) {
            best = Some([a, b]);
        }
    }
    best
}

/// Days in a row of one sign; a day that is neither above nor below, or has no facts, ends a run.
pub fn runs(above: &[Above]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut last: Option<&Above> = None;
    for day in above {
        let goes_on = last.is_some_and(|last| {
            let next = last.day.succ_opt() == Some(day.day);
            next && !last.by.is_zero() && !day.by.is_zero() && last.by.is_negative() == day.by.is_negative()
        });
        match runs.last_mut().filter(|_| goes_on) {
            Some(run) => *run = Run { last: day.day, sum: run.sum.plus(day.by), ..*run },
            None => runs.push(Run { first: day.day, last: day.day, sum: day.by }),
        }
        last = Some(day);
    }
    runs
}

fn run(days: &[Above]) -> Option<Run> {
    let (first, last) = (days.first()?, days.last()?);
    Some(Run { first: first.day, last: last.day, sum: days.iter().map(|day| day.by).reduce(Figure::plus)? })
}

/// The nearer one to nothing, without its sign.
pub fn smaller(a: Figure, b: Figure) -> Figure {
    let (a, b) = (a.distance(), b.distance());
    if a.compared(b).is_gt() { b } else { a }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(by: &[i64]) -> Vec<Above> {
        let monday: NaiveDate = "2017-11-20".parse().unwrap();
        let day = |at: usize| monday + chrono::Days::new(at as u64);
        by.iter().enumerate().map(|(at, by)| Above { day: day(at), by: Figure::whole((*by).into()) }).collect()
    }

    #[test]
    fn a_week_splits_where_both_parts_weigh_most() {
        let [a, b] = halves(&days(&[39, 51, 103, -48, -47, -57, -32])).unwrap();
        assert_eq!((a.first.to_string(), a.last.to_string()), ("2017-11-20".into(), "2017-11-22".into()));
        assert_eq!((a.sum, b.sum), (Figure::whole(193), Figure::whole(-184)));
        assert_eq!(halves(&days(&[1, 2, 3])), None, "one sign splits nowhere");
        assert_eq!(halves(&days(&[5])), None);
        let [a, _] = halves(&days(&[1, 0, -1])).unwrap();
        assert_eq!(a.first, a.last, "of equal splits the earlier");
    }

    #[test]
    fn runs_end_where_the_sign_turns_or_a_day_is_missing() {
        let sums = |days: &[Above]| runs(days).iter().map(|run| run.sum.double() as i64).collect::<Vec<_>>();
        assert_eq!(sums(&days(&[1, 2, -3, -4, 0, 5, 6])), [3, -7, 0, 11]);
        let mut gap = days(&[1, 2, 3]);
        gap.remove(1);
        assert_eq!(sums(&gap), [1, 3]);
    }

    proptest! {
        #[test]
        fn no_other_split_weighs_more(by in prop::collection::vec(-50_i64..50, 1..8)) {
            let weight = |at: usize| {
                let (a, b): (i64, i64) = (by[..at].iter().sum(), by[at..].iter().sum());
                if a.signum() * b.signum() < 0 { a.abs().min(b.abs()) } else { 0 }
            };
            let best = (1..by.len()).map(weight).max().unwrap_or(0);
            let found = halves(&days(&by)).map_or(0.0, |[a, b]| smaller(a.sum, b.sum).double());
            prop_assert_eq!(found, best as f64);
        }
    }
}
