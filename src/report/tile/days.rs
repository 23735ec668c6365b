//! The days of a week as a line.

use chrono::{Datelike, NaiveDate};

use super::numbers::{Numbers, size};
use super::{Easel, Made, tone};
use crate::error::Result;
use crate::report::chart::{Area, Lines, Mark, Point, ticks};
use crate::report::data::{Day, Days, Run};
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause, described, split, title};
use crate::report::locale::{Direction, Locale};
use crate::report::page::{Body, Picture};
use crate::report::resolve::{Chart, Item, Tile};
use crate::report::spec::Finding;

/// The days of the week as a line.
pub(super) fn make(easel: &Easel<'_>, tile: &Tile, chart: &Chart, data: &Days) -> Result<Made> {
    let (locale, item) = (easel.locale, &chart.item);
    let verb = easel.own(chart.phrases.verb.as_ref()).unwrap_or_else(|| locale.text("split.verb", &[]));
    let said = split(locale, item, &verb, &data.days, easel.frame);
    let values = data.days.iter().flat_map(|day| [day.this, day.before]).flatten();
    let numbers = Numbers::new(locale, item, values.clone());
    let ticks: Vec<(f64, String)> =
        ticks(values.map(Figure::double)).into_iter().map(|tick| (tick, numbers.tick(tick))).collect();
    let points: Vec<Point> = data
        .days
        .iter()
        .enumerate()
        .map(|(at, day)| Point {
            head: locale.weekday_axis(day.day),
            foot: day_ticks(locale, at, day.day),
            this: day.this.map(Figure::double),
            before: day.before.map(Figure::double),
        })
        .collect();
    let is_told = chart.finding == Some(Finding::Split);
    let alt = days_alt(easel, item, data, said.halves.as_ref().filter(|_| is_told));
    let lines = Lines {
        points: &points,
        ticks: &ticks,
        this: &locale.text("days.this_week", &[]),
        before: &locale.text("days.last_week", &[]),
        marks: &marks(data, &numbers),
        areas: &areas(data, item, &said.runs, &numbers),
        nothing: &easel.nothing.1,
        alt: &alt,
    };
    let drawing = lines.draw(easel.ruler, size(tile))?;
    let has_before = easel.frame.previous().is_some() && chart.behind;
    let sub = if has_before { "days.sub" } else { "days.sub_no_previous" };
    Ok(Made {
        body: Body::Chart { picture: Picture::new(&tile.name, drawing, Some(alt)) },
        // Days without any value say nothing.
        title: if is_told && !said.title.is_empty() { said.title } else { vec![Clause::new(title(locale, item))] },
        subtitle: vec![Clause::new(locale.text(sub, &[("what", &described(locale, item))]))],
        headline: Vec::new(),
        deck: if is_told { said.deck } else { Vec::new() },
    })
}

/// The date below a day: in English the month stands at the first alone, and where it changes.
fn day_ticks(locale: &Locale, at: usize, day: NaiveDate) -> String {
    if locale.is_chinese() || at == 0 || day.day() == 1 { locale.date_tick(day) } else { day.day().to_string() }
}

/// The labels of the highest and the lowest day.
fn marks(data: &Days, numbers: &Numbers<'_>) -> Vec<Mark> {
    let (highest, lowest) = extremes(&data.days);
    let mark = |(at, value): (usize, Figure), is_above| Mark { at, text: numbers.text(value, false), is_above };
    match (highest, lowest) {
        (Some(high), Some(low)) if high.0 != low.0 => vec![mark(high, true), mark(low, false)],
        (Some(only), _) => vec![mark(only, true)],
        _ => Vec::new(),
    }
}

/// A day by its place, and its value.
type Extreme = (usize, Figure);

/// The highest and the lowest day that have facts; of equal ones the earlier.
fn extremes(days: &[Day]) -> (Option<Extreme>, Option<Extreme>) {
    let known = || days.iter().enumerate().filter_map(|(at, day)| Some((at, day.this?)));
    (Figure::largest(known(), |(_, value)| *value), Figure::smallest(known(), |(_, value)| *value))
}

/// The runs of days as areas; the largest above and the largest below say what they come to, if days add up.
fn areas(data: &Days, item: &Item, runs: &[Run], numbers: &Numbers<'_>) -> Vec<Area> {
    let at = |day: NaiveDate| data.days.iter().position(|own| own.day == day);
    let largest = |below: bool| {
        let of_sign = runs.iter().filter(|run| run.sum.is_negative() == below && !run.sum.is_zero());
        Figure::largest(of_sign, |run| run.sum.distance())
    };
    let told = [largest(false), largest(true)];
    let area = |run: &Run| {
        let direction = match (run.sum.is_zero(), run.sum.is_negative()) {
            (true, _) => Direction::Flat,
            (_, true) => Direction::Down,
            (_, false) => Direction::Up,
        };
        let is_told = item.measure.is_additive && told.iter().flatten().any(|told| *told == run);
        Some(Area {
            first: at(run.first)?,
            last: at(run.last)?,
            tone: tone(item.measure.better, Some(direction)),
            text: is_told.then(|| numbers.text(run.sum, true)),
        })
    };
    runs.iter().filter_map(area).collect()
}

fn days_alt(easel: &Easel<'_>, item: &Item, data: &Days, halves: Option<&[Run; 2]>) -> String {
    let locale = easel.locale;
    let whole = |figure: Figure| finding::whole(locale, item, figure);
    let (high, low) = extremes(&data.days);
    let what = described(locale, item);
    let day = |(at, value): Extreme| {
        let day = data.days.get(at).map_or(easel.frame.week.first(), |day| day.day);
        (locale.weekday(day), whole(value))
    };
    let (Some((weekday_max, max)), Some((weekday_min, min))) = (high.map(day), low.map(day)) else {
        return locale.text("days.sub_no_previous", &[("what", &what)]) + easel.sentences().1;
    };
    let (first, last) = (locale.date_tick(easel.frame.week.first()), locale.date_tick(easel.frame.week.last()));
    let values = [
        ("what", what.as_str()),
        ("first", &first),
        ("last", &last),
        ("weekday_max", &weekday_max),
        ("max", &max),
        ("weekday_min", &weekday_min),
        ("min", &min),
    ];
    let has_before = data.days.iter().any(|day| day.before.is_some());
    let mut alt = locale.text(if has_before { "alt.days" } else { "alt.days_no_previous" }, &values);
    if let Some([a, b]) = halves {
        let key = if a.sum.is_negative() { "alt.days_less_more" } else { "alt.days_more_less" };
        let range = |run: &Run| locale.weekdays(run.first, run.last);
        let (x, y) = (whole(a.sum.distance()), whole(b.sum.distance()));
        alt.push_str(&locale.text(key, &[("range_a", &range(a)), ("range_b", &range(b)), ("x", &x), ("y", &y)]));
    }
    if !easel.frame.gaps.is_empty() {
        let days: Vec<String> = easel.frame.gaps.iter().map(|day| locale.weekday(*day)).collect();
        let days = days.join(easel.and());
        alt.push_str(&locale.text("alt.days_gap", &[("nothing", &easel.nothing.0), ("days", &days)]));
    }
    alt + easel.sentences().1
}
