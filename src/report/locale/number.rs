//! Numbers as people read them: large ones in thousands and millions, or in 萬 and 億; rounded half away from zero.

use super::{Currency, Locale};
use crate::report::figure::Figure;

/// Below this, an amount is written whole.
const WHOLE_BELOW: u128 = 10_000;
/// How many digits an abbreviated amount has.
const DIGITS: u32 = 3;
/// The minus sign; a hyphen is narrower than the plus.
const MINUS: &str = "\u{2212}";

/// How the amounts of a chart are written: all in one unit, with as many decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// The unit's power of ten.
    power: u32,
    /// The unit's word.
    word: String,
    /// How many decimals.
    decimals: u32,
}

impl Scale {
    /// The same without its word, which stands beside another number.
    #[must_use]
    pub fn wordless(&self) -> Self {
        Self { word: String::new(), ..self.clone() }
    }
}

/// Which way something moved, as printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Down.
    Down,
    /// Not at all, as far as printed digits tell.
    Flat,
    /// Up.
    Up,
}

/// A change as it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The text, signed.
    pub text: String,
    /// The same without a sign.
    pub size: String,
    /// Which way; none where nothing can be compared.
    pub direction: Option<Direction>,
}

impl Locale {
    /// The scale in which an amount is written that is the largest of its chart.
    pub fn scale(&self, largest: Figure) -> Scale {
        let whole = rounded(largest, 0).unsigned_abs();
        if whole < WHOLE_BELOW {
            return Scale { power: 0, word: String::new(), decimals: 0 };
        }
        let units: &[(u32, &str)] = match self.is_chinese() {
            true => &[(4, "number.ten_thousand"), (8, "number.hundred_million")],
            false => &[(3, "number.thousand"), (6, "number.million"), (9, "number.billion")],
        };
        let mut chosen = Scale { power: 0, word: String::new(), decimals: 0 };
        let mut below: Option<(u32, u32)> = None;
        for (power, key) in units {
            let decimals = (0..DIGITS).rev().find(|decimals| digits(largest, *power, *decimals) <= DIGITS).unwrap_or(0);
            // A unit is left only when its own rounded number would fill the next one.
            let is_full = below.is_none_or(|(own, places)| {
                rounded_in(largest, own, places).unsigned_abs() >= 10_u128.pow(power - own + places)
            });
            if is_full {
                chosen = Scale { power: *power, word: self.text(key, &[]), decimals };
            }
            below = Some((*power, decimals));
        }
        chosen
    }

    /// Whether an amount is so large that it is abbreviated.
    pub fn is_abbreviated(&self, figure: Figure) -> bool {
        self.scale(figure).power > 0
    }

    /// An amount in a scale, with the sign of its currency; `signed` puts a plus before what is above zero.
    pub fn scaled(&self, figure: Figure, scale: &Scale, currency: Option<&Currency>, signed: bool) -> String {
        let units = rounded_in(figure, scale.power, scale.decimals);
        let number = decimal(units, scale.decimals);
        with_sign(units, &format!("{}{number}{}", sign_of(currency), scale.word), signed)
    }

    /// An amount in the scale that is its own.
    pub fn amount(&self, figure: Figure, currency: Option<&Currency>) -> String {
        self.scaled(figure, &self.scale(figure), currency, false)
    }

    /// A tick of an axis: in a scale, without zeros at the end; zero without unit or sign.
    pub fn tick(&self, figure: Figure, scale: &Scale, currency: Option<&Currency>) -> String {
        if figure.is_zero() {
            return "0".into();
        }
        let (mut decimals, mut units) = (4, rounded_in(figure, scale.power, 4));
        while decimals > 0 && units % 10 == 0 {
            (decimals, units) = (decimals - 1, units / 10);
        }
        with_sign(units, &format!("{}{}{}", sign_of(currency), decimal(units, decimals), scale.word), false)
    }

    /// A number with so many decimals, never abbreviated.
    pub fn fixed(&self, figure: Figure, decimals: u32, currency: Option<&Currency>, signed: bool) -> String {
        let units = rounded(figure, decimals);
        with_sign(units, &format!("{}{}", sign_of(currency), decimal(units, decimals)), signed)
    }

    /// A share in percent, with one decimal.
    pub fn rate(&self, share: Figure) -> String {
        let hundredths = exact(share).times(Figure::whole(100));
        format!("{}%", self.fixed(hundredths, 1, None, false))
    }

    /// A tick of an axis of shares, in percent.
    pub fn rate_tick(&self, share: Figure) -> String {
        let plain = Scale { power: 0, word: String::new(), decimals: 0 };
        format!("{}%", self.tick(exact(share).times(Figure::whole(100)), &plain, None))
    }

    /// A change that is a share of what was: `+1.2%`.
    pub fn change(&self, share: Option<f64>) -> Change {
        let hundredths = share.and_then(Figure::of_double).map(|share| exact(share).times(Figure::whole(100)));
        self.moved(hundredths, |number| format!("{number}%"))
    }

