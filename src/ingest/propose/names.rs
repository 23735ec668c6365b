//! Names: from headers and file names to names of the model, and what a name says of what it names.

use datafusion::sql::sqlparser::ast::Expr;

use crate::sql::{keywords, parse_expr};
use crate::yaml::RESERVED;

/// What a column that is a number of something else is called last.
const KEY_WORDS: [&str; 15] =
    ["id", "key", "code", "no", "nr", "num", "number", "uuid", "guid", "sku", "upc", "ean", "isbn", "barcode", "ref"];
const KEY_ENDINGS: [&str; 10] = ["編號", "编号", "代號", "代号", "代碼", "代码", "號", "号", "碼", "ID"];
/// Columns of digits with which nobody calculates.
const DIGITS: [&str; 9] = ["phone", "tel", "telephone", "mobile", "fax", "zip", "zipcode", "postal", "postcode"];
const DIGITS_WITHIN: [&str; 7] = ["電話", "电话", "手機", "手机", "傳真", "郵遞區號", "邮编"];
/// Han characters that are written so in simplified texts alone.
const SIMPLIFIED: &str =
    "个们为这国时会说额销户编号门单价数产类业务员负责电话机邮区别组织总计账龄级货发订备进库储钱币购买卖铺项间长称图";

/// Why the values of a column do not add up, and what to make of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsummed {
    Price,
    Ratio,
    Age,
    Calendar,
    Place,
    Level,
    Score,
}

const UNSUMMED: [(Unsummed, &[&str]); 7] = [
    (Unsummed::Price, &["price", "單價", "单价", "價格", "价格", "售價", "售价", "定價", "定价"]),
    (
        Unsummed::Ratio,
        &[
            "rate",
            "pct",
            "percent",
            "percentage",
            "ratio",
            "share",
            "avg",
            "average",
            "mean",
            "median",
            "factor",
            "率",
            "比例",
            "占比",
        ],
    ),
    (Unsummed::Age, &["age", "年齡", "年龄"]),
    (
        Unsummed::Calendar,
        &[
            "year", "quarter", "month", "week", "weekday", "day", "hour", "minute", "年度", "年份", "月份", "週次",
            "周次", "小時",
        ],
    ),
    (Unsummed::Place, &["lat", "latitude", "lon", "lng", "longitude", "緯度", "經度", "纬度", "经度"]),
    (Unsummed::Level, &["balance", "stock", "inventory", "餘額", "余额", "庫存", "库存", "存量"]),
    (Unsummed::Score, &["score", "rating", "rank", "level", "index", "min", "max", "評分", "评分", "等級", "等级"]),
];

impl Unsummed {
    /// What a column's names, in the model and in its file, say.
    pub(super) fn of(name: &str, from: &str) -> Option<Self> {
        let says = |word: &str| match word.is_ascii() {
            true => words(name).any(|part| part == word),
            false => from.contains(word),
        };
        UNSUMMED.iter().find(|(_, list)| list.iter().any(|word| says(word))).map(|(what, _)| *what)
    }

    /// The reason, for a comment.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Price => "a price is of one: multiply it by a quantity, sum(price * quantity)",
            Self::Ratio => "ratios do not add up: divide a measure by another",
            Self::Age => "ages do not add up",
            Self::Calendar => "a point in time is no amount",
            Self::Place => "a place is no amount",
            Self::Level => "a level at a moment: it does not add up over time",
            Self::Score => "scores do not add up",
        }
    }

    /// Whether rows are grouped by such values.
    pub(super) fn groups(self) -> bool {
        matches!(self, Self::Age | Self::Calendar | Self::Score)
    }
}

/// The parts of a name.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split('_')
}

/// Whether a column's name is that of a key.
pub(super) fn is_key(name: &str, from: &str) -> bool {
    words(name).last().is_some_and(|last| KEY_WORDS.contains(&last))
        || KEY_ENDINGS.iter().any(|ending| from.ends_with(ending))
}

/// Whether a column's name says that its digits are no number.
pub(super) fn is_digits(name: &str, from: &str) -> bool {
    words(name).any(|part| DIGITS.contains(&part)) || DIGITS_WITHIN.iter().any(|word| from.contains(word))
}

/// Whether a column counts within something else: the lines of an order.
pub(super) fn is_ordinal(name: &str) -> bool {
    words(name).last().is_some_and(|last| ["no", "nr", "num", "number"].contains(&last))
}

/// A key's name without the word that says so: `customer` of `customer_id`.
pub(super) fn stem(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((stem, last)) if KEY_WORDS.contains(&last) => stem,
        _ => name,
    }
}

/// A name of the model for what a file calls `text`: a column or a table, the `position`th. Names that are not written in
/// ASCII, and those of nothing but signs, become `column_3`.
pub(super) fn fold(text: &str, kind: &str, position: usize) -> String {
    let Some(plain) = ascii(text) else { return format!("{kind}_{position}") };
    if plain.starts_with(|first: char| first.is_ascii_digit()) {
        return format!("{kind}_{plain}");
    }
    if is_word(&plain) { format!("{plain}_{kind}") } else { plain }
}

