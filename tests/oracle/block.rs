//! A block over a cube, evaluated: its facts grouped by its keys, its measures at each group.

use std::collections::{BTreeMap, BTreeSet};

use super::commas::{conjuncts, made_constant};
use super::grouped::{Group, GroupedBlock};
use super::meaning::{Holds, Lazy, Oracle, Rows, Scope, aggregates, holds_call, holds_window};
use super::names::{Names, output_name};
use super::scalar::{Answer, MAY, among, evaluate, refuse};
use super::sorted::{Level, Ordering, finished};
use super::tree::{Body, Expr, Groups, Item, Query, Select};
use super::value::{Value, told};

/// An item of a block, over the cube.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) expr: Expr,
    /// Whether the name was written.
    pub(crate) aliased: bool,
}

/// A block's WHERE: what chooses facts, and what chooses groups.
#[derive(Default)]
struct Where {
    facts: Vec<Expr>,
    groups: Vec<Expr>,
}

impl<'a> Oracle<'a> {
    /// The rows of a block over a cube, or over a plain block that has stayed lazy.
    pub(crate) fn block(&self, query: &Query, select: &Select, lazy: Lazy<'a>, scope: &Scope) -> Answer<Rows> {
        let names = Names::of(&select.from, &lazy);
        let items = items(select, &names)?;
        let aliases: Vec<(String, Expr)> =
            items.iter().filter(|item| item.aliased).map(|item| (item.name.clone(), item.expr.clone())).collect();
        let explicit = aggregates(query, select);
        let (keys, constant, levels) = keys(select, &lazy, &names, &items, &aliases)?;
        keys.iter().try_for_each(|key| self.refuse_queries(key, scope))?;
        let split = conditions(select, &lazy, &names, explicit)?;
        if select.having.as_ref().is_some_and(holds_window) {
            return refuse("SQL", "a window in HAVING");
        }
        let having = match &select.having {
            Some(having) => {
                refuse_two_meanings(&names, &items, having)?;
                Some(names.resolved_with(having, &aliases)?)
            }
            None => None,
        };
        let order = ordering(query, &items, &names, &aliases)?;
        let mut facts = lazy.facts.clone();
        for condition in &split.facts {
            facts = self.facts_where(&Lazy { facts, ..lazy.clone() }, condition, scope)?;
        }
        let measured = items.iter().map(|item| &item.expr).chain(order.iter().map(|(expr, ..)| expr));
        let measured = measured.chain(&having).chain(&split.groups);
        let no_leaf = !measured.clone().any(|expr| lazy.mentions_measure(expr) || holds_call(expr));
        let groups = match &levels {
            None => self.groups(&lazy, &keys, None, facts, (no_leaf && !explicit) || constant)?,
            Some(levels) => {
                let level = |level: &Vec<usize>| self.groups(&lazy, &keys, Some(level), facts.clone(), false);
                levels.iter().map(level).collect::<Answer<Vec<_>>>()?.concat()
            }
        };
        let own = split.facts.iter().filter_map(made_constant);
        let fixed = lazy.fixed.iter().chain(own).filter(|_| levels.is_none()).cloned().collect();
        let levels = levels.is_some();
        let mut block = GroupedBlock { oracle: self, lazy: &lazy, keys: &keys, levels, fixed, groups, scope };
        let conditions: Vec<Expr> = split.groups.into_iter().chain(having).collect();
        for condition in &conditions {
            block.refuse_sums(condition)?;
            let mut kept = Vec::new();
            for at in 0..block.groups.len() {
                if block.value(at, condition)? == Value::Boolean(true) {
                    kept.push(block.groups[at].clone());
                }
            }
            block.check(condition)?;
            block.groups = kept;
        }
        for expr in items.iter().map(|item| &item.expr).chain(order.iter().map(|(expr, ..)| expr)) {
            block.refuse_sums(expr)?;
            block.check(expr)?;
        }
        let columns: Vec<(String, Holds)> =
            items.iter().map(|item| (item.name.clone(), block.holds(&item.expr))).collect();
        let exprs: Vec<Expr> = items.iter().map(|item| item.expr.clone()).collect();
        let place = |key: &Expr| exprs.iter().position(|expr| expr == key);
        let mut ties: Vec<Expr> = keys.clone();
        ties.sort_by_key(|key| place(key).unwrap_or(exprs.len()));
        if levels {
            ties.extend(keys.iter().map(|key| Expr::Grouping(Box::new(key.clone()))));
        }
        let told = |key: &&Expr| !block.fixed.contains(key);
        let unique: Option<BTreeSet<usize>> = ties.iter().filter(told).map(place).collect();
        let ordering = Ordering { exprs, order, ties, settled: false, pick: self.pick };
        finished(&block, query, select.distinct, ordering, columns, unique.into_iter().collect())
    }

