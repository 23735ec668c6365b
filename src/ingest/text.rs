//! Text to values, strictly: what is not wholly a value of the type is a misfit.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

use super::cast::{Misfit, misfit};
use super::time;

/// Days from the first of January of year 1 to 1970.
const EPOCH_DAYS: i32 = 719_163;

/// Texts as values of a type.
pub(super) fn parse(texts: &StringArray, to: &DataType, stored_in: Option<Tz>) -> Result<ArrayRef, Misfit> {
    let plain = |text: &str| misfit(0, text, to).why;
    Ok(match to {
        DataType::Utf8 => Arc::new(texts.clone()),
        DataType::Int64 => Arc::new(Int64Array::from(each(texts, |text| text.parse().map_err(|_| plain(text)))?)),
        DataType::Float64 => Arc::new(Float64Array::from(each(texts, |text| {
            text.parse()
                .ok()
                .filter(|value: &f64| value.is_finite())
                .map(|value| value + 0.0)
                .ok_or_else(|| plain(text))
        })?)),
        DataType::Boolean => {
            Arc::new(BooleanArray::from(each(texts, |text| match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" => Ok(true),
                "false" | "f" | "0" => Ok(false),
                _ => Err(plain(text)),
            })?))
        }
        DataType::Date32 => Arc::new(Date32Array::from(each(texts, |text| date(text).ok_or_else(|| plain(text)))?)),
        DataType::Decimal128(precision, scale) => {
            let values = each(texts, |text| decimal(text, *precision, *scale).ok_or_else(|| plain(text)))?;
            let array = Decimal128Array::from(values).with_precision_and_scale(*precision, *scale);
            Arc::new(array.map_err(|error| Misfit { row: 0, why: error.to_string() })?)
        }
        DataType::Timestamp(..) => {
            let values = each(texts, |text| timestamp(text, stored_in).unwrap_or_else(|| Err(plain(text))))?;
            Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
        }
        other => return Err(Misfit { row: 0, why: format!("text cannot become {other}") }),
    })
}

fn each<T>(texts: &StringArray, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<Option<T>>, Misfit> {
    let read_row =
        |(row, text): (usize, Option<&str>)| text.map(|text| read(text).map_err(|why| Misfit { row, why })).transpose();
    texts.iter().enumerate().map(read_row).collect()
}

fn date(text: &str) -> Option<i32> {
    let written = (text.len() == DATE_BYTES && is_dated(text)).then_some(text)?;
    NaiveDate::parse_from_str(written, "%Y-%m-%d").ok().map(|date| date.num_days_from_ce() - EPOCH_DAYS)
}

/// The length of a date.
const DATE_BYTES: usize = 10;

/// Whether a text begins with a date as ISO 8601 writes it, of the years 1 to 9999.
fn is_dated(text: &str) -> bool {
    let Some(date) = text.as_bytes().get(..DATE_BYTES) else { return false };
    let digits = |at: &usize| !matches!(at, 4 | 7);
    (0..DATE_BYTES).filter(digits).all(|at| date[at].is_ascii_digit())
        && date[4] == b'-'
        && date[7] == b'-'
        && !date.starts_with(b"0000")
}

/// Whether a text is a date and time as ISO 8601 writes them: T or a space between, no leap second, no more than six
/// digits of a second's fraction.
fn is_timed(text: &str) -> bool {
    let Some(time) = text.as_bytes().get(DATE_BYTES..).filter(|_| is_dated(text)) else { return false };
    let [b'T' | b't' | b' ', clock @ ..] = time else { return false };
    let second = clock.get(6..8).filter(|_| clock.get(5) == Some(&b':'));
    let fraction = clock.get(8..).filter(|rest| rest.first() == Some(&b'.')).unwrap_or_default();
    let digits = fraction.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    second.is_none_or(|second| second < b"60".as_slice())
        && digits <= 6
        && clock.first().is_some_and(u8::is_ascii_digit)
}

/// A decimal's digits as an integer of 10^-scale. Digits beyond the scale must be zeros.
fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let scale = usize::try_from(scale).ok()?;
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let kept = fraction.len().min(scale);
    if fraction[kept..].bytes().any(|byte| byte != b'0') {
        return None;
    }
    let padded = format!("{whole}{}{}", &fraction[..kept], "0".repeat(scale - kept));
    let value: i128 = if padded.is_empty() { 0 } else { padded.parse().ok()? };
    let fits = value < 10i128.checked_pow(u32::from(precision))?;
    fits.then_some(if negative { -value } else { value })
}

/// A timestamp with its offset, or without one in the zone that the file writes; `None` if it is no timestamp.
fn timestamp(text: &str, stored_in: Option<Tz>) -> Option<Result<i64, String>> {
    if date(text).is_none() && !is_timed(text) {
        return None;
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Some(Ok(at.timestamp_micros()));
    }
    let wall = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    Some(match stored_in {
        Some(zone) => time::instant(wall, zone),
        None => Err(format!("'{text}' has no offset; say in which zone the file writes it: stored_in: Asia/Taipei")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        for (text, value) in [
            ("3.10", Some(310)),
            ("3.1", Some(310)),
            ("-0.05", Some(-5)),
            ("3", Some(300)),
            ("3.100", Some(310)),
            (".5", Some(50)),
            ("5.", Some(500)),
            ("3.101", None),
            ("3.1O", None),
            ("", None),
            ("-", None),
            (".", None),
            ("1e3", None),
            (" 3", None),
            ("12345678901.00", None),
        ] {
            assert_eq!(decimal(text, 12, 2), value, "{text}");
        }
    }

    #[test]
    fn timestamps_need_a_zone() {
        let utc = 1_509_858_000_000_000;
        assert_eq!(timestamp("2017-11-05T05:00:00Z", None), Some(Ok(utc)));
        assert_eq!(timestamp("2017-11-05 01:00:00-04:00", None), Some(Ok(utc)));
        assert_eq!(timestamp("2017-11-05 05:00:00", Some(Tz::UTC)), Some(Ok(utc)));
        assert!(timestamp("2017-11-05 05:00:00", None).unwrap().unwrap_err().contains("stored_in"));
        assert!(timestamp("2017-11-05 01:30:00", Some(Tz::America__New_York)).unwrap().unwrap_err().contains("twice"));
        assert!(timestamp("2017-03-12 02:30:00", Some(Tz::America__New_York)).unwrap().unwrap_err().contains("never"));
        for loose in [
            "yesterday",
            "17-01-02",
            "2017-1-2",
            " 2017-01-01",
            "0000-01-01",
            "2017-01-0105:00:00",
            "2017-06-15 12:30:60",
            "2017-01-01T05:00:00.1234567Z",
            "2017-01-01 ",
        ] {
            assert_eq!(timestamp(loose, Some(Tz::UTC)), None, "{loose}");
            assert_eq!(date(loose), None, "{loose}");
        }
        assert!(timestamp("2017-01-01 05:00", Some(Tz::UTC)).unwrap().is_ok());
        assert!(timestamp("2017-01-01T05:00:00.123456+08:00", None).unwrap().is_ok());
    }
}
