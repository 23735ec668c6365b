//! Random windows.

use super::draw::{Column, Draw};
use super::tree::{Bound, Call, Expr, Frame, Order, Over};
use super::value::Type;

/// A window over a measure, in groups or rows with such keys; over groups of rows it is of their sum.
pub(crate) fn windowed(draw: &mut Draw<'_>, keys: &[Expr], measure: &Column, grouped: bool) -> (Expr, Column) {
    let name = Expr::name(&measure.name);
    let inner = match draw.choices.below(5) {
        0 | 1 if grouped => Expr::call("sum", Some(name)),
        _ if grouped => Expr::call(draw.choices.word(&["max", "count"]), Some(name)),
        0 => Expr::call("sum", Some(name)),
        _ => name,
    };
    let partition = draw.choices.some(keys, 0, 1);
    let mut order = draw.choices.some(keys, 0, 1);
    if draw.choices.chance(20) && measure.of != Type::Double {
        order.insert(0, inner.clone());
    }
    let order = order.into_iter().map(|expr| Order { expr, descending: draw.choices.chance(50), nulls_first: None });
    let order: Vec<Order> = order.collect();
    let function = draw.choices.word(&[
        "sum",
        "sum",
        "max",
        "avg",
        "count",
        "rank",
        "row_number",
        "dense_rank",
        "ntile",
        "lag",
        "lead",
        "first_value",
        "last_value",
    ]);
    let ranks = matches!(function, "rank" | "row_number" | "dense_rank" | "ntile");
    let frame = !ranks && !matches!(function, "lag" | "lead") && draw.choices.chance(40);
    let single = matches!(function, "first_value" | "last_value");
    let frame = frame.then(|| frame_of(draw, single));
    let over = Some(Over { partition, order, frame });
    let counted = matches!(&inner, Expr::Call(call) if call.function == "count");
    let of = match function {
        "avg" => Type::Double,
        "count" => Type::Integer,
        _ if ranks || counted => Type::Integer,
        _ => measure.of,
    };
    let argument = (!ranks).then_some(inner);
    let expr = Expr::Call(Box::new(Call { function, distinct: false, argument, filter: None, over }));
    (expr, Column { name: String::new(), of, measure: true })
}

/// A frame: its end never lies before its start. The first or last of equal rows is not asked for.
fn frame_of(draw: &mut Draw<'_>, single: bool) -> Frame {
    let unit = if single { "ROWS" } else { draw.choices.word(&["ROWS", "ROWS", "RANGE"]) };
    let reach = if unit == "ROWS" { 3 } else { 1 };
    let start = match draw.choices.chance(40) {
        true => Bound::Unbounded,
        false => Bound::Row(-(draw.choices.below(reach) as i32)),
    };
    let end = match draw.choices.chance(30) {
        true => Bound::Unbounded,
        false => Bound::Row(draw.choices.below(reach) as i32),
    };
    Frame { unit, start, end }
}
