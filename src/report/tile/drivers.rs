//! A change by its drivers: a table of what each was and is, and bars of what it did.

use super::{Easel, Made};
use crate::error::Result;
use crate::model::Better;
use crate::report::chart::{Step, Tone, Waterfall as Bars};
use crate::report::data::{Compared, Drivers};
use crate::report::face::Weight;
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause, currency, moved, title, unit};
use crate::report::locale::{Locale, raised};
use crate::report::page::{Body, DriverRow, POINTS, Picture};
use crate::report::resolve::{DRIVERS, Item, Tile, Waterfall};

/// What stays free above the first row, and where the columns of names and numbers end, from the tile's left, in
/// millimetres.
const ABOVE: f64 = 0.93;
const NAMES: f64 = 31.0;
const ENDS: [f64; 3] = [43.7, 57.6, 70.6];
/// The size of texts in rows and of heads.
const ROW: f64 = 8.0;
const HEAD: f64 = 7.0;

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, waterfall: &Waterfall, data: &Drivers) -> Result<Made> {
    let locale = easel.locale;
    let said = finding::change(locale, waterfall, data, easel.frame, &easel.nothing.0);
    let measure = locale.lowered(title(locale, &waterfall.item));
    if easel.frame.previous().is_none() {
        let body = Body::Text { paragraphs: Vec::new() };
        return Ok(Made { body, title: said.title, subtitle: Vec::new(), headline: said.headline, deck: Vec::new() });
    }
    let subtitle = vec![Clause::new(locale.text("drivers.sub", &[("measure", &measure)]))];
    let rows = rows(easel, waterfall, data)?;
    let (picture, axis) = bars(easel, tile, waterfall, data, &rows)?;
    let heads = heads(easel, tile, waterfall, axis)?;
    Ok(Made {
        body: Body::Drivers {
            heads: heads.0,
            widths: vec![NAMES, ENDS[0] - NAMES, ENDS[1] - ENDS[0], ENDS[2] - ENDS[1], tile.area.width - ENDS[2]],
            rows,
            pitch: DRIVERS.pitch,
            above: ABOVE,
            picture,
            axis: heads.1,
        },
        title: said.title,
        subtitle,
        headline: said.headline,
        deck: Vec::new(),
    })
}

/// The heads of the columns, and where that of the bars begins: at the axis, unless it would leave the tile.
fn heads(easel: &Easel<'_>, tile: &Tile, waterfall: &Waterfall, axis: f64) -> Result<(Vec<String>, f64)> {
    let locale = easel.locale;
    let measure = locale.lowered(title(locale, &waterfall.item));
    let sign = match currency(locale, &waterfall.item) {
        Some(currency) if !currency.sign.is_empty() => Some(currency.sign.trim().to_owned()),
        _ => unit(locale, &waterfall.item),
    };
    let effect = match &sign {
        Some(sign) => locale.text("drivers.head_effect", &[("measure", &measure), ("unit", sign)]),
        None => locale.text("drivers.head_effect_plain", &[("measure", &measure)]),
    };
    let keys = ["drivers.head_driver", "drivers.head_last_week", "drivers.head_this_week", "drivers.head_change"];
    let mut heads: Vec<String> = keys.iter().map(|key| locale.text(key, &[])).collect();
    let room = tile.area.width - ENDS[2];
    let width = easel.ruler.width(&effect, Weight::Regular, HEAD) / POINTS;
    heads.push(easel.cut(&effect, Weight::Regular, HEAD, room)?);
    Ok((heads, axis.min(room - width).max(0.0)))
}

