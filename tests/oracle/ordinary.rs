//! Ordinary SQL over evaluated rows, and what it may not sum (rule 4).

use std::collections::{BTreeMap, BTreeSet};

use super::commas::{conjuncts, made_constant};
use super::meaning::{Holds, Oracle, Rows, Scope, aggregates, holds_call, holds_window};
use super::names::{called, output_name};
use super::places::{keys, order, place, placed, resolved};
use super::scalar::{Answer, MAY, aggregate, evaluate, refuse};
use super::sorted::{Level, Ordering, finished};
use super::tree::{Call, Expr, Groups, Item, Query, Select};
use super::value::{Value, told};

/// Rows, perhaps in groups, that expressions are evaluated over. Columns are named by their place: `#0`.
pub(super) struct OrdinaryBlock<'o, 'a> {
    pub(super) oracle: &'o Oracle<'a>,
    pub(super) scope: &'o Scope,
    pub(super) source: &'o Rows,
    /// The columns that WHERE makes equal to constants.
    pub(super) fixed: BTreeSet<usize>,
    /// The keys, where the SELECT aggregates.
    pub(super) keys: Option<Vec<Expr>>,
    /// The places of the keys of each level, where there are several.
    pub(super) levels: Option<Vec<Vec<usize>>>,
    /// The rows of each group, or one row each, and which keys are not of its level.
    pub(super) groups: Vec<(Vec<usize>, Vec<bool>)>,
}

impl Oracle<'_> {
    /// A SELECT over rows.
    pub(crate) fn ordinary(&self, query: &Query, select: &Select, source: Rows, scope: &Scope) -> Answer<Rows> {
        let alias = called(&select.from).to_owned();
        let place = |expr: &Expr| place(expr, &alias, &source);
        let mut exprs = Vec::new();
        let mut columns = Vec::new();
        let mut aliases: Vec<(String, Expr)> = Vec::new();
        let mut named = Vec::new();
        for item in &select.items {
            match item {
                Item::Star => {
                    for (at, (name, _)) in source.columns.iter().enumerate() {
                        columns.push(name.clone());
                        exprs.push(placed(at));
                    }
                }
                Item::Expr(expr, alias) => {
                    columns.push(output_name(expr, alias.as_ref()));
                    exprs.push(resolved(expr, &place, &[])?);
                    named.extend(exprs.last().cloned());
                    aliases.extend(alias.iter().map(|alias| (alias.clone(), resolved(expr, &place, &[]).unwrap())));
                }
            }
        }
        let filter = select.filter.as_ref().map(|filter| resolved(filter, &place, &[])).transpose()?;
        if filter.as_ref().is_some_and(|filter| !searches_beside_and(filter)) {
            return refuse(MAY, "IN elsewhere than beside AND");
        }
        let having = select.having.as_ref().map(|having| resolved(having, &place, &aliases)).transpose()?;
        let aggregated = aggregates(query, select);
        if having.as_ref().is_some_and(holds_window) {
            return refuse("SQL", "a window in HAVING");
        }
        if aggregated && source.cut {
            return refuse("7", "a LIMIT without ORDER BY cuts rows beneath an aggregate");
        }
        let read = |written: &[Expr]| keys(written, &exprs, &columns, &aliases, &source, &place);
        let (keys, levels) = grouping(&select.groups, aggregated, &read)?;
        keys.iter().flatten().try_for_each(|key| self.refuse_queries(key, scope))?;
        let order = order(query, &exprs, &aliases, &place)?;
        let computed = order.iter().map(|(expr, ..)| expr).chain(&filter).chain(&having).chain(keys.iter().flatten());
        let compared = named.iter().filter(|_| select.distinct);
        source.refuse_absent(&exprs, &computed.chain(compared).collect::<Vec<_>>())?;
        let block = OrdinaryBlock {
            oracle: self,
            scope,
            source: &source,
            fixed: fixed(filter.as_ref()),
            keys: None,
            levels,
            groups: Vec::new(),
        };
        let rows = block.filtered(filter.as_ref())?;
        let block = block.grouped(keys, rows, having.as_ref(), &exprs, &order)?;
        let holds: Vec<Holds> = exprs.iter().map(|expr| block.holds(expr)).collect();
        let columns: Vec<(String, Holds)> = columns.into_iter().zip(holds).collect();
        let unique = block.unique(&exprs, &source.unique);
        let perhaps = block.unique(&exprs, &source.perhaps);
        let mut ties = match (&block.keys, source.unique.first()) {
            (Some(keys), _) => keys.clone(),
            (None, Some(set)) if select.from.reads_cube() => set.iter().map(|at| placed(*at)).collect(),
            (None, _) => Vec::new(),
        };
        ties.sort_by_key(|key| exprs.iter().position(|expr| expr == key).unwrap_or(exprs.len()));
        let settled = source.settled && !aggregated;
        let ordering = Ordering { exprs, order, ties, settled, pick: self.pick };
        let mut rows = finished(&block, query, select.distinct, ordering, columns, unique)?;
        rows.perhaps = perhaps;
        rows.chance |= source.chance;
        rows.cut |= source.cut && !aggregated;
        Ok(rows)
    }
}

