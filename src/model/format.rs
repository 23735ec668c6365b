//! How numbers are shown: the `format` of a measure. A number is written on its digits alone, so that all of those that
//! are shown are right, however large it is.

use arrow::datatypes::{Decimal128Type, DecimalType};

/// What is shorter to write than its pattern: one decimal, and a sign.
const PERCENT: &str = "percent";

/// A pattern for numbers.
///
/// ```text
/// format = "percent" | [text] number ["%"] [text]
/// number = ["#,##"] "0" ["." {"0"} {"#"}]        at least one place behind a point
/// text   = '"' anything but '"' '"'
/// ```
///
/// `#,##` sets thousands apart; each `0` behind the point is a digit, each `#` one that is left out when it is a zero at
/// the end; `%` shows hundredths. Digits that are not shown are rounded half away from zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFormat {
    before: String,
    after: String,
    grouped: bool,
    percent: bool,
    /// The places behind the point: those always shown, and the most.
    places: (usize, usize),
}

impl NumberFormat {
    /// What a format is, for messages.
    pub const WHAT: &str =
        "a format of numbers: percent, or a pattern such as #,##0, 0.00, #,##0.0#, 0.0% or \"$\"#,##0";
    /// The formats as a regular expression, for editors.
    pub const PATTERN: &str = r#"^(percent|("[^"]*")?(#,##)?0(\.(0+#*|#+))?%?("[^"]*")?)$"#;

    /// Reads a pattern; none if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = if text == PERCENT { "0.0%" } else { text };
        let (before, text) = quoted(text)?;
        let (grouped, text) = skip(text, "#,##");
        let text = text.strip_prefix('0')?;
        let (places, text) = match text.strip_prefix('.') {
            Some(behind) => places(behind)?,
            None => ((0, 0), text),
        };
        let (percent, text) = skip(text, "%");
        let (after, rest) = quoted(text)?;
        rest.is_empty().then(|| Self { before: before.to_owned(), after: after.to_owned(), grouped, percent, places })
    }

    /// Writes an integer.
    pub fn integer(&self, value: i64) -> String {
        self.digits(&value.to_string())
    }

    /// Writes a decimal of so many places.
    pub fn decimal(&self, value: i128, scale: i8) -> String {
        self.digits(&Decimal128Type::format_decimal(value, Decimal128Type::MAX_PRECISION, scale))
    }

    /// Writes a double by the fewest digits that tell it from all others; what is no number as it is.
    pub fn double(&self, value: f64) -> String {
        if value.is_finite() { self.digits(&value.to_string()) } else { value.to_string() }
    }

    /// Writes a number given by its digits, `-1234.5` for one.
    fn digits(&self, plain: &str) -> String {
        let (negative, plain) = skip(plain, "-");
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let point = whole.len() + if self.percent { 2 } else { 0 };
        let kept = point + self.places.1;
        let up = digits.get(kept).is_some_and(|digit| *digit >= b'5');
        digits.resize(kept, b'0');
        let grown = up && count_up(&mut digits);
        let (whole, fraction) = digits.split_at(point + usize::from(grown));
        let leading = whole.iter().take_while(|digit| **digit == b'0').count();
        let whole = if leading == whole.len() { &b"0"[..] } else { &whole[leading..] };
        let needed = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        let fraction = &fraction[..needed.max(self.places.0)];
        let is_zero = whole == b"0" && needed == 0;
        let mut text = if negative && !is_zero { "-".to_owned() } else { String::new() };
        text.push_str(&self.before);
        for (at, digit) in whole.iter().enumerate() {
            if self.grouped && at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(char::from(*digit));
        }
        if !fraction.is_empty() {
            text.push('.');
            text.extend(fraction.iter().copied().map(char::from));
        }
        text.push_str(if self.percent { "%" } else { "" });
        text + &self.after
    }
}

/// Adds one to the last of some digits; whether there is one more for it.
fn count_up(digits: &mut Vec<u8>) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return false;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
    true
}

/// Whether a text begins with `mark`, and what is left of it.
fn skip<'t>(text: &'t str, mark: &str) -> (bool, &'t str) {
    text.strip_prefix(mark).map_or((false, text), |rest| (true, rest))
}

/// The words in quotes that a text may begin with, and what is left of it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('"') {
        Some(rest) => rest.split_once('"'),
        None => Some(("", text)),
    }
}

