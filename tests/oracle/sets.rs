//! Set operations: UNION, INTERSECT and EXCEPT of evaluated rows.

use std::collections::BTreeSet;

use super::meaning::{Holds, Oracle, Rows};
use super::places::{order, placed};
use super::scalar::{Answer, refuse};
use super::sorted::{Level, Ordering, finished};
use super::tree::{Expr, Query};
use super::value::{Value, told};

impl Oracle<'_> {
    /// The rows of a set operation. What a cube has computed adds up no more in them, for both sides may hold the same
    /// facts.
    pub(crate) fn united(&self, query: &Query, op: &str, left: Rows, right: Rows) -> Answer<Rows> {
        if left.columns.len() != right.columns.len() {
            return refuse("SQL", "sides of different width");
        }
        let absent = |(_, holds): &(String, Holds)| *holds == Holds::Absent;
        let mut both = left.columns.iter().zip(&right.columns);
        if both.any(|(one, other)| absent(one) != absent(other) || op != "UNION ALL" && absent(one)) {
            return refuse("6", "a set operation of a measure that has no value in a row");
        }
        let both = left.columns.iter().zip(&right.columns);
        let columns: Vec<(String, Holds)> = both
            .map(|((name, one), (_, other))| {
                let same = one == other && matches!(one, Holds::Free | Holds::Absent);
                (name.clone(), if same { *one } else { Holds::Other })
            })
            .collect();
        let there: BTreeSet<String> = right.rows.iter().map(|row| told(row)).collect();
        let chance = left.chance || right.chance || op != "UNION ALL" && holds_doubles(&left, &right);
        // Where one side is empty the other need not be read.
        let unread = matches!(op, "EXCEPT" | "INTERSECT") && (left.rows.is_empty() || right.rows.is_empty());
        let cut = left.cut || right.cut;
        self.may.set(self.may.get() || cut && unread);
        let cut = cut && !unread;
        let mut rows = left.rows;
        match op {
            "INTERSECT" => rows.retain(|row| there.contains(&told(row))),
            "EXCEPT" => rows.retain(|row| !there.contains(&told(row))),
            _ => rows.extend(right.rows),
        }
        if op != "UNION ALL" {
            let mut seen = BTreeSet::new();
            rows.retain(|row| seen.insert(told(row)));
        }
        let united = Listed(rows);
        let exprs: Vec<Expr> = (0..columns.len()).map(placed).collect();
        let named = columns.iter().zip(&exprs).map(|((name, _), expr)| (name.clone(), expr.clone()));
        let order = order(query, &exprs, &named.collect::<Vec<_>>(), &|_| None)?;
        let ordering = Ordering { exprs, order, ties: Vec::new(), settled: false, pick: self.pick };
        let mut rows = finished(&united, query, false, ordering, columns, Vec::new())?;
        rows.chance |= chance;
        rows.cut |= cut;
        Ok(rows)
    }
}

/// Rows as they are.
struct Listed(Vec<Vec<Value>>);

impl Level for Listed {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn value(&self, row: usize, expr: &Expr) -> Answer<Value> {
        let at = match expr {
            Expr::Name(parts) => parts[0].strip_prefix('#').and_then(|at| at.parse::<usize>().ok()),
            _ => None,
        };
        at.map_or_else(
            || refuse("SQL", format!("{expr} in ORDER BY of a set operation")),
            |at| Ok(self.0[row][at].clone()),
        )
    }
}

/// Whether rows hold doubles, whose last digits decide which of them are equal.
fn holds_doubles(left: &Rows, right: &Rows) -> bool {
    left.rows.iter().chain(&right.rows).flatten().any(|value| matches!(value, Value::Double(_)))
}