    /// A change in hundredths of a share: `+1.3 pts`.
    pub fn points(&self, hundredths: Option<f64>) -> Change {
        let hundredths = hundredths.and_then(Figure::of_double);
        self.moved(hundredths, |number| self.text("word.points", &[("n", number)]))
    }

    /// The same where a head says that it is in points: `+1.3`.
    pub fn points_bare(&self, hundredths: Option<f64>) -> Change {
        self.moved(hundredths.and_then(Figure::of_double), str::to_owned)
    }

    fn moved(&self, hundredths: Option<Figure>, shown: impl Fn(&str) -> String) -> Change {
        let Some(value) = hundredths else {
            let missing = self.text("word.missing", &[]);
            return Change { size: missing.clone(), text: missing, direction: None };
        };
        let units = rounded(value, 1);
        if units == 0 {
            let flat = self.text("word.flat", &[]);
            return Change { size: flat.clone(), text: flat, direction: Some(Direction::Flat) };
        }
        Change {
            text: shown(&self.fixed(value, 1, None, true)),
            size: shown(&self.fixed(value.distance(), 1, None, false)),
            direction: Some(if units > 0 { Direction::Up } else { Direction::Down }),
        }
    }

    /// A whole number up to ten in words, others in digits.
    pub fn count(&self, n: usize) -> String {
        let key = format!("word.count_{n}");
        if self.has(&key) { self.text(&key, &[]) } else { n.to_string() }
    }

