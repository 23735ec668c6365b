//! ISO weeks: which one a report is about, and which it is compared with.

use chrono::{Datelike, Days, NaiveDate};

use crate::error::{Error, Result};

/// An ISO 8601 week, Monday to Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week(NaiveDate);

/// How many days a week has.
pub const DAYS: u64 = 7;

impl Week {
    /// The week that a day lies in.
    pub fn of(day: NaiveDate) -> Self {
        Self(day - Days::new(u64::from(day.weekday().num_days_from_monday())))
    }

    /// Its Monday.
    pub fn first(self) -> NaiveDate {
        self.0
    }

    /// Its Sunday.
    pub fn last(self) -> NaiveDate {
        self.0 + Days::new(DAYS - 1)
    }

    /// The Monday after it.
    pub fn end(self) -> NaiveDate {
        self.0 + Days::new(DAYS)
    }

    /// So many weeks before it.
    #[must_use]
    pub fn before(self, weeks: u64) -> Self {
        Self(self.0 - Days::new(DAYS * weeks))
    }

    /// Its days in order.
    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        (0..DAYS).map(move |day| self.0 + Days::new(day))
    }

    /// The weeks from this to `last`, both among them.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |week| Some(Self(week.end()))).take_while(move |week| *week <= last)
    }

    /// The first week whose Sunday lies in the calendar year in which this week's Sunday lies.
    #[must_use]
    pub fn first_of_year(self) -> Self {
        NaiveDate::from_ymd_opt(self.last().year(), 1, 1).map_or(self, Self::of)
    }

    /// Its number and year by ISO 8601.
    pub fn number(self) -> (u32, i32) {
        let week = self.0.iso_week();
        (week.week(), week.year())
    }
}

/// The days on which a cube has its first and its last fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The day of the first fact.
    pub first: NaiveDate,
    /// The day of the last fact.
    pub last: NaiveDate,
}

impl Span {
    /// Whether a week lies within the days from the first fact to the last, and so can be compared with others.
    pub fn completes(self, week: Week) -> bool {
        self.first <= week.first() && week.last() <= self.last
    }

    /// The last complete week.
    ///
    /// # Errors
    /// Invalid: the facts do not fill a single week.
    pub fn last_complete(self) -> Result<Week> {
        let of_last = Week::of(self.last);
        let week = if of_last.last() == self.last { of_last } else { of_last.before(1) };
        if self.completes(week) {
            return Ok(week);
        }
        Err(Error::invalid(format!(
            "there is no complete week from Monday to Sunday in the data, which lasts from {} to {}",
            self.first, self.last
        )))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn span(first: &str, last: &str) -> Span {
        Span { first: day(first), last: day(last) }
    }

    #[test]
    fn the_last_complete_week_ends_with_the_data() {
        let last = |first, last| span(first, last).last_complete().map(|week| week.first().to_string());
        assert_eq!(last("2017-01-01", "2017-11-26").unwrap(), "2017-11-20");
        assert_eq!(last("2017-01-01", "2017-11-25").unwrap(), "2017-11-13");
        assert_eq!(last("2017-01-02", "2017-01-08").unwrap(), "2017-01-02");
        assert!(last("2017-01-03", "2017-01-14").unwrap_err().message().contains("2017-01-03 to 2017-01-14"));
        assert!(last("2017-01-03", "2017-01-08").is_err());
    }

    #[test]
    fn years_are_told_by_sundays_and_numbers_by_iso() {
        let week = Week::of(day("2017-11-22"));
        assert_eq!((week.first(), week.last(), week.end()), (day("2017-11-20"), day("2017-11-26"), day("2017-11-27")));
        assert_eq!(week.number(), (47, 2017));
        assert_eq!(week.first_of_year().first(), day("2016-12-26"), "its Sunday is 1 January");
        assert_eq!(Week::of(day("2018-01-03")).first_of_year(), Week::of(day("2018-01-01")));
        assert_eq!(Week::of(day("2016-12-28")).first_of_year(), Week::of(day("2017-01-01")));
        assert_eq!(Week::of(day("2016-12-31")).number(), (52, 2016));
        assert_eq!(week.first_of_year().through(week).count(), 48);
    }

    proptest! {
        #[test]
        fn a_day_lies_in_its_week(offset in 0_u64..40_000) {
            let day = day("1970-01-01") + Days::new(offset);
            let week = Week::of(day);
            prop_assert!(week.days().any(|own| own == day));
            prop_assert_eq!(week.days().count(), 7);
            prop_assert_eq!(week.before(1).end(), week.first());
            prop_assert_eq!(week.first_of_year().last().year(), week.last().year());
            prop_assert!(week.first_of_year().before(1).last().year() < week.last().year());
        }
    }
}
