//! Instants over cubes (semantics, rule 10): now() and typed literals with an offset are put on the wall of the
//! session's zone; what else meets a wall clock is found by its type (`sql`). And the UTC ranges that let files be
//! pruned, wide enough for every zone and every change of the clock; the exact predicate stays.

use chrono::{DateTime, Datelike, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;
use datafusion::sql::sqlparser::ast::{BinaryOperator, DataType, Expr, TypedString, Value};

use crate::model::Grain;
use crate::query::Query;
use crate::sql::{Written, marked_instant};

use super::super::ast;
use super::summand::is_constant;

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
        "now" | "current_timestamp" if naive => Some(marked_instant(ast::timestamp(&shown(wall)), query.now)),
        "now" | "current_timestamp" => Some(utc(query.now)),
        _ => None,
    }
}

/// Whether an expression may show a clock with its hours, where it holds something that does: what is cast to another type
/// does not, nor does a part of it.
pub(super) fn may_show(expr: &Expr, is_clock: impl FnMut(&Expr) -> bool) -> bool {
    let other = match expr {
        Expr::Nested(inner) => return may_show(inner, is_clock),
        Expr::Cast { data_type, .. } => !matches!(data_type, DataType::Timestamp(..)),
        Expr::Function(function) => {
            let name = ast::function_name(function);
            name.is_some_and(|name| ["date_part", "to_char", "count", "grouping"].contains(&name.as_str()))
        }
        Expr::Extract { .. } | Expr::IsNull(_) | Expr::IsNotNull(_) => true,
        _ => false,
    };
    !other && ast::any(expr, is_clock)
}

/// Whether an expression computes a clock of what is written: a cast to a timestamp, or a literal of one, in what is no
/// constant itself. A constant beside instants is one of them.
pub(super) fn computes_clock(expr: &Expr) -> bool {
    let timestamp = |inner: &Expr| match inner {
        Expr::Cast { data_type, .. } => matches!(data_type, DataType::Timestamp(..)),
        Expr::TypedString(text) => matches!(text.data_type, DataType::Timestamp(..)),
        _ => false,
    };
    !is_constant(expr) && may_show(expr, timestamp)
}

/// A UTC instant as a literal of the mart's type.
fn utc(at: DateTime<Utc>) -> Expr {
    let value = ast::text(&at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
    Expr::Function(ast::call("arrow_cast", vec![value, ast::text("Timestamp(Microsecond, Some(\"UTC\"))")]))
}

fn shown(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// What stands for an expression where time is wall clock: calls that read the clock, and typed literals that carry an
/// offset, put on the wall. The origin of `date_bin` is a wall clock as it is written.
pub(super) fn on_the_wall(expr: &mut Expr, query: &Query) -> Option<Expr> {
    if let Expr::Function(function) = expr
        && ast::function_name(function).as_deref() == Some("date_bin")
        && let Some([_, _, origin]) = ast::arguments_mut(function).as_deref_mut()
        && let Some(written) = literal_text(origin).map(as_written)
    {
        **origin = ast::timestamp(&written);
    }
    clock_call(expr, query, true).or_else(|| zoned_literal(expr, query.timezone))
}

/// The wall clock of a typed literal that carries an offset.
fn zoned_literal(expr: &Expr, zone: Tz) -> Option<Expr> {
    match expr {
        Expr::Value(_) => None,
        _ => match Written::read(literal_text(expr)?)? {
            Written::Instant(at) => {
                Some(marked_instant(ast::timestamp(&shown(at.with_timezone(&zone).naive_local())), at))
            }
            Written::Clock(_) => None,
        },
    }
}

/// The text of a literal of a time: plain, typed, cast, or read by a function.
fn literal_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Nested(inner) => literal_text(inner),
        Expr::Value(value) => quoted(&value.value),
        Expr::TypedString(TypedString { data_type: DataType::Timestamp(..), value, .. }) => quoted(&value.value),
        Expr::Cast { expr, data_type: DataType::Timestamp(..), .. } => match expr.as_ref() {
            Expr::Value(value) => quoted(&value.value),
            _ => None,
        },
        Expr::Function(function) if ast::function_name(function)?.starts_with("to_timestamp") => {
            match ast::arguments(function)?.as_slice() {
                [Expr::Value(value)] => quoted(&value.value),
                _ => None,
            }
        }
        _ => None,
    }
}

fn quoted(value: &Value) -> Option<&str> {
    match value {
        Value::SingleQuotedString(text) => Some(text),
        Value::DollarQuotedString(text) => Some(&text.value),
        _ => None,
    }
}

/// A time without the offset that it carries.
fn as_written(text: &str) -> String {
    let text = text.trim();
    let clock = |at: &(usize, char)| at.0 < 11 || at.1.is_ascii_digit() || matches!(at.1, ':' | '.');
    text.char_indices().take_while(clock).map(|(_, character)| character).collect()
}

