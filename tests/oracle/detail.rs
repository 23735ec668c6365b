//! Detail: `*` over a cube, where it means the fact rows (rule 6).

use super::meaning::{Holds, Lazy, Oracle, Rows, Scope, aggregates, holds_call, holds_window};
use super::names::Names;
use super::scalar::{Answer, MAY, refuse};
use super::tree::{Expr, Item, Query, Select};
use super::value::Value;

impl Oracle<'_> {
    /// The fact rows of a cube: its dimensions, and of its measures those that add up, as they are in each row.
    pub(crate) fn detail(&self, lazy: &Lazy<'_>) -> Answer<Rows> {
        let measure = |expr: &Expr| match expr {
            Expr::Name(parts) if parts.len() == 1 => lazy.cube.measure(&parts[0]).map(|measure| measure.name.clone()),
            _ => None,
        };
        let holds = |expr: &Expr| match measure(expr) {
            Some(measure) if lazy.cube.adds_up(&measure) => Holds::Sum,
            Some(_) => Holds::Absent,
            None => Holds::Free,
        };
        let columns = lazy.columns.iter().map(|(name, expr)| (name.clone(), holds(expr))).collect();
        let mut rows = Vec::new();
        for fact in &lazy.facts {
            let value = |(_, expr): &(String, Expr)| match (measure(expr), holds(expr)) {
                (Some(measure), Holds::Sum) => self.star.measure(lazy.cube, &measure, &[*fact]),
                (Some(_), _) => Ok(Value::Null),
                (None, _) => self.fact(lazy, *fact, expr, &Scope::new()),
            };
            rows.push(lazy.columns.iter().map(value).collect::<Answer<Vec<_>>>()?);
        }
        Ok(Rows { columns, rows, settled: true, ..Rows::default() })
    }

    /// A SELECT that says `*` over a cube and is not plain.
    pub(crate) fn detail_of(&self, query: &Query, select: &Select, lazy: &Lazy<'_>, scope: &Scope) -> Answer<Rows> {
        if aggregates(query, select) || lazy.keys.is_some() || !lazy.beside.is_empty() {
            return refuse("6", "* beside aggregates, or over more than a cube");
        }
        refuse_beside_star(select, &Names::of(&select.from, lazy), lazy)?;
        self.ordinary(query, select, self.detail(lazy)?, scope)
    }
}

/// Refuses what stands beside `*` and is no expression of dimensions.
pub(crate) fn refuse_beside_star(select: &Select, names: &Names<'_>, lazy: &Lazy<'_>) -> Answer<()> {
    if !select.items.contains(&Item::Star) {
        return Ok(());
    }
    for item in &select.items {
        if let Item::Expr(expr, _) = item
            && (lazy.mentions_measure(&names.resolved(expr)?) || holds_call(expr) || holds_window(expr))
        {
            return refuse("6", format!("{expr} beside *"));
        }
    }
    Ok(())
}

impl Rows {
    /// Refuses what is computed of a measure that detail has no value of. `#0` and on are the columns.
    pub(crate) fn refuse_absent(&self, items: &[Expr], others: &[&Expr]) -> Answer<()> {
        let absent = |part: &Expr| match part {
            Expr::Name(parts) => {
                let at = parts[0].strip_prefix('#').and_then(|at| at.parse::<usize>().ok());
                at.is_some_and(|at| self.columns[at].1 == Holds::Absent)
            }
            _ => false,
        };
        let mentions = |expr: &Expr| expr.any(&mut |part| absent(part));
        if let Some(wrong) = others.iter().find(|expr| mentions(expr)) {
            return refuse("6", format!("{wrong} of a measure that has no value in a row"));
        }
        match items.iter().find(|expr| !absent(expr) && mentions(expr)) {
            Some(wrong) if holds_call(wrong) || holds_window(wrong) => refuse("6", wrong.to_string()),
            Some(wrong) => refuse(MAY, wrong.to_string()),
            None => Ok(()),
        }
    }
}
