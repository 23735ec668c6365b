//! A row of measures.

use super::{Easel, Made, tone};
use crate::error::Result;
use crate::report::chart::{AROUND, spark};
use crate::report::data::{Kpi, change};
use crate::report::face::Weight;
use crate::report::figure::Figure;
use crate::report::finding::{moved, number, title, unit};
use crate::report::page::{self, Body, KpiRow, KpiTile, POINTS, Picture};
use crate::report::resolve::{Item, Kpis, NumberKind, Tile};
use crate::report::spec::Comparison;

/// The room between measures.
const GUTTER: f64 = 5.0;
/// Where the small line stands in a measure's place, from its right edge and from its top.
const SPARK: (f64, f64, f64, f64) = (19.1, 7.8, 18.2, 6.2);
/// Where the values of comparisons end, from the right, and how wide values and changes may be.
const VALUE_WIDTH: f64 = 17.0;
const CHANGE_WIDTH: f64 = 16.5;

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, kpis: &Kpis, values: &[Kpi]) -> Result<Made> {
    let count = kpis.items.len().max(1) as f64;
    let width = (tile.area.width + GUTTER) / count - GUTTER;
    let mut items = Vec::new();
    for (at, (item, value)) in kpis.items.iter().zip(values).enumerate() {
        let left = tile.area.left + (width + GUTTER) * at as f64;
        items.push(one(easel, tile, kpis, (left, width), item, value)?);
    }
    let none = Vec::new;
    Ok(Made { body: Body::Kpis { items }, title: none(), subtitle: none(), headline: none(), deck: none() })
}

fn one(
    easel: &Easel<'_>,
    tile: &Tile,
    kpis: &Kpis,
    (left, width): (f64, f64),
    item: &Item,
    kpi: &Kpi,
) -> Result<KpiTile> {
    let locale = easel.locale;
    let shown = |figure: Option<Figure>| {
        figure.map_or_else(|| locale.text("word.missing", &[]), |figure| number(locale, item, figure))
    };
    let value = shown(kpi.compared.this);
    let spark_room = width - SPARK.0;
    let weeks = kpis.spark.map(|weeks| locale.text("kpi.weeks", &[("n", &weeks.to_string())]));
    // A value as wide as its place has it alone.
    let value_width = easel.ruler.width(&value, Weight::Bold, 22.0) / POINTS;
    // One week alone makes no line.
    let is_line = kpi.spark.iter().filter(|(_, value)| value.is_some()).count() > 1;
    let has_spark = kpis.spark.is_some() && is_line && value_width < spark_room;
    let spark = if has_spark {
        Some(line(easel, tile, item, kpi)?.at(spark_room - AROUND / POINTS, SPARK.1 - AROUND / POINTS))
    } else {
        None
    };
    let weeks = weeks.filter(|_| has_spark);
    let weeks_width = weeks.as_ref().map_or(0.0, |weeks| easel.ruler.width(weeks, Weight::Regular, 7.5) / POINTS + 2.0);
    // The currency is told by its sign, where the language has one before the number.
    let unit = unit(locale, item).filter(|_| locale.is_chinese() || item.unit.is_some());
    easel.ruler.check(unit.as_deref().unwrap_or_default())?;
    let unit_width = unit.as_ref().map_or(0.0, |unit| easel.ruler.width(unit, Weight::Regular, 7.5) / POINTS + 1.5);
    Ok(KpiTile {
        left,
        width,
        name: easel.cut(title(locale, item), Weight::Bold, 8.5, width - weeks_width - unit_width)?,
        unit: unit.filter(|unit| !unit.is_empty()),
        weeks,
        value: easel.number(value, Weight::Bold, 22.0, width)?,
        rows: rows(easel, kpis, item, kpi, width)?,
        spark,
    })
}

fn rows(easel: &Easel<'_>, kpis: &Kpis, item: &Item, kpi: &Kpi, width: f64) -> Result<Vec<KpiRow>> {
    let locale = easel.locale;
    let compared = &kpi.compared;
    let mut bases: Vec<(&str, Option<Figure>)> = Vec::new();
    for comparison in &kpis.compare {
        match comparison {
            Comparison::Previous => bases.push(("kpi.last_week", compared.previous)),
            Comparison::AverageOfFour if easel.frame.four().is_some() => {
                bases.push(("kpi.average", compared.average));
            }
            // Four weeks that the data do not reach back to are left out, and the foot of the page says so.
            Comparison::AverageOfFour => {}
        }
    }
    if let Some(target) = item.target.and_then(Figure::of_double) {
        bases.push(("kpi.target", Some(target)));
    }
    let mut rows = Vec::new();
    for (key, base) in bases {
        let moved = moved(locale, item, change(&item.measure, compared.this, base));
        let value = base.map_or_else(|| locale.text("word.missing", &[]), |base| number(locale, item, base));
        rows.push(KpiRow {
            name: easel.cut(&locale.text(key, &[]), Weight::Regular, 8.0, width - VALUE_WIDTH - CHANGE_WIDTH + 6.0)?,
            value: easel.number(value, Weight::Regular, 8.0, VALUE_WIDTH)?,
            change: easel.number(moved.text, Weight::Bold, 8.0, CHANGE_WIDTH)?,
            tone: page::tone(tone(item.measure.better, moved.direction)),
        });
    }
    Ok(rows)
}

fn line(easel: &Easel<'_>, tile: &Tile, item: &Item, kpi: &Kpi) -> Result<Picture> {
    let share =
        |figure: Figure| if item.measure.kind == NumberKind::Rate { figure.double() * 100.0 } else { figure.double() };
    let values: Vec<Option<f64>> = kpi.spark.iter().map(|(_, value)| value.map(share)).collect();
    let size = (SPARK.2 * POINTS + 2.0 * AROUND, SPARK.3 * POINTS + 2.0 * AROUND);
    let drawing = spark(easel.ruler, size, &values)?;
    Ok(Picture::new(&format!("{}-{}", tile.name, item.measure.name), drawing, None))
}
