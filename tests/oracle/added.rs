//! What ordinary SQL may not sum over evaluated rows, and what its results hold (rule 4).

use std::collections::BTreeSet;

use super::grouped::{looked_through, yields_constants};
use super::meaning::Holds;
use super::ordinary::{OrdinaryBlock, fixed};
use super::places::placed;
use super::scalar::{Answer, MAY, refuse};
use super::tree::{Call, Expr};

impl OrdinaryBlock<'_, '_> {
    /// Whether something is a key of every level.
    pub(super) fn in_all_levels(&self, at: usize) -> bool {
        self.levels.as_ref().is_none_or(|levels| levels.iter().all(|level| level.contains(&at)))
    }

    /// Refuses measures asked of rows, sums of what does not add up, and columns that are not grouped.
    pub(super) fn refuse_wrong(&self, expr: &Expr) -> Answer<()> {
        if self.keys.as_ref().is_some_and(|keys| keys.contains(expr)) {
            return Ok(());
        }
        match expr {
            Expr::Call(call) => {
                if ["measure", "agg", "aggregate"].contains(&call.function) {
                    return refuse("1", format!("{call} over rows"));
                }
                self.refuse_sum(call)?;
                match call.over {
                    Some(_) => expr.parts().into_iter().try_for_each(|part| self.refuse_wrong(part)),
                    None => Ok(()),
                }
            }
            Expr::Grouping(key) if self.keys.as_ref().is_some_and(|keys| keys.contains(key)) => Ok(()),
            Expr::Grouping(_) => refuse("8", format!("{expr} of what is no key")),
            // Where each group is one row, some would say what its other columns are; through joins, where they follow from
            // the keys.
            Expr::Name(_) if self.keys.is_some() && (self.one_row_each() || !self.source.relations.is_empty()) => {
                refuse(MAY, format!("{expr} is not grouped"))
            }
            Expr::Name(_) if self.keys.is_some() => refuse("SQL", format!("{expr} is not grouped")),
            other => other.parts().into_iter().try_for_each(|part| self.refuse_wrong(part)),
        }
    }

    fn refuse_sum(&self, call: &Call) -> Answer<()> {
        let (true, Some(argument)) = (call.function == "sum", &call.argument) else { return Ok(()) };
        let keys = match &call.over {
            None => {
                let keys = self.keys.iter().flatten().enumerate().filter(|(at, _)| self.in_all_levels(*at));
                keys.map(|(_, key)| key.clone()).collect()
            }
            Some(over) => over.partition.clone(),
        };
        // Beneath a window the rows are those of the SELECT itself, in groups where it aggregates.
        let alone = match (&call.over, &self.keys) {
            (Some(_), Some(own)) => self.levels.is_none() && own.iter().all(|key| keys.contains(key)),
            _ => self.unique_in(call, &keys),
        };
        let value = looked_through(argument);
        let holds = match yields_constants(value) {
            true => Holds::Free,
            false if call.over.is_some() => self.holds(value),
            false => self.holds_in_rows(value),
        };
        match (holds, alone) {
            // What WHERE fixes may show that a join has multiplied nothing.
            (Holds::Other, false) if !self.source.relations.is_empty() && !self.fixed.is_empty() => {
                self.oracle.may.set(true);
                Ok(())
            }
            (Holds::Other, false) if self.told_apart_by(&self.source.perhaps, &keys) => {
                self.oracle.may.set(true);
                Ok(())
            }
            (Holds::Other, false) => refuse("4", call.to_string()),
            (Holds::Sum, false) if call.distinct => refuse("4", call.to_string()),
            _ => Ok(()),
        }
    }

    /// What an expression over the source's rows holds.
    fn holds_in_rows(&self, expr: &Expr) -> Holds {
        let value = looked_through(expr);
        if yields_constants(value) {
            return Holds::Free;
        }
        if let Some(at) = self.column(value) {
            return self.source.columns[at].1;
        }
        if let Expr::Case(branches, otherwise) = value
            && let [(_, then)] = branches.as_slice()
            && otherwise.as_deref().is_none_or(is_nothing)
            && !yields_constants(value)
        {
            return self.holds_in_rows(then);
        }
        let mut held = false;
        value.any(&mut |part| {
            held |= self.column(part).is_some_and(|at| self.source.columns[at].1 != Holds::Free)
                || matches!(part, Expr::Scalar(_));
            held
        });
        if held { Holds::Other } else { Holds::Free }
    }

