//! A measure by weekday and hour, beside the same hours of four weeks, and where it all but stopped.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use crate::error::Result;
use crate::mart::Session;

use super::super::ask::{Answered, Cell, ask, quoted};
use super::super::figure::Figure;
use super::super::period::DAYS;
use super::super::resolve::Heat as Asked;
use super::frame::{FOUR, Frame};
use super::series::facts;

/// The hours of a week.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// What was asked: hours, and days.
    pub answered: Vec<Answered>,
    /// The hours that are shown, each by the first that it stands for.
    pub hours: Vec<u32>,
    /// The days, Monday first.
    pub days: Vec<HotDay>,
    /// The largest hour of this week and the four before.
    pub largest: Figure,
}

/// A day by its hours.
#[derive(Debug, Clone, PartialEq)]
pub struct HotDay {
    /// The day.
    pub day: NaiveDate,
    /// Whether it has any facts; without them it is a gap.
    pub has_facts: bool,
    /// Its hours.
    pub cells: Vec<HotCell>,
    /// The whole day and the average of the same weekday in the last four weeks.
    pub whole: Beside,
}

/// An hour of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HotCell {
    /// Its value and the average of the last four weeks.
    pub beside: Beside,
    /// Whether it all but stopped where it usually does not.
    pub is_lull: bool,
}

/// A value of this week, the week before, and the average of those of four weeks that have facts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// This week.
    pub this: Figure,
    /// The week before.
    pub previous: Option<Figure>,
    /// The average.
    pub average: Option<Figure>,
}

/// Hours in a row that all but stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lull {
    /// The day.
    pub day: NaiveDate,
    /// The first hour.
    pub first: u32,
    /// The last hour.
    pub last: u32,
    /// What was left.
    pub this: Figure,
    /// What the same hours of four weeks came to, on average.
    pub average: Figure,
}

/// The hours that may be a lull: shops that are closed at night are none.
const AWAKE: std::ops::RangeInclusive<u32> = 6..=23;
/// What an hour must come to on average, to be missed; how many hundredths of it are a lull; and what a run of hours must
/// come to, to be told.
const MISSED: Figure = Figure::whole(5);
const HUNDREDTHS: Figure = Figure::whole(10);
const TOLD: Figure = Figure::whole(20);

type ByHour = BTreeMap<(NaiveDate, u32), Figure>;
type ByDay = BTreeMap<NaiveDate, Figure>;

impl Heat {
    pub(super) async fn ask(session: &Session, asked: &Asked, frame: &Frame) -> Result<Self> {
        let bounds = (frame.week.before(FOUR).first(), frame.week.end());
        let facts = facts(&asked.source, bounds, asked.filter.as_ref());
        let (time, measure) = (quoted(&asked.source.time), quoted(&asked.item.measure.name));
        let day = quoted(&format!("{}__day", asked.source.time));
        let hour = format!("extract(hour FROM {time})");
        // Hours at night are asked as one, since what is counted once in all of them may be counted in each.
        let night = asked.night;
        let shown = format!("CASE WHEN {hour} < {night} THEN 0 ELSE {hour} END");
        let hours =
            ask(session, &format!("SELECT {day}, {shown} AS hour, {measure} {facts} GROUP BY 1, 2 ORDER BY 1, 2"))
                .await?;
        let days = ask(session, &format!("SELECT {day}, {measure} {facts} GROUP BY 1 ORDER BY 1")).await?;
        let by_hour: ByHour = hours.rows.iter().filter_map(|row| hour_of(row)).collect();
        let by_day: ByDay =
            days.rows.iter().filter_map(|row| Some((row.first()?.day()?, row.get(1)?.figure()?))).collect();
        let shown: Vec<u32> = std::iter::once(0).chain(night.max(1)..24).collect();
        Ok(Self { answered: vec![hours, days], ..Self::of(&by_hour, &by_day, shown, frame) })
    }

    fn of(by_hour: &ByHour, by_day: &ByDay, hours: Vec<u32>, frame: &Frame) -> Self {
        let back = |day: NaiveDate, weeks: u64| day - Days::new(DAYS * weeks);
        // What has no row in a day with facts is nothing.
        let at = |day: NaiveDate, hour: u32| by_hour.get(&(day, hour)).copied().unwrap_or(Figure::ZERO);
        let beside = |day: NaiveDate, of: &dyn Fn(NaiveDate) -> Figure| {
            let before: Vec<NaiveDate> =
                (1..=FOUR).map(|weeks| back(day, weeks)).filter(|day| by_day.contains_key(day)).collect();
            let average = Figure::mean(&before.into_iter().map(of).collect::<Vec<_>>());
            Beside {
                this: of(day),
                previous: frame.previous().map(|_| of(back(day, 1))),
                average: frame.four().and(average),
            }
        };
        let one = |day: NaiveDate| {
            let has_facts = by_day.contains_key(&day);
            let cells = hours.iter().map(|hour| {
                let beside = beside(day, &|day| at(day, *hour));
                HotCell { beside, is_lull: has_facts && AWAKE.contains(hour) && beside.is_lull() }
            });
            let whole = beside(day, &|day| by_day.get(&day).copied().unwrap_or(Figure::ZERO));
            HotDay { day, has_facts, cells: cells.collect(), whole }
        };
        let days = frame.week.days().map(one).collect();
        let largest = Figure::largest(by_hour.values().copied(), |value| *value).unwrap_or(Figure::ZERO);
        Self { answered: Vec::new(), days, hours, largest }
    }