    /// The facts that a condition over dimensions keeps.
    pub(crate) fn facts_where(&self, lazy: &Lazy<'_>, condition: &Expr, scope: &Scope) -> Answer<Vec<usize>> {
        let mut kept = Vec::new();
        // What is refused is refused, whether there are facts or not.
        self.refuse_queries(condition, scope)?;
        for fact in &lazy.facts {
            if self.fact(lazy, *fact, condition, scope)? == Value::Boolean(true) {
                kept.push(*fact);
            }
        }
        Ok(kept)
    }

    /// An expression over dimensions, for a fact.
    pub(crate) fn fact(&self, lazy: &Lazy<'_>, fact: usize, expr: &Expr, scope: &Scope) -> Answer<Value> {
        evaluate(expr, &|part| match part {
            Expr::Name(parts) if parts.len() == 2 => Some(Ok(lazy.column_beside(fact, parts))),
            Expr::Name(parts) => {
                let dimension = parts.last().and_then(|name| lazy.cube.dimension(name));
                Some(match dimension {
                    Some(dimension) => self.star.row(fact, &dimension),
                    None => refuse("1", format!("{part} has no value in a single row")),
                })
            }
            Expr::InQuery(..) | Expr::Exists(_) | Expr::Scalar(_) => {
                Some(self.searched(part, scope, &|inner| self.fact(lazy, fact, inner, scope)))
            }
            _ => None,
        })
    }

    /// IN, EXISTS and a scalar query; `of` gives the value of what stands before IN.
    pub(crate) fn searched(&self, expr: &Expr, scope: &Scope, of: &dyn Fn(&Expr) -> Answer<Value>) -> Answer<Value> {
        let bound = |query: &Query| {
            let mut wrong = None;
            let query = query.replaced(&mut |outside| match of(outside) {
                Ok(value) => Expr::Literal(value),
                Err(refusal) => {
                    wrong = Some(refusal);
                    Expr::Literal(Value::Null)
                }
            });
            wrong.map_or(Ok(query), Err)
        };
        let rows = |query: &Query| {
            let rows = self.rows(&bound(query)?, scope)?;
            self.chance.set(self.chance.get() || rows.chance || rows.cut);
            Ok(rows)
        };
        let first = |rows: &Rows| rows.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
        match expr {
            Expr::InQuery(inner, query, negated) => {
                let list = first(&rows(query)?);
                Ok(match among(&of(inner)?, &list) {
                    Value::Boolean(found) => Value::Boolean(found != *negated),
                    unknown => unknown,
                })
            }
            Expr::Exists(query) => Ok(Value::Boolean(!rows(query)?.rows.is_empty())),
            Expr::Scalar(query) => Ok(first(&rows(query)?).into_iter().next().unwrap_or(Value::Null)),
            other => evaluate(other, &|_| None),
        }
    }

    /// Refuses what is wrong in the queries of an expression.
    pub(crate) fn refuse_queries(&self, expr: &Expr, scope: &Scope) -> Answer<()> {
        let query = match expr {
            Expr::InQuery(_, query, _) | Expr::Exists(query) | Expr::Scalar(query) => Some(query),
            _ => None,
        };
        if let Some(query) = query {
            let alone = query.replaced(&mut |_| Expr::Literal(Value::Null));
            // It has one row, if for no other reason than that it has no keys.
            let keyless = matches!(&query.body, Body::Select(select) if ranks_alone(select));
            self.may.set(self.may.get() || matches!(expr, Expr::Scalar(_)) && keyless && alone != **query);
            self.rows(&alone, scope)?;
        }
        expr.parts().into_iter().try_for_each(|part| self.refuse_queries(part, scope))
    }