/// The measure before, its parts, and the measure now.
fn rows(easel: &Easel<'_>, waterfall: &Waterfall, data: &Drivers) -> Result<Vec<DriverRow>> {
    let locale = easel.locale;
    let item = &waterfall.item;
    let change = moved(locale, item, data.whole.change(&item.measure)).text;
    let named = |key: &str| {
        let what = locale.text(key, &[("measure", title(locale, item))]);
        titled(locale, item, &raised(&what))
    };
    let mut rows = vec![DriverRow {
        name: named("drivers.measure_last_week"),
        before: finding::exact(locale, item, data.whole.previous),
        this: String::new(),
        change: String::new(),
        strong: true,
    }];
    for (part, effect) in data.parts(waterfall) {
        rows.push(part_row(locale, part, &effect.compared));
    }
    rows.push(DriverRow {
        name: named("drivers.measure_this_week"),
        before: String::new(),
        this: finding::exact(locale, item, data.whole.this),
        change,
        strong: true,
    });
    for row in &mut rows {
        let weight = if row.strong { Weight::Bold } else { Weight::Regular };
        row.name = easel.cut(&row.name, weight, ROW, NAMES)?;
        for (number, width) in
            [(&row.before, ENDS[0] - NAMES), (&row.this, ENDS[1] - ENDS[0]), (&row.change, ENDS[2] - ENDS[1])]
        {
            easel.number(number.clone(), weight, ROW, width)?;
        }
    }
    Ok(rows)
}

fn part_row(locale: &Locale, item: &Item, compared: &Compared) -> DriverRow {
    DriverRow {
        name: titled(locale, item, title(locale, item)),
        before: finding::exact(locale, item, compared.previous),
        this: finding::exact(locale, item, compared.this),
        change: moved(locale, item, compared.change(&item.measure)).text,
        strong: false,
    }
}

/// A title with the unit that the language writes behind it.
fn titled(locale: &Locale, item: &Item, what: &str) -> String {
    match unit(locale, item).filter(|_| locale.is_chinese()) {
        Some(unit) => locale.text("word.titled_unit", &[("what", what), ("unit", &unit)]),
        None => what.to_owned(),
    }
}

/// The bars, and how far the axis is from their left, in millimetres.
fn bars(
    easel: &Easel<'_>,
    tile: &Tile,
    waterfall: &Waterfall,
    data: &Drivers,
    rows: &[DriverRow],
) -> Result<(Picture, f64)> {
    let locale = easel.locale;
    let mut steps = vec![Step::Empty];
    let mut at = 0.0;
    let mut parts = Vec::new();
    for (item, effect) in data.parts(waterfall) {
        let effect = effect.effect.unwrap_or(Figure::ZERO);
        let to = at + effect.double();
        steps.push(Step::Effect { from: at, to, tone: meaning(waterfall, effect), label: signed(locale, effect) });
        at = to;
        let n = signed(locale, effect);
        parts.push(locale.text("alt.part", &[("name", &locale.lowered(title(locale, item))), ("n", &n)]));
    }
    let total = data.change().unwrap_or(Figure::ZERO);
    steps.push(Step::Total { to: total.double(), label: signed(locale, total) });
    let (week, before) = (easel.frame.week.number().0.to_string(), easel.frame.week.before(1).number().0.to_string());
    let alt = locale.text(
        "alt.drivers",
        &[
            ("what", &finding::described(locale, &waterfall.item)),
            ("week", &week),
            ("week_before", &before),
            ("parts", &parts.join(easel.comma())),
            ("t", &signed(locale, total)),
        ],
    );
    let size = ((tile.area.width - ENDS[2]) * POINTS, (ABOVE + DRIVERS.pitch * rows.len() as f64) * POINTS);
    let bars = Bars { steps: &steps, names: &[], pitch: DRIVERS.pitch * POINTS, above: ABOVE * POINTS, alt: &alt };
    let (drawing, axis) = bars.draw(easel.ruler, size)?;
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let (alone, _) = Bars { names: &names, ..bars }.draw(easel.ruler, size)?;
    let picture = Picture { alone: Some(alone.svg), ..Picture::new(&tile.name, drawing, Some(alt.clone())) };
    Ok((picture, axis / POINTS))
}

/// What an effect means: the measure's own way is the better one.
fn meaning(waterfall: &Waterfall, effect: Figure) -> Tone {
    match (waterfall.item.measure.better, effect.is_negative()) {
        _ if effect.is_zero() => Tone::Neutral,
        (Some(Better::Higher), false) | (Some(Better::Lower), true) => Tone::Favourable,
        (Some(_), _) => Tone::Adverse,
        (None, _) => Tone::Neutral,
    }
}

/// An effect with its sign and without unit, which the head says.
fn signed(locale: &Locale, effect: Figure) -> String {
    locale.fixed(effect, 0, None, true)
}
