//! Expressions of one row, and aggregates of many values. What a name or a call is worth is told by whoever asks.

use std::collections::BTreeSet;

use super::tree::Expr;
use super::value::{DAY, Type, Value, arithmetic, truncated, wall};

/// Why a statement has no answer: the rule of the semantics page, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) rule: &'static str,
    pub(crate) why: String,
}

/// The rule of what SQL lets an engine answer or not.
pub(crate) const MAY: &str = "SQL, which allows either";

/// What the oracle says.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// The refusal by a rule.
pub(crate) fn refuse<T>(rule: &'static str, why: impl Into<String>) -> Answer<T> {
    Err(Refusal { rule, why: why.into() })
}

/// The value of an expression; `known` tells that of the parts which it knows.
pub(crate) fn evaluate(expr: &Expr, known: &dyn Fn(&Expr) -> Option<Answer<Value>>) -> Answer<Value> {
    if let Some(value) = known(expr) {
        return value;
    }
    let of = |inner: &Expr| evaluate(inner, known);
    match expr {
        Expr::Literal(value) => Ok(value.clone()),
        Expr::Binary(op, left, right) => {
            let (left, right) = (of(left)?, of(right)?);
            Ok(binary(op, &left, &right))
        }
        Expr::Not(inner) => Ok(match of(inner)? {
            Value::Boolean(value) => Value::Boolean(!value),
            _ => Value::Null,
        }),
        Expr::IsNull(inner, negated) => Ok(Value::Boolean(of(inner)?.is_null() != *negated)),
        Expr::In(inner, list) => {
            let found = of(inner)?;
            let list = list.iter().map(of).collect::<Answer<Vec<_>>>()?;
            Ok(among(&found, &list))
        }
        Expr::Case(branches, otherwise) => {
            for (when, then) in branches {
                if of(when)? == Value::Boolean(true) {
                    return of(then);
                }
            }
            otherwise.as_ref().map_or(Ok(Value::Null), |inner| of(inner))
        }
        Expr::Cast(inner, to) => Ok(cast(of(inner)?, *to)),
        Expr::Coalesce(inner, default) => match of(inner)? {
            Value::Null => of(default),
            value => Ok(value),
        },
        Expr::Truncated(grain, inner) => Ok(match of(inner)? {
            Value::Date(days) => Value::Date(truncated(days, grain)),
            Value::Instant(at) if *grain == "hour" => Value::Instant(at - at.rem_euclid(DAY / 24)),
            Value::Instant(at) => Value::Date(truncated(at.div_euclid(DAY) as i32, grain)),
            _ => Value::Null,
        }),
        Expr::Wall(zone, inner) => Ok(match of(inner)? {
            Value::Instant(at) => Value::Instant(wall(at, *zone)),
            _ => Value::Null,
        }),
        Expr::Zoned(zone, at, _) => Ok(Value::Instant(wall(*at, *zone))),
        Expr::Function(name, inner) => Ok(match of(inner)? {
            Value::Text(text) => Value::Text(if *name == "upper" { text.to_uppercase() } else { text.to_lowercase() }),
            _ => Value::Null,
        }),
        other => refuse("SQL", format!("'{other}' cannot stand here")),
    }
}

/// Whether a value is among others, as IN has it.
pub(crate) fn among(found: &Value, list: &[Value]) -> Value {
    if list.is_empty() {
        return Value::Boolean(false);
    }
    if found.is_null() {
        return Value::Null;
    }
    let equal = |value: &Value| found.compare(value) == Some(std::cmp::Ordering::Equal);
    match list.iter().any(equal) {
        true => Value::Boolean(true),
        false if list.iter().any(Value::is_null) => Value::Null,
        false => Value::Boolean(false),
    }
}

