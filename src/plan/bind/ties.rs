//! Ties in ordinary SQL (semantics, rule 12): where a LIMIT cuts and where a window depends on the order of rows, equal
//! rows are told apart by the block's keys: those that it groups by, or those of the evaluated rows that it reads.

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Function, NullTreatment, OrderByExpr, OrderByOptions, Select, SelectItem, Value, WindowFrame,
    WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use crate::error::{Error, Result};

use super::super::ast;
use super::item_expr;
use super::items::ordinal;
use super::subqueries::has_stars;
use super::sums::Block;

/// Window functions of a row's place in its partition, whose frame is of no matter.
const OF_PLACE: [&str; 4] = ["row_number", "ntile", "lag", "lead"];
/// Window functions of a place in the frame.
const OF_FRAME: [&str; 3] = ["first_value", "last_value", "nth_value"];

/// Adds the keys to ORDER BY before a LIMIT, and to the ORDER BY of such windows.
pub(super) fn break_ties(
    select: &mut Select,
    order: &mut Vec<OrderByExpr>,
    limited: bool,
    block: &Block,
) -> Result<()> {
    let keys = keys(select, block);
    if limited {
        let wildcard = has_stars(select);
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
    // An item and a key are one however either spells the columns in it.
    let told: Vec<Option<Expr>> = items.iter().map(|item| block.told_by_place(item).ok()).collect();
    let place = |key: &Expr| {
        let own = block.told_by_place(key).ok();
        items.iter().zip(&told).position(|(item, told)| *item == key || (own.is_some() && *told == own))
    };
    keys.sort_by_key(|key| place(key).unwrap_or(items.len()));
    keys
}

fn in_windows(expr: &mut Expr, keys: &[Expr]) -> Result<()> {
    if let Expr::Function(function) = expr {
        in_window(function, keys)?;
    }
    ast::children(expr)?.into_iter().try_for_each(|child| in_windows(child, keys))
}

/// Adds the keys to the ORDER BY of a window whose value depends on the order among equals.
///
/// # Errors
/// Invalid: a frame by distance or by groups, in which equals have no order.
pub(super) fn in_window(function: &mut Function, keys: &[Expr]) -> Result<()> {
    let name = ast::function_name(function).unwrap_or_default();
    refuse_far_values(&name, function)?;
    let Some(WindowType::WindowSpec(spec)) = &mut function.over else { return Ok(()) };
    if keys.is_empty() {
        return Ok(());
    }
    if OF_PLACE.contains(&name.as_str()) {
        spec.window_frame = None;
    } else if OF_FRAME.contains(&name.as_str()) {
        spec.window_frame = Some(frame_of_rows(spec).ok_or_else(|| {
            Error::invalid(format!(
                "{name}() over a frame by RANGE or GROUPS would be chance where rows are equal; write ROWS, or order by what \
                 tells them apart and leave the frame out"
            ))
        })?);
    } else if spec.window_frame.as_ref().is_none_or(|frame| frame.units != WindowFrameUnits::Rows) {
        return Ok(());
    }
    spec.order_by.extend(keys.iter().cloned().map(ascending));
    Ok(())
}

/// Refuses values further ahead among those that are not NULL, where DataFusion 55 counts wrongly.
fn refuse_far_values(name: &str, function: &Function) -> Result<()> {
    let ignoring = function.null_treatment == Some(NullTreatment::IgnoreNulls);
    let arguments = ast::arguments(function).unwrap_or_default();
    let Some(distance) = arguments.get(1).filter(|_| ignoring) else { return Ok(()) };
    let near = match ordinal(distance) {
        Some(rows) => name != "lead" || rows <= 1,
        None => false,
    };
    match near || !matches!(name, "lead" | "lag") {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "{name}() with IGNORE NULLS looks one value ahead, and any number back; turn ORDER BY round and write lag()"
        ))),
    }
}

/// The frame of a window in rows, once none of them are equal; none where it goes by distance or by groups.
fn frame_of_rows(spec: &WindowSpec) -> Option<WindowFrame> {
    use WindowFrameBound::{CurrentRow, Following, Preceding};
    let rows = |end| WindowFrame { units: WindowFrameUnits::Rows, start_bound: Preceding(None), end_bound: Some(end) };
    // Without an order all rows are equal, and in the frame.
    let until_equals = || if spec.order_by.is_empty() { rows(Following(None)) } else { rows(CurrentRow) };
    let Some(frame) = &spec.window_frame else { return Some(until_equals()) };
    match (frame.units, &frame.start_bound, &frame.end_bound) {
        (WindowFrameUnits::Rows, ..) => Some(frame.clone()),
        (_, Preceding(None), Some(Following(None))) => Some(rows(Following(None))),
        (_, Preceding(None), None | Some(CurrentRow)) => Some(until_equals()),
        _ => None,
    }
}