    pub(super) fn column(&self, expr: &Expr) -> Option<usize> {
        match expr {
            Expr::Name(parts) => parts.first()?.strip_prefix('#')?.parse().ok(),
            _ => None,
        }
    }

    /// Whether keys tell the rows of the source apart that a sum adds up.
    fn unique_in(&self, sum: &Call, keys: &[Expr]) -> bool {
        let chosen = match sum.argument.as_ref().map(looked_through) {
            Some(Expr::Case(branches, otherwise)) if otherwise.as_deref().is_none_or(is_nothing) => match &branches[..]
            {
                [(when, _)] => fixed(Some(when)),
                _ => BTreeSet::new(),
            },
            _ => BTreeSet::new(),
        };
        let chosen = &chosen | &fixed(sum.filter.as_ref());
        let keys: Vec<Expr> = keys.iter().cloned().chain(chosen.into_iter().map(placed)).collect();
        self.told_apart_by(&self.source.unique, &keys)
    }

    fn told_apart_by(&self, sets: &[BTreeSet<usize>], keys: &[Expr]) -> bool {
        let known = |at: &usize| keys.contains(&placed(*at)) || self.fixed.contains(at);
        sets.iter().any(|set| set.iter().all(known))
    }

    /// Whether each group is one row of the source.
    fn one_row_each(&self) -> bool {
        let keys = self.keys.as_ref();
        self.levels.is_none()
            && keys.is_none_or(|keys| {
                self.source.unique.iter().any(|set| set.iter().all(|at| keys.contains(&placed(*at))))
            })
    }

    /// What an item holds; of several levels nothing adds up.
    pub(super) fn holds(&self, expr: &Expr) -> Holds {
        match self.held(expr) {
            Holds::Sum if self.levels.is_some() => Holds::Other,
            held => held,
        }
    }

    fn held(&self, expr: &Expr) -> Holds {
        let value = looked_through(expr);
        match value {
            Expr::Call(call) if call.over.is_none() => match (call.function, &call.argument) {
                ("count", _) => Holds::Free,
                ("sum", Some(argument)) if !call.distinct => match yields_constants(looked_through(argument)) {
                    true => Holds::Free,
                    false => self.holds_in_rows(argument),
                },
                _ => self.merged(value),
            },
            other if self.keys.is_none() => self.holds_in_rows(other),
            other => match self.holds_in_rows(other) {
                Holds::Sum if !self.one_row_each() => Holds::Other,
                held => held,
            },
        }
    }

    /// What something computed of many rows holds.
    fn merged(&self, expr: &Expr) -> Holds {
        let held = expr.any(&mut |part| self.column(part).is_some_and(|at| self.source.columns[at].1 != Holds::Free));
        if held { Holds::Other } else { Holds::Free }
    }

    /// What tells the rows of the result apart.
    pub(super) fn unique(&self, exprs: &[Expr], sets: &[BTreeSet<usize>]) -> Vec<BTreeSet<usize>> {
        let place = |key: &Expr| exprs.iter().position(|expr| expr == key);
        let told = |at: &&usize| !self.fixed.contains(*at);
        let shown = |set: &BTreeSet<usize>| set.iter().filter(told).map(|at| place(&placed(*at))).collect();
        match &self.keys {
            Some(_) if self.levels.is_some() => Vec::new(),
            Some(keys) => {
                // Each group is one row where the keys hold a set that tells rows apart: that set does so here too.
                let known = |set: &&BTreeSet<usize>| self.told_apart_by(std::slice::from_ref(*set), keys);
                let telling = |key: &&Expr| !self.fixed.iter().any(|at| placed(*at) == **key);
                let own = keys.iter().filter(telling).map(place).collect::<Option<BTreeSet<usize>>>();
                own.into_iter().chain(sets.iter().filter(known).filter_map(shown)).collect()
            }
            None => sets.iter().filter_map(shown).collect(),
        }
    }
}

/// Whether an expression is NULL or 0.
fn is_nothing(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value) if value.is_null() || value.number() == Some(0.0))
}