/// The wall clock that a literal names.
fn wall_clock(expr: &Expr, zone: Tz) -> Option<NaiveDateTime> {
    let text = match ast::unmarked(expr) {
        Expr::Nested(inner) => return wall_clock(inner, zone),
        Expr::Value(value) => quoted(&value.value)?,
        Expr::TypedString(TypedString { value, .. }) => quoted(&value.value)?,
        Expr::Cast { expr, data_type: DataType::Date | DataType::Timestamp(..), .. } => return wall_clock(expr, zone),
        _ => return None,
    };
    Some(match Written::read(text)? {
        Written::Instant(at) => at.with_timezone(&zone).naive_local(),
        Written::Clock(at) => at,
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
pub(super) fn utc_range(
    predicate: &Expr,
    raw: &Expr,
    zone: Tz,
    is_axis: &dyn Fn(&Expr) -> Option<Option<Grain>>,
) -> Vec<Expr> {
    let wall_clock = |expr: &Expr| wall_clock(expr, zone);
    // Years that SQL does not write bound nothing.
    let written = |at: &NaiveDateTime| (1..=9999).contains(&at.year());
    let not_before = |at: NaiveDateTime| {
        at.checked_sub_signed(Duration::days(MARGIN_DAYS))
            .filter(written)
            .map(|at| ast::binary(raw.clone(), BinaryOperator::GtEq, utc(at.and_utc())))
    };
    let not_after = |at: NaiveDateTime, grain: Option<Grain>| {
        at.checked_add_signed(Duration::days(MARGIN_DAYS + longest_days(grain)))
            .filter(written)
            .map(|at| ast::binary(raw.clone(), BinaryOperator::LtEq, utc(at.and_utc())))
    };
    match predicate {
        Expr::Nested(inner) => utc_range(inner, raw, zone, is_axis),
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

#[cfg(test)]
mod tests {
    use chrono::Timelike;
    use proptest::prelude::*;

    use super::*;

    const ZONES: [Tz; 7] = [
        Tz::Pacific__Kiritimati,
        Tz::Pacific__Pago_Pago,
        Tz::Pacific__Apia,
        Tz::Australia__Lord_Howe,
        Tz::Asia__Taipei,
        Tz::Asia__Kathmandu,
        Tz::America__New_York,
    ];
    const GRAINS: [Option<Grain>; 7] = [
        None,
        Some(Grain::Hour),
        Some(Grain::Day),
        Some(Grain::Week),
        Some(Grain::Month),
        Some(Grain::Quarter),
        Some(Grain::Year),
    ];
    const OPERATORS: [(&str, BinaryOperator); 5] = [
        ("=", BinaryOperator::Eq),
        ("<", BinaryOperator::Lt),
        ("<=", BinaryOperator::LtEq),
        (">", BinaryOperator::Gt),
        (">=", BinaryOperator::GtEq),
    ];

    /// The first moment of the period that a wall clock lies in.
    fn start(wall: NaiveDateTime, grain: Option<Grain>) -> NaiveDateTime {
        let day = wall.date();
        let first = |month: u32| day.with_day(1).unwrap().with_month(month).unwrap();
        let start = match grain {
            None => return wall,
            Some(Grain::Hour) => return day.and_hms_opt(wall.hour(), 0, 0).unwrap(),
            Some(Grain::Day) => day,
            Some(Grain::Week) => day - Duration::days(day.weekday().num_days_from_monday().into()),
            Some(Grain::Month) => first(day.month()),
            Some(Grain::Quarter) => first((day.month() - 1) / 3 * 3 + 1),
            Some(Grain::Year) => first(1),
        };
        start.and_hms_opt(0, 0, 0).unwrap()
    }

    fn holds(left: &NaiveDateTime, op: &str, right: &NaiveDateTime) -> bool {
        match op {
            "=" => left == right,
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            _ => left >= right,
        }
    }

    /// Whether an instant lies in a range that `utc_range` gave.
    fn admits(condition: &Expr, at: DateTime<Utc>) -> bool {
        let shown = condition.to_string();
        let bound = shown.split('\'').nth(1).unwrap().parse::<DateTime<Utc>>().unwrap();
        if shown.contains(">=") { at >= bound } else { at <= bound }
    }

    proptest! {
        #[test]
        fn pruning_loses_no_instant(
            // From 2010 to 2020: Samoa left out 2011-12-30, and the others changed their clocks twice a year or never.
            second in 1_262_304_000_i64..1_577_836_800,
            away in -400_000_i64..400_000,
            at in (0..ZONES.len(), 0..GRAINS.len(), 0..OPERATORS.len()),
            on_the_right in any::<bool>(),
            dated in any::<bool>(),
        ) {
            let (zone, grain, (sign, op)) = (ZONES[at.0], GRAINS[at.1], &OPERATORS[at.2]);
            let instant = DateTime::from_timestamp(second, 0).unwrap();
            let clock = start(instant.with_timezone(&zone).naive_local(), grain);
            let near = start(clock + Duration::seconds(away), if dated { Some(Grain::Day) } else { grain });
            for literal in [near, clock] {
                let shown = if dated && literal == near { literal.date().to_string() } else { literal.to_string() };
                let (axis, value) = (ast::column("axis"), ast::text(&shown));
                let predicate = match on_the_right {
                    true => ast::binary(value, mirrored(op), axis),
                    false => ast::binary(axis, op.clone(), value),
                };
                let is_axis = |expr: &Expr| (*expr == ast::column("axis")).then_some(grain);
                let range = utc_range(&predicate, &ast::column("raw"), zone, &is_axis);
                prop_assert!(!range.is_empty(), "{predicate} prunes nothing");
                if holds(&clock, sign, &literal) {
                    for condition in &range {
                        prop_assert!(admits(condition, instant), "{instant} ({clock} in {zone}) {predicate}: {condition}");
                    }
                }
            }
        }
    }
}
