//! Rows of names and numbers: the largest members of dimensions, what is left of the others, and all by a question of its
//! own; or what a SELECT gives.

use crate::error::{Error, Result};
use crate::mart::Session;

use super::super::ask::{Answered, Cell, ask, quoted};
use super::super::figure::Figure;
use super::super::resolve::{Dimension, Filter, Source, Table, Values};
use super::frame::Frame;
use super::series::{ask_sql, facts};

/// The rows of a table.
#[derive(Debug, Clone)]
pub struct Rows {
    /// What was asked: the rows, how many there are, and the total.
    pub answered: Vec<Answered>,
    /// What its numbers are called.
    pub numbers: Vec<String>,
    /// The rows: of members by the first measure, the largest first.
    pub rows: Vec<Row>,
    /// How many members are not shown, and what is left for them of measures that add up.
    pub others: Option<(u64, Vec<Option<Figure>>)>,
    /// Each measure of all facts; nothing where none is asked for.
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
    /// The row that has the most in the column that its table leads by, and what part of all that is; none where there is
    /// nothing in it.
    pub fn lead(&self, table: &Table) -> Option<(&Row, Option<Figure>)> {
        let by = table.lead.as_ref()?;
        let at = self.numbers.iter().position(|name| *name == by.by)?;
        let value = |row: &Row| row.values.get(at).copied().flatten();
        let (row, most) =
            Figure::largest(self.rows.iter().filter_map(|row| Some((row, value(row)?))), |(_, most)| *most)?;
        let total = self.total.get(at).copied().flatten();
        let all = total.or_else(|| self.rows.iter().filter_map(value).reduce(Figure::plus))?;
        if most.is_zero() { None } else { Some((row, most.over(all))) }
    }

    pub(super) async fn ask(session: &Session, table: &Table, frame: &Frame) -> Result<Self> {
        match &table.values {
            Values::Query(source, filter) => Self::of_members(session, table, source, filter.as_ref(), frame).await,
            Values::Sql(sql) => Self::of_sql(session, table, sql, frame).await,
        }
    }

    async fn of_members(
        session: &Session,
        table: &Table,
        source: &Source,
        filter: Option<&Filter>,
        frame: &Frame,
    ) -> Result<Self> {
        let facts = facts(source, (frame.week.first(), frame.week.end()), filter);
        let list = |names: Vec<String>| names.join(", ");
        let by = list(table.by.iter().map(|dimension| quoted(&dimension.name)).collect());
        let measures = list(table.items.iter().map(|item| quoted(&item.measure.name)).collect());
        let order = format!("ORDER BY {} DESC NULLS LAST, {by} LIMIT {}", table.by.len() + 1, table.top);
        let rows = ask(session, &format!("SELECT {by}, {measures} {facts} GROUP BY {by} {order}")).await?;
        let sql = format!("SELECT COUNT(*) AS members FROM (SELECT {by} {facts} GROUP BY {by}) AS groups");
        let count = ask(session, &sql).await?;
        let total = ask(session, &format!("SELECT {measures} {facts}")).await?;
        let (numbers, found) = split(table, &rows);
        let all: Vec<Option<Figure>> = total.rows.first().into_iter().flatten().map(Cell::figure).collect();
        let members = count.rows.first().and_then(|row| row.first()?.figure()).map_or(0.0, Figure::double) as u64;
        let others = members.saturating_sub(found.len() as u64);
        let left = (others > 0 && table.others).then(|| (others, rest(table, &found, &all)));
        Ok(Self { numbers, rows: found, others: left, total: all, answered: vec![rows, count, total] })
    }

    /// The rows of a SELECT, in its order, and those of the SELECT of its total.
    async fn of_sql(session: &Session, table: &Table, sql: &str, frame: &Frame) -> Result<Self> {
        let week = (frame.week.first(), frame.week.end());
        // One more than there is room for shows that there are more.
        let rows = ask_sql(session, sql, week, Some(table.top + 1), frame).await?;
        let names = names_of(table);
        check(&rows, names + table.items.len(), names)?;
        if rows.rows.len() > table.top {
            let message = format!("the sql gives more than {} rows; say LIMIT, or a larger 'top'", table.top);
            return Err(Error::invalid(message));
        }
        let (numbers, found) = split(table, &rows);
        let mut answered = vec![rows];
        let mut total = Vec::new();
        if let Some(sql) = &table.total_sql {
            let all = ask_sql(session, sql, week, None, frame).await?;
            check(&all, table.items.len(), 0)?;
            let [row] = all.rows.as_slice() else {
                return Err(Error::invalid(format!("the sql of the total gives {} rows, not one", all.rows.len())));
            };
            total = row.iter().map(Cell::figure).collect();
            answered.push(all);
        }
        Ok(Self { numbers, rows: found, others: None, total, answered })
    }
}

/// How many columns of an answer hold names.
fn names_of(table: &Table) -> usize {
    table.by.iter().map(|column| if column.are_days { 2 } else { 1 }).sum()
}

/// Refuses an answer that has not so many columns, or no numbers behind those of names.
fn check(answered: &Answered, columns: usize, names: usize) -> Result<()> {
    let found = answered.columns.len();
    if found != columns {
        return Err(Error::invalid(format!("the sql gives {found} columns, and 'columns' says what {columns} are")));
    }
    let numbers = answered.rows.iter().flat_map(|row| row.iter().skip(names));
    match numbers.into_iter().find(|cell| !matches!(cell, Cell::Null | Cell::Figure(_))) {
        Some(other) => Err(Error::invalid(format!("'{}' stands in a column of numbers, and is none", other.written()))),
        None => Ok(()),
    }
}

/// What the numbers of an answer are called, and its rows as names and numbers.
fn split(table: &Table, answered: &Answered) -> (Vec<String>, Vec<Row>) {
    let names = names_of(table);
    let row = |row: &Vec<Cell>| Row {
        members: members(table, row),
        values: row.iter().skip(names).map(Cell::figure).collect(),
    };
    (answered.columns.iter().skip(names).cloned().collect(), answered.rows.iter().map(row).collect())
}

/// The names of a row; two days are one, as ISO 8601 writes an interval.
fn members(table: &Table, row: &[Cell]) -> Vec<Option<String>> {
    let mut cells = row.iter();
    let name = |column: &Dimension| {
        let first = cells.next()?.member();
        if !column.are_days {
            return first;
        }
        let last = cells.next()?.member();
        Some(format!("{}/{}", first?, last?))
    };
    table.by.iter().map(name).collect()
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
