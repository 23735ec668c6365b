//! Windows: functions of each row's partition, up to its peers or within a frame, where the keys break ties (rule 12).

use std::cell::Cell;
use std::cmp::Ordering as Less;

use super::meaning::holds_window;
use super::scalar::{Answer, Refusal, aggregate, evaluate};
use super::sorted::{Level, indistinct, sorted};
use super::tree::{Bound, Call, Expr, Frame, Over};
use super::value::{Value, told};

/// The windows over some groups or rows.
pub(crate) struct Windows<'l> {
    level: &'l dyn Level,
    ties: &'l [Expr],
    chance: Cell<bool>,
}

/// A row of a window's partition, and which it is of all.
struct Framed {
    row: usize,
    order: Vec<Value>,
    ties: Vec<Value>,
    argument: Option<Value>,
}

impl<'l> Windows<'l> {
    pub(crate) fn new(level: &'l dyn Level, ties: &'l [Expr]) -> Self {
        Self { level, ties, chance: Cell::new(false) }
    }

    /// Whether what has been computed depends on chance, or on the last digits of doubles.
    pub(crate) fn chance(&self) -> bool {
        self.chance.get()
    }

    /// The values of an expression in every row, its windows computed over all of them.
    pub(crate) fn column(&self, expr: &Expr) -> Answer<Vec<Value>> {
        let rows = 0..self.level.count();
        if !holds_window(expr) {
            return rows.map(|row| self.level.value(row, expr)).collect();
        }
        if let Expr::Call(call) = expr
            && let Some(over) = &call.over
        {
            return self.window(call, over);
        }
        let mut failed: Option<Refusal> = None;
        let mut computed: Vec<(Expr, Vec<Value>)> = Vec::new();
        let replaced = expr.map(&mut |part| {
            if !holds_window(part) {
                return part.clone();
            }
            match self.column(part) {
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
                known.then(|| self.level.value(row, part))
            })
        };
        rows.map(at).collect()
    }

    /// A window function in every row.
    fn window(&self, call: &Call, over: &Over) -> Answer<Vec<Value>> {
        let mut partitions: Vec<(Vec<Value>, Vec<Framed>)> = Vec::new();
        for row in 0..self.level.count() {
            let of = |exprs: &mut dyn Iterator<Item = &Expr>| {
                exprs.map(|expr| self.level.value(row, expr)).collect::<Answer<Vec<_>>>()
            };
            let key = of(&mut over.partition.iter())?;
            let framed = Framed {
                row,
                order: of(&mut over.order.iter().map(|item| &item.expr))?,
                ties: of(&mut self.ties.iter())?,
                argument: of(&mut call.argument.iter())?.pop(),
            };
            self.note(partitions.iter().any(|(other, _)| close(other, &key)));
            match partitions.iter_mut().find(|(other, _)| told(other) == told(&key)) {
                Some((_, rows)) => rows.push(framed),
                None => partitions.push((key, vec![framed])),
            }
        }
        let mut values = vec![Value::Null; self.level.count()];
        for (_, mut rows) in partitions {
            rows.sort_by(|one, other| by_order(over, one, other).then_with(|| by_ties(one, other)));
            for pair in rows.windows(2) {
                let tied = by_order(over, &pair[0], &pair[1]).then_with(|| by_ties(&pair[0], &pair[1])).is_eq();
                self.note(tied && counts_rows(call, over));
                self.note(close(&pair[0].order, &pair[1].order));
            }
            for (at, value) in valued(call, over, &rows).into_iter().enumerate() {
                values[rows[at].row] = value;
            }
        }
        Ok(values)
    }

    fn note(&self, chance: bool) {
        self.chance.set(self.chance.get() || chance);
    }
}

/// Whether values hold doubles that differ by less than may be told apart.
fn close(one: &[Value], other: &[Value]) -> bool {
    one.iter().zip(other).any(|(one, other)| indistinct(one, other))
}

