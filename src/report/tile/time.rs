//! Charts over time.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::{Easel, Made, tone};
use crate::error::Result;
use crate::report::chart::{Area, Column, Columns, Lines, Look, Mark, Point, Reference, ticks};
use crate::report::data::{Day, Days, OneWeek, Place, Rank, Run, Weeks};
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause, currency, described, quoted_or_missing, rank, split, title};
use crate::report::locale::{Currency, Direction, Locale, Scale};
use crate::report::page::{Body, POINTS, Picture};
use crate::report::period::Week;
use crate::report::resolve::{Chart, Item, NumberKind, Tile};
use crate::report::spec::Finding;

/// How far below a tile's top its chart begins, in millimetres.
const BODY: f64 = 12.0;
/// The most labels of columns above the line; more say nothing.
const LABELS: usize = 8;

/// How the numbers of a chart are written: all alike.
struct Numbers<'a> {
    locale: &'a Locale,
    item: &'a Item,
    scale: Scale,
    currency: Option<Currency>,
}

impl<'a> Numbers<'a> {
    fn new(locale: &'a Locale, item: &'a Item, values: impl Iterator<Item = Figure>) -> Self {
        let largest = Figure::largest(values.map(Figure::distance), |value| *value);
        let scale = locale.scale(largest.unwrap_or(Figure::ZERO));
        Self { locale, item, scale, currency: currency(locale, item) }
    }

    fn text(&self, figure: Figure, signed: bool) -> String {
        match self.item.measure.kind {
            NumberKind::Amount => self.locale.scaled(figure, &self.scale, self.currency.as_ref(), signed),
            NumberKind::PerUnit(decimals) => self.locale.fixed(figure, decimals, self.currency.as_ref(), signed),
            NumberKind::Rate => self.locale.rate(figure),
        }
    }

    fn tick(&self, value: f64) -> String {
        let figure = Figure::Double(value);
        match self.item.measure.kind {
            NumberKind::Rate => self.locale.rate(figure),
            _ => self.locale.tick(figure, &self.scale, self.currency.as_ref()),
        }
    }
}

