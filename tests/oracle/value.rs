//! Values as the semantics page has them (rule 11): `+ − ×` exact, `/` a double and NULL by zero, text by its bytes,
//! −0 = 0, NULLs last.

use std::cmp::Ordering;
use std::fmt;

/// The types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Boolean,
    Integer,
    Decimal,
    Double,
    Text,
    Date,
    Instant,
}

impl Type {
    /// Whether values can be added up.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Double)
    }
}

/// A value. A decimal is `unscaled` at so many digits behind the point, without zeros at its end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Integer(i128),
    Decimal(i128, u32),
    Double(f64),
    Text(String),
    Date(i32),
    /// Microseconds since 1970 began: in tables of UTC, in cubes and results of wall clock.
    Instant(i64),
}

/// The microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

impl Value {
    /// A decimal, in its one form.
    pub(crate) fn decimal(mut unscaled: i128, mut scale: u32) -> Self {
        while scale > 0 && unscaled % 10 == 0 {
            (unscaled, scale) = (unscaled / 10, scale - 1);
        }
        Self::Decimal(unscaled, scale)
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// The value as a double, if it is a number.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Decimal(unscaled, scale) => Some(*unscaled as f64 / 10f64.powi(*scale as i32)),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether it is the same value: doubles to 1e-9 of their size, all else exactly.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Double(one), Self::Double(other)) => near(*one, *other),
            (Self::Integer(_), Self::Decimal(..)) | (Self::Decimal(..), Self::Integer(_)) => {
                self.compare(other) == Some(Ordering::Equal)
            }
            // A number that stands for NULL takes the type of what it stands for, and so does what is made of it.
            (Self::Integer(_) | Self::Decimal(..), Self::Double(_))
            | (Self::Double(_), Self::Integer(_) | Self::Decimal(..)) => {
                self.number().zip(other.number()).is_some_and(|(one, other)| near(one, other))
            }
            _ => self == other,
        }
    }

    /// What equal values have in common, whatever type of number they are.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Integer(value) => format!("{:?}", Self::decimal(*value, 0)),
            Self::Double(value) if *value == 0.0 => format!("{:?}", Self::decimal(0, 0)),
            other => format!("{other:?}"),
        }
    }

    /// The order of values of one kind; none where one is NULL or they cannot be compared.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(one.as_bytes().cmp(other.as_bytes())),
            (Self::Date(one), Self::Date(other)) => Some(one.cmp(other)),
            (Self::Instant(one), Self::Instant(other)) => Some(one.cmp(other)),
            (Self::Instant(one), Self::Date(days)) => Some(one.cmp(&(i64::from(*days) * DAY))),
            (Self::Date(_), Self::Instant(_)) => other.compare(self).map(Ordering::reverse),
            (Self::Double(_), _) | (_, Self::Double(_)) => self.number()?.partial_cmp(&other.number()?),
            _ => {
                let (one, other) = aligned(self, other)?;
                Some(one.cmp(&other))
            }
        }
    }

    /// The order in which rows are sorted: NULL last.
    pub(crate) fn sorts(&self, other: &Self) -> Ordering {
        match (self.is_null(), other.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.compare(other).unwrap_or(Ordering::Equal),
        }
    }
}

/// Whether two doubles are the same to 1e-9 of their size.
pub(crate) fn near(one: f64, other: f64) -> bool {
    one == other || (one - other).abs() <= 1e-9 * one.abs().max(other.abs()) || (one.is_nan() && other.is_nan())
}

/// Exact numbers at one scale.
fn aligned(one: &Value, other: &Value) -> Option<(i128, i128)> {
    let parts = |value: &Value| match value {
        Value::Integer(value) => Some((*value, 0)),
        Value::Decimal(unscaled, scale) => Some((*unscaled, *scale)),
        _ => None,
    };
    let ((one, one_scale), (other, other_scale)) = (parts(one)?, parts(other)?);
    let scale = one_scale.max(other_scale);
    Some((one * 10i128.pow(scale - one_scale), other * 10i128.pow(scale - other_scale)))
}

/// `one op other` for numbers.
pub(crate) fn arithmetic(op: char, one: &Value, other: &Value) -> Value {
    let (Some(first), Some(second)) = (one.number(), other.number()) else { return Value::Null };
    if op == '/' {
        return if second == 0.0 { Value::Null } else { Value::Double(first / second) };
    }
    let scale_of = |value: &Value| match value {
        Value::Decimal(_, scale) => *scale,
        _ => 0,
    };
    let exact = |unscaled: i128, scale: u32| match (one, other) {
        (Value::Integer(_), Value::Integer(_)) => Value::Integer(unscaled),
        _ => Value::decimal(unscaled, scale),
    };
    let Some((left, right)) = aligned(one, other) else {
        return Value::Double(match op {
            '+' => first + second,
            '-' => first - second,
            _ => first * second,
        });
    };
    let scale = scale_of(one).max(scale_of(other));
    match op {
        '+' => exact(left + right, scale),
        '-' => exact(left - right, scale),
        _ => exact(left * right, 2 * scale),
    }
}

/// How the value is written in SQL and in tables of data; NULL as SQL has it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Decimal(unscaled, scale) => {
                let (sign, digits) = (if *unscaled < 0 { "-" } else { "" }, unscaled.abs());
                let (whole, rest) = (digits / 10i128.pow(*scale), digits % 10i128.pow(*scale));
                match scale {
                    0 => write!(f, "{sign}{whole}.0"),
                    _ => write!(f, "{sign}{whole}.{rest:0width$}", width = *scale as usize),
                }
            }
            Self::Double(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "'{}'", value.replace('\'', "''")),
            Self::Date(days) => write!(f, "DATE '{}'", day(*days)),
            Self::Instant(at) => write!(f, "TIMESTAMP '{}'", clock(*at).format("%Y-%m-%d %H:%M:%S")),
        }
    }
}

/// The day so many days after 1970 began.
pub(crate) fn day(days: i32) -> chrono::NaiveDate {
    chrono::NaiveDate::from_num_days_from_ce_opt(days + 719_163).unwrap()
}

/// The date and time of so many microseconds after 1970 began.
pub(crate) fn clock(at: i64) -> chrono::NaiveDateTime {
    chrono::DateTime::from_timestamp_micros(at).unwrap().naive_utc()
}

/// What clocks of a zone show at an instant.
pub(crate) fn wall(at: i64, zone: chrono_tz::Tz) -> i64 {
    let there = chrono::DateTime::from_timestamp_micros(at).unwrap().with_timezone(&zone);
    there.naive_local().and_utc().timestamp_micros()
}

/// The first day of the period that a day lies in.
pub(crate) fn truncated(days: i32, grain: &str) -> i32 {
    use chrono::Datelike;
    let date = day(days);
    let start = match grain {
        "day" => date,
        "week" => date - chrono::Days::new(u64::from(date.weekday().num_days_from_monday())),
        "month" => date.with_day(1).unwrap(),
        "quarter" => date.with_day(1).unwrap().with_month(date.month0() / 3 * 3 + 1).unwrap(),
        _ => date.with_day(1).unwrap().with_month(1).unwrap(),
    };
    start.num_days_from_ce() - 719_163
}

/// What equal rows have in common.
pub(crate) fn told(row: &[Value]) -> String {
    row.iter().map(Value::told).collect::<Vec<_>>().join(" ")
}
