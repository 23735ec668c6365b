//! How a block over a cube groups: its keys, by GROUP BY or by implication, the aliases that may be named, and what the
//! block's rows are to whoever reads them.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{Distinct, Expr, GroupByExpr, OrderBy, OrderByKind, Query, Select};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::super::relation::{Column, Relation};
use super::items::{Aliases, Item, Names, ordinal};
use super::measure::{Evaluation, unwrapped};
use super::sets;

/// How a block groups.
pub(super) struct Grouping {
    /// Whether GROUP BY or an aggregate says so; else by implication.
    pub(super) explicit: bool,
}

/// Finds the block's keys.
pub(super) fn keys(block: &mut Evaluation<'_>, select: &Select, items: &[Item], query: &Query) -> Result<Grouping> {
    let mut exprs = Vec::new();
    let mut explicit = false;
    if let Some(sets) = sets::spelled_out(&select.group_by)? {
        refuse_twins(&block.names, &sets, select)?;
        level_keys(block, &sets, items)?;
        return Ok(Grouping { explicit: true });
    }
    match &select.group_by {
        GroupByExpr::All(_) => {
            explicit = true;
            let plain = items.iter().filter(|item| !block.holds_call(&item.expr) && !ast::holds_window(&item.expr));
            exprs.extend(
                plain.filter(|item| block.names.mentioned_measure(&item.expr).is_none()).map(|item| item.expr.clone()),
            );
        }
        GroupByExpr::Expressions(written, _) => {
            for expr in written {
                explicit = true;
                let mut key = group_key(&block.names, items, expr)?;
                block.on_the_wall(&mut key)?;
                exprs.push(key);
            }
        }
    }
    let ordered = match &query.order_by {
        Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) => order.as_slice(),
        _ => &[],
    };
    let aggregates = items.iter().any(|item| block.holds_call(&item.expr))
        || select.having.is_some()
        || ordered.iter().any(|item| block.holds_call(&item.expr));
    if !explicit && block.lazy.is_none() {
        let is_key = |item: &&Item| {
            !block.holds_call(&item.expr) && !ast::holds_window(&item.expr) && block.names.is_of_dimensions(&item.expr)
        };
        exprs.extend(items.iter().filter(is_key).map(|item| item.expr.clone()));
    }
    for expr in exprs.iter().map(|expr| unwrapped(expr).clone()) {
        refuse_as_key(block, &expr)?;
        if !block.names.mentions_dimension(&expr) {
            // A constant groups nothing, but where there are no rows there is no group either.
            block.grouped_by_constant = true;
        } else if !block.keys.contains(&expr) {
            block.keys.push(expr);
        }
    }
    Ok(Grouping { explicit: explicit || aggregates })
}

/// The keys of grouping sets, and which of them make each level.
fn level_keys(block: &mut Evaluation<'_>, sets: &[Vec<Expr>], items: &[Item]) -> Result<()> {
    let mut levels = Vec::with_capacity(sets.len());
    for set in sets {
        let mut level = Vec::with_capacity(set.len());
        for written in set {
            let mut key = group_key(&block.names, items, written)?;
            block.on_the_wall(&mut key)?;
            let key = unwrapped(&key).clone();
            refuse_as_key(block, &key)?;
            if !block.names.mentions_dimension(&key) {
                return Err(Error::invalid(format!(
                    "'{}' in grouping sets mentions no dimension; leave it out",
                    block.names.shown(&key)
                )));
            }
            let at = block.keys.iter().position(|known| *known == key).unwrap_or_else(|| {
                block.keys.push(key);
                block.keys.len() - 1
            });
            if !level.contains(&at) {
                level.push(at);
            }
        }
        levels.push(level);
    }
    block.sets = Some(levels);
    Ok(())
}

/// Refuses grouping sets by two columns of a query that are one expression over the cube: which of them a level leaves out
/// could not be told.
fn refuse_twins(names: &Names<'_>, sets: &[Vec<Expr>], select: &Select) -> Result<()> {
    let mut known: Vec<(Expr, Expr)> = Vec::new();
    for key in sets.iter().flatten().filter(|_| names.block.is_some()) {
        let written = names.written(key, select).unwrap_or(key);
        let Ok(meant) = names.normalised(written) else { continue };
        let mut column = unwrapped(written).clone();
        if let Expr::CompoundIdentifier(parts) = &column {
            column = parts.last().map_or(column.clone(), |name| Expr::Identifier(name.clone()));
        }
        match known.iter().find(|(other, _)| *other == meant) {
            Some((_, other)) if *other != column => {
                return Err(Error::invalid(format!(
                    "'{other}' and '{column}' in grouping sets are one expression, so that their levels cannot be told apart; \
                     name one of them"
                )));
            }
            Some(_) => {}
            None => known.push((meant, column)),
        }
    }
    Ok(())
}

