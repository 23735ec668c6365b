//! Where a week stands among the complete weeks of its year.

use super::frame::Frame;
use super::time::Weeks;
use crate::report::figure::Figure;

/// The fewest weeks among which a place says anything.
const FEWEST: usize = 5;

/// A place among weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// From which end it counts.
    pub place: Place,
    /// How many complete weeks there are, this one among them.
    pub of: usize,
    /// One more than how many are above.
    pub from_top: usize,
}

/// From which end a place counts, and which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// None is above.
    First,
    /// In the upper half, from the top.
    High(usize),
    /// In the lower half, from the bottom.
    Low(usize),
    /// None is below.
    Last,
}

impl Rank {
    /// The place of this week; none where there are too few weeks.
    pub fn of(weeks: &Weeks, frame: &Frame) -> Option<Self> {
        let all: Vec<Figure> = weeks.complete().map(|(_, value)| value).collect();
        let (_, this) = weeks.complete().find(|(week, _)| *week == frame.week)?;
        if all.len() < FEWEST {
            return None;
        }
        let from_top = 1 + all.iter().filter(|value| value.compared(this).is_gt()).count();
        let from_bottom = 1 + all.iter().filter(|value| value.compared(this).is_lt()).count();
        let place = match (from_top, from_bottom) {
            (1, _) => Place::First,
            (_, 1) => Place::Last,
            _ if from_top * 2 <= all.len() + 1 => Place::High(from_top),
            _ => Place::Low(from_bottom),
        };
        Some(Self { place, of: all.len(), from_top })
    }
}
