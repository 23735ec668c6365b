//! From groups or rows to a result: windows, DISTINCT, ORDER BY, LIMIT (rule 12).

use std::cmp::Ordering as Less;
use std::collections::BTreeSet;

use super::meaning::{Holds, Rows, holds_window};
use super::scalar::{Answer, Refusal, aggregate, evaluate};
use super::tree::{Call, Expr, Query, Select};
use super::value::{Value, near};

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
    select: &Select,
    what: Ordering,
    columns: Vec<(String, Holds)>,
    unique: Vec<BTreeSet<usize>>,
) -> Answer<Rows> {
    let column = |expr: &Expr| windowed(level, expr, &what.ties);
    let shown = what.exprs.iter().map(column).collect::<Answer<Vec<_>>>()?;
    let order = what.order.iter().map(|(expr, ..)| column(expr)).collect::<Answer<Vec<_>>>()?;
    let ties = what.ties.iter().map(column).collect::<Answer<Vec<_>>>()?;
    let across = |columns: &[Vec<Value>], row: usize| columns.iter().map(|column| column[row].clone()).collect();
    let mut made: Vec<Made> = (0..level.count())
        .map(|row| Made { shown: across(&shown, row), order: across(&order, row), ties: across(&ties, row) })
        .collect();
    let mut rows = Rows { columns, unique, ..Rows::default() };
    if select.distinct {
        distinct(&mut made, &mut rows);
    }
    let directions: Vec<(bool, Option<bool>)> = what.order.iter().map(|(_, down, nulls)| (*down, *nulls)).collect();
    let compare = |one: &Made, other: &Made| {
        let by_order = one.order.iter().zip(&other.order).zip(&directions);
        let by_order = by_order.map(|((one, other), (down, nulls))| sorted(one, other, *down, *nulls));
        by_order
            .chain(one.ties.iter().zip(&other.ties).map(|(one, other)| one.sorts(other)))
            .find(|order| *order != Less::Equal)
            .unwrap_or(Less::Equal)
    };
    made.sort_by(compare);
    if let Some(limit) = query.limit
        && limit < made.len()
    {
        rows.cut = query.order.is_empty() && limit > 0;
        rows.chance |= limit > 0 && {
            let (last, next) = (&made[limit - 1], &made[limit]);
            compare(last, next) == Less::Equal && last.shown != next.shown
                || last.order.iter().zip(&next.order).any(|(one, other)| indistinct(one, other))
        };
        made.truncate(limit);
    }
    for (expr, down, nulls) in &what.order {
        match what.exprs.iter().position(|shown| shown == expr) {
            Some(at) => rows.order.push((at, *down, *nulls)),
            None => break,
        }
    }
    rows.rows = made.into_iter().map(|made| made.shown).collect();
    Ok(rows)
}

/// Leaves equal rows out. What they hold adds up no more, unless something tells them apart.
fn distinct(made: &mut Vec<Made>, rows: &mut Rows) {
    let close = |one: &Made, other: &Made| {
        one.shown.iter().zip(&other.shown).all(|(one, other)| one.agrees(other)) && one.shown != other.shown
    };
    rows.chance |= (0..made.len()).any(|at| made[..at].iter().any(|other| close(&made[at], other)));
    let mut seen = BTreeSet::new();
    made.retain(|row| seen.insert(format!("{:?}", row.shown)));
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
fn indistinct(one: &Value, other: &Value) -> bool {
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

/// The values of an expression in every row, its windows computed over all of them.
fn windowed(level: &dyn Level, expr: &Expr, ties: &[Expr]) -> Answer<Vec<Value>> {
    let rows = 0..level.count();
    if !holds_window(expr) {
        return rows.map(|row| level.value(row, expr)).collect();
    }
    if let Expr::Call(call) = expr
        && call.over.is_some()
    {
        return window(level, call, ties);
    }
    let mut failed: Option<Refusal> = None;
    let mut computed: Vec<(Expr, Vec<Value>)> = Vec::new();
    let replaced = expr.map(&mut |part| {
        if !holds_window(part) {
            return part.clone();
        }
        match windowed(level, part, ties) {
            Ok(values) => computed.push((Expr::Name(vec![format!("${}", computed.len())]), values)),
            Err(refusal) => failed = Some(refusal),
        }
        computed.last().map_or(Expr::Literal(Value::Null), |(name, _)| name.clone())
    });
    if let Some(refusal) = failed {
        return Err(refusal);
    }
    let at = |row: usize| {
        evaluate(&replaced, &|part| {
            if let Some((_, values)) = computed.iter().find(|(name, _)| name == part) {
                return Some(Ok(values[row].clone()));
            }
            let known = !part.any(&mut |inner| computed.iter().any(|(name, _)| name == inner));
            known.then(|| level.value(row, part))
        })
    };
    rows.map(at).collect()
}

/// A window function in every row: over its partition, up to its peers where there is an order.
fn window(level: &dyn Level, call: &Call, ties: &[Expr]) -> Answer<Vec<Value>> {
    let Some(over) = &call.over else { return Ok(Vec::new()) };
    let of = |row: usize, exprs: &mut dyn Iterator<Item = &Expr>| {
        exprs.map(|expr| level.value(row, expr)).collect::<Answer<Vec<_>>>()
    };
    let mut rows = Vec::new();
    for row in 0..level.count() {
        let partition = of(row, &mut over.partition.iter())?;
        let order = of(row, &mut over.order.iter().map(|item| &item.expr))?;
        let argument = call.argument.as_ref().map(|argument| level.value(row, argument)).transpose()?;
        let mut tie = of(row, &mut ties.iter())?;
        // Rows that nothing tells apart are numbered all the same.
        tie.push(Value::Integer(row as i128));
        rows.push((partition, order, tie, argument));
    }
    let by_order = |one: &[Value], other: &[Value]| {
        let items = one.iter().zip(other).zip(&over.order);
        items
            .map(|((one, other), item)| sorted(one, other, item.descending, item.nulls_first))
            .find(|order| *order != Less::Equal)
            .unwrap_or(Less::Equal)
    };
    let by_ties = |one: &[Value], other: &[Value]| {
        one.iter().zip(other).map(|(one, other)| one.sorts(other)).find(|order| *order != Less::Equal)
    };
    let value = |(partition, order, tie, argument): &(Vec<Value>, Vec<Value>, Vec<Value>, Option<Value>)| {
        let among: Vec<_> = rows.iter().filter(|(other, ..)| other == partition).collect();
        let before = |other: &[Value]| by_order(other, order) == Less::Less;
        match call.function {
            "row_number" => {
                let earlier = |other: &[Value], other_tie: &[Value]| {
                    before(other)
                        || by_order(other, order) == Less::Equal && by_ties(other_tie, tie) == Some(Less::Less)
                };
                let count = among.iter().filter(|(_, other, other_tie, _)| earlier(other, other_tie)).count();
                Value::Integer(count as i128 + 1)
            }
            "rank" => Value::Integer(among.iter().filter(|(_, other, ..)| before(other)).count() as i128 + 1),
            function => {
                let framed = among.iter().filter(|(_, other, ..)| by_order(other, order) != Less::Greater);
                match argument {
                    Some(_) => aggregate(function, false, framed.filter_map(|row| row.3.clone()).collect()),
                    None => Value::Integer(framed.count() as i128),
                }
            }
        }
    };
    Ok(rows.iter().map(value).collect())
}
