//! Members of dimensions with measures: the largest, what is left of the others, and all by a question of its own.

use crate::error::Result;
use crate::mart::Session;

use super::super::ask::{Answered, Cell, ask, quoted};
use super::super::figure::Figure;
use super::super::resolve::Table;
use super::frame::Frame;

/// The rows of a table.
#[derive(Debug, Clone)]
pub struct Rows {
    /// What was asked: the rows, how many there are, and the total.
    pub answered: Vec<Answered>,
    /// The rows, by the first measure, the largest first.
    pub rows: Vec<Row>,
    /// How many members are not shown, and what is left for them of measures that add up.
    pub others: Option<(u64, Vec<Option<Figure>>)>,
    /// Each measure of all facts.
    pub total: Vec<Option<Figure>>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The members; none where a fact names no known one.
    pub members: Vec<Option<String>>,
    /// The measures.
    pub values: Vec<Option<Figure>>,
}

impl Rows {
    pub(super) async fn ask(session: &Session, table: &Table, frame: &Frame) -> Result<Self> {
        let time = quoted(&table.source.time);
        let mut facts = format!(
            "FROM {} WHERE {time} >= DATE '{}' AND {time} < DATE '{}'",
            quoted(&table.source.cube),
            frame.week.first(),
            frame.week.end()
        );
        if let Some(filter) = &table.filter {
            facts.push_str(&format!(" AND ({})", filter.sql));
        }
        let list = |names: Vec<String>| names.join(", ");
        let by = list(table.by.iter().map(|dimension| quoted(&dimension.name)).collect());
        let measures = list(table.items.iter().map(|item| quoted(&item.measure.name)).collect());
        let keys = table.by.len();
        let rows = ask(
            session,
            &format!(
                "SELECT {by}, {measures} {facts} GROUP BY {by} ORDER BY {} DESC NULLS LAST, {by} LIMIT {}",
                keys + 1,
                table.top
            ),
        )
        .await?;
        let sql = format!("SELECT COUNT(*) AS members FROM (SELECT {by} {facts} GROUP BY {by}) AS groups");
        let count = ask(session, &sql).await?;
        let total = ask(session, &format!("SELECT {measures} {facts}")).await?;
        let found: Vec<Row> = rows
            .rows
            .iter()
            .map(|row| Row {
                members: row.iter().take(keys).map(member).collect(),
                values: row.iter().skip(keys).map(Cell::figure).collect(),
            })
            .collect();
        let all: Vec<Option<Figure>> = total.rows.first().into_iter().flatten().map(Cell::figure).collect();
        let members = count.rows.first().and_then(|row| row.first()?.figure()).map_or(0.0, Figure::double) as u64;
        let others = members.saturating_sub(found.len() as u64);
        let left = (others > 0 && table.others).then(|| (others, rest(table, &found, &all)));
        Ok(Self { rows: found, others: left, total: all, answered: vec![rows, count, total] })
    }
}

fn member(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        cell => Some(cell.written()),
    }
}

/// What is left of each measure for the members that are not shown; none of what does not add up.
fn rest(table: &Table, shown: &[Row], all: &[Option<Figure>]) -> Vec<Option<Figure>> {
    let of = |(at, item): (usize, &crate::report::resolve::Item)| {
        let total = (*all.get(at)?)?;
        let shown = shown.iter().filter_map(|row| *row.values.get(at)?).reduce(Figure::plus).unwrap_or(Figure::ZERO);
        item.measure.is_additive.then(|| total.minus(shown))
    };
    table.items.iter().enumerate().map(of).collect()
}
