//! Sums over grouped queries of cubes, written as one query at the grouping that is asked.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, GroupByExpr, Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
};

use crate::sql::fold;

use super::super::super::ast;
use super::super::items::is_measure_call;
use super::super::ordinary::output_name;
use super::super::summand::{looked_through, yields_constants};

/// A sum over a grouped query of a cube as one query at the grouping that is asked.
pub(super) fn flattened(outer: &Select) -> Option<Select> {
    let [TableWithJoins { relation: TableFactor::Derived { subquery, alias, .. }, joins }] = outer.from.as_slice()
    else {
        return None;
    };
    let SetExpr::Select(inner) = subquery.body.as_ref() else { return None };
    let bare = subquery.with.is_none() && subquery.order_by.is_none() && subquery.limit_clause.is_none();
    let renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
    let simple = bare && !renamed && joins.is_empty() && inner.having.is_none() && inner.distinct.is_none();
    if !simple || outer.selection.is_some() || !is_one_level(&inner.group_by) || !is_one_level(&outer.group_by) {
        return None;
    }
    let mut select = outer.clone();
    let wrapped = std::mem::take(&mut select.projection);
    for item in wrapped {
        let (mut expr, name) = match item {
            SelectItem::UnnamedExpr(expr) => (expr.clone(), None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
            _ => return None,
        };
        let written = expr.clone();
        substitute(&mut expr, inner)?;
        let name = name.or_else(|| (written != expr).then(|| ast::ident(&output_name(&written))));
        select.projection.push(match name {
            Some(alias) => SelectItem::ExprWithAlias { expr, alias },
            None => SelectItem::UnnamedExpr(expr),
        });
    }
    if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
        keys.iter_mut().try_for_each(|key| substitute(key, inner))?;
    }
    if let Some(having) = &mut select.having {
        substitute(having, inner)?;
    }
    select.from = inner.from.clone();
    select.selection = inner.selection.clone();
    Some(select)
}

fn is_one_level(keys: &GroupByExpr) -> bool {
    let level = |key: &Expr| !matches!(key, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_));
    matches!(keys, GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() && keys.iter().all(level))
}

/// The items of a query in the place of their names; a sum of an item that aggregates is that item.
fn substitute(expr: &mut Expr, inner: &Select) -> Option<()> {
    if let Expr::Function(function) = expr
        && ast::function_name(function).as_deref() == Some("sum")
        && matches!(function.args, FunctionArguments::List(_))
        && let Some([argument]) = ast::arguments(function).as_deref()
        && !yields_constants(argument)
    {
        let meant = item(argument, inner)?;
        let plain = function.filter.is_none() && function.over.is_none();
        *expr = match &meant {
            _ if !plain => return None,
            // A sum of maxima or means is neither.
            Expr::Function(call)
                if call.over.is_none() && ast::function_name(call).is_some_and(|name| sums_up(&name)) =>
            {
                meant
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Expr::Function(ast::call("MEASURE", vec![meant])),
            _ => return None,
        };
        return Some(());
    }
    if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
        *expr = item(expr, inner)?;
        return Some(());
    }
    // Another aggregate would count other rows.
    if matches!(expr, Expr::Function(_)) {
        return None;
    }
    ast::children(expr).ok()?.into_iter().try_for_each(|child| substitute(child, inner))
}

/// Whether what a call gives of parts is asked of the whole, where it is summed.
fn sums_up(name: &str) -> bool {
    is_measure_call(name) || ["sum", "count"].contains(&name)
}

/// The expression of the item that a name means.
fn item(name: &Expr, inner: &Select) -> Option<Expr> {
    let name = match looked_through(name) {
        Expr::Identifier(name) => fold(name),
        Expr::CompoundIdentifier(parts) => fold(parts.last()?),
        _ => return None,
    };
    inner.projection.iter().find_map(|item| match item {
        SelectItem::UnnamedExpr(expr) if output_name(expr) == name => Some(expr.clone()),
        SelectItem::ExprWithAlias { expr, alias } if fold(alias) == name => Some(expr.clone()),
        _ => None,
    })
}