    /// The facts by key, in the order in which the keys are first seen.
    fn groups(
        &self,
        lazy: &Lazy<'_>,
        keys: &[Expr],
        level: Option<&Vec<usize>>,
        facts: Vec<usize>,
        needs_facts: bool,
    ) -> Answer<Vec<Group>> {
        let absent: Vec<bool> = (0..keys.len()).map(|at| level.is_some_and(|level| !level.contains(&at))).collect();
        if absent.iter().all(|absent| *absent) {
            let none = needs_facts && facts.is_empty();
            let key = vec![Value::Null; keys.len()];
            return Ok(if none { Vec::new() } else { vec![Group { key, absent, facts }] });
        }
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for fact in facts {
            let key = keys.iter().zip(&absent).map(|(key, absent)| match absent {
                true => Ok(Value::Null),
                false => self.fact(lazy, fact, key, &Scope::new()),
            });
            let key = key.collect::<Answer<Vec<_>>>()?;
            let at = *places.entry(told(&key)).or_insert_with(|| {
                groups.push(Group { key, absent: absent.clone(), facts: Vec::new() });
                groups.len() - 1
            });
            groups[at].facts.push(fact);
        }
        Ok(groups)
    }
}

/// Whether a SELECT has windows for items and nothing that aggregates.
fn ranks_alone(select: &Select) -> bool {
    select.items.iter().all(|item| matches!(item, Item::Expr(expr, _) if holds_window(expr) && !holds_call(expr)))
}

fn items(select: &Select, names: &Names<'_>) -> Answer<Vec<Output>> {
    let mut items = Vec::new();
    for item in &select.items {
        match item {
            Item::Star => return refuse("6", "* stands for fact rows"),
            Item::Expr(expr, alias) => items.push(Output {
                name: output_name(expr, alias.as_ref()),
                expr: names.resolved(expr)?,
                aliased: alias.is_some(),
            }),
        }
    }
    Ok(items)
}

/// The keys of a block, whether it is grouped by a constant, and the keys of its levels.
type Keys = (Vec<Expr>, bool, Option<Vec<Vec<usize>>>);

