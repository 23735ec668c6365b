//! A change by its drivers: a table of what each was and is, and bars of what it did.

use super::{Easel, Made};
use crate::error::Result;
use crate::model::Better;
use crate::report::chart::{Step, Tone, Waterfall as Bars};
use crate::report::data::Drivers;
use crate::report::face::Weight;
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause, currency, moved, title, unit};
use crate::report::locale::{Locale, raised};
use crate::report::page::{Body, Cell, Column, Grid, POINTS, Picture, Row};
use crate::report::resolve::{DRIVERS, Item, Tile, Waterfall};

/// How far the rule below the heads is from the tile's top, what stays free above the first row, and where the columns of names and numbers end, from the tile's left, in
/// millimetres.
const UNDER: f64 = 15.6;
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
    let columns = columns(easel, tile, waterfall, axis)?;
    let grid = Grid {
        over: columns.len() - 1,
        columns,
        rows,
        under: UNDER,
        above: ABOVE,
        pitch: DRIVERS.pitch,
        picture: Some(picture),
    };
    Ok(Made { body: Body::Grid(grid), title: said.title, subtitle, headline: said.headline, deck: Vec::new() })
}

/// The columns; the head of the bars begins at the axis, unless it would leave the tile.
fn columns(easel: &Easel<'_>, tile: &Tile, waterfall: &Waterfall, axis: f64) -> Result<Vec<Column>> {
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
    let widths = [NAMES, ENDS[0] - NAMES, ENDS[1] - ENDS[0], ENDS[2] - ENDS[1]];
    let text = |(at, (key, width)): (usize, (&&str, f64))| Column {
        head: locale.text(key, &[]),
        indent: 0.0,
        width,
        is_right: at > 0,
    };
    let mut columns: Vec<Column> = keys.iter().zip(widths).enumerate().map(text).collect();
    let room = tile.area.width - ENDS[2];
    let width = easel.ruler.width(&effect, Weight::Regular, HEAD) / POINTS;
    let head = easel.cut(&effect, Weight::Regular, HEAD, room)?;
    columns.push(Column { head, indent: axis.min(room - width).max(0.0), width: room, is_right: false });
    Ok(columns)
}

/// The measure before, its parts, and the measure now.
fn rows(easel: &Easel<'_>, waterfall: &Waterfall, data: &Drivers) -> Result<Vec<Row>> {
    let locale = easel.locale;
    let item = &waterfall.item;
    let change = moved(locale, item, data.whole.change(&item.measure)).text;
    let named = |key: &str| {
        let what = locale.text(key, &[("measure", title(locale, item))]);
        titled(locale, item, &raised(&what))
    };
    let none = String::new;
    let before = finding::exact(locale, item, data.whole.previous);
    let mut rows = vec![row(easel, [named("drivers.measure_last_week"), before, none(), none()], true)?];
    for (part, effect) in data.parts(waterfall) {
        let compared = &effect.compared;
        let texts = [
            titled(locale, part, title(locale, part)),
            finding::exact(locale, part, compared.previous),
            finding::exact(locale, part, compared.this),
            moved(locale, part, compared.change(&part.measure)).text,
        ];
        rows.push(row(easel, texts, false)?);
    }
    let this = finding::exact(locale, item, data.whole.this);
    rows.push(Row { is_total: true, ..row(easel, [named("drivers.measure_this_week"), none(), this, change], true)? });
    Ok(rows)
}

/// A row of a name, what it was, what it is, and how far it moved.
fn row(easel: &Easel<'_>, [name, before, this, change]: [String; 4], strong: bool) -> Result<Row> {
    let weight = if strong { Weight::Bold } else { Weight::Regular };
    let name = easel.cut(&name, weight, ROW, NAMES)?;
    let mut cells = vec![Cell::new(name).bold(strong)];
    let fills = if strong { ["ink"; 3] } else { ["third", "ink", "second"] };
    let widths = [ENDS[0] - NAMES, ENDS[1] - ENDS[0], ENDS[2] - ENDS[1]];
    for ((text, fill), width) in [before, this, change].into_iter().zip(fills).zip(widths) {
        cells.push(Cell::new(easel.number(text, weight, ROW, width)?).filled(fill).bold(strong));
    }
    Ok(Row { cells, is_total: false })
}

/// A title with the unit that the language writes behind it.
fn titled(locale: &Locale, item: &Item, what: &str) -> String {
    match unit(locale, item).filter(|_| locale.is_chinese()) {
        Some(unit) => locale.text("word.titled_unit", &[("what", what), ("unit", &unit)]),
        None => what.to_owned(),
    }
}

/// The bars, and how far the axis is from their left, in millimetres.
fn bars(easel: &Easel<'_>, tile: &Tile, waterfall: &Waterfall, data: &Drivers, rows: &[Row]) -> Result<(Picture, f64)> {
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
    let names: Vec<String> = rows.iter().filter_map(|row| Some(row.cells.first()?.text.clone())).collect();
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
