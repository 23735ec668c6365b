//! Types of columns, from the values seen in all rows. Nothing is decided by a part of a file, and nothing loses a digit:
//! what is written with leading zeros stays text, and what is written with a point becomes a decimal, no double.

use arrow::datatypes::DataType;
use chrono_tz::Tz;

use crate::ingest::text;
use crate::model::instant;

use super::names;

/// More digits than this are a number of something, not a count of something; spreadsheets lose them.
const MOST_DIGITS: usize = 15;
/// More digits behind the point than this are measured, not counted.
const MOST_SCALE: usize = 10;
/// What a decimal has room for at least, as money wants it.
const LEAST_PRECISION: usize = 12;

/// The type that is proposed for a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guess {
    /// In the mart.
    pub(super) data_type: DataType,
    /// The zone of a timestamp that names none.
    pub(super) stored_in: Option<Tz>,
    /// Whether the file says as much by itself.
    pub(super) plain: bool,
    /// Why, or what to look at.
    pub(super) why: Option<String>,
}

impl Guess {
    pub(super) fn new(data_type: DataType, why: Option<String>) -> Self {
        Self { data_type, stored_in: None, plain: false, why }
    }
}

/// What the texts of a column have in common so far.
#[derive(Debug)]
pub(super) struct Evidence {
    zone: Tz,
    values: u64,
    integers: bool,
    decimals: bool,
    doubles: bool,
    /// Why numbers are none.
    code: Option<&'static str>,
    whole_digits: usize,
    scale: usize,
    dates: bool,
    compact_dates: bool,
    other_dates: bool,
    grouped: bool,
    timestamps: bool,
    offsets: u64,
    /// Whether every wall clock is one moment in the zone.
    moments: bool,
    booleans: bool,
    said: [bool; 2],
    /// Whether some truth value is a letter alone.
    letters: bool,
}

/// How a number is written.
struct Digits {
    whole: usize,
    fraction: Option<usize>,
    leading_zero: bool,
    signed: Option<u8>,
}