fn keys(
    select: &Select,
    lazy: &Lazy<'_>,
    names: &Names<'_>,
    items: &[Output],
    aliases: &[(String, Expr)],
) -> Answer<Keys> {
    let mut found = Vec::new();
    if let Some(sets) = select.groups.levels() {
        refuse_twins(names, items, aliases, &sets)?;
    }
    match &select.groups {
        Groups::Implied if lazy.keys.is_none() => {
            let is_key = |expr: &&Expr| {
                lazy.mentions_dimension(expr)
                    && !lazy.mentions_measure(expr)
                    && !holds_call(expr)
                    && !holds_window(expr)
            };
            found.extend(items.iter().map(|item| &item.expr).filter(is_key).cloned());
        }
        Groups::Implied => {}
        Groups::By(written) => {
            for key in written {
                found.push(group_key(names, items, aliases, key)?);
            }
        }
        sets => {
            for key in sets.levels().unwrap_or_default().iter().flatten() {
                found.push(group_key(names, items, aliases, key)?);
            }
        }
    }
    let (mut keys, mut constant) = (Vec::new(), false);
    for key in found {
        if let Some(measure) = lazy.measure_in(&key) {
            return refuse("1", format!("{measure} in GROUP BY"));
        }
        if holds_call(&key) || holds_window(&key) {
            return refuse("SQL", format!("{key} in GROUP BY"));
        }
        if !lazy.mentions_dimension(&key) {
            if select.groups.levels().is_some() {
                // What a query has to be asked for need not be seen to be constant.
                let rule = if key.any(&mut |part| matches!(part, Expr::InQuery(..))) { MAY } else { "8" };
                return refuse(rule, format!("{key} in grouping sets"));
            }
            constant = true;
        } else if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let levels = select.groups.levels().map(|sets| {
        let place = |key: &Expr| {
            let key = group_key(names, items, aliases, key).ok()?;
            keys.iter().position(|known| *known == key)
        };
        sets.iter().map(|set| set.iter().filter_map(place).collect()).collect()
    });
    Ok((keys, constant, levels))
}

/// Refuses keys of grouping sets that are written unlike and mean the same, unless an engine tells their levels apart.
fn refuse_twins(names: &Names<'_>, items: &[Output], aliases: &[(String, Expr)], sets: &[Vec<Expr>]) -> Answer<()> {
    let mut known: Vec<(&Expr, Expr)> = Vec::new();
    for written in sets.iter().flatten() {
        let key = group_key(names, items, aliases, written)?;
        match known.iter().find(|(_, other)| *other == key) {
            Some((other, _)) if *other != written => return refuse(MAY, format!("{other} and {written} are one")),
            Some(_) => {}
            None => known.push((written, key)),
        }
    }
    Ok(())
}

/// A key as it is written: an ordinal, a column, an alias, or an expression.
fn group_key(names: &Names<'_>, items: &[Output], aliases: &[(String, Expr)], key: &Expr) -> Answer<Expr> {
    if let Expr::Literal(Value::Integer(at)) = key {
        let item = usize::try_from(*at - 1).ok().and_then(|at| items.get(at));
        return item.map_or_else(|| refuse("SQL", format!("GROUP BY {at}")), |item| Ok(item.expr.clone()));
    }
    refuse_two_meanings(names, items, key)?;
    names.resolved_with(key, aliases)
}

/// Refuses a name that is a column and, as an alias, something else (rule 9).
fn refuse_two_meanings(names: &Names<'_>, items: &[Output], expr: &Expr) -> Answer<()> {
    for item in items.iter().filter(|item| item.aliased) {
        let Some(column) = names.meaning(std::slice::from_ref(&item.name)) else { continue };
        let column = &column;
        // `SUM(revenue) AS revenue` means the same as the column.
        let itself = matches!(&item.expr, Expr::Call(call)
            if call.argument.as_ref() == Some(column) && call.filter.is_none() && call.over.is_none());
        let named = Expr::name(&item.name);
        if item.expr != *column && !itself && expr.any(&mut |part| *part == named) {
            return refuse("9", format!("{} means two things", item.name));
        }
    }
    Ok(())
}

/// WHERE, split at AND (rule 7).
fn conditions(select: &Select, lazy: &Lazy<'_>, names: &Names<'_>, explicit: bool) -> Answer<Where> {
    let mut split = Where::default();
    let Some(filter) = &select.filter else { return Ok(split) };
    for condition in conjuncts(&names.resolved(filter)?).into_iter().cloned() {
        if holds_call(&condition) || holds_window(&condition) {
            return refuse("SQL", "an aggregate in WHERE");
        }
        match lazy.measure_in(&condition) {
            Some(measure) if explicit => return refuse("7", format!("{measure} in WHERE beside GROUP BY")),
            Some(_) => split.groups.push(condition),
            None => split.facts.push(condition),
        }
    }
    Ok(split)
}

/// What ORDER BY sorts by, aliases first.
fn ordering(
    query: &Query,
    items: &[Output],
    names: &Names<'_>,
    aliases: &[(String, Expr)],
) -> Answer<Vec<(Expr, bool, Option<bool>)>> {
    let mut order = Vec::new();
    for item in &query.order {
        let ordinal = match &item.expr {
            Expr::Literal(Value::Integer(at)) => items.get(usize::try_from(*at - 1).unwrap_or(usize::MAX)),
            _ => None,
        };
        let alias = match &item.expr {
            Expr::Name(parts) if parts.len() == 1 => aliases.iter().find(|(known, _)| *known == parts[0]),
            _ => None,
        };
        let expr = match (ordinal, alias) {
            (Some(item), _) => item.expr.clone(),
            (None, Some((_, expr))) => expr.clone(),
            (None, None) => names.resolved_with(&item.expr, aliases)?,
        };
        order.push((expr, item.descending, item.nulls_first));
    }
    Ok(order)
}

impl Level for GroupedBlock<'_, '_> {
    fn count(&self) -> usize {
        self.groups.len()
    }

    fn value(&self, row: usize, expr: &Expr) -> Answer<Value> {
        self.at(row, expr)
    }
}
