//! A measure by weekday and hour.

use chrono::Datelike;

use super::numbers::size;
use super::{Easel, Made, tone};
use crate::error::Result;
use crate::report::chart::{HEAT_STEPS, Heat as Drawn, HeatCell, HeatRow};
use crate::report::data::{Heat, HotDay, change};
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause, lull_text, moved};
use crate::report::page::{Body, Picture};
use crate::report::resolve::{Heat as Asked, Tile};

/// The hundredths of the largest hour at which steps begin, behind those of nothing and of one.
const SHARES: [f64; HEAT_STEPS - 2] = [0.15, 0.30, 0.50, 0.75];

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, asked: &Asked, data: &Heat) -> Result<Made> {
    let locale = easel.locale;
    let own = |words: &crate::model::Text| words.get(locale.name).unwrap_or_default().to_owned();
    let (deck, title) = finding::heat(locale, asked, data, easel.frame, &easel.nothing.0);
    let steps = steps(data.largest.double());
    let night = locale.text("heat.night", &[("last", &asked.night.saturating_sub(1).to_string())]);
    let hours: Vec<String> = data
        .hours
        .iter()
        .enumerate()
        .map(|(at, hour)| if at == 0 { night.clone() } else { hour.to_string() })
        .collect();
    let rows: Vec<HeatRow> = data.days.iter().map(|day| row(easel, asked, day, &steps)).collect();
    let key = key(easel, &steps);
    let hatched = data.days.iter().flat_map(|day| &day.cells).any(|cell| cell.is_lull);
    let hatched = hatched.then(|| locale.text("heat.key_hatch", &[]));
    let alt = alt(easel, asked, data);
    let change_head = if easel.frame.four().is_some() { locale.text("heat.head_change", &[]) } else { String::new() };
    let drawn = Drawn {
        hours: &hours,
        rows: &rows,
        heads: (&own(&asked.names[2]), &change_head),
        key: (&key, hatched.as_deref()),
        nothing: &easel.nothing.1,
        alt: &alt,
    };
    let drawing = drawn.draw(easel.ruler, size(tile))?;
    let zone = locale.zone(easel.zone);
    let sub = if easel.frame.four().is_some() { "heat.sub" } else { "heat.sub_no_four" };
    let (what, day) = (own(&asked.names[1]), locale.lowered(&own(&asked.names[2])));
    let subtitle = locale.text(sub, &[("what", &what), ("day", &day), ("zone", &zone)]);
    Ok(Made {
        body: Body::Chart { picture: Picture::new(&tile.name, drawing, Some(alt)) },
        title,
        subtitle: vec![Clause::new(subtitle)],
        headline: Vec::new(),
        deck,
    })
}

/// Where the steps begin: at nothing, at one, and at parts of the largest, each to the nearest round number; equal ones are
/// one.
fn steps(largest: f64) -> Vec<f64> {
    let most = (largest / 10.0).max(1.0);
    let power = 10_f64.powf(most.log10().floor());
    let unit = [5.0, 2.0, 1.0].map(|step| step * power).into_iter().find(|unit| *unit <= most).unwrap_or(1.0);
    let mut steps = vec![0.0, 1.0];
    for share in SHARES {
        let begin = (share * largest / unit).round() * unit;
        if steps.last().is_none_or(|last| begin > *last) {
            steps.push(begin);
        }
    }
    steps
}

