//! Text to values, strictly: what is not wholly a value of the type is a misfit.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;
use chrono::{Datelike, NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::misfit::{Misfit, misfit};
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

/// Days from 1970: `2017-01-31`, years from 0001.
pub(super) fn date(text: &str) -> Option<i32> {
    calendar(text.as_bytes()).map(|date| date.num_days_from_ce() - EPOCH_DAYS)
}

fn calendar(text: &[u8]) -> Option<NaiveDate> {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = (year.len() == 4).then(|| digits(year)).flatten().filter(|year| *year > 0)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?)
}

/// A number of nothing but digits.
fn digits(text: &[u8]) -> Option<u32> {
    let digit = |number: u32, byte: &u8| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'));
    text.iter().try_fold(0, digit)
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

/// A timestamp with its offset, or without one in the zone that the file writes; `None` if it is no timestamp. A date,
/// then perhaps one `T` or space, `hh:mm`, seconds and up to six digits of a fraction, then perhaps `Z` or `+hh:mm`.
pub(super) fn timestamp(text: &str, stored_in: Option<Tz>) -> Option<Result<i64, String>> {
    let (date, rest) = text.as_bytes().split_at_checked(10)?;
    let date = calendar(date)?;
    let (time, offset) = match rest {
        [] => (NaiveTime::MIN, None),
        [b'T' | b' ', time @ ..] => {
            let end = time.iter().position(|byte| matches!(byte, b'Z' | b'+' | b'-')).unwrap_or(time.len());
            let (time, offset) = time.split_at(end);
            (clock(time)?, if offset.is_empty() { None } else { Some(seconds_east(offset)?) })
        }
        _ => return None,
    };
    let wall = date.and_time(time);
    let instant = match (offset, stored_in) {
        (Some(seconds), _) => Ok(wall.and_utc().timestamp_micros() - i64::from(seconds) * 1_000_000),
        (None, Some(zone)) => time::instant(wall, zone),
        (None, None) => {
            Err(format!("'{text}' has no offset; say in which zone the file writes it: stored_in: Asia/Taipei"))
        }
    };
    let outside = || format!("'{text}' is not in a year from 1 to 9999");
    Some(instant.and_then(|at| if time::is_outside(at) { Err(outside()) } else { Ok(at) }))
}

fn clock(text: &[u8]) -> Option<NaiveTime> {
    let (minutes, rest) = text.split_at_checked(5)?;
    let [h1, h2, b':', m1, m2] = minutes else { return None };
    let (seconds, micros) = match rest {
        [] => (0, 0),
        [b':', s1, s2] => (digits(&[*s1, *s2])?, 0),
        [b':', s1, s2, b'.', fraction @ ..] if (1..=6).contains(&fraction.len()) => {
            (digits(&[*s1, *s2])?, digits(fraction)? * 10u32.pow(6 - u32::try_from(fraction.len()).ok()?))
        }
        _ => return None,
    };
    NaiveTime::from_hms_micro_opt(digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, seconds, micros)
}

/// An offset in seconds east of Greenwich.
fn seconds_east(text: &[u8]) -> Option<i32> {
    let [sign, h1, h2, b':', m1, m2] = text else { return (text == b"Z").then_some(0) };
    let hours = digits(&[*h1, *h2]).filter(|hours| *hours < 24)?;
    let minutes = digits(&[*m1, *m2]).filter(|minutes| *minutes < 60)?;
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    Some(if *sign == b'-' { -seconds } else { seconds })
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
        assert_eq!(timestamp("yesterday", Some(Tz::UTC)), None);
    }

    #[test]
    fn dates_have_one_form() {
        assert_eq!(
            [date("1970-01-01"), date("0001-01-01"), date("9999-12-31")],
            [Some(0), Some(-719_162), Some(2_932_896)]
        );
        for text in [
            "17-01-02",
            "2017-1-2",
            " 2017-01-01",
            "2017-01-01 ",
            "+2017-01-01",
            "+017-01-01",
            "0000-01-01",
            "-001-01-01",
            "10000-01-01",
            "2017- 1- 2",
            "2017-02-29",
            "2017/01/01",
            "20170101",
            "２０１７-01-01",
            "2017-01-01T00:00:00",
            "",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_have_one_form() {
        let at = |text| timestamp(text, Some(Tz::UTC));
        let utc = 1_483_246_800_000_000;
        for text in [
            "2017-01-01T05:00",
            "2017-01-01 05:00:00",
            "2017-01-01T05:00:00.0",
            "2017-01-01 05:00:00.000000Z",
            "2017-01-01T13:00+08:00",
            "2016-12-31T23:30:00-05:30",
        ] {
            assert_eq!(at(text), Some(Ok(utc)), "{text}");
        }
        assert_eq!(at("2017-01-01"), Some(Ok(utc - 5 * 3_600_000_000)));
        assert_eq!(at("2017-01-01 05:00:00.5"), Some(Ok(utc + 500_000)));
        for text in [
            "17-01-02 05:00:00",
            " 2017-01-01 05:00:00",
            "2017-01-01 5:0:0",
            "2017-01-0105:00:00",
            "2017-01-01  05:00:00",
            "2016-12-31T23:59:60Z",
            "2017-01-01 24:00:00",
            "2017-01-01T05:00:00.1234567Z",
            "2017-01-01 05:00:00.",
            "2017-01-01 05:00:00 +08:00",
            "2017-01-01 05:00:00 UTC",
            "2017-01-01T05:00:00+0800",
            "2017-01-01T05:00:00+24:00",
            "2017-01-01T",
            "2017-01-01Z",
            "0000-01-01 00:00:00",
            "10000-01-01 00:00:00",
            "2017-01-01T05",
            "2017-01-01 05:0é",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
        assert!(at("0001-01-01T00:00:00+08:00").unwrap().unwrap_err().contains("from 1 to 9999"));
        assert!(timestamp("9999-12-31 23:00", Some(Tz::America__New_York)).unwrap().is_err());
    }
}
