//! How much of a sum the largest parts have: tenths of those who make it, each beside its last four weeks.

use crate::error::{Error, Result};
use crate::mart::Session;

use super::super::ask::{Answered, Cell};
use super::super::figure::Figure;
use super::super::period::Week;
use super::super::resolve::Concentration as Asked;
use super::frame::Frame;
use super::series::ask_sql;

/// Parts of a sum, the largest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Concentration {
    /// What was asked: of this week, and of each of the four before.
    pub answered: Vec<Answered>,
    /// The parts; none where the week has fewer than all.
    pub parts: Vec<Part>,
}

/// A part of a sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Its share in this week.
    pub share: Figure,
    /// Its share in the week before.
    pub previous: Option<Figure>,
    /// Its share of the sum of the last four weeks, each parted by itself.
    pub average: Option<Figure>,
    /// What one of those in it comes to in this week.
    pub mean: Option<Figure>,
}

/// What the columns of the SELECT are.
const COLUMNS: &str = "the number of a part, its sum, and how many make it";

/// Sums and counts of the parts of a week.
type Sums = Vec<(Figure, Figure)>;

impl Concentration {
    pub(super) async fn ask(session: &Session, asked: &Asked, frame: &Frame) -> Result<Self> {
        let mut answered = Vec::new();
        let mut weekly: Vec<Sums> = Vec::new();
        let previous = frame.previous().filter(|_| frame.four().is_none());
        let before = frame.four().into_iter().flatten().chain(previous);
        let weeks: Vec<Week> = std::iter::once(frame.week).chain(before).collect();
        for week in weeks {
            let rows = ask_sql(session, &asked.sql, (week.first(), week.end()), None, frame).await?;
            weekly.push(sums(&rows)?);
            answered.push(rows);
        }
        let parts = match weekly.split_first() {
            Some((this, before)) => parted(this, before, frame.four().is_some(), asked.parts),
            None => Vec::new(),
        };
        Ok(Self { answered, parts })
    }

    /// What the first parts come to together.
    pub fn top(&self, count: usize) -> Option<Figure> {
        self.parts.iter().take(count).map(|part| part.share).reduce(Figure::plus)
    }
}

/// The shares of parts in a week, in the last of the weeks before, and in the sums of those, if they are four.
fn parted(this: &Sums, before: &[Sums], are_four: bool, parts: usize) -> Vec<Part> {
    if this.len() != parts {
        return Vec::new();
    }
    let total = |sums: &Sums| sums.iter().map(|(sum, _)| *sum).reduce(Figure::plus).unwrap_or(Figure::ZERO);
    let all = total(this);
    let all_before = before.iter().map(total).reduce(Figure::plus);
    let part = |(at, (sum, count)): (usize, &(Figure, Figure))| {
        let of_part = before.iter().filter_map(|week| week.get(at)).map(|(sum, _)| *sum).reduce(Figure::plus);
        let last = before.last().and_then(|week| week.get(at)?.0.over(total(week)));
        Some(Part {
            share: sum.over(all)?,
            previous: last,
            average: of_part.zip(all_before).filter(|_| are_four).and_then(|(part, all)| part.over(all)),
            mean: sum.over(*count),
        })
    };
    this.iter().enumerate().map(part).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// The parts of an answer, which are numbered from 1.
fn sums(answered: &Answered) -> Result<Sums> {
    let mut sums = Vec::new();
    for (at, row) in answered.rows.iter().enumerate() {
        let [Cell::Figure(number), Cell::Figure(sum), Cell::Figure(count)] = row.as_slice() else {
            return Err(Error::invalid(format!("the sql of a concentration gives other than {COLUMNS}")));
        };
        if number.compared(Figure::whole(at as i128 + 1)).is_ne() {
            return Err(Error::invalid(format!(
                "the parts of a concentration are numbered from 1 and come in order; say ORDER BY. Here {number} comes {}.",
                at + 1
            )));
        }
        sums.push((*sum, *count));
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(values: &[i128]) -> Sums {
        values.iter().map(|value| (Figure::whole(*value), Figure::whole(2))).collect()
    }

    #[test]
    fn parts_are_shares_of_their_weeks() {
        let found = parted(&sums(&[6, 3, 1]), &[sums(&[5, 3, 2]), sums(&[20, 5, 5])], true, 3);
        let concentration = Concentration { answered: Vec::new(), parts: found };
        assert_eq!(concentration.top(2), Some(Figure::Double(0.6 + 0.3)));
        assert_eq!(concentration.parts[0].average, Some(Figure::Double(25.0 / 40.0)), "sums are pooled");
        assert_eq!(concentration.parts[2].mean, Some(Figure::Double(0.5)));
        assert_eq!(concentration.parts[2].previous, Some(Figure::Double(5.0 / 30.0)));
    }

    #[test]
    fn fewer_parts_than_all_say_nothing() {
        assert_eq!(parted(&sums(&[6]), &[], true, 10), Vec::new(), "one household is no ten tenths");
        assert_eq!(parted(&sums(&[0, 0]), &[], true, 2), Vec::new(), "nobody has a part of nothing");
        assert_eq!(parted(&sums(&[6, 4]), &[sums(&[3])], true, 2)[1].average, None);
    }
}