    /// A place in an order: in words up to ten.
    pub fn ordinal(&self, n: usize) -> String {
        let key = format!("word.ordinal_{n}");
        if self.has(&key) {
            return self.text(&key, &[]);
        }
        let ending = match (n % 10, n % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        self.text(&format!("word.ordinal_{ending}"), &[("n", &n.to_string())])
    }
}

fn sign_of(currency: Option<&Currency>) -> &str {
    currency.map_or("", |currency| currency.sign.as_str())
}

fn with_sign(units: i128, number: &str, signed: bool) -> String {
    match units {
        0 => number.to_owned(),
        units if units < 0 => format!("{MINUS}{number}"),
        _ if signed => format!("+{number}"),
        _ => number.to_owned(),
    }
}

/// How many digits a number has that is rounded to so many decimals in units of a power of ten.
fn digits(figure: Figure, power: u32, decimals: u32) -> u32 {
    let units = rounded_in(figure, power, decimals).unsigned_abs();
    units.checked_ilog10().map_or(0, |log| log + 1)
}

/// A double as the decimal that one sees; exact numbers as they are.
fn exact(figure: Figure) -> Figure {
    let Figure::Double(value) = figure else { return figure };
    // Rust writes doubles without exponents, in the fewest digits that read back the same.
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let places = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    match format!("{whole}{fraction}").parse() {
        Ok(units) => Figure::Exact { units, places },
        // Too many digits: far beyond what is printed, or far below.
        Err(_) => Figure::whole(value as i128),
    }
}

/// A number in units of 10^-decimals, half away from zero.
fn rounded(figure: Figure, decimals: u32) -> i128 {
    rounded_in(figure, 0, decimals)
}

/// A number in units of 10^(power - decimals), half away from zero.
fn rounded_in(figure: Figure, power: u32, decimals: u32) -> i128 {
    let Figure::Exact { units, places } = exact(figure) else { return 0 };
    let down = i64::from(places) + i64::from(power) - i64::from(decimals);
    let Ok(down) = u32::try_from(down) else {
        return units.saturating_mul(10_i128.saturating_pow(down.unsigned_abs() as u32));
    };
    let Some(step) = 10_i128.checked_pow(down) else { return 0 };
    let (quotient, remainder) = (units / step, units % step);
    let away = if remainder.unsigned_abs() * 2 >= step.unsigned_abs() { units.signum() } else { 0 };
    quotient + away
}

/// Units of 10^-decimals as text, thousands apart, without a sign.
fn decimal(units: i128, decimals: u32) -> String {
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = decimals as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals as usize);
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals > 0 { format!("{text}.{fraction}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(name: &str) -> Locale {
        Locale::of(name).unwrap()
    }

    fn figure(text: &str) -> Figure {
        exact(Figure::Double(text.parse().unwrap()))
    }

    #[test]
    fn amounts_are_abbreviated_as_each_language_does() {
        for (value, en, tw) in [
            ("92469.59", "$92.5K", "9.25萬"),
            ("90359.1475", "$90.4K", "9.04萬"),
            ("1371.5", "$1,372", "1,372"),
            ("9999.4", "$9,999", "9,999"),
            ("9999.6", "$10.0K", "1.00萬"),
            ("99950", "$100K", "10.0萬"),
            ("995000", "$995K", "99.5萬"),
            ("999499", "$999K", "99.9萬"),
            ("999500", "$1.00M", "100萬"),
            ("-997000", "−$997K", "−99.7萬"),
            ("999950", "$1.00M", "100萬"),
            ("995000000", "$995M", "9.95億"),
            ("99500000", "$99.5M", "9,950萬"),
            ("99994999", "$100M", "9,999萬"),
            ("1234567", "$1.23M", "123萬"),
            ("12345678", "$12.3M", "1,235萬"),
            ("99999999", "$100M", "1.00億"),
            ("123456789", "$123M", "1.23億"),
            ("1234567890123", "$1,235B", "12,346億"),
            ("-92469.59", "−$92.5K", "−9.25萬"),
            ("0", "$0", "0"),
            ("-0.4", "$0", "0"),
        ] {
            let (english, chinese) = (locale("en"), locale("zh-TW"));
            assert_eq!(english.amount(figure(value), Some(&english.currency("USD"))), en, "{value}");
            assert_eq!(chinese.amount(figure(value), Some(&chinese.currency("USD"))), tw, "{value}");
        }
        assert_eq!(locale("zh-CN").amount(figure("123456789"), None), "1.23亿");
    }

    #[test]
    fn one_scale_holds_for_a_chart() {
        let (en, tw) = (locale("en"), locale("zh-TW"));
        let dollars = en.currency("USD");
        let scale = en.scale(figure("20144.7"));
        assert_eq!(en.scaled(figure("6962.69"), &scale, Some(&dollars), false), "$7.0K");
        assert_eq!(en.scaled(figure("19416.24"), &scale, Some(&dollars), true), "+$19.4K");
        assert_eq!(en.scaled(figure("-18338.12"), &scale, Some(&dollars), true), "−$18.3K");
        assert_eq!(en.tick(figure("15000"), &scale, Some(&dollars)), "$15K");
        assert_eq!(en.tick(Figure::ZERO, &scale, Some(&dollars)), "0");
        let scale = tw.scale(figure("20144.7"));
        assert_eq!(tw.scaled(figure("6962.69"), &scale, None, false), "0.70萬");
        assert_eq!(tw.tick(figure("5000"), &scale, None), "0.5萬");
        assert_eq!(tw.tick(figure("20000"), &scale, None), "2萬");
        assert_eq!(en.tick(figure("2.5"), &en.scale(figure("7")), None), "2.5");
    }

    #[test]
    fn changes_are_signed_flat_or_missing() {
        let (en, tw) = (locale("en"), locale("zh-TW"));
        let text = |change: Change| change.text;
        assert_eq!(text(en.change(Some(0.011_796))), "+1.2%");
        assert_eq!(text(en.change(Some(-0.048_394))), "−4.8%");
        assert_eq!(text(en.change(Some(0.000_49))), "flat");
        assert_eq!(text(tw.change(Some(-0.000_49))), "持平");
        assert_eq!(en.change(None), Change { text: "–".into(), size: "–".into(), direction: None });
        assert_eq!(text(en.points(Some(1.25))), "+1.3 pts");
        assert_eq!(text(tw.points(Some(-1.25))), "−1.3百分點");
        assert_eq!(en.change(Some(-0.25)).size, "25.0%");
        assert_eq!(en.change(Some(-0.25)).direction, Some(Direction::Down));
    }

    #[test]
    fn rates_and_quotients_keep_their_decimals() {
        let en = locale("en");
        assert_eq!(en.rate(Figure::Double(0.146_081_32)), "14.6%");
        assert_eq!(en.fixed(Figure::Double(29.896_408), 2, Some(&en.currency("USD")), false), "$29.90");
        assert_eq!(en.fixed(Figure::Double(1.005), 2, None, false), "1.01");
        assert_eq!(en.fixed(Figure::Double(-5754.54), 0, None, true), "−5,755");
        assert_eq!(en.fixed(Figure::Double(1e300), 0, None, false).len(), 51, "what no integer holds does not stop us");
    }

    #[test]
    fn places_in_an_order() {
        let en = locale("en");
        let all = [1, 10, 11, 12, 13, 21, 22, 23, 24, 101, 111].map(|n| en.ordinal(n));
        let expected = ["first", "tenth", "11th", "12th", "13th", "21st", "22nd", "23rd", "24th", "101st", "111th"];
        assert_eq!(all, expected);
        assert_eq!(locale("zh-TW").ordinal(21), "21");
        assert_eq!(en.count(3), "three");
        assert_eq!(en.count(12), "12");
    }

    #[test]
    fn currencies_without_words_are_their_codes() {
        let en = locale("en");
        assert_eq!(en.amount(figure("25000"), Some(&en.currency("CHF"))), "CHF\u{a0}25.0K");
        assert_eq!(locale("zh-TW").currency("CHF").name, "CHF");
    }
}