    /// The day with the most, of those that have facts; of equal ones the first.
    pub fn leader(&self) -> Option<&HotDay> {
        Figure::largest(self.days.iter().filter(|day| day.has_facts), |day| day.whole.this)
    }

    /// The largest lull, if it is worth telling: hours in a row, by what they come to on average.
    pub fn lull(&self) -> Option<Lull> {
        let runs = self.days.iter().flat_map(|day| self.lulls(day));
        Figure::largest(runs, |lull| lull.average).filter(|lull| lull.average.compared(TOLD).is_ge())
    }

    fn lulls(&self, day: &HotDay) -> Vec<Lull> {
        let mut runs: Vec<Lull> = Vec::new();
        for (hour, cell) in self.hours.iter().zip(&day.cells).filter(|(_, cell)| cell.is_lull) {
            let (this, average) = (cell.beside.this, cell.beside.average.unwrap_or(Figure::ZERO));
            match runs.last_mut().filter(|run| run.last + 1 == *hour) {
                Some(run) => {
                    *run = Lull { last: *hour, this: run.this.plus(this), average: run.average.plus(average), ..*run };
                }
                None => runs.push(Lull { day: day.day, first: *hour, last: *hour, this, average }),
            }
        }
        runs
    }
}

impl Beside {
    fn is_lull(self) -> bool {
        self.average.is_some_and(|average| {
            let share = self.this.times(Figure::whole(100)).compared(average.times(HUNDREDTHS));
            average.compared(MISSED).is_ge() && share.is_lt()
        })
    }
}

fn hour_of(row: &[Cell]) -> Option<((NaiveDate, u32), Figure)> {
    let [day, hour, value] = row else { return None };
    Some(((day.day()?, hour.figure()?.double() as u32), value.figure()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::period::Week;

    fn frame() -> Frame {
        Frame::of_tests("2017-11-20", "2017-01-01")
    }

    /// Five weeks in which each day has so many in each hour, but for some hours of the last week's Thursday.
    fn heat(usual: i128, thursday: &[(u32, i128)]) -> Heat {
        let frame = frame();
        let hours: Vec<u32> = std::iter::once(0).chain(6..24).collect();
        let (mut by_hour, mut by_day) = (ByHour::new(), ByDay::new());
        for day in frame.week.before(FOUR).through(frame.week).flat_map(Week::days) {
            for hour in &hours {
                by_hour.insert((day, *hour), Figure::whole(usual));
            }
            by_day.insert(day, Figure::whole(usual * hours.len() as i128));
        }
        let day = frame.week.first() + Days::new(3);
        for (hour, value) in thursday {
            by_hour.insert((day, *hour), Figure::whole(*value));
        }
        Heat::of(&by_hour, &by_day, hours, &frame)
    }

    #[test]
    fn a_lull_is_the_hours_in_a_row_in_which_it_all_but_stopped() {
        let found = heat(10, &[(17, 0), (18, 0), (19, 1), (20, 0), (22, 0)]).lull().unwrap();
        assert_eq!((found.first, found.last), (17, 18), "a tenth is no lull, and hours apart are two");
        assert_eq!((found.this, found.average), (Figure::ZERO, Figure::whole(20)));
        assert_eq!(heat(10, &[(17, 0)]).lull(), None, "one hour of ten is not worth telling");
        assert_eq!(
            heat(4, &[(17, 0), (18, 0), (19, 0), (20, 0), (21, 0), (22, 0)]).lull(),
            None,
            "of four nobody is missed"
        );
        assert_eq!(heat(30, &[(0, 0)]).lull(), None, "shops sleep at night");
        assert_eq!(heat(10_000, &[(17, 0)]).lull().unwrap().average, Figure::whole(10_000));
    }

    #[test]
    fn days_without_facts_are_no_part_of_averages() {
        let frame = frame();
        let before = frame.week.before(1).first();
        let by_hour = ByHour::from([((before, 12), Figure::whole(8)), ((frame.week.first(), 12), Figure::whole(4))]);
        let by_day = ByDay::from([(before, Figure::whole(8)), (frame.week.first(), Figure::whole(4))]);
        let heat = Heat::of(&by_hour, &by_day, vec![12], &frame);
        assert_eq!(heat.days[0].whole.average, Some(Figure::whole(8)));
        assert!(!heat.days[1].has_facts && heat.days[1].whole.average.is_none());
        assert_eq!((heat.largest, heat.leader().unwrap().day), (Figure::whole(8), frame.week.first()));
        let nothing = Heat::of(&ByHour::new(), &ByDay::new(), vec![12], &frame);
        assert!(nothing.leader().is_none() && nothing.lull().is_none() && nothing.largest.is_zero());
    }
}
