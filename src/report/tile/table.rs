//! Members of dimensions with measures, and rows of a SELECT.

use chrono::{Datelike, NaiveDate};

use super::{Easel, Made};
use crate::error::Result;
use crate::report::data::Rows;
use crate::report::face::Weight;
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause, exact, member, quoted, title};
use crate::report::page::{Body, Cell, Column, Grid, POINTS, Row};
use crate::report::resolve::{Dimension, LISTING, LISTING_MOST, Table, Tile, Values};

/// The part of a tile's width that names may take together, and the least room between columns, in millimetres.
const NAMES: f64 = 0.6;
const BETWEEN: f64 = 3.0;
/// The size of texts in rows and of heads.
const ROW: f64 = 8.0;
const HEAD: f64 = 7.0;

/// A row as texts.
struct Line {
    names: Vec<String>,
    numbers: Vec<String>,
    is_total: bool,
}

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, table: &Table, data: &Rows) -> Result<Made> {
    let locale = easel.locale;
    let lines = lines(easel, table, data);
    let body = match lines.is_empty() {
        true => Body::Text { paragraphs: vec![locale.text("table.empty", &[])] },
        false => grid(easel, tile, table, lines)?,
    };
    let (named, subtitle) = match &table.values {
        Values::Query(..) => (headed(easel, table, data), vec![Clause::new(described(easel, table))]),
        Values::Sql(_) => (finding::lead(locale, table, data), Vec::new()),
    };
    Ok(Made { body, title: named, subtitle, headline: Vec::new(), deck: Vec::new() })
}

/// The members, the others, and all.
fn lines(easel: &Easel<'_>, table: &Table, data: &Rows) -> Vec<Line> {
    let locale = easel.locale;
    let numbers = |values: &[Option<Figure>]| {
        table.items.iter().zip(values).map(|(item, value)| exact(locale, item, *value)).collect::<Vec<_>>()
    };
    let row = |row: &crate::report::data::Row| Line {
        names: table.by.iter().zip(&row.members).map(|(by, key)| named(easel, by, key.as_deref())).collect(),
        numbers: numbers(&row.values),
        is_total: false,
    };
    let mut lines: Vec<Line> = data.rows.iter().map(row).collect();
    if let Some((count, values)) = &data.others {
        let key = locale.form("table.others", usize::try_from(*count).unwrap_or(usize::MAX));
        let n = locale.fixed(Figure::whole((*count).into()), 0, None, false);
        lines.push(Line { names: vec![locale.text(&key, &[("n", &n)])], numbers: numbers(values), is_total: false });
    }
    if table.total && !data.rows.is_empty() {
        let names = vec![locale.text("table.total", &[])];
        lines.push(Line { names, numbers: numbers(&data.total), is_total: true });
    }
    lines
}

/// What a member is called; days from one to the other, as people write them.
fn named(easel: &Easel<'_>, by: &Dimension, key: Option<&str>) -> String {
    let days = key.filter(|_| by.are_days).and_then(|key| {
        let (first, last) = key.split_once('/')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    });
    match (days, by.are_days) {
        (Some(days), _) => from_to(easel, days),
        (None, true) => easel.locale.text("word.missing", &[]),
        (None, false) => member(easel.locale, by, key).0,
    }
}

/// From a day to another: a year that is not the report's own is told, and whether the last day is past.
fn from_to(easel: &Easel<'_>, (first, last): (NaiveDate, NaiveDate)) -> String {
    let (locale, week) = (easel.locale, easel.frame.week);
    let own = week.last().year();
    let year = |day: NaiveDate| match day.year() - own {
        0 => String::new(),
        1 => locale.text("days.year_next", &[("year", &day.year().to_string())]),
        -1 => locale.text("days.year_previous", &[("year", &day.year().to_string())]),
        _ => locale.text("days.year_other", &[("year", &day.year().to_string())]),
    };
    let (year_first, year_last) = (year(first), year(last));
    let (first_text, last_text) = (locale.date_tick(first), locale.date_tick(last));
    let values =
        [("first", first_text.as_str()), ("year_first", &year_first), ("last", &last_text), ("year_last", &year_last)];
    let ended = if last < week.first() { locale.text("days.ended", &[]) } else { String::new() };
    locale.text("days.from_to", &values) + &ended
}