fn by_order(over: &Over, one: &Framed, other: &Framed) -> Less {
    let items = one.order.iter().zip(&other.order).zip(&over.order);
    items
        .map(|((one, other), item)| sorted(one, other, item.descending, item.nulls_first))
        .find(|order| order.is_ne())
        .unwrap_or(Less::Equal)
}

fn by_ties(one: &Framed, other: &Framed) -> Less {
    let ties = one.ties.iter().zip(&other.ties);
    ties.map(|(one, other)| one.sorts(other)).find(|order| order.is_ne()).unwrap_or(Less::Equal)
}

/// Whether a window looks at single rows, not only at all that are equal by its order.
fn counts_rows(call: &Call, over: &Over) -> bool {
    matches!(call.function, "row_number" | "ntile" | "lag" | "lead" | "first_value" | "last_value")
        || over.frame.is_some_and(|frame| frame.unit == "ROWS")
}

/// The values of a function in the rows of a partition, in their order.
fn valued(call: &Call, over: &Over, rows: &[Framed]) -> Vec<Value> {
    let argument = |at: usize| rows[at].argument.clone().unwrap_or(Value::Null);
    let number = |number: usize| Value::Integer(number as i128);
    let peers = |at: usize| {
        let equal = |other: &&Framed| by_order(over, other, &rows[at]).is_eq();
        let before = rows.iter().take_while(|other| by_order(over, other, &rows[at]).is_lt()).count();
        (before, before + rows.iter().filter(equal).count())
    };
    let value = |at: usize| {
        let (start, end) = match call.function {
            // Its equals are told apart by the keys, so that its frame ends at the row itself.
            "last_value" if over.frame.is_none() && !over.order.is_empty() => (0, at + 1),
            _ => frame(over, at, rows.len(), peers(at)),
        };
        match call.function {
            "row_number" => number(at + 1),
            "rank" => number(peers(at).0 + 1),
            "dense_rank" => {
                let earlier = rows[..peers(at).0].windows(2).filter(|pair| by_order(over, &pair[0], &pair[1]).is_ne());
                number(earlier.count() + 1 + usize::from(peers(at).0 > 0))
            }
            "ntile" => number(third(at, rows.len())),
            "lag" => at.checked_sub(1).map_or(Value::Null, argument),
            "lead" => {
                if at + 1 < rows.len() {
                    argument(at + 1)
                } else {
                    Value::Null
                }
            }
            "first_value" => {
                if start < end {
                    argument(start)
                } else {
                    Value::Null
                }
            }
            "last_value" => {
                if start < end {
                    argument(end - 1)
                } else {
                    Value::Null
                }
            }
            function => match call.argument {
                Some(_) => aggregate(function, false, (start..end).map(argument).collect()),
                None => number(end.saturating_sub(start)),
            },
        }
    };
    (0..rows.len()).map(value).collect()
}

/// The third that a row is in, of so many: the first are greater where they cannot be equal.
fn third(at: usize, count: usize) -> usize {
    let (size, longer) = (count / 3, count % 3);
    match at < longer * (size + 1) {
        true => at / (size + 1) + 1,
        false => (at - longer * (size + 1)) / size.max(1) + longer + 1,
    }
}

/// Where the frame of a row begins, and where it has ended.
fn frame(over: &Over, at: usize, count: usize, (first_peer, after_peers): (usize, usize)) -> (usize, usize) {
    let Some(Frame { unit, start, end }) = over.frame else { return (0, after_peers) };
    let moved = |rows: i32, after: i64| (at as i64 + i64::from(rows) + after).clamp(0, count as i64) as usize;
    let first = match (start, unit) {
        (Bound::Unbounded, _) => 0,
        (Bound::Row(_), "RANGE") => first_peer,
        (Bound::Row(rows), _) => moved(rows, 0),
    };
    let last = match (end, unit) {
        (Bound::Unbounded, _) => count,
        (Bound::Row(_), "RANGE") => after_peers,
        (Bound::Row(rows), _) => moved(rows, 1),
    };
    (first, last.max(first))
}