/// The keys of a SELECT that aggregates, and the places of those of each level, where there are several.
type Grouping = (Option<Vec<Expr>>, Option<Vec<Vec<usize>>>);

fn grouping(groups: &Groups, aggregated: bool, read: &dyn Fn(&[Expr]) -> Answer<Vec<Expr>>) -> Answer<Grouping> {
    let sets = match groups {
        Groups::Implied => return Ok((aggregated.then(Vec::new), None)),
        Groups::By(written) => return Ok((Some(read(written)?), None)),
        sets => sets.levels().unwrap_or_default(),
    };
    let mut all: Vec<Expr> = Vec::new();
    for key in read(&sets.concat())? {
        if !all.contains(&key) {
            all.push(key);
        }
    }
    let place = |key: &Expr| all.iter().position(|known| known == key);
    let level = |set: &Vec<Expr>| Ok(read(set)?.iter().filter_map(place).collect());
    let levels = sets.iter().map(level).collect::<Answer<Vec<_>>>()?;
    Ok((Some(all), Some(levels)))
}

/// Whether IN stands nowhere but beside AND.
fn searches_beside_and(filter: &Expr) -> bool {
    match filter {
        Expr::Binary("AND", left, right) => searches_beside_and(left) && searches_beside_and(right),
        Expr::InQuery(inner, ..) => !inner.any(&mut |part| matches!(part, Expr::InQuery(..))),
        other => !other.any(&mut |part| matches!(part, Expr::InQuery(..))),
    }
}

/// The columns that a condition makes equal to constants.
pub(crate) fn fixed(filter: Option<&Expr>) -> BTreeSet<usize> {
    let column = |expr: &Expr| match expr {
        Expr::Name(parts) => parts.first()?.strip_prefix('#')?.parse().ok(),
        _ => None,
    };
    filter.into_iter().flat_map(conjuncts).filter_map(made_constant).filter_map(column).collect()
}

impl<'o, 'a> OrdinaryBlock<'o, 'a> {
    fn filtered(&self, filter: Option<&Expr>) -> Answer<Vec<usize>> {
        let mut kept = Vec::new();
        if let Some(filter) = filter {
            if holds_call(filter) || holds_window(filter) {
                return refuse("SQL", "an aggregate in WHERE");
            }
            self.oracle.refuse_queries(filter, self.scope)?;
        }
        for row in 0..self.source.rows.len() {
            if filter.map_or(Ok(Value::Boolean(true)), |filter| self.row(row, filter))? == Value::Boolean(true) {
                kept.push(row);
            }
        }
        Ok(kept)
    }

