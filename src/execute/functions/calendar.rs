//! The calendar, in microseconds: where units of time start, and months added. It reaches as far as timestamps do,
//! some 290,000 years, in the proleptic Gregorian calendar.

use arrow::array::timezone::Tz;
use chrono::{DateTime, Offset, TimeZone};

/// Microseconds in a second and in a day.
pub(super) const SECOND: i64 = 1_000_000;
pub(super) const DAY: i64 = 86_400 * SECOND;

/// What a timestamp is cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A number of microseconds, at most a day of them.
    Microseconds(i64),
    /// Weeks start on Monday.
    Week,
    /// A number of months that divides a year.
    Months(i64),
}

impl Unit {
    /// The unit of a name as `date_trunc` takes it.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "microsecond" | "microseconds" => Unit::Microseconds(1),
            "millisecond" | "milliseconds" => Unit::Microseconds(1_000),
            "second" => Unit::Microseconds(SECOND),
            "minute" => Unit::Microseconds(60 * SECOND),
            "hour" => Unit::Microseconds(3_600 * SECOND),
            "day" => Unit::Microseconds(DAY),
            "week" => Unit::Week,
            "month" => Unit::Months(1),
            "quarter" => Unit::Months(3),
            "year" => Unit::Months(12),
            _ => return None,
        })
    }

    /// The start of the unit that holds `at`; None before the first that a timestamp can tell.
    pub(super) fn start(self, at: i64) -> Option<i64> {
        match self {
            Unit::Microseconds(length) => at.checked_sub(at.rem_euclid(length)),
            Unit::Week => {
                let day = at.div_euclid(DAY);
                // The first day of 1970 was a Thursday.
                (day - (day + 3).rem_euclid(7)).checked_mul(DAY)
            }
            Unit::Months(count) => {
                let (month, _) = month_of(at.div_euclid(DAY));
                first_day(month - month.rem_euclid(count)).checked_mul(DAY)
            }
        }
    }

    /// The start of the unit that holds the instant `at` on the clocks of a zone, as an instant.
    pub(super) fn start_in(self, zone: Tz, at: i64) -> Option<i64> {
        let shift = offset(zone, at);
        let wall = self.start(at.checked_add(shift)?)?;
        let start = wall.checked_sub(shift)?;
        let there = offset(zone, start);
        if there == shift {
            return Some(start);
        }
        // The clocks changed in between. Where they skipped the start, the unit starts at the change.
        let other = wall.checked_sub(there)?;
        Some(if offset(zone, other) == there { other } else { start.max(other) })
    }
}

/// The offset of a zone from UTC at an instant, both in microseconds; 0 beyond the calendar that chrono knows.
fn offset(zone: Tz, at: i64) -> i64 {
    DateTime::from_timestamp(at.div_euclid(SECOND), 0).map_or(0, |instant| {
        i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()) * SECOND
    })
}

/// `at` with months added; a day that the month lacks is its last.
pub(super) fn add_months(at: i64, months: i64) -> Option<i64> {
    let (month, day) = month_of(at.div_euclid(DAY));
    let month = month.checked_add(months)?;
    let first = first_day(month);
    let day = day.min(first_day(month + 1) - first - 1);
    first.checked_add(day)?.checked_mul(DAY)?.checked_add(at.rem_euclid(DAY))
}

/// The number of months from one timestamp's month to another's.
pub(super) fn months_between(from: i64, to: i64) -> i64 {
    month_of(to.div_euclid(DAY)).0 - month_of(from.div_euclid(DAY)).0
}

/// The month of a day, counted from the first of year 0, and its day in it, from 0. Years are reckoned from March,
/// so that a leap day is the last of its year.
fn month_of(day: i64) -> (i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    (12 * (era * 400 + year) + month + 2, of_year - (153 * month + 2) / 5)
}

/// The first day of a month, counted as [`month_of`] does; days from 1970.
fn first_day(month: i64) -> i64 {
    let (year, month) = ((month - 2).div_euclid(12), (month - 2).rem_euclid(12));
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 - 719_468
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, Months, NaiveDate, NaiveDateTime};
    use proptest::prelude::*;

    use super::*;

    fn micros(at: NaiveDateTime) -> i64 {
        at.and_utc().timestamp_micros()
    }

    fn first(date: NaiveDate) -> i64 {
        micros(date.and_hms_opt(0, 0, 0).unwrap())
    }

    proptest! {
        #[test]
        fn starts_are_what_chrono_says(day in -3_000_000_i64..3_000_000, rest in 0..DAY, months in -5_000_i64..5_000) {
            let at = day * DAY + rest;
            let date = NaiveDate::from_num_days_from_ce_opt(i32::try_from(day + 719_163).unwrap()).unwrap();
            let month = date.with_day(1).unwrap();
            prop_assert_eq!(Unit::Months(1).start(at), Some(first(month)));
            prop_assert_eq!(Unit::Months(12).start(at), Some(first(month.with_month(1).unwrap())));
            let quarter = month.with_month(month.month0() / 3 * 3 + 1).unwrap();
            prop_assert_eq!(Unit::Months(3).start(at), Some(first(quarter)));
            let monday = date - chrono::Duration::days(date.weekday().num_days_from_monday().into());
            prop_assert_eq!(Unit::Week.start(at), Some(first(monday)));
            prop_assert_eq!(Unit::of("hour").unwrap().start(at), Some(at - at.rem_euclid(3_600 * SECOND)));
            let by = Months::new(u32::try_from(months.unsigned_abs()).unwrap());
            let added = if months < 0 { date - by } else { date + by };
            prop_assert_eq!(add_months(at, months), Some(first(added) + rest));
        }

        #[test]
        fn starts_in_zones_are_on_the_clock(second in -2_000_000_000_i64..4_000_000_000) {
            for zone in ["America/New_York", "Asia/Taipei", "America/Sao_Paulo", "Australia/Lord_Howe"] {
                let (named, zone): (chrono_tz::Tz, Tz) = (zone.parse().unwrap(), zone.parse().unwrap());
                for unit in ["hour", "day", "week", "month", "year"] {
                    let start = Unit::of(unit).unwrap().start_in(zone, second * SECOND).unwrap();
                    prop_assert!(start <= second * SECOND);
                    let wall = named.from_utc_datetime(&DateTime::from_timestamp_micros(start).unwrap().naive_utc());
                    let expected = Unit::of(unit).unwrap().start(micros(
                        named.from_utc_datetime(&DateTime::from_timestamp(second, 0).unwrap().naive_utc()).naive_local(),
                    ));
                    let skipped = expected.map(|expected| micros(wall.naive_local()) - expected);
                    // What the clocks skip starts after it.
                    prop_assert!(skipped.is_some_and(|skipped| (0..=3_600 * SECOND).contains(&skipped)));
                }
            }
        }
    }
}
