//! What is said of weeks, held against sentences that are written out, in each language.

mod change;
mod members;
mod time;

use chrono::NaiveDate;

use super::*;
use crate::model::{Arithmetic, Better, Parts, Text};
use crate::report::data::{Compared, Day, Drivers, Effect, Frame, OneWeek, Series, Weeks};
use crate::report::resolve::{Directions, Driver, Measured, Source, Waterfall};

/// Words in English and Chinese.
type Words = (&'static str, &'static str);
/// A driver: the week before, this week, and its effect.
type Part = (f64, f64, f64);

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn figure(text: &str) -> Figure {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let places = u32::try_from(fraction.len()).unwrap();
    Figure::Exact { units: format!("{whole}{fraction}").parse().unwrap(), places }
}

fn words((en, zh): Words) -> Text {
    Text::new([("en", en), ("zh-TW", zh), ("zh-CN", zh)].map(|(locale, words)| (locale.to_owned(), words.to_owned())))
}

fn both(up: Words, down: Words) -> Directions {
    Directions { up: words(up), down: words(down) }
}

fn item(name: &str, kind: NumberKind, currency: Option<&str>, title: Words) -> Item {
    let measure = Measured {
        name: name.to_owned(),
        parts: Some(Parts { names: vec![name.to_owned()], arithmetic: Arithmetic::Part(0) }),
        kind,
        currency: currency.map(str::to_owned),
        better: Some(Better::Higher),
        is_additive: true,
    };
    Item { measure, title: words(title), unit: None, target: None }
}

fn revenue() -> Item {
    item("revenue", NumberKind::Amount, Some("USD"), ("Revenue", "營收"))
}

fn driver(item: Item, [up, down]: [Words; 2], [subject_up, subject_down]: [Words; 2]) -> Driver {
    Driver { item, says: both(up, down), subject: both(subject_up, subject_down), against: None, after: None }
}

fn waterfall() -> Waterfall {
    let subject = ("trips per household", "來店次數");
    let trips = Driver {
        against: Some((
            item("trips", NumberKind::Amount, None, ("Trips", "來店次數")).measure,
            both(("more trips per household", "來店更勤"), ("fewer trips per household", "來店變少")),
            both(subject, subject),
        )),
        ..driver(
            item("frequency", NumberKind::PerUnit(2), None, ("Trips per household", "每戶來店次數")),
            [("more trips", "來店更勤"), ("fewer trips", "來店變少")],
            [("more trips", "來店次數"), ("fewer trips", "來店次數")],
        )
    };
    let in_each = both(("more items in each", "每次買得更多"), ("fewer items in each", "每次買得更少"));
    let items = Driver {
        after: Some(("frequency".to_owned(), in_each)),
        ..driver(
            item("items", NumberKind::PerUnit(1), None, ("Items per trip", "每次購買件數")),
            [("more items per trip", "每次買得更多"), ("fewer items per trip", "每次買得更少")],
            [("bigger baskets", "每次件數"), ("smaller baskets", "每次件數")],
        )
    };
    let households = driver(
        item("households", NumberKind::Amount, None, ("Households", "家庭")),
        [("more households", "家庭變多"), ("fewer households", "家庭變少")],
        [("more households", "家庭戶數"), ("fewer households", "家庭戶數")],
    );
    let prices = driver(
        item("price", NumberKind::PerUnit(2), Some("USD"), ("Price per item", "每件單價")),
        [("higher prices", "單價上升"), ("lower prices", "單價下降")],
        [("higher prices", "每件單價"), ("lower prices", "每件單價")],
    );
    Waterfall {
        source: Source { cube: "sales".into(), time: "time".into() },
        item: revenue(),
        apart: None,
        drivers: vec![households, trips, items, prices],
    }
}

/// A change of a measure from one text to another; `total` is how far all trips moved.
fn drivers((before, this): (Option<&str>, &str), parts: [Part; 4], total: f64) -> Drivers {
    let whole = Compared { this: Some(figure(this)), previous: before.map(figure), average: None };
    let effect = |(at, (before, this, effect)): (usize, Part)| Effect {
        compared: Compared { this: Some(Figure::Double(this)), previous: Some(Figure::Double(before)), average: None },
        total_change: (at == 1).then_some(total),
        effect: Some(Figure::Double(effect)),
    };
    let parts = parts.into_iter().enumerate().map(effect).collect();
    Drivers { series: Series::none(), product: whole.clone(), whole, drivers: parts, apart: None }
}

/// The week 47 of 2017, which has 46 complete ones before it.
fn week_47() -> Frame {
    Frame::of_tests("2017-11-20", "2017-01-01")
}

/// Days beside those of the week before, Monday first.
fn days(frame: &Frame, values: &[(Option<&str>, Option<&str>)]) -> Vec<Day> {
    let one = |(day, (this, before)): (NaiveDate, &(Option<&str>, Option<&str>))| Day {
        day,
        this: this.map(figure),
        before: before.map(figure),
        average: None,
    };
    frame.week.days().zip(values).map(one).collect()
}

/// The days of a week that are so much above a thousand, which each had the week before.
fn beside(frame: &Frame, above: &[i32]) -> Vec<Day> {
    let one = |(day, above): (NaiveDate, &i32)| Day {
        day,
        this: Some(Figure::whole((1_000 + above).into())),
        before: Some(Figure::whole(1_000)),
        average: None,
    };
    frame.week.days().zip(above).map(one).collect()
}

/// Complete weeks up to the frame's.
fn weeks(frame: &Frame, values: &[Figure]) -> Weeks {
    let back = |at: usize| (values.len() - 1 - at) as u64;
    let one = |(at, value): (usize, &Figure)| OneWeek {
        week: frame.week.before(back(at)),
        value: Some(*value),
        is_complete: true,
        days: 7,
    };
    let nothing = Some(Figure::ZERO);
    let compared = Compared { this: values.last().copied(), previous: None, average: None };
    Weeks {
        series: Series::none(),
        weeks: values.iter().enumerate().map(one).collect(),
        nothing,
        compared,
        parts: Vec::new(),
    }
}

fn locale(name: &str) -> Locale {
    Locale::of(name).unwrap()
}

/// The clauses as a line in which all of them fit.
fn line(locale: &Locale, clauses: &[Clause]) -> String {
    let joint = if locale.is_chinese() { "。" } else { ". " };
    Line { clauses, joint, full_stop: joint, end: "", is_sentence: true }.fitted(&|_| 0.0, 1.0).unwrap()
}

/// Headline and title of a change.
fn told(name: &str, data: &Drivers, frame: &Frame) -> (String, String) {
    let locale = locale(name);
    let nothing = if locale.is_chinese() { "無交易紀錄" } else { "no sales" };
    let said = change(&locale, &waterfall(), data, frame, nothing);
    (line(&locale, &said.headline), line(&locale, &said.title))
}

/// Deck and title of days.
fn of_days(name: &str, days: &[Day], frame: &Frame) -> (String, String) {
    let locale = locale(name);
    let said = split(&locale, &revenue(), if locale.is_chinese() { "賣" } else { "sold" }, days, frame);
    (line(&locale, &said.deck), line(&locale, &said.title))
}

/// Whether a text is whole: no place is left open, and no key stands for words.
fn is_whole(text: &str) -> bool {
    let keys = ["change.", "drivers.", "split.", "days.", "rank.", "gap.", "word.", "number."];
    !text.is_empty() && !text.contains(['{', '}']) && !keys.iter().any(|key| text.contains(key))
}
