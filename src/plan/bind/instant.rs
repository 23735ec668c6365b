//! Instants that meet wall clocks (semantics, rule 10): literals with an offset and now() are converted to the
//! session's zone before they meet a cube's axis, since DataFusion drops the offset. And the UTC ranges that let files be
//! pruned, wide enough for every zone and every change of the clock; the exact predicate stays.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use datafusion::sql::sqlparser::ast::{BinaryOperator, DataType, Expr, TypedString, Value};

use crate::model::Grain;
use crate::query::Query;

use super::super::ast;

/// How far a wall clock may be from UTC, and how much a literal may lose when it is cut to its date.
const MARGIN_DAYS: i64 = 2;

/// The value of a call that reads the clock: on the wall (`naive`), or as an instant.
pub(super) fn clock_call(expr: &Expr, query: &Query, naive: bool) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    if !ast::arguments(function).is_some_and(|arguments| arguments.is_empty()) {
        return None;
    }
    let wall = query.now.with_timezone(&query.timezone).naive_local();
    match ast::function_name(function)?.as_str() {
        "current_date" | "today" => Some(Expr::TypedString(TypedString {
            data_type: DataType::Date,
            value: Value::SingleQuotedString(wall.date().to_string()).into(),
            uses_odbc_syntax: false,
        })),
        "now" | "current_timestamp" if naive => Some(ast::timestamp(&shown(wall))),
        "now" | "current_timestamp" => Some(utc(query.now)),
        _ => None,
    }
}

/// A UTC instant as a literal of the mart's type.
fn utc(at: DateTime<Utc>) -> Expr {
    let value = ast::text(&at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
    Expr::Function(ast::call("arrow_cast", vec![value, ast::text("Timestamp(Microsecond, Some(\"UTC\"))")]))
}

fn shown(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// Whether an expression compares its direct operands.
pub(super) fn compares(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::BinaryOp { .. }
            | Expr::Between { .. }
            | Expr::InList { .. }
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
    )
}

/// The wall clock of a literal that carries an offset. A bare text is one only where it meets an instant (`met`).
pub(super) fn zoned_literal(expr: &Expr, zone: Tz, met: bool) -> Option<Expr> {
    let text = match expr {
        Expr::Value(value) if met => quoted(&value.value)?,
        Expr::TypedString(TypedString { data_type: DataType::Timestamp(..), value, .. }) => quoted(&value.value)?,
        Expr::Cast { expr, data_type: DataType::Timestamp(..), .. } => match expr.as_ref() {
            Expr::Value(value) => quoted(&value.value)?,
            _ => return None,
        },
        Expr::Function(function) if ast::function_name(function)?.starts_with("to_timestamp") => {
            match ast::arguments(function)?.as_slice() {
                [Expr::Value(value)] => quoted(&value.value)?,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(ast::timestamp(&shown(with_offset(text)?.with_timezone(&zone).naive_local())))
}

fn quoted(value: &Value) -> Option<&str> {
    match value {
        Value::SingleQuotedString(text) => Some(text),
        _ => None,
    }
}

/// A timestamp with an offset: `2017-11-05T05:00:00Z`, `2017-11-05 01:00:00-04`.
fn with_offset(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    let text = text.trim();
    ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f %#z", "%Y-%m-%d %H:%M:%S%.f %#z"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(text, format).ok())
        .or_else(|| DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)).ok())
}

/// The wall clock that a literal names.
fn wall_clock(expr: &Expr) -> Option<NaiveDateTime> {
    let text = match expr {
        Expr::Nested(inner) => return wall_clock(inner),
        Expr::Value(value) => quoted(&value.value)?,
        Expr::TypedString(TypedString { value, .. }) => quoted(&value.value)?,
        Expr::Cast { expr, data_type: DataType::Date | DataType::Timestamp(..), .. } => return wall_clock(expr),
        _ => return None,
    };
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    date.or_else(|| {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    })
}

/// The longest that a period of a grain lasts, in days.
fn longest_days(grain: Option<Grain>) -> i64 {
    match grain {
        None => 0,
        Some(Grain::Hour | Grain::Day) => 1,
        Some(Grain::Week) => 7,
        Some(Grain::Month) => 31,
        Some(Grain::Quarter) => 92,
        Some(Grain::Year) => 366,
    }
}

/// The UTC range of `raw` that a predicate on its wall clock (or a grain of it) implies. `is_axis` tells whether an
/// expression is such a clock, and of which grain.
pub(super) fn utc_range(predicate: &Expr, raw: &Expr, is_axis: &dyn Fn(&Expr) -> Option<Option<Grain>>) -> Vec<Expr> {
    let not_before = |at: NaiveDateTime| {
        at.checked_sub_signed(Duration::days(MARGIN_DAYS))
            .map(|at| ast::binary(raw.clone(), BinaryOperator::GtEq, utc(at.and_utc())))
    };
    let not_after = |at: NaiveDateTime, grain: Option<Grain>| {
        at.checked_add_signed(Duration::days(MARGIN_DAYS + longest_days(grain)))
            .map(|at| ast::binary(raw.clone(), BinaryOperator::LtEq, utc(at.and_utc())))
    };
    match predicate {
        Expr::Nested(inner) => utc_range(inner, raw, is_axis),
        Expr::Between { expr, negated: false, low, high } => match (is_axis(expr), wall_clock(low), wall_clock(high)) {
            (Some(grain), Some(low), Some(high)) => {
                [not_before(low), not_after(high, grain)].into_iter().flatten().collect()
            }
            _ => Vec::new(),
        },
        Expr::BinaryOp { left, op, right } => {
            let (grain, at, op) = match (is_axis(left), wall_clock(right), is_axis(right), wall_clock(left)) {
                (Some(grain), Some(at), ..) => (grain, at, op.clone()),
                (_, _, Some(grain), Some(at)) => (grain, at, mirrored(op)),
                _ => return Vec::new(),
            };
            let range = match op {
                BinaryOperator::Eq => [not_before(at), not_after(at, grain)],
                BinaryOperator::GtEq | BinaryOperator::Gt => [not_before(at), None],
                BinaryOperator::LtEq | BinaryOperator::Lt => [None, not_after(at, grain)],
                _ => [None, None],
            };
            range.into_iter().flatten().collect()
        }
        _ => Vec::new(),
    }
}

fn mirrored(op: &BinaryOperator) -> BinaryOperator {
    match op {
        BinaryOperator::Lt => BinaryOperator::Gt,
        BinaryOperator::LtEq => BinaryOperator::GtEq,
        BinaryOperator::Gt => BinaryOperator::Lt,
        BinaryOperator::GtEq => BinaryOperator::LtEq,
        other => other.clone(),
    }
}
