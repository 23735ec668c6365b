//! How a block over a cube groups: its keys, by GROUP BY or by implication, the aliases that may be named, and what the
//! block's rows are to whoever reads them.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{Distinct, Expr, GroupByExpr, OrderBy, OrderByKind, Query, Select};

use crate::error::{Error, Result};

use super::super::ast;
use super::super::relation::{Column, Relation};
use super::items::{Item, Meaning, Names, ordinal};
use super::measure::Evaluation;

/// How a block groups.
pub(super) struct Grouping {
    /// Whether GROUP BY or an aggregate says so; else by implication.
    pub(super) explicit: bool,
}

/// Finds the block's keys.
pub(super) fn keys(block: &mut Evaluation<'_>, select: &Select, items: &[Item], query: &Query) -> Result<Grouping> {
    let mut exprs = Vec::new();
    let mut explicit = false;
    match &select.group_by {
        GroupByExpr::All(_) => {
            explicit = true;
            let plain = items.iter().filter(|item| !block.holds_call(&item.expr));
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
    if !explicit {
        let is_key = |item: &&Item| {
            !block.holds_call(&item.expr)
                && block.names.mentioned_measure(&item.expr).is_none()
                && block.names.mentioned_dimension(&item.expr).is_some()
        };
        exprs.extend(items.iter().filter(is_key).map(|item| item.expr.clone()));
    }
    for expr in exprs {
        if let Some(measure) = block.names.mentioned_measure(&expr) {
            return Err(Error::invalid(format!("the measure '{}' cannot be grouped by", measure.name)));
        }
        if block.holds_call(&expr) {
            return Err(Error::invalid(format!("the aggregate '{expr}' cannot be grouped by")));
        }
        if block.names.mentioned_dimension(&expr).is_none() {
            // A constant groups nothing, but where there are no rows there is no group either.
            block.grouped_by_constant = true;
        } else if !block.keys.contains(&expr) {
            block.keys.push(expr);
        }
    }
    Ok(Grouping { explicit: explicit || aggregates })
}

/// An expression of GROUP BY: an ordinal, a column, or an alias; a name that means two things is refused.
fn group_key(names: &Names<'_>, items: &[Item], expr: &Expr) -> Result<Expr> {
    if let Some(at) = ordinal(expr) {
        let item = at.checked_sub(1).and_then(|at| items.get(at));
        return item
            .map(|item| item.expr.clone())
            .ok_or_else(|| Error::invalid(format!("GROUP BY {at}: there are {} items", items.len())));
    }
    let aliases = aliases(names, items, true)?;
    let key = names.normalised(expr, &aliases)?;
    if !matches!(key, Expr::Identifier(_)) {
        refuse_two_meanings(names, items, &key)?;
    }
    if let Expr::Identifier(name) = &key
        && let Some(item) = items.iter().find(|item| item.aliased && item.name == name.value)
        && aliases.contains(&name.value.as_str())
    {
        return Ok(item.expr.clone());
    }
    if let Expr::Identifier(name) = &key
        && let Some(item) = items.iter().find(|item| item.aliased && item.name == name.value && item.expr != key)
    {
        return Err(two_meanings(&item.name, &item.expr));
    }
    Ok(key)
}

/// Refuses an expression that names what is a column and, as an alias, something else.
pub(super) fn refuse_two_meanings(names: &Names<'_>, items: &[Item], expr: &Expr) -> Result<()> {
    for item in items.iter().filter(|item| item.aliased && names.known(&item.name).is_some()) {
        let column = ast::column(&item.name);
        let same = item.expr == column || is_measure_itself(names, &item.expr, &item.name);
        if !same && ast::any(expr, |inner| *inner == column) {
            return Err(two_meanings(&item.name, &item.expr));
        }
    }
    Ok(())
}

/// `SUM(revenue) AS revenue` means the same as the column.
fn is_measure_itself(names: &Names<'_>, expr: &Expr, name: &str) -> bool {
    let Expr::Function(function) = expr else { return false };
    let arguments = ast::arguments(function).unwrap_or_default();
    matches!(names.known(name), Some(Meaning::Measure(_)))
        && function.filter.is_none()
        && matches!(arguments.as_slice(), [argument] if **argument == ast::column(name))
}

fn two_meanings(name: &str, expr: &Expr) -> Error {
    Error::invalid(format!(
        "'{name}' is a column and the alias of '{}'; give the alias another name",
        expr.to_string().replace('"', "")
    ))
}

/// The aliases that may be named where columns go first: those that are no column's name.
pub(super) fn aliases<'i>(names: &Names<'_>, items: &'i [Item], columns_first: bool) -> Result<Vec<&'i str>> {
    let named = items.iter().filter(|item| item.aliased);
    Ok(named
        .filter(|item| !columns_first || names.known(&item.name).is_none())
        .map(|item| item.name.as_str())
        .collect())
}

/// What the block's rows are, for whoever reads them.
pub(super) fn describe(
    block: &Evaluation<'_>,
    items: &[Item],
    select: &Select,
    query: &Query,
    explicit: bool,
) -> Relation {
    let mut columns: Vec<Column> = items.iter().map(|item| block.column(item)).collect();
    let named = |key: &Expr| items.iter().find(|item| item.expr == *key).map(|item| item.name.clone());
    let unique: Option<BTreeSet<String>> = block.keys.iter().map(named).collect();
    if matches!(select.distinct, Some(Distinct::Distinct)) && unique.is_none() {
        columns.iter_mut().for_each(Column::merge);
    }
    let on_measures = select.selection.as_ref().is_some_and(|filter| {
        block.names.normalised(filter, &[]).is_ok_and(|filter| block.names.mentioned_measure(&filter).is_some())
    });
    let plain = !explicit
        && select.having.is_none()
        && !matches!(select.distinct, Some(Distinct::Distinct))
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && !on_measures;
    Relation { columns, unique: unique.into_iter().collect(), cube: true, plain }
}