/// Lowercase words joined by single underscores; none where letters would get lost or nothing is left.
fn ascii(text: &str) -> Option<String> {
    let mut folded = String::new();
    let mut before = '_';
    for character in text.chars() {
        if !character.is_ascii() && character.is_alphanumeric() {
            return None;
        }
        let starts_word = character.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if (starts_word || !character.is_ascii_alphanumeric()) && !folded.is_empty() && !folded.ends_with('_') {
            folded.push('_');
        }
        if character.is_ascii_alphanumeric() {
            folded.push(character.to_ascii_lowercase());
        }
        before = character;
    }
    let folded = folded.trim_end_matches('_');
    (!folded.is_empty()).then(|| folded.to_owned())
}

/// Whether a name means something by itself, in the model or in SQL.
fn is_word(name: &str) -> bool {
    // What begins an expression, and is a name only where nothing follows that would fit.
    let begins = ["all", "any", "array", "case", "cast", "distinct", "exists", "extract", "interval", "not", "struct"];
    let is_name = !begins.contains(&name) && matches!(parse_expr(name), Ok(Expr::Identifier(_)));
    RESERVED.contains(&name) || !is_name || keywords().contains(&name.to_ascii_uppercase().as_str())
}

/// A name that is not taken yet: this one, or one with a number behind it.
pub(super) fn free(name: String, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(&name) {
        return name;
    }
    (2u32..).map(|number| format!("{name}_{number}")).find(|name| !is_taken(name)).unwrap_or(name)
}

/// One of what a plural names.
pub(super) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if let Some(stem) = name.strip_suffix("es")
        && ["s", "x", "ch", "sh"].iter().any(|end| stem.ends_with(end))
    {
        return stem.to_owned();
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && !stem.is_empty() => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// Many of what a name names.
pub(super) fn plural(name: &str) -> String {
    if let Some(stem) = name.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    if ["s", "x", "ch", "sh"].iter().any(|end| name.ends_with(end)) {
        return format!("{name}es");
    }
    format!("{name}s")
}

/// The words of people that a name was made of, if it shows them no longer.
pub(super) fn title(text: &str) -> Option<String> {
    (!text.is_ascii()).then(|| text.trim().to_owned())
}

/// The language of such titles.
pub(super) fn locale<'a>(titles: impl Iterator<Item = &'a str> + Clone) -> &'static str {
    let is_han = |character: char| ('\u{3400}'..='\u{9fff}').contains(&character);
    let simplified = |title: &str| title.chars().any(|one| SIMPLIFIED.contains(one));
    if !titles.clone().any(|title| title.chars().any(is_han)) {
        "en"
    } else if titles.clone().any(simplified) {
        "zh-CN"
    } else {
        "zh-TW"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal() {
        for (text, name) in [
            ("Household ID", "household_id"),
            ("householdID", "household_id"),
            ("  unit--price ($) ", "unit_price"),
            ("__a__b__", "a_b"),
            ("order", "order_column"),
            ("user", "user_column"),
            ("case", "case_column"),
            ("current_date", "current_date_column"),
            ("date", "date"),
            ("no", "no"),
            ("2024", "column_2024"),
            ("金額", "column_7"),
            ("客戶ID", "column_7"),
            ("%", "column_7"),
        ] {
            assert_eq!(fold(text, "column", 7), name, "{text}");
        }
    }

    #[test]
    fn names_say_what_they_name() {
        assert!(is_key("customer_id", "customer_id") && is_key("column_1", "商品編號") && is_key("no", "no"));
        assert!(
            !is_key("quantity", "quantity") && !is_key("no_of_items", "no_of_items") && !is_key("column_1", "金額")
        );
        assert_eq!(Unsummed::of("unit_price", "unit_price"), Some(Unsummed::Price));
        assert_eq!(Unsummed::of("column_2", "折扣率"), Some(Unsummed::Ratio));
        assert_eq!(Unsummed::of("package", "package"), None);
        assert!(is_digits("mobile_phone", "mobile_phone") && is_digits("column_3", "聯絡電話"));
        assert_eq!(
            (singular("categories"), singular("boxes"), singular("sales")),
            ("category".into(), "box".into(), "sale".into())
        );
        assert_eq!(
            (plural("category"), plural("day"), plural("box")),
            ("categories".into(), "days".into(), "boxes".into())
        );
        assert_eq!(stem("customer_id"), "customer");
    }

    #[test]
    fn titles_have_a_language() {
        let of = |titles: &[&'static str]| locale(titles.iter().copied());
        assert_eq!(
            (of(&["金額", "門市", "票數"]), of(&["金额"]), of(&["Größe"]), of(&[])),
            ("zh-TW", "zh-CN", "en", "en")
        );
    }
}
