//! From groups or rows to a result: DISTINCT, ORDER BY, LIMIT (rule 12).

use std::cmp::Ordering as Less;
use std::collections::BTreeSet;

use super::meaning::{Holds, Rows};
use super::scalar::Answer;
use super::tree::{Expr, Query};
use super::value::{Value, near, told};
use super::windows::Windows;

/// Groups or rows, in which expressions have values.
pub(crate) trait Level {
    fn count(&self) -> usize;
    fn value(&self, row: usize, expr: &Expr) -> Answer<Value>;
}

/// What a result shows, what it is sorted by, and what breaks its ties.
pub(crate) struct Ordering {
    pub(crate) exprs: Vec<Expr>,
    pub(crate) order: Vec<(Expr, bool, Option<bool>)>,
    pub(crate) ties: Vec<Expr>,
    /// Whether equal rows come in an order that is known.
    pub(crate) settled: bool,
    /// Which rows a LIMIT or OFFSET leaves that nobody ordered, where that is settled.
    pub(crate) pick: Option<Pick>,
}

/// Which of unordered rows are the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    First,
    Last,
}

/// A row on its way: what is shown, what it is sorted by, what breaks ties.
struct Made {
    shown: Vec<Value>,
    order: Vec<Value>,
    ties: Vec<Value>,
}

/// The result of a SELECT over groups or rows.
pub(crate) fn finished(
    level: &dyn Level,
    query: &Query,
    is_distinct: bool,
    what: Ordering,
    columns: Vec<(String, Holds)>,
    unique: Vec<BTreeSet<usize>>,
) -> Answer<Rows> {
    let windows = Windows::new(level, &what.ties);
    let column = |expr: &Expr| windows.column(expr);
    let shown = what.exprs.iter().map(column).collect::<Answer<Vec<_>>>()?;
    let order = what.order.iter().map(|(expr, ..)| column(expr)).collect::<Answer<Vec<_>>>()?;
    let ties = what.ties.iter().map(column).collect::<Answer<Vec<_>>>()?;
    let across = |columns: &[Vec<Value>], row: usize| columns.iter().map(|column| column[row].clone()).collect();
    let mut made: Vec<Made> = (0..level.count())
        .map(|row| Made { shown: across(&shown, row), order: across(&order, row), ties: across(&ties, row) })
        .collect();
    let mut rows = Rows { columns, unique, chance: windows.chance(), ..Rows::default() };
    if is_distinct {
        distinct(&mut made, &mut rows);
    }
    cut(&mut made, &mut rows, query, &what, what.settled && !is_distinct);
    for (expr, down, nulls) in &what.order {
        match what.exprs.iter().position(|shown| shown == expr) {
            Some(at) => rows.order.push((at, *down, *nulls)),
            None => break,
        }
    }
    rows.rows = made.into_iter().map(|made| made.shown).collect();
    Ok(rows)
}

/// Sorts rows, and leaves out what LIMIT and OFFSET do.
fn cut(made: &mut Vec<Made>, rows: &mut Rows, query: &Query, what: &Ordering, settled: bool) {
    let compare = |one: &Made, other: &Made| {
        let by_order = one.order.iter().zip(&other.order).zip(&what.order);
        let by_order = by_order.map(|((one, other), (_, down, nulls))| sorted(one, other, *down, *nulls));
        by_order
            .chain(one.ties.iter().zip(&other.ties).map(|(one, other)| one.sorts(other)))
            .find(|order| *order != Less::Equal)
            .unwrap_or(Less::Equal)
    };
    made.sort_by(compare);
    let picked = what.pick.filter(|_| query.order.is_empty());
    if picked == Some(Pick::Last) {
        made.reverse();
    }
    let end = query.limit.map_or(made.len(), |limit| (query.offset + limit).min(made.len()));
    let start = query.offset.min(end);
    let edges = [start, end].into_iter().filter(|_| picked.is_none());
    for edge in edges.filter(|edge| start < end && (1..made.len()).contains(edge)) {
        rows.cut |= query.order.is_empty();
        let (last, next) = (&made[edge - 1], &made[edge]);
        let differs = |row: &Made| compare(last, row) == Less::Equal && row.shown != last.shown;
        rows.chance |= compare(last, next) == Less::Equal && made.iter().any(differs) && !settled
            || last.order.iter().zip(&next.order).any(|(one, other)| indistinct(one, other));
    }
    made.truncate(end);
    made.drain(..start);
}

/// Leaves equal rows out. What they hold adds up no more, unless something tells them apart.
fn distinct(made: &mut Vec<Made>, rows: &mut Rows) {
    let close = |one: &Made, other: &Made| {
        one.shown.iter().zip(&other.shown).all(|(one, other)| one.agrees(other)) && one.shown != other.shown
    };
    rows.chance |= (0..made.len()).any(|at| made[..at].iter().any(|other| close(&made[at], other)));
    let mut seen = BTreeSet::new();
    made.retain(|row| seen.insert(told(&row.shown)));
    made.iter_mut().for_each(|row| row.ties = row.shown.clone());
    if rows.unique.is_empty() {
        for (_, holds) in &mut rows.columns {
            if *holds == Holds::Sum {
                *holds = Holds::Other;
            }
        }
    }
    rows.unique.push((0..rows.columns.len()).collect());
}

/// Whether two doubles differ, if at all, by less than may be told apart.
pub(crate) fn indistinct(one: &Value, other: &Value) -> bool {
    matches!((one, other), (Value::Double(one), Value::Double(other)) if one != other && near(*one, *other))
}

/// The order of two values in a direction; NULLs last, unless it is written.
pub(crate) fn sorted(one: &Value, other: &Value, descending: bool, nulls_first: Option<bool>) -> Less {
    match (one.is_null(), other.is_null()) {
        (false, false) if descending => other.sorts(one),
        (false, false) => one.sorts(other),
        _ if nulls_first == Some(true) => other.sorts(one),
        _ => one.sorts(other),
    }
}
