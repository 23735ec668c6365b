//! ORDER BY by what is not shown: `SELECT upper(city) AS city FROM t ORDER BY t.city`. DataFusion plans such a column beside
//! the items, and cannot where an item is called as the column is. Then the items and what rows are ordered by are
//! those of a query beneath, under names of their own.

use datafusion::sql::sqlparser::ast::{Expr, OrderByExpr, Select, SelectItem, TableWithJoins};

use crate::error::Result;
use crate::sql::fold;

use super::super::ast;
use super::items::ordinal;
use super::ordinary::output_name;

/// What the query beneath is called.
const BENEATH: &str = "$shown";

/// Puts items and order into a query beneath, where a column of the order is called as another item is.
pub(super) fn put_beneath(select: &mut Select, order: &mut [OrderByExpr]) -> Result<()> {
    let Some(items) = named_items(select).filter(|_| select.distinct.is_none()) else { return Ok(()) };
    let is_name =
        |expr: &Expr| matches!(expr, Expr::Identifier(name) if items.iter().any(|(item, _)| *item == fold(name)));
    let stays: Vec<bool> = order.iter().map(|by| ordinal(&by.expr).is_some() || is_name(&by.expr)).collect();
    let moved = order.iter().zip(&stays).filter(|(_, stays)| !**stays).map(|(by, _)| &by.expr);
    let hidden: Vec<&Expr> = moved.filter(|expr| !items.iter().any(|(_, item)| item == expr)).collect();
    // A bare name within an expression may be an item's, which the query beneath could not see.
    let sees_items = hidden.iter().any(|expr| ast::any(expr, is_name));
    if sees_items || !hidden.iter().any(|expr| ast::any(expr, |inner| is_called_as_another(inner, &items))) {
        return Ok(());
    }
    let names: Vec<String> = items.iter().map(|(name, _)| name.clone()).collect();
    let mut beneath = std::mem::replace(select, ast::empty_select()?);
    for (at, by) in order.iter_mut().enumerate().filter(|(at, _)| !stays[*at]) {
        let name = format!("$o{at}");
        beneath.projection.push(ast::named(std::mem::replace(&mut by.expr, ast::column(&name)), &name));
    }
    select.projection = names.iter().map(|name| ast::named(ast::column_of(BENEATH, name), name)).collect();
    let relation = ast::derived(ast::query_of(beneath), ast::alias(BENEATH));
    select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    Ok(())
}

/// The items and what they are called; none where one is a `*` or two have one name.
fn named_items(select: &Select) -> Option<Vec<(String, &Expr)>> {
    let mut items: Vec<(String, &Expr)> = Vec::new();
    for item in &select.projection {
        let (name, expr) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (fold(alias), expr),
            SelectItem::UnnamedExpr(expr) => (output_name(expr), expr),
            _ => return None,
        };
        if items.iter().any(|(known, _)| *known == name) {
            return None;
        }
        items.push((name, expr));
    }
    Some(items)
}

/// Whether a column of a relation has the name of an item that is another expression.
fn is_called_as_another(column: &Expr, items: &[(String, &Expr)]) -> bool {
    let Expr::CompoundIdentifier(parts) = column else { return false };
    let name = parts.last().map(fold);
    items.iter().any(|(item, expr)| Some(item) == name.as_ref() && *expr != column)
}
