//! How sizes, durations and addresses are written.

use std::net::SocketAddr;
use std::time::Duration;

use crate::yaml::Shape;

/// A size above zero: `512 MiB`, `4 GiB`, `1.5GB`; a bare number would not say of what.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "b" | "bytes" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    scaled(number, factor)
}

/// A duration above zero: `30s`, `500 ms`, `5 minutes`, `1.5 hours`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let factor: u64 = match unit {
        "ms" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "second" | "seconds" => 1_000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    scaled(number, factor).map(Duration::from_millis)
}

/// A number and its unit, with or without spaces between them.
fn split(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    Some((number, unit.trim_start_matches(' ')))
}

/// A decimal number times a factor, exact, rounded down; nothing if it is zero or does not fit.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    let part = u128::from(fraction.parse::<u64>().ok()?) * u128::from(factor)
        / 10u128.pow(u32::try_from(fraction.len()).ok()?);
    whole.checked_add(u64::try_from(part).ok()?).filter(|value| *value > 0)
}

pub(super) fn size_shape() -> Shape {
    Shape::Written {
        what: "a size above zero with its unit, such as 512 MiB or 4 GiB",
        pattern: r"^[0-9]+(\.[0-9]{1,9})? *([Bb]|[Bb][Yy][Tt][Ee][Ss]|[KkMmGgTt][Ii]?[Bb])$",
        check: |text| size(text).is_some(),
        hint: |_| String::new(),
    }
}

pub(super) fn duration_shape() -> Shape {
    Shape::Written {
        what: "a duration above zero with its unit, such as 30s or 5 minutes",
        pattern: r"^[0-9]+(\.[0-9]{1,9})? *(ms|milliseconds?|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)$",
        check: |text| duration(text).is_some(),
        hint: |_| String::new(),
    }
}

pub(super) fn address_shape() -> Shape {
    Shape::Written {
        what: "an address and port, such as 127.0.0.1:31337",
        pattern: r"^(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]):\d{1,5}$",
        check: |text| text.parse::<SocketAddr>().is_ok(),
        hint: |_| String::new(),
    }
}

/// A text as a quoted YAML scalar.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_a_unit() {
        for (text, bytes) in [
            ("4 GiB", 4 << 30),
            ("512MiB", 512 << 20),
            ("1.5 GB", 1_500_000_000),
            ("100 bytes", 100),
            ("2 tib", 2 << 40),
            ("0.5 KiB", 512),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in [
            "",
            "4",
            "GiB",
            "0 GiB",
            "-1 GiB",
            "1..5 GiB",
            "1. GiB",
            ".5 GiB",
            "4 GiBs",
            "99999999999 TiB",
            "1e3 MB",
            "4\tGiB",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        for (text, milliseconds) in
            [("30s", 30_000), ("5 minutes", 300_000), ("1.5 hours", 5_400_000), ("500 ms", 500), ("1 day", 86_400_000)]
        {
            assert_eq!(duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "5", "0s", "5 fortnights", "-5s", "5 Minutes", "0.0001 ms"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn quoted_texts_are_yaml() {
        assert_eq!(quote("a\"b\\c\n銷"), "\"a\\\"b\\\\c\\U0000000A銷\"");
    }
}
