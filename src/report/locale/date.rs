//! Days, weeks and moments as people write them.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Weekday};

use super::Locale;
use crate::report::period::Week;

impl Locale {
    /// The weekday of a day, as in a sentence.
    pub fn weekday(&self, day: NaiveDate) -> String {
        self.text(&weekday_key(day), &[])
    }

    /// The weekday as an axis has it.
    pub fn weekday_axis(&self, day: NaiveDate) -> String {
        self.text(&format!("{}_axis", weekday_key(day)), &[])
    }

    /// The weekday beside a date.
    pub fn weekday_period(&self, day: NaiveDate) -> String {
        self.text(&format!("{}_period", weekday_key(day)), &[])
    }

    /// The month of a day.
    pub fn month(&self, day: NaiveDate) -> String {
        self.text(&format!("word.month_{}", day.month()), &[])
    }

    /// The month in few letters.
    pub fn month_short(&self, day: NaiveDate) -> String {
        self.shortest(&format!("word.month_{}", day.month()), &[])
    }

    /// A day of its year, in few letters: `20 Nov`, `11/20`.
    pub fn date_tick(&self, day: NaiveDate) -> String {
        let (number, month) = (day.day().to_string(), day.month().to_string());
        self.text("word.date_tick", &[("day", &number), ("mon", &self.month_short(day)), ("month_number", &month)])
    }

    /// From one weekday to another; the one alone if both are the same.
    pub fn weekdays(&self, first: NaiveDate, last: NaiveDate) -> String {
        if first == last {
            return self.weekday(first);
        }
        self.text("word.range", &[("first", &self.weekday(first)), ("last", &self.weekday(last))])
    }

    /// The number of a week and its year, by ISO 8601.
    pub fn week(&self, week: Week) -> String {
        let (number, year) = week.number();
        self.text("page.week", &[("week", &number.to_string()), ("year", &year.to_string())])
    }

    /// The days of a week, from its first to its last.
    pub fn days_of(&self, week: Week) -> String {
        let (first, last) = (week.first(), week.last());
        let key = match (first.year() == last.year(), first.month() == last.month()) {
            (false, _) => "page.period_two_years",
            (true, false) => "page.period_two_months",
            (true, true) => "page.period",
        };
        self.text(
            key,
            &[
                ("wd_first", &self.weekday_period(first)),
                ("day_first", &first.day().to_string()),
                ("month_first", &self.month(first)),
                ("year_first", &first.year().to_string()),
                ("wd_last", &self.weekday_period(last)),
                ("day_last", &last.day().to_string()),
                ("month_last", &self.month(last)),
                ("year_last", &last.year().to_string()),
            ],
        )
    }

    /// Up to which moment there are facts; cut to the minute.
    pub fn data_to(&self, moment: NaiveDateTime, zone: &str) -> String {
        let day = moment.date();
        self.text(
            "footer.data_to",
            &[
                ("day", &day.day().to_string()),
                ("mon", &self.month_short(day)),
                ("year", &day.year().to_string()),
                ("time", &moment.format("%H:%M").to_string()),
                ("zone", &self.zone(zone)),
            ],
        )
    }
}

fn weekday_key(day: NaiveDate) -> String {
    let name = match day.weekday() {
        Weekday::Mon => "mon",
        Weekday::Tue => "tue",
        Weekday::Wed => "wed",
        Weekday::Thu => "thu",
        Weekday::Fri => "fri",
        Weekday::Sat => "sat",
        Weekday::Sun => "sun",
    };
    format!("word.weekday_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days_of(locale: &str, day: &str) -> String {
        Locale::of(locale).unwrap().days_of(Week::of(day.parse().unwrap()))
    }

    #[test]
    fn weeks_are_written_with_what_differs() {
        assert_eq!(days_of("en", "2017-11-22"), "Mon 20 – Sun 26 November");
        assert_eq!(days_of("zh-TW", "2017-11-22"), "11月20日（一）至26日（日）");
        assert_eq!(days_of("en", "2017-11-30"), "Mon 27 November – Sun 3 December");
        assert_eq!(days_of("en", "2017-01-01"), "Mon 26 December 2016 – Sun 1 January 2017");
        assert_eq!(days_of("zh-CN", "2017-01-01"), "2016年12月26日（一）至2017年1月1日（日）");
        let week = Week::of("2016-01-01".parse().unwrap());
        assert_eq!(Locale::of("en").unwrap().week(week), "Week 53, 2015");
    }

    #[test]
    fn moments_are_cut_to_the_minute() {
        let moment = "2017-11-26T23:28:59".parse().unwrap();
        let shown = |locale| Locale::of(locale).unwrap().data_to(moment, "America/New_York");
        assert_eq!(shown("en"), "Data to 26 Nov 2017 23:28 New York time");
        assert_eq!(shown("zh-TW"), "資料截至2017年11月26日23:28（紐約時間）");
        assert!(Locale::of("en").unwrap().data_to(moment, "Asia/Kathmandu").ends_with("Asia/Kathmandu"));
    }
}
