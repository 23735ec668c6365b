//! Weeks as columns.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::numbers::{Numbers, size};
use super::{Easel, Made};
use crate::error::Result;
use crate::report::chart::{Column, Columns, Look, Reference, Tick};
use crate::report::data::{OneWeek, Place, Rank, Weeks};
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause, count, described, quoted_or_missing, rank, title};
use crate::report::locale::{Locale, filled};
use crate::report::page::{Body, Picture};
use crate::report::period::Week;
use crate::report::resolve::{Chart, Item, Tile};
use crate::report::spec::{ChartKind, Finding};

/// The most labels of columns above the line; more say nothing.
const LABELS: usize = 8;
/// Up to so many columns all have a label and the date of their Monday.
const ALL: usize = 13;

/// Weeks as columns.
pub(super) fn make(easel: &Easel<'_>, tile: &Tile, chart: &Chart, data: &Weeks) -> Result<Made> {
    let (locale, item) = (easel.locale, &chart.item);
    let numbers = Numbers::new(locale, item, data.weeks.iter().filter_map(|week| week.value));
    let columns = columns(locale, chart, data, &numbers);
    let reference = data.this().filter(|_| chart.mark.is_some()).map(|value| Reference {
        at: value.double(),
        name: locale.text("weeks.this_week", &[]),
        text: numbers.text(value, false),
    });
    let alt = weekly_alt(easel, chart, data, "alt.weeks", None);
    let drawn = Columns { columns: &columns, reference: reference.as_ref(), nothing: &easel.nothing.1, alt: &alt };
    let drawing = drawn.draw(easel.ruler, size(tile))?;
    let (deck, named) = match chart.finding {
        Some(Finding::Rank) => rank(locale, item, data, easel.frame),
        Some(Finding::Count) => count(locale, chart, data),
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
        chart.mark.is_some() && at != last && week.is_complete && above
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
    let months = month_ticks(locale, data);
    let all = is_each_told(chart, data);
    let label = |at: usize, value: Figure| match () {
        () if all && data.weeks.len() > LABELS && at > 0 => Some(numbers.bare(value)),
        () if all || is_labelled(at) => Some(numbers.text(value, false)),
        () => None,
    };
    let tick = |at: usize, week: &OneWeek| match all {
        true => Some(monday(locale, at, week.week)),
        false => months.get(&at).map(|month| Tick::Begins(month.clone())),
    };
    let column = |(at, week): (usize, &OneWeek)| Column {
        value: week.value.map(Figure::double),
        look: match () {
            () if at == last => Look::This,
            () if !week.is_complete => Look::Partial,
            () if is_above(at, week) => Look::Above,
            () => Look::Earlier,
        },
        label: week.value.and_then(|value| label(at, value)),
        tick: tick(at, week),
    };
    data.weeks.iter().enumerate().map(column).collect()
}

/// Whether each column has its label and its date.
fn is_each_told(chart: &Chart, data: &Weeks) -> bool {
    chart.kind == ChartKind::Columns && chart.mark.is_none() && data.weeks.len() <= ALL
}

/// The Monday of a week: in English the month stands below the day, at the first and where it changes.
fn monday(locale: &Locale, at: usize, week: Week) -> Tick {
    let day = week.first();
    if locale.is_chinese() {
        return Tick::Under(locale.date_tick(day), None);
    }
    let is_new = at == 0 || week.before(1).first().month() != day.month();
    Tick::Under(day.day().to_string(), is_new.then(|| locale.month_short(day)))
}

/// The months, each at the week that holds its first day; where there is none, the first week says its date.
pub(super) fn month_ticks(locale: &Locale, data: &Weeks) -> BTreeMap<usize, String> {
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
    let told = is_each_told(chart, data);
    let lead = if told { about(easel, chart, data) } else { weeks_since(locale, &chart.item, data) };
    let mut clauses = vec![Clause::new(lead)];
    if told {
        clauses.push(Clause::new(locale.text("weeks.sub_mondays", &[])));
    }
    if chart.mark.is_some() {
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

/// What some weeks show, and how many they are.
pub(super) fn about(easel: &Easel<'_>, chart: &Chart, data: &Weeks) -> String {
    let locale = easel.locale;
    let n = data.weeks.iter().filter(|week| week.is_complete).count();
    let weeks = locale.text(&locale.form("word.weeks", n), &[("n", &n.to_string())]);
    match easel.own(chart.phrases.about.as_ref()) {
        Some(about) => filled(&about, &[("weeks", &weeks)]),
        None => locale.text("trend.sub", &[("what", &described(locale, &chart.item)), ("weeks", &weeks)]),
    }
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

/// The weeks in words: the highest and the lowest, this one, and what it is compared with.
pub(super) fn weekly_alt(easel: &Easel<'_>, chart: &Chart, data: &Weeks, key: &str, average: Option<Figure>) -> String {
    let (locale, item) = (easel.locale, &chart.item);
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
        key,
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
    if let Some(average) = average {
        alt.push_str(&locale.text("alt.average", &[("avg", &finding::whole(locale, item, average))]));
    }
    if let Some(before) = data.compared.previous.filter(|_| is_each_told(chart, data)) {
        alt.push_str(&locale.text("alt.previous", &[("y", &finding::whole(locale, item, before))]));
    }
    if let Some(rank) = Rank::of(data, easel.frame).filter(|_| chart.finding == Some(Finding::Rank)) {
        let (key, at) = match rank.place {
            Place::Low(at) => ("alt.weeks_rank_low", at),
            Place::Last => ("alt.weeks_rank_low", 1),
            Place::First | Place::High(_) => ("alt.weeks_rank", rank.from_top),
        };
        alt.push_str(&locale.text(key, &[("rank", &at.to_string())]));
    }
    alt + easel.sentences().1
}