    /// The rows in their groups, those that HAVING keeps; what is wrong in any expression is refused.
    fn grouped(
        mut self,
        keys: Option<Vec<Expr>>,
        rows: Vec<usize>,
        having: Option<&Expr>,
        exprs: &[Expr],
        order: &[(Expr, bool, Option<bool>)],
    ) -> Answer<Self> {
        let all = keys.as_ref().map_or(0, Vec::len);
        self.groups = match &keys {
            None => rows.into_iter().map(|row| (vec![row], Vec::new())).collect(),
            Some(keys) => {
                let levels = self.levels.clone().unwrap_or_else(|| vec![(0..all).collect()]);
                let mut groups = Vec::new();
                for level in levels {
                    groups.extend(self.level(keys, &level, &rows)?);
                }
                groups
            }
        };
        self.keys = keys;
        for expr in exprs.iter().chain(order.iter().map(|(expr, ..)| expr)).chain(having) {
            self.refuse_wrong(expr)?;
            self.oracle.refuse_queries(expr, self.scope)?;
        }
        if let Some(having) = having {
            let mut kept = Vec::new();
            for at in 0..self.groups.len() {
                if self.value(at, having)? == Value::Boolean(true) {
                    kept.push(self.groups[at].clone());
                }
            }
            self.groups = kept;
        }
        Ok(self)
    }

    /// The groups of one level.
    fn level(&self, keys: &[Expr], level: &[usize], rows: &[usize]) -> Answer<Vec<(Vec<usize>, Vec<bool>)>> {
        let absent: Vec<bool> = (0..keys.len()).map(|at| !level.contains(&at)).collect();
        if level.is_empty() {
            return Ok(vec![(rows.to_vec(), absent)]);
        }
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in rows {
            let key = level.iter().map(|at| self.row(*row, &keys[*at])).collect::<Answer<Vec<_>>>()?;
            groups.entry(told(&key)).or_default().push(*row);
        }
        Ok(groups.into_values().map(|rows| (rows, absent.clone())).collect())
    }

    /// An expression's value in a row of the source.
    fn row(&self, row: usize, expr: &Expr) -> Answer<Value> {
        evaluate(expr, &|part| match part {
            Expr::Name(_) => self.column(part).map(|at| Ok(self.source.rows[row][at].clone())),
            Expr::InQuery(..) | Expr::Exists(_) | Expr::Scalar(_) => {
                Some(self.oracle.searched(part, self.scope, &|inner| self.row(row, inner)))
            }
            _ => None,
        })
    }
}

impl Level for OrdinaryBlock<'_, '_> {
    fn count(&self) -> usize {
        self.groups.len()
    }

    fn value(&self, at: usize, expr: &Expr) -> Answer<Value> {
        let (rows, absent) = &self.groups[at];
        let Some(keys) = &self.keys else { return self.row(rows[0], expr) };
        evaluate(expr, &|part| {
            if let Some(at) = keys.iter().position(|key| key == part) {
                return Some(if absent[at] { Ok(Value::Null) } else { self.row(rows[0], part) });
            }
            match part {
                Expr::Grouping(key) => {
                    keys.iter().position(|known| *known == **key).map(|at| Ok(Value::Integer(absent[at].into())))
                }
                Expr::Call(call) if call.over.is_none() => Some(self.call(rows, call)),
                Expr::InQuery(..) | Expr::Exists(_) | Expr::Scalar(_) => {
                    Some(self.oracle.searched(part, self.scope, &|inner| self.value(at, inner)))
                }
                _ => None,
            }
        })
    }
}

impl OrdinaryBlock<'_, '_> {
    fn call(&self, rows: &[usize], call: &Call) -> Answer<Value> {
        let mut kept = Vec::new();
        for row in rows {
            let filter = call.filter.as_ref().map(|filter| self.row(*row, filter)).transpose()?;
            if filter.is_none_or(|value| value == Value::Boolean(true)) {
                kept.push(*row);
            }
        }
        let Some(argument) = &call.argument else { return Ok(Value::Integer(kept.len() as i128)) };
        let values = kept.iter().map(|row| self.row(*row, argument)).collect::<Answer<Vec<_>>>()?;
        Ok(aggregate(call.function, call.distinct, values))
    }
}