/// The rows in columns that are as wide as what stands in them, with equal room between.
fn grid(easel: &Easel<'_>, tile: &Tile, table: &Table, lines: Vec<Line>) -> Result<Body> {
    let locale = easel.locale;
    let names = table.by.len();
    let mut heads: Vec<String> =
        table.by.iter().map(|by| by.title.get(locale.name).unwrap_or_default().to_owned()).collect();
    heads.extend(table.items.iter().map(|item| title(locale, item).to_owned()));
    let text = |line: &Line, at: usize| {
        let texts = if at < names { line.names.get(at) } else { line.numbers.get(at - names) };
        texts.cloned().unwrap_or_default()
    };
    let weight = |line: &Line| if line.is_total { Weight::Bold } else { Weight::Regular };
    let natural = |at: usize| {
        let head = heads.get(at).map_or(0.0, |head| easel.ruler.width(head, Weight::Regular, HEAD));
        let cells = lines.iter().map(|line| easel.ruler.width(&text(line, at), weight(line), ROW));
        cells.fold(head, f64::max) / POINTS + 0.1
    };
    let natural: Vec<f64> = (0..heads.len()).map(natural).collect();
    let (wide, between) = fitted(&natural, names, tile.area.width);
    let mut rows = Vec::new();
    for line in &lines {
        let mut cells = Vec::new();
        for (at, width) in wide.iter().enumerate() {
            let text = text(line, at);
            let text = match at < names {
                true => easel.cut(&text, weight(line), ROW, *width)?,
                false => easel.number(text, weight(line), ROW, *width)?,
            };
            cells.push(Cell::new(text).bold(line.is_total));
        }
        rows.push(Row { cells, is_total: line.is_total });
    }
    let mut columns = Vec::new();
    for (at, (head, own)) in heads.iter().zip(&wide).enumerate() {
        // The room between two columns belongs to a number's own left, and else to the right of a name.
        let left = if at >= names && at > 0 { between } else { 0.0 };
        let right = if at + 1 < names { between } else { 0.0 };
        let head = easel.cut(head, Weight::Regular, HEAD, *own)?;
        columns.push(Column { head, indent: 0.0, width: own + left + right, is_right: at >= names });
    }
    let pitch = ((tile.area.height - LISTING.head) / rows.len().max(1) as f64).min(LISTING_MOST);
    Ok(Body::Grid(Grid { columns, rows, under: LISTING.head, above: 0.0, pitch, picture: None, over: 0 }))
}

/// The widths of columns, and the room between them: names give way where there is not enough.
fn fitted(natural: &[f64], names: usize, width: f64) -> (Vec<f64>, f64) {
    let gaps = natural.len().saturating_sub(1).max(1) as f64;
    let (of_names, of_numbers) = natural.split_at(names.min(natural.len()));
    let (asked, numbers): (f64, f64) = (of_names.iter().sum(), of_numbers.iter().sum());
    let room = (width - numbers - BETWEEN * gaps).max(0.0).min(width * NAMES);
    let part = if asked > room { room / asked } else { 1.0 };
    let wide: Vec<f64> = of_names.iter().map(|own| own * part).chain(of_numbers.iter().copied()).collect();
    let between = ((width - wide.iter().sum::<f64>()) / gaps).max(0.0);
    (wide, between)
}

/// The members of the first row and their value.
fn headed(easel: &Easel<'_>, table: &Table, data: &Rows) -> Vec<Clause> {
    let locale = easel.locale;
    let first = data.rows.first().and_then(|row| {
        let members = table.by.iter().zip(&row.members).map(|(by, key)| member(locale, by, key.as_deref()).0);
        let named = members.collect::<Vec<_>>().join(easel.and());
        let value = quoted(locale, table.items.first()?, (*row.values.first()?)?);
        Some(locale.text("table.title_first", &[("member", &named), ("value", &value)]))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fill_their_tile_and_names_give_way() {
        let (wide, between) = fitted(&[20.0, 10.0, 12.0], 1, 100.0);
        assert_eq!((wide, between), (vec![20.0, 10.0, 12.0], 29.0));
        let (wide, between) = fitted(&[200.0, 10.0, 12.0], 1, 100.0);
        assert_eq!((wide[0], between), (60.0, 9.0));
        let (wide, between) = fitted(&[50.0, 30.0, 12.0], 1, 80.0);
        assert!((wide[0] - 32.0).abs() < 1e-9 && (between - BETWEEN).abs() < 1e-9, "{wide:?} {between}");
        assert_eq!(fitted(&[40.0], 1, 100.0).0, [40.0]);
    }
}