fn row(easel: &Easel<'_>, asked: &Asked, day: &HotDay, steps: &[f64]) -> HeatRow {
    let locale = easel.locale;
    let whole = |figure: Figure| locale.fixed(figure, 0, None, false);
    let cell = |cell: &crate::report::data::HotCell| {
        let value = cell.beside.this;
        HeatCell {
            step: steps.iter().rposition(|begin| value.double() >= *begin).unwrap_or(0),
            text: if value.is_zero() && !cell.is_lull { String::new() } else { whole(value) },
            is_hatched: cell.is_lull,
        }
    };
    let moved = moved(locale, &asked.item, change(&asked.item.measure, Some(day.whole.this), day.whole.average));
    let number = if locale.is_chinese() { locale.date_tick(day.day) } else { day.day.day().to_string() };
    let is_told = day.has_facts && easel.frame.four().is_some();
    HeatRow {
        name: (locale.weekday_axis(day.day), number),
        cells: day.has_facts.then(|| day.cells.iter().map(cell).collect()),
        whole: (day.whole.this.double(), whole(day.whole.this)),
        change: (if is_told { moved.text } else { String::new() }, tone(asked.item.measure.better, moved.direction)),
    }
}

/// What the steps mean: from where each begins to before the next.
fn key(easel: &Easel<'_>, steps: &[f64]) -> Vec<String> {
    let locale = easel.locale;
    let whole = |value: f64| locale.fixed(Figure::Double(value), 0, None, false);
    let ends = steps.iter().skip(1).map(Some).chain([None]);
    let text = |(begin, next): (&f64, Option<&f64>)| match next {
        Some(next) if next - begin <= 1.0 => whole(*begin),
        Some(next) => locale.text("heat.key_range", &[("a", &whole(*begin)), ("b", &whole(next - 1.0))]),
        None => locale.text("heat.key_top", &[("a", &whole(*begin))]),
    };
    steps.iter().zip(ends).map(text).collect()
}

fn alt(easel: &Easel<'_>, asked: &Asked, data: &Heat) -> String {
    let locale = easel.locale;
    let whole = |figure: Figure| locale.fixed(figure, 0, None, false);
    let many = asked.names[1].get(locale.name).unwrap_or_default();
    let (first, last) = (locale.date_tick(easel.frame.week.first()), locale.date_tick(easel.frame.week.last()));
    let cells =
        data.days.iter().flat_map(|day| day.cells.iter().zip(&data.hours).map(move |(cell, hour)| (day, hour, cell)));
    let mut alt = locale.text("alt.heat", &[("many", many), ("first", &first), ("last", &last)]);
    if let Some((day, hour, cell)) = Figure::largest(cells, |(_, _, cell)| cell.beside.this) {
        let (weekday, hour, max) = (locale.weekday(day.day), hour.to_string(), whole(cell.beside.this));
        alt.push_str(&locale.text("alt.heat_most", &[("weekday_max", &weekday), ("hour_max", &hour), ("max", &max)]));
    }
    if let Some(lull) = data.lull() {
        alt.push_str(&lull_text(locale, &lull, "alt.heat_lull"));
    }
    let days = || data.days.iter().filter(|day| day.has_facts);
    let (high, low) = (Figure::largest(days(), |day| day.whole.this), Figure::smallest(days(), |day| day.whole.this));
    if let (Some(high), Some(low)) = (high, low) {
        let values = [
            ("weekday_max", locale.weekday(high.day)),
            ("max", whole(high.whole.this)),
            ("weekday_min", locale.weekday(low.day)),
            ("min", whole(low.whole.this)),
        ];
        alt.push_str(&locale.text("alt.heat_days", &values.each_ref().map(|(name, value)| (*name, value.as_str()))));
    }
    if !easel.frame.gaps.is_empty() {
        let gaps: Vec<String> = easel.frame.gaps.iter().map(|day| locale.weekday(*day)).collect();
        let values = [("nothing", easel.nothing.0.as_str()), ("days", &gaps.join(easel.and()))];
        alt.push_str(&locale.text("alt.days_gap", &values));
    }
    alt + easel.sentences().1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_numbers() {
        assert_eq!(steps(66.0), [0.0, 1.0, 10.0, 20.0, 35.0, 50.0]);
        assert_eq!(steps(10_000.0), [0.0, 1.0, 2_000.0, 3_000.0, 5_000.0, 8_000.0]);
        assert_eq!(steps(3.0), [0.0, 1.0, 2.0], "equal ones are one");
        assert_eq!(steps(0.0), [0.0, 1.0]);
    }
}