fn refuse_as_key(block: &Evaluation<'_>, expr: &Expr) -> Result<()> {
    if let Some(measure) = block.names.mentioned_measure(expr) {
        let (m, cube) = (&measure.name, &block.names.cube.name);
        return Err(Error::invalid(format!(
            "the measure '{m}' cannot be grouped by; group by its values in a query around those that have them: SELECT … \
             FROM (SELECT …, {m} FROM {cube}) AS t GROUP BY {m}"
        )));
    }
    if block.holds_call(expr) || ast::holds_window(expr) {
        return Err(Error::invalid(format!("the aggregate '{}' cannot be grouped by", block.names.shown(expr))));
    }
    Ok(())
}

/// An expression of GROUP BY: an ordinal, a column, or an alias; a name that means two things is refused.
fn group_key(names: &Names<'_>, items: &[Item], expr: &Expr) -> Result<Expr> {
    if let Some(at) = ordinal(expr) {
        let item = at.checked_sub(1).and_then(|at| items.get(at));
        return item
            .map(|item| item.expr.clone())
            .ok_or_else(|| Error::invalid(format!("GROUP BY {at}: there are {} items", items.len())));
    }
    if let Some(item) = written_as(names, items, expr) {
        return Ok(item.expr.clone());
    }
    refuse_two_meanings(names, items, expr)?;
    names.normalised_with(expr, Aliases { items, first: false })
}

/// The item that an expression is written as, whose alias it then cannot name: `date_trunc('month', sold_at) AS sold_at`.
pub(super) fn written_as<'i>(names: &Names<'_>, items: &'i [Item], expr: &Expr) -> Option<&'i Item> {
    let name = |expr: &Expr| matches!(expr, Expr::Identifier(_));
    let by_columns = names.normalised(expr).ok().filter(|_| !name(unwrapped(expr)))?;
    items.iter().find(|item| unwrapped(&item.expr) == unwrapped(&by_columns))
}

/// Refuses an expression, as it is written, that names what is a column and, as an alias, something else.
pub(super) fn refuse_two_meanings(names: &Names<'_>, items: &[Item], written: &Expr) -> Result<()> {
    for item in items.iter().filter(|item| item.aliased) {
        let Some(column) = names.visible(&item.name) else { continue };
        let same = unwrapped(&item.expr) == unwrapped(&column) || is_measure_itself(names, &item.expr, &column);
        let named = |inner: &Expr| matches!(inner, Expr::Identifier(name) if fold(name) == item.name);
        if !same && ast::any(written, named) {
            return Err(two_meanings(&item.name, &names.shown(&item.expr)));
        }
    }
    Ok(())
}

/// `SUM(revenue) AS revenue` means the same as the column.
fn is_measure_itself(names: &Names<'_>, expr: &Expr, column: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    let arguments = ast::arguments(function).unwrap_or_default();
    names.measure(column).is_some()
        && function.filter.is_none()
        && function.over.is_none()
        && matches!(arguments.as_slice(), [argument] if *argument == column)
}

fn two_meanings(name: &str, expr: &str) -> Error {
    Error::invalid(format!("'{name}' is a column and the alias of '{expr}'; give the alias another name"))
}

/// What the block's rows are, for whoever reads them.
pub(super) fn describe(block: &Evaluation<'_>, items: &[Item], select: &Select) -> Relation {
    let mut columns: Vec<Column> = items.iter().map(|item| block.column(item)).collect();
    let named = |key: &Expr| items.iter().find(|item| unwrapped(&item.expr) == key).map(|item| item.name.clone());
    let grouping = |key: &Expr| {
        let item = items.iter().find(|item| Evaluation::is_grouping_of(&item.expr, key));
        item.map(|item| item.name.clone())
    };
    let unique: Option<BTreeSet<String>> = match block.sets {
        // A key that is the same in every group tells none apart.
        None => block.keys.iter().filter(|key| !block.is_fixed(key)).map(named).collect(),
        Some(_) if block.has_level_twice() => None,
        Some(_) => block.keys.iter().map(named).chain(block.keys.iter().map(grouping)).collect(),
    };
    let distinct = matches!(select.distinct, Some(Distinct::Distinct));
    if distinct && unique.is_none() {
        columns.iter_mut().for_each(Column::merge);
    }
    let all = || columns.iter().map(|column| column.name.clone()).collect();
    let sets = unique.into_iter().chain(distinct.then(all)).collect();
    Relation { columns, unique: sets, cube: true }
}