/// The places behind the point that a text begins with, and what is left of it.
fn places(text: &str) -> Option<((usize, usize), &str)> {
    let after = text.trim_start_matches('0');
    let rest = after.trim_start_matches('#');
    let (least, most) = (text.len() - after.len(), text.len() - rest.len());
    (most > 0).then_some(((least, most), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn format(pattern: &str) -> NumberFormat {
        NumberFormat::parse(pattern).unwrap()
    }

    #[test]
    fn patterns_are_read() {
        for pattern in ["percent", "0", "#,##0", "0.00", "#,##0.0#", "#,##0.##", "0%", "\"$\"#,##0.00", "0\" items\""] {
            assert!(NumberFormat::parse(pattern).is_some(), "{pattern}");
        }
        for pattern in
            ["", "#", "#,##", "##0", "0.", "00", "0.#0", "$0", "0 %", "\"a", "0\"a", "Percent", "0.0%%", "0x", "#,#0"]
        {
            assert_eq!(NumberFormat::parse(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn integers_and_decimals_keep_their_digits() {
        assert_eq!(format("#,##0").integer(1_234_567), "1,234,567");
        assert_eq!(format("#,##0").integer(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(format("#,##0.00").integer(-999), "-999.00");
        assert_eq!(format("0").integer(0), "0");
        assert_eq!(format("#,##0.00").decimal(123_456, 3), "123.46");
        assert_eq!(format("#,##0.00").decimal(-123_455, 3), "-123.46");
        assert_eq!(format("#,##0.00").decimal(5, 3), "0.01");
        assert_eq!(format("#,##0.00").decimal(-4, 3), "0.00");
        assert_eq!(format("0").decimal(995, 1), "100");
        assert_eq!(format("0").decimal(i128::from(5), -2), "500");
        let huge = 99_999_999_999_999_999_999_999_999_999_999_999_999;
        assert_eq!(format("#,##0.0").decimal(huge, 2), "1,000,000,000,000,000,000,000,000,000,000,000,000.0");
        assert_eq!(format("0.00").decimal(huge, 2), "999999999999999999999999999999999999.99");
    }

    #[test]
    fn places_are_left_out_where_they_are_zeros() {
        let shown = |value| format("#,##0.0#").decimal(value, 2);
        assert_eq!([150, 155, 100, 105].map(shown), ["1.5", "1.55", "1.0", "1.05"]);
        assert_eq!(format("0.##").decimal(100, 2), "1");
    }

    #[test]
    fn percents_and_words() {
        assert_eq!(format("percent").double(0.12345), "12.3%");
        assert_eq!(format("percent").double(-0.5), "-50.0%");
        assert_eq!(format("0%").double(0.005), "1%");
        assert_eq!(format("percent").integer(7), "700.0%");
        assert_eq!(format("0.0%").decimal(9_999, 4), "100.0%");
        assert_eq!(format("\"$\"#,##0.00").decimal(-123_456, 2), "-$1,234.56");
        assert_eq!(format("0\" 件\"").integer(3), "3 件");
    }

    #[test]
    fn doubles_round_what_one_sees() {
        assert_eq!(format("0.00").double(1.005), "1.01");
        assert_eq!(format("0.0").double(-0.25), "-0.3");
        assert_eq!(format("0.00").double(-0.0), "0.00");
        assert_eq!(format("#,##0").double(1e21), "1,000,000,000,000,000,000,000");
        assert_eq!(format("0.0").double(1e-300), "0.0");
        assert_eq!(
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|value| format("#,##0").double(value)),
            ["NaN", "inf", "-inf"]
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_nearest(value in any::<i64>(), scale in 0_i8..12, places in 0_usize..6) {
            let pattern = if places == 0 { "#,##0".to_owned() } else { format!("#,##0.{}", "0".repeat(places)) };
            let shown = format(&pattern).decimal(i128::from(value), scale).replace(',', "");
            let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
            prop_assert_eq!(fraction.len(), places);
            // Both as so many units of the finest of their places.
            let finest = scale.unsigned_abs().into();
            let power = |places: u32| 10_i128.pow(places);
            let shown: i128 = format!("{whole}{fraction}").parse().unwrap();
            let shown = shown * power(u32::max(finest, places as u32) - places as u32);
            let exact = i128::from(value) * power(u32::max(finest, places as u32) - finest);
            let step = power(finest.saturating_sub(places as u32));
            let off = (shown - exact).abs();
            prop_assert!(off * 2 <= step, "{} is not nearest", shown);
            prop_assert!(off * 2 < step || shown.abs() > exact.abs() || off == 0);
        }

        #[test]
        fn thousands_stand_apart(value in any::<i64>()) {
            let shown = format("#,##0").integer(value);
            prop_assert_eq!(shown.replace(',', ""), value.to_string());
            let mut groups = shown.trim_start_matches('-').split(',');
            prop_assert!((1..=3).contains(&groups.next().unwrap().len()));
            prop_assert!(groups.all(|group| group.len() == 3));
        }

        #[test]
        fn no_text_stops_the_reader(text in "[\"#,0.%a]{0,8}", value in any::<f64>()) {
            if let Some(format) = NumberFormat::parse(&text) {
                prop_assert!(!format.double(value).is_empty());
            }
        }
    }
}
