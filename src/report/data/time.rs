//! Charts over time: the days of the week beside those before, and weeks up to this one.

use chrono::{Days as Length, NaiveDate};

use crate::error::Result;
use crate::mart::Session;

use super::super::figure::Figure;
use super::super::period::{DAYS, Week};
use super::super::resolve::{Chart, Values};
use super::super::spec::TimeSpec;
use super::frame::{FOUR, Frame};
use super::series::{Compared, Points, Series, of_nothing};

/// The days of a week.
#[derive(Debug, Clone)]
pub struct Days {
    /// What was asked.
    pub series: Series,
    /// Each day.
    pub days: Vec<Day>,
}

/// A day beside the same day of earlier weeks.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// The day.
    pub day: NaiveDate,
    /// Its value; none where there are no facts.
    pub this: Option<Figure>,
    /// That of the week before, if that week is complete.
    pub before: Option<Figure>,
    /// The average of those of the four weeks before that have facts, if those weeks are complete: of a quotient the same
    /// quotient of averages.
    pub average: Option<Figure>,
}

impl Days {
    pub(super) async fn ask(session: &Session, chart: &Chart, frame: &Frame) -> Result<Self> {
        let measure = &chart.item.measure;
        // A SELECT is asked week by week: what it says of one may depend on where that begins.
        let weeks = frame.week.before(FOUR).through(frame.week);
        let runs: Vec<(NaiveDate, NaiveDate)> = match chart.values {
            Values::Query(..) => vec![(frame.week.before(FOUR).first(), frame.week.end())],
            Values::Sql(_) => weeks.map(|week| (week.first(), week.end())).collect(),
        };
        let series = Series::of_chart(session, chart, Points::Days, &runs, frame).await?;
        let days = frame.week.days().map(|day| Day {
            day,
            this: series.at(measure, day),
            before: frame.previous().filter(|_| chart.behind).and_then(|_| series.at(measure, day - Length::new(DAYS))),
            average: frame.four().and_then(|_| {
                let days: Vec<NaiveDate> = (1..=FOUR).map(|weeks| day - Length::new(DAYS * weeks)).collect();
                series.average_of_days(measure, &days)
            }),
        });
        Ok(Self { days: days.collect(), series })
    }
}

/// Weeks up to this one.
#[derive(Debug, Clone)]
pub struct Weeks {
    /// What was asked.
    pub series: Series,
    /// Each week.
    pub weeks: Vec<OneWeek>,
    /// What the measure is in a week without facts: sums and counts are nothing.
    pub nothing: Option<Figure>,
    /// This week and what it is compared with.
    pub compared: Compared,
    /// The same of the parts of a quotient.
    pub parts: Vec<(String, Compared)>,
}

/// A week.
#[derive(Debug, Clone, PartialEq)]
pub struct OneWeek {
    /// The week.
    pub week: Week,
    /// Its value; none where there are no facts.
    pub value: Option<Figure>,
    /// Whether it lies within the days from the first fact to the last.
    pub is_complete: bool,
    /// On how many of its days there are facts to be had.
    pub days: u64,
}

impl Weeks {
    pub(super) async fn ask(session: &Session, chart: &Chart, frame: &Frame) -> Result<Self> {
        let first = match chart.time {
            TimeSpec::LastWeeks(weeks) => frame.week.before(weeks - 1),
            TimeSpec::WeeksOfYear | TimeSpec::Days => frame.week.first_of_year(),
        };
        // Before the first fact there is nothing to show.
        let first = first.max(Week::of(frame.span.first));
        let is_begun = matches!(chart.time, TimeSpec::LastWeeks(_)) && !frame.span.completes(first);
        let first = if is_begun { first.through(frame.week).nth(1).unwrap_or(first) } else { first };
        let measure = &chart.item.measure;
        let runs = [(first.min(frame.week.before(FOUR)).first(), frame.week.end())];
        let series = Series::of_chart(session, chart, Points::Weeks, &runs, frame).await?;
        let nothing = of_nothing(measure);
        // A week without records of another cube than the report's own is one in which there was nothing to record.
        let is_other = matches!(&chart.values, Values::Query(source, _) if source.cube != frame.cube);
        let missing = nothing.filter(|_| is_other);
        let weeks = first.through(frame.week).map(|week| OneWeek {
            week,
            value: series.at(measure, week.first()).or(missing),
            is_complete: frame.span.completes(week),
            days: week.days().filter(|day| *day >= frame.span.first && *day <= frame.span.last).count() as u64,
        });
        let compared = series.compared(measure, frame);
        let parts = series.parts_compared(measure, frame);
        Ok(Self { weeks: weeks.collect(), series, nothing, compared, parts })
    }

    /// The complete weeks with their values, those without facts too where the measure is nothing then.
    pub fn complete(&self) -> impl Iterator<Item = (Week, Figure)> {
        let complete = self.weeks.iter().filter(|week| week.is_complete);
        complete.filter_map(|week| Some((week.week, week.value.or(self.nothing)?)))
    }

    /// The value of the last week.
    pub fn this(&self) -> Option<Figure> {
        self.weeks.last()?.value.or(self.nothing)
    }
}