impl Evidence {
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            zone,
            values: 0,
            integers: true,
            decimals: true,
            doubles: true,
            code: None,
            whole_digits: 0,
            scale: 0,
            dates: true,
            compact_dates: true,
            other_dates: true,
            grouped: true,
            timestamps: true,
            offsets: 0,
            moments: true,
            booleans: true,
            said: [false; 2],
            letters: false,
        }
    }

    /// Takes one more value.
    pub(super) fn see(&mut self, value: &str) {
        self.values += 1;
        if self.doubles {
            self.number(value);
        }
        if self.compact_dates {
            self.compact_dates = compact(value).is_some();
        }
        if self.dates {
            self.dates = text::date(value).is_some();
        }
        if self.timestamps {
            self.timestamp(value);
        }
        if self.booleans {
            self.letters |= value.len() == 1;
            match value.to_ascii_lowercase().as_str() {
                "true" | "t" => self.said[1] = true,
                "false" | "f" => self.said[0] = true,
                _ => self.booleans = false,
            }
        }
        self.other_dates = self.other_dates && is_other_date(value);
        self.grouped = self.grouped && is_grouped(value);
    }

    fn number(&mut self, value: &str) {
        let Some(digits) = digits(value) else {
            let exponent = value.contains(['e', 'E']) && value.parse().is_ok_and(|double: f64| double.is_finite());
            (self.integers, self.decimals, self.doubles) = (false, false, exponent);
            return;
        };
        let code = match digits {
            Digits { leading_zero: true, .. } => Some("leading zeros are kept"),
            Digits { signed: Some(b'+'), .. } => Some("a plus sign is kept"),
            Digits { whole, fraction: None, .. } if whole > MOST_DIGITS => {
                Some("more digits than a number keeps everywhere")
            }
            _ => None,
        };
        self.code = self.code.or(code);
        self.integers = self.integers && digits.fraction.is_none();
        self.whole_digits = self.whole_digits.max(digits.whole);
        self.scale = self.scale.max(digits.fraction.unwrap_or_default());
    }

    fn timestamp(&mut self, value: &str) {
        let Some(without) = text::timestamp(value, None) else {
            self.timestamps = false;
            return;
        };
        match without {
            Ok(_) => self.offsets += 1,
            Err(_) => match text::timestamp(value, Some(Tz::UTC)) {
                Some(Ok(_)) => {
                    self.moments = self.moments && matches!(text::timestamp(value, Some(self.zone)), Some(Ok(_)));
                }
                _ => self.timestamps = false,
            },
        }
    }

    /// The type of a column with these names, of which CSV says nothing.
    pub(super) fn decide(&self, name: &str, from: &str) -> Guess {
        let text = |why: &str| Guess::new(DataType::Utf8, Some(why.to_owned()));
        if self.values == 0 {
            return text("no row has a value");
        }
        if let Some(moment) = self.moment() {
            return moment;
        }
        // One letter, and always the same, may stand for anything.
        if self.booleans && (self.said == [true, true] || !self.letters) {
            return Guess::new(DataType::Boolean, None);
        }
        if !self.doubles {
            return match (self.other_dates, self.grouped) {
                (true, _) => text("dates, but only those written as 2025-01-31 are read as such"),
                (_, true) => text("numbers, but not with separators or signs: write 1234.50"),
                _ => Guess { plain: true, ..Guess::new(DataType::Utf8, None) },
            };
        }
        match self.code {
            Some(why) => return text(why),
            None if names::is_digits(name, from) => return text("digits that are no number, by their name"),
            None if self.integers && self.compact_dates => {
                return text("dates, but only those written as 2025-01-31 are read as such");
            }
            None => {}
        }
        self.amount()
    }

    /// The date or timestamp that all values are.
    pub(super) fn moment(&self) -> Option<Guess> {
        if self.values == 0 || !(self.dates || self.timestamps) {
            return None;
        }
        if self.dates {
            return Some(Guess::new(DataType::Date32, None));
        }
        let guess = Guess::new(instant(), None);
        if self.offsets == self.values {
            // A model must name a zone; offsets win over it.
            let why = Some("each value names its offset, and that counts".into());
            return Some(Guess { stored_in: Some(Tz::UTC), why, ..guess });
        }
        Some(zoned(guess, self.zone, self.moments))
    }

    fn amount(&self) -> Guess {
        if self.integers {
            return Guess::new(DataType::Int64, None);
        }
        let wide = self.whole_digits + self.scale;
        if !self.decimals || self.scale > MOST_SCALE || wide > 38 {
            let why = match self.decimals {
                true => format!("as many as {} digits behind the point: measured, not counted", self.scale),
                false => "exponents are read as doubles alone".to_owned(),
            };
            return Guess::new(DataType::Float64, Some(why));
        }
        let precision = u8::try_from(wide.max(LEAST_PRECISION)).unwrap_or(38);
        let scale = i8::try_from(self.scale).unwrap_or_default();
        let seen = format!("digits before the point: at most {}, behind it: {}", self.whole_digits, self.scale);
        Guess::new(DataType::Decimal128(precision, scale), Some(seen))
    }
}

/// A timestamp of wall clocks, with the zone in which they most likely are.
pub(super) fn zoned(guess: Guess, zone: Tz, moments: bool) -> Guess {
    let why = match moments {
        true => "CHECK: the values name no zone; say whose clock wrote them".to_owned(),
        false => format!("CHECK: the values name no zone, and not all exist once in {zone}, so UTC"),
    };
    Guess { stored_in: Some(if moments { zone } else { Tz::UTC }), why: Some(why), ..guess }
}

fn digits(value: &str) -> Option<Digits> {
    let signed = value.bytes().next().filter(|first| matches!(first, b'-' | b'+'));
    let unsigned = &value[usize::from(signed.is_some())..];
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_none_or(str::is_empty))
        || !all_digits(whole)
        || !all_digits(fraction.unwrap_or(""))
    {
        return None;
    }
    let minus_zero = signed == Some(b'-') && whole == "0" && fraction.is_none();
    let leading_zero = (whole.len() > 1 && whole.starts_with('0')) || minus_zero;
    Some(Digits { whole: whole.len(), fraction: fraction.map(str::len), leading_zero, signed })
}