fn binary(op: &str, left: &Value, right: &Value) -> Value {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let compared = |is: &dyn Fn(std::cmp::Ordering) -> bool| match left.compare(right) {
        Some(order) => Value::Boolean(is(order)),
        None => Value::Null,
    };
    match op {
        "AND" | "OR" => {
            let decisive = Value::Boolean(op == "OR");
            if *left == decisive || *right == decisive {
                decisive
            } else if left.is_null() || right.is_null() {
                Value::Null
            } else {
                Value::Boolean(op == "AND")
            }
        }
        "IS NOT DISTINCT FROM" => Value::Boolean(match (left.is_null(), right.is_null()) {
            (false, false) => left.compare(right) == Some(Equal),
            (left, right) => left && right,
        }),
        "=" => compared(&|order| order == Equal),
        "<>" => compared(&|order| order != Equal),
        "<" => compared(&|order| order == Less),
        "<=" => compared(&|order| order != Greater),
        ">" => compared(&|order| order == Greater),
        ">=" => compared(&|order| order != Less),
        _ => arithmetic(op.chars().next().unwrap_or('+'), left, right),
    }
}

fn cast(value: Value, to: Type) -> Value {
    match (value, to) {
        (Value::Integer(value), Type::Decimal) => Value::decimal(value, 0),
        (value @ (Value::Integer(_) | Value::Decimal(..)), Type::Double) => {
            value.number().map_or(Value::Null, Value::Double)
        }
        (value @ (Value::Integer(_) | Value::Boolean(_)), Type::Text) => Value::Text(value.to_string()),
        (Value::Date(days), Type::Text) => Value::Text(super::value::day(days).to_string()),
        (value, _) => value,
    }
}

/// An aggregate of values.
pub(crate) fn aggregate(function: &str, distinct: bool, values: Vec<Value>) -> Value {
    let mut values: Vec<Value> = values.into_iter().filter(|value| !value.is_null()).collect();
    if distinct {
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(format!("{value:?}")));
    }
    let count = values.len();
    match function {
        "count" => Value::Integer(count as i128),
        "hll" if count == 0 => Value::Integer(0),
        _ if count == 0 => Value::Null,
        "sum" => values.into_iter().reduce(|sum, value| arithmetic('+', &sum, &value)).unwrap_or(Value::Null),
        "avg" => {
            let sum = values.into_iter().reduce(|sum, value| arithmetic('+', &sum, &value));
            sum.and_then(|sum| sum.number()).map_or(Value::Null, |sum| Value::Double(sum / count as f64))
        }
        // So few values as there are here are told apart exactly.
        "hll" => aggregate("count", true, values),
        "median" => at_place(values, 0.5),
        "percentile_cont" => at_place(values, 0.25),
        "percentile_disc" => {
            let mut values = values;
            values.sort_by(Value::sorts);
            values.swap_remove((0.25 * count as f64).ceil() as usize - 1)
        }
        "stddev" => squares(&values, 1.0, f64::sqrt),
        "var_pop" => squares(&values, 0.0, |variance| variance),
        "min" => values.into_iter().min_by(Value::sorts).unwrap_or(Value::Null),
        _ => values.into_iter().max_by(Value::sorts).unwrap_or(Value::Null),
    }
}

/// The value at a place in the order of all, between two of them as far as it lies between theirs.
fn at_place(mut values: Vec<Value>, place: f64) -> Value {
    values.sort_by(Value::sorts);
    let numbers: Vec<f64> = values.iter().filter_map(Value::number).collect();
    let at = place * (numbers.len() - 1) as f64;
    let (low, high) = (numbers[at.floor() as usize], numbers[at.ceil() as usize]);
    Value::Double(low + (high - low) * at.fract())
}

/// The squares of the distances from the mean, over how many there are less `less`; NULL where that is nothing.
fn squares(values: &[Value], less: f64, of: impl Fn(f64) -> f64) -> Value {
    let numbers: Vec<f64> = values.iter().filter_map(Value::number).collect();
    let count = numbers.len() as f64;
    if count <= less {
        return Value::Null;
    }
    let mean = numbers.iter().sum::<f64>() / count;
    Value::Double(of(numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / (count - less)))
}