/// The days of the week as a line.
pub(super) fn days(easel: &Easel<'_>, tile: &Tile, chart: &Chart, data: &Days) -> Result<Made> {
    let (locale, item) = (easel.locale, &chart.item);
    let verb = easel.own(chart.verb.as_ref()).unwrap_or_else(|| locale.text("split.verb", &[]));
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

/// Weeks as columns.
pub(super) fn weeks(easel: &Easel<'_>, tile: &Tile, chart: &Chart, data: &Weeks) -> Result<Made> {
    let (locale, item) = (easel.locale, &chart.item);
    let numbers = Numbers::new(locale, item, data.weeks.iter().filter_map(|week| week.value));
    let columns = columns(locale, chart, data, &numbers);
    let reference = data.this().filter(|_| chart.mark).map(|value| Reference {
        at: value.double(),
        name: locale.text("weeks.this_week", &[]),
        text: numbers.text(value, false),
    });
    let place = Rank::of(data, easel.frame).filter(|_| chart.finding == Some(Finding::Rank));
    let alt = weeks_alt(easel, item, data, place);
    let drawn = Columns { columns: &columns, reference: reference.as_ref(), nothing: &easel.nothing.1, alt: &alt };
    let drawing = drawn.draw(easel.ruler, size(tile))?;
    let (deck, named) = match chart.finding {
        Some(Finding::Rank) => rank(locale, item, data, easel.frame),
        _ => {
            let value = quoted_or_missing(locale, item, data.this());
            let values = [("measure", title(locale, item)), ("value", value.as_str())];
            (Vec::new(), vec![Clause::new(locale.text("weeks.title", &values))])
        }
    };
    Ok(Made {
        body: Body::Chart { picture: Picture::new(&tile.name, drawing, Some(alt)) },
        title: named,
        subtitle: weeks_subtitle(easel, chart, data, &columns),
        headline: Vec::new(),
        deck,
    })
}

fn columns(locale: &Locale, chart: &Chart, data: &Weeks, numbers: &Numbers<'_>) -> Vec<Column> {
    let this = data.this();
    let last = data.weeks.len().saturating_sub(1);
    let is_above = |at: usize, week: &OneWeek| {
        let above = week.value.zip(this).is_some_and(|(value, this)| value.compared(this).is_gt());
        chart.mark && at != last && week.is_complete && above
    };
    let above: Vec<(usize, Figure)> = data
        .weeks
        .iter()
        .enumerate()
        .filter(|(at, week)| is_above(*at, week))
        .filter_map(|(at, week)| Some((at, week.value?)))
        .collect();
    let highest = Figure::largest(above.iter().copied(), |(_, value)| *value);
    let is_labelled = |at: usize| match above.len() {
        0..=LABELS => above.iter().any(|(own, _)| *own == at),
        _ => highest.is_some_and(|(own, _)| own == at),
    };
    let ticks = month_ticks(locale, data);
    let column = |(at, week): (usize, &OneWeek)| Column {
        value: week.value.map(Figure::double),
        look: match () {
            () if at == last => Look::This,
            () if !week.is_complete => Look::Partial,
            () if is_above(at, week) => Look::Above,
            () => Look::Earlier,
        },
        label: week.value.filter(|_| is_labelled(at)).map(|value| numbers.text(value, false)),
        tick: ticks.get(&at).cloned(),
    };
    data.weeks.iter().enumerate().map(column).collect()
}

/// The months, each at the week that holds its first day; where there is none, the first week says its date.
fn month_ticks(locale: &Locale, data: &Weeks) -> BTreeMap<usize, String> {
    let mut ticks = BTreeMap::new();
    for (at, week) in data.weeks.iter().enumerate() {
        if let Some(first) = week.week.days().find(|day| day.day() == 1) {
            ticks.insert(at, locale.month_short(first));
        }
    }
    if let (true, Some(week)) = (ticks.is_empty(), data.weeks.first()) {
        ticks.insert(0, locale.date_tick(week.week.first()));
    }
    ticks
}

fn weeks_subtitle(easel: &Easel<'_>, chart: &Chart, data: &Weeks, columns: &[Column]) -> Vec<Clause> {
    let locale = easel.locale;
    let Some(first) = data.weeks.first() else { return Vec::new() };
    let mut clauses = vec![Clause::new(weeks_since(locale, &chart.item, data))];
    if chart.mark {
        clauses.push(Clause::new(locale.text("weeks.sub_line", &[])));
        if columns.iter().any(|column| column.look == Look::Above) {
            clauses.push(Clause::new(locale.text("weeks.sub_above", &[])));
        }
    }
    if columns.first().is_some_and(|column| column.look == Look::Partial) {
        let n = first.days as usize;
        let (count, digits) = (locale.count(n), n.to_string());
        let key = locale.form("weeks.sub_partial", n);
        clauses.push(Clause::new(locale.text(&key, &[("count", &count), ("n", &digits)])));
    }
    // Slots are narrow, and rarely have room for the words themselves.
    if columns.iter().any(|column| column.value.is_none()) {
        clauses.push(Clause::new(locale.text("weeks.sub_gap", &[("nothing", &easel.nothing.1)])));
    }
    clauses
}

/// The measure by week, and since when.
fn weeks_since(locale: &Locale, item: &Item, data: &Weeks) -> String {
    let Some(first) = data.weeks.first() else { return String::new() };
    let since = first.week.days().nth(7 - (first.days as usize).clamp(1, 7)).unwrap_or(first.week.first());
    let since = if first.is_complete { first.week.first() } else { since };
    let what = described(locale, item);
    let (day, year) = (since.day().to_string(), since.year().to_string());
    let values = [("what", what.as_str()), ("day", &day), ("month", &locale.month(since)), ("year", &year)];
    locale.text("weeks.sub", &values)
}

fn weeks_alt(easel: &Easel<'_>, item: &Item, data: &Weeks, place: Option<Rank>) -> String {
    let locale = easel.locale;
    let complete: Vec<(Week, Figure)> = data.complete().collect();
    let told = |(week, value): (Week, Figure)| (locale.date_tick(week.first()), finding::whole(locale, item, value));
    let high = Figure::largest(complete.iter().copied(), |(_, value)| *value).map(told);
    let low = Figure::smallest(complete.iter().copied(), |(_, value)| *value).map(told);
    let (Some((date_max, max)), Some((date_min, min))) = (high, low) else {
        return weeks_since(locale, item, data) + easel.sentences().1;
    };
    let x = data.this().map_or_else(|| locale.text("word.missing", &[]), |this| finding::whole(locale, item, this));
    let (what, n, last) =
        (described(locale, item), complete.len().to_string(), locale.date_tick(easel.frame.week.last()));
    let mut alt = locale.text(
        "alt.weeks",
        &[
            ("what", what.as_str()),
            ("n", &n),
            ("last", &last),
            ("date_max", &date_max),
            ("max", &max),
            ("date_min", &date_min),
            ("min", &min),
            ("x", &x),
        ],
    );
    if let Some(rank) = place {
        let (key, at) = match rank.place {
            Place::Low(at) => ("alt.weeks_rank_low", at),
            Place::Last => ("alt.weeks_rank_low", 1),
            Place::First | Place::High(_) => ("alt.weeks_rank", rank.from_top),
        };
        alt.push_str(&locale.text(key, &[("rank", &at.to_string())]));
    }
    alt + easel.sentences().1
}

/// The size of a tile's chart, in points.
fn size(tile: &Tile) -> (f64, f64) {
    (tile.area.width * POINTS, (tile.area.height - BODY) * POINTS)
}
