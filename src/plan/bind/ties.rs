//! Ties in ordinary SQL (semantics, rule 12): where a LIMIT cuts and where a window depends on the order of rows, equal
//! rows are told apart by the block's keys: those that it groups by, or those of the evaluated rows that it reads.

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Function, OrderByExpr, OrderByOptions, Select, SelectItem, Value, WindowFrameUnits, WindowType,
};

use crate::error::Result;

use super::super::ast;
use super::item_expr;
use super::sums::Block;

/// Window functions whose value depends on the order among equals.
const ORDERED: [&str; 7] = ["row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"];

/// Adds the keys to ORDER BY before a LIMIT, and to the ORDER BY of such windows.
pub(super) fn break_ties(
    select: &mut Select,
    order: &mut Vec<OrderByExpr>,
    limited: bool,
    block: &Block,
) -> Result<()> {
    let keys = keys(select, block);
    if limited {
        let wildcard = select.projection.iter().any(|item| item_expr(item).is_none());
        match &select.distinct {
            Some(Distinct::Distinct) if !wildcard => {
                let ordinals =
                    (1..=select.projection.len()).map(|at| Expr::value(Value::Number(at.to_string(), false)));
                order.extend(ordinals.map(ascending));
            }
            Some(_) => {}
            None => order.extend(keys.iter().cloned().map(ascending)),
        }
    }
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            in_windows(expr, &keys)?;
        }
    }
    order.iter_mut().try_for_each(|item| in_windows(&mut item.expr, &keys))
}

fn ascending(expr: Expr) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc: None, nulls_first: None }, with_fill: None }
}

/// What tells the block's rows apart, in the order of the items; nothing where nothing is known to.
fn keys(select: &Select, block: &Block) -> Vec<Expr> {
    let items: Vec<&Expr> = select.projection.iter().filter_map(item_expr).collect();
    let mut keys: Vec<Expr> = match &block.keys {
        Some(grouping) => grouping.keys.clone().unwrap_or_default(),
        None => block.told_apart_by(),
    };
    keys.retain(|key| !matches!(key, Expr::Value(_)));
    let place = |key: &Expr| {
        let column = block.column(key);
        items.iter().position(|item| *item == key || (column.is_some() && block.column(item) == column))
    };
    keys.sort_by_key(|key| place(key).unwrap_or(items.len()));
    keys
}

fn in_windows(expr: &mut Expr, keys: &[Expr]) -> Result<()> {
    if let Expr::Function(function) = expr {
        in_window(function, keys);
    }
    ast::children(expr)?.into_iter().try_for_each(|child| in_windows(child, keys))
}

/// Adds the keys to the ORDER BY of a window whose value depends on the order among equals.
pub(super) fn in_window(function: &mut Function, keys: &[Expr]) {
    let ordered = ast::function_name(function).is_some_and(|name| ORDERED.contains(&name.as_str()));
    if let Some(WindowType::WindowSpec(spec)) = &mut function.over {
        let by_rows = spec.window_frame.as_ref().is_some_and(|frame| frame.units == WindowFrameUnits::Rows);
        if by_rows || (ordered && spec.window_frame.is_none()) {
            spec.order_by.extend(keys.iter().cloned().map(ascending));
        }
    }
}
