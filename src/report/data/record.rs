//! Whether a week is the highest or the lowest of many, or since when none was as high or as low.

use super::frame::{FOUR, Frame};
use super::time::Weeks;
use crate::report::figure::Figure;
use crate::report::period::Week;

/// The fewest weeks among which an extreme says anything.
const FEWEST: usize = 5;

/// An extreme among the complete weeks that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Whether it is one of high values, not of low ones.
    pub is_high: bool,
    /// The last week as high or as low, or else how many weeks there are.
    pub since: Since,
}

/// How far back nothing was as extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Among all of so many weeks.
    All(usize),
    /// Since this week, which was.
    Week(Week),
}

impl Record {
    /// The extreme that this week is: higher or lower than each of the four weeks before, at least.
    pub fn of(weeks: &Weeks, frame: &Frame) -> Option<Self> {
        let all: Vec<(Week, Figure)> = weeks.complete().collect();
        let (_, this) = *all.last().filter(|(week, _)| *week == frame.week)?;
        if all.len() < FEWEST {
            return None;
        }
        [true, false].into_iter().find_map(|is_high| {
            let is_as_extreme = |value: Figure| match is_high {
                true => value.compared(this).is_ge(),
                false => value.compared(this).is_le(),
            };
            let before = all.iter().rev().skip(1);
            let since = match before.map(|(week, value)| (*week, is_as_extreme(*value))).find(|(_, is)| *is) {
                None => Since::All(all.len()),
                Some((week, _)) if week < frame.week.before(FOUR) => Since::Week(week),
                Some(_) => return None,
            };
            Some(Self { is_high, since })
        })
    }
}
