//! Members of dimensions with measures.

use super::{Easel, Made};
use crate::error::Result;
use crate::report::data::Rows;
use crate::report::face::Weight;
use crate::report::figure::Figure;
use crate::report::finding::{Clause, exact, quoted, title};
use crate::report::page::{Body, ListingRow};
use crate::report::resolve::{Dimension, LISTING, Table, Tile, Values};

/// The part of a tile's width that names take, and the room between columns, in millimetres.
const NAMES: f64 = 0.4;
const BETWEEN: f64 = 2.0;
/// The size of texts in rows and of heads.
const ROW: f64 = 8.0;
const HEAD: f64 = 7.0;

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, table: &Table, data: &Rows) -> Result<Made> {
    let locale = easel.locale;
    let names = table.by.len();
    let (name_width, value_width) = widths(tile, table);
    let mut rows = Vec::new();
    for row in &data.rows {
        let members =
            table.by.iter().zip(&row.members).map(|(dimension, member)| called(easel, dimension, member.as_deref()));
        rows.push((members.collect::<Vec<_>>(), &row.values, false));
    }
    if let Some((count, values)) = &data.others {
        let key = locale.form("table.others", usize::try_from(*count).unwrap_or(usize::MAX));
        rows.push((
            vec![locale.text(&key, &[("n", &locale.fixed(Figure::whole((*count).into()), 0, None, false))])],
            values,
            false,
        ));
    }
    if table.total && !data.rows.is_empty() {
        rows.push((vec![locale.text("table.total", &[])], &data.total, true));
    }
    let mut lines = Vec::new();
    for (members, values, strong) in rows {
        let weight = if strong { Weight::Bold } else { Weight::Regular };
        let mut cells = Vec::new();
        for at in 0..names {
            let member = members.get(at).map(String::as_str).unwrap_or_default();
            cells.push(easel.cut(member, weight, ROW, name_width - BETWEEN)?);
        }
        for (item, value) in table.items.iter().zip(values) {
            cells.push(easel.number(exact(locale, item, *value), weight, ROW, value_width - BETWEEN)?);
        }
        lines.push(ListingRow { cells, strong });
    }
    let mut heads = Vec::new();
    for dimension in &table.by {
        heads.push(easel.cut(
            dimension.title.get(locale.name).unwrap_or_default(),
            Weight::Regular,
            HEAD,
            name_width,
        )?);
    }
    for item in &table.items {
        heads.push(easel.cut(title(locale, item), Weight::Regular, HEAD, value_width - BETWEEN)?);
    }
    let widths = std::iter::repeat_n(name_width, names).chain(std::iter::repeat_n(value_width, table.items.len()));
    let body = match lines.is_empty() {
        true => Body::Text { paragraphs: vec![locale.text("table.empty", &[])] },
        false => Body::Table { heads, names, widths: widths.collect(), rows: lines, pitch: LISTING.pitch },
    };
    let (named, subtitle) = match &table.values {
        Values::Query(..) => (headed(easel, table, data), vec![Clause::new(described(easel, table))]),
        Values::Sql(_) => (Vec::new(), Vec::new()),
    };
    Ok(Made { body, title: named, subtitle, headline: Vec::new(), deck: Vec::new() })
}

fn widths(tile: &Tile, table: &Table) -> (f64, f64) {
    let (names, values) = (table.by.len() as f64, table.items.len() as f64);
    let width = tile.area.width;
    (width * NAMES / names, width * (1.0 - NAMES) / values)
}

/// What a member is called in the language; unknown ones have no name of their own.
fn called(easel: &Easel<'_>, dimension: &Dimension, member: Option<&str>) -> String {
    let Some(member) = member else { return easel.locale.text("word.unknown", &[]) };
    let label = dimension.labels.as_ref().and_then(|labels| labels.get(member, easel.locale.name));
    label.unwrap_or(member).to_owned()
}

/// The members of the first row and their value.
fn headed(easel: &Easel<'_>, table: &Table, data: &Rows) -> Vec<Clause> {
    let locale = easel.locale;
    let first = data.rows.first().and_then(|row| {
        let members = table.by.iter().zip(&row.members).map(|(by, member)| called(easel, by, member.as_deref()));
        let member = members.collect::<Vec<_>>().join(easel.and());
        let value = quoted(locale, table.items.first()?, (*row.values.first()?)?);
        Some(locale.text("table.title_first", &[("member", &member), ("value", &value)]))
    });
    // A long name leaves no room for the sentence about it.
    let item = table.items.first().map(|item| title(locale, item).to_owned()).unwrap_or_default();
    let text = first.unwrap_or_else(|| item.clone());
    vec![Clause::new(text).with_short(Some(item)).mandatory()]
}

fn described(easel: &Easel<'_>, table: &Table) -> String {
    let locale = easel.locale;
    let joint = easel.and();
    let measures: Vec<String> = table.items.iter().map(|item| locale.lowered(title(locale, item))).collect();
    let dimensions: Vec<String> =
        table.by.iter().map(|by| locale.lowered(by.title.get(locale.name).unwrap_or_default())).collect();
    locale.text("table.sub", &[("measures", &measures.join(joint)), ("dimensions", &dimensions.join(joint))])
}