/// Eight digits that are a date of our time.
fn compact(value: &str) -> Option<i32> {
    if value.len() != 8 || !value.bytes().all(|byte| byte.is_ascii_digit()) || !("1900".."2100").contains(&&value[..4])
    {
        return None;
    }
    text::date(&format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]))
}

/// `2025/1/31`, `31.1.2025` and the like, perhaps with a time behind.
fn is_other_date(value: &str) -> bool {
    let day = value.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['/', '.', '-', '年', '月', '日']).filter(|part| !part.is_empty()).collect();
    let number = |part: &&str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && day.len() >= 6 && parts.iter().all(number)
}

/// `1,234.50`, `$5`, `12%`, `5元`.
fn is_grouped(value: &str) -> bool {
    let signs = ["NT$", "US$", "TWD", "USD", "EUR", "$", "€", "£", "¥", " ", "-"];
    let unsigned = signs.iter().fold(value, |rest, sign| rest.strip_prefix(sign).unwrap_or(rest));
    let number = unsigned.trim_end_matches(['%', '元', ' ', '€']);
    number.starts_with(|first: char| first.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, values: &[&str]) -> Guess {
        let mut evidence = Evidence::new(Tz::America__New_York);
        values.iter().for_each(|value| evidence.see(value));
        evidence.decide(name, name)
    }

    #[test]
    fn types_follow_from_all_values() {
        let decimal = DataType::Decimal128;
        for (values, data_type) in [
            (&["1", "-20", "0"][..], DataType::Int64),
            (&["1", "2.50"], decimal(12, 2)),
            (&[".5", "5."], decimal(12, 1)),
            (&["12345678901234.5678"], decimal(18, 4)),
            (&["1.5", "1e3"], DataType::Float64),
            (&["0.30000000000000004"], DataType::Float64),
            (&["1", "00123"], DataType::Utf8),
            (&["1", "+886912345678"], DataType::Utf8),
            (&["4111111111111111"], DataType::Utf8),
            (&["-0"], DataType::Utf8),
            (&["1", "x"], DataType::Utf8),
            (&["1", " 2"], DataType::Utf8),
            (&["1,234.50"], DataType::Utf8),
            (&["true", "False"], DataType::Boolean),
            (&["t", "f"], DataType::Boolean),
            (&["1", "0"], DataType::Int64),
            (&["t"], DataType::Utf8),
            (&["Y", "N"], DataType::Utf8),
            (&["2025-01-31"], DataType::Date32),
            (&["2025-01-31", "2025-02-30"], DataType::Utf8),
            (&["20250131", "20250201"], DataType::Utf8),
            (&["20250131", "20250231"], DataType::Int64),
            (&["2025/1/31"], DataType::Utf8),
            (&["2025-01-31T10:00:00Z"], instant()),
            (&["2025-01-31", "2025-01-31 10:00"], instant()),
            (&[], DataType::Utf8),
        ] {
            assert_eq!(of("x", values).data_type, data_type, "{values:?}");
        }
        assert_eq!(of("phone", &["5551234"]).data_type, DataType::Utf8);
    }

    #[test]
    fn wall_clocks_are_of_the_zone_in_which_they_exist() {
        assert_eq!(of("x", &["2017-03-12 01:30:00"]).stored_in, Some(Tz::America__New_York));
        assert_eq!(of("x", &["2017-03-12 02:30:00"]).stored_in, Some(Tz::UTC));
        assert!(!of("x", &["2017-03-12 02:30:00Z"]).why.unwrap().contains("CHECK"));
        assert!(of("x", &["2017-03-12 02:30:00"]).why.unwrap().contains("CHECK"));
        assert_eq!(of("x", &["9999-12-31 23:00:00-05:00"]).data_type, DataType::Utf8);
    }
}
