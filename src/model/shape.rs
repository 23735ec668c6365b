//! The grammar of the files under `cubes/`: what they are checked against, and what editors are told.

use std::str::FromStr;

use arrow::datatypes::{DataType, TimeUnit};
use chrono_tz::Tz;

use super::{Better, FileFormat, NumberFormat};
use crate::yaml::{Key, Shape, hint};

/// The mart's type for instants.
pub fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The format of the files that a pattern names, by its ending.
pub(super) fn format_of(pattern: &str) -> Option<FileFormat> {
    if pattern.ends_with(".parquet") {
        Some(FileFormat::Parquet)
    } else if pattern.ends_with(".csv") {
        Some(FileFormat::Csv)
    } else {
        None
    }
}

/// The types that have a name alone.
const TYPES: [&str; 6] = ["text", "integer", "double", "boolean", "date", "timestamp"];

/// The type that a model writes as `text`: a column's in the mart.
pub(super) fn parse_type(text: &str) -> Option<DataType> {
    let plain = match text.trim() {
        "text" => DataType::Utf8,
        "integer" => DataType::Int64,
        "double" => DataType::Float64,
        "boolean" => DataType::Boolean,
        "date" => DataType::Date32,
        "timestamp" => instant(),
        other => return parse_decimal(other),
    };
    Some(plain)
}

fn parse_decimal(text: &str) -> Option<DataType> {
    let (precision, scale) = text.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let precision = precision.trim().parse::<u8>().ok().filter(|precision| (1..=38).contains(precision))?;
    let scale = scale.trim().parse::<i8>().ok().filter(|scale| *scale >= 0)?;
    (scale.unsigned_abs() <= precision).then_some(DataType::Decimal128(precision, scale))
}

/// What one file under `cubes/` may say.
pub fn shape() -> Shape {
    Shape::Map(vec![
        Key::new("version", Shape::OneOf(&["1"]), "The version of this grammar, in each file: 1.").required(),
        Key::new("defaults", defaults(), "What holds where nothing else is said; in one file only."),
        Key::new("tables", Shape::named("a table", table()), "The tables of the mart."),
        Key::new("cubes", Shape::named("a cube", cube()), "Dimensions and measures over a fact table."),
        Key::new("tests", Shape::named("a test", test()), "Queries whose answer is known; `check --data` asks them."),
    ])
}

fn defaults() -> Shape {
    let zone = "The zone of wall clocks and days, unless a session sets its own.";
    Shape::Map(vec![
        Key::new("timezone", timezone(), zone).default("UTC"),
        Key::new("currency", currency(), "The currency of money, an ISO 4217 code such as USD."),
        Key::new("locale", Shape::OneOf(super::LOCALES), "The language of titles that do not name one.").default("en"),
    ])
}

fn table() -> Shape {
    let files = "The files it is loaded from, Parquet or CSV (UTF-8, with a header); `*` matches within a name. They \
                 resolve against the folder that holds `data`.";
    let sql = "The query it is derived by, over other tables, named without a schema; it runs inside the load.";
    let hierarchies = "What people drill down. Name: columns of this table, the coarsest first.";
    let joins = "Joins to at most one row. Name: my columns that are the other table's primary key.";
    Shape::Map(
        [
            vec![
                Key::new("files", Shape::Either(vec![pattern(), Shape::list(pattern())]), files).alternative(),
                Key::new("sql", Shape::Text, sql).alternative(),
                Key::new("primary_key", Shape::TextOrList, "The columns that name one row: a claim, tested on every load."),
                Key::new("sort_by", Shape::TextOrList, "The order in which rows are stored."),
                Key::new(
                    "columns",
                    Shape::named("a column", Shape::Either(vec![column_type(), column()])),
                    "Columns that need a type, another name or words; the rest loads as it is. A bare value is the type.",
                ),
                Key::new("joins", Shape::named("a join", join()), joins),
                Key::new("hierarchies", Shape::named("a hierarchy", Shape::list(Shape::Text)), hierarchies),
                Key::new("load", load(), "What a load does with rows that are already there."),
            ],
            words(),
        ]
        .concat(),
    )
}

fn column() -> Shape {
    let zone = "The zone of the wall clock that the file writes, for a timestamp without a zone.";
    let labels = "What its values are called: a CSV file beside this one, with the columns value, en, zh-TW, zh-CN.";
    let order = "The order in which its values are shown: a list of them, or another column of the table.";
    Shape::Map(
        [
            vec![
                Key::new("type", column_type(), "Its type in the mart; without it that of its file, in CSV text."),
                Key::new("from", Shape::Scalar, "Its name in the file."),
                Key::new("stored_in", timezone(), zone),
                Key::new("labels", label_file(), labels),
                Key::new("order", Shape::Either(vec![Shape::Text, Shape::list(Shape::Scalar)]), order),
            ],
            words(),
        ]
        .concat(),
    )
}

fn join() -> Shape {
    let theirs = Shape::Either(vec![Shape::TextOrList, Shape::Dict(Box::new(Shape::Text))]);
    let keys = "My columns that are the other's primary key, in its order; or a map of mine: theirs.";
    Shape::Either(vec![
        Shape::TextOrList,
        Shape::Map(vec![
            Key::new("table", Shape::Text, "The table joined; the join's name without it."),
            Key::new("keys", theirs, keys).required(),
        ]),
    ])
}

fn load() -> Shape {
    let mode = "replace: the files are the table; append: files not seen before are added.";
    Shape::Map(vec![Key::new("mode", Shape::OneOf(&["replace", "append"]), mode).default("replace")])
}

fn cube() -> Shape {
    let dimension = Shape::Either(vec![Shape::Scalar, dimension()]);
    let measure = Shape::Either(vec![Shape::Scalar, measure()]);
    let dimensions = "What facts are grouped and filtered by. Name: an expression over a row; dots follow joins.";
    Shape::Map(
        [
            vec![
                Key::new("table", Shape::Text, "The fact table.").required(),
                Key::new("time", Shape::Text, "The dimension that is the axis of time."),
                Key::new("filter", Shape::Scalar, "The rows that count at all."),
                Key::new("dimensions", Shape::named("a dimension", dimension), dimensions),
                Key::new(
                    "measures",
                    Shape::named("a measure", measure),
                    "Name: aggregates, and arithmetic over measures.",
                ),
            ],
            words(),
        ]
        .concat(),
    )
}

fn dimension() -> Shape {
    let expr = Key::new("expr", Shape::Scalar, "An expression over a row; dots follow joins.").required();
    Shape::Map([vec![expr], words()].concat())
}

fn measure() -> Shape {
    let expr = "Aggregates (sum, count, count(distinct), min, max, avg) over columns, other measures, and arithmetic.";
    Shape::Map(
        [
            vec![
                Key::new("expr", Shape::Scalar, expr).required(),
                Key::new("filter", Shape::Scalar, "The rows that count, over dimensions and columns."),
                Key::new("format", number_format(), "How it is shown to people, such as \"#,##0\" or percent."),
                Key::new("unit", Shape::Text, "What it counts in, such as USD."),
                Key::new("better", Shape::OneOf(Better::WORDS), "Which way it should move; neither without it."),
            ],
            words(),
        ]
        .concat(),
    )
}

fn test() -> Shape {
    Shape::Map(vec![
        Key::new("query", Shape::Text, "SQL whose answer is one row of one column.").required(),
        Key::new("expect", Shape::Answer, "The value expected: a number, a quoted text or null.").required(),
        Key::new("tolerance", Shape::Distance, "How far a number may be off; exact without it."),
    ])
}

/// A title and a description, in one language or by locale.
fn words() -> Vec<Key> {
    let title = "What people call it; a bare value is the default locale's.";
    let description = "What it means, and what it does not.";
    vec![
        Key::new("title", localized("The title in this language."), title),
        Key::new("description", localized("The description in this language."), description),
    ]
}

/// A text, or one for each locale, which is `what`.
pub fn localized(what: &'static str) -> Shape {
    let by_locale = super::LOCALES.iter().map(|locale| Key::new(locale, Shape::Text, what)).collect();
    Shape::Either(vec![Shape::Text, Shape::Map(by_locale)])
}

fn column_type() -> Shape {
    Shape::Written {
        what: "a type: text, integer, decimal(12,2) (quoted inside { }), double, boolean, date or timestamp",
        pattern: r"^(text|integer|double|boolean|date|timestamp|decimal\(\s*([1-9]|[12]\d|3[0-8])\s*,\s*\d{1,2}\s*\))$",
        check: |text| parse_type(text).is_some(),
        hint: |text| match text.split_once('(').map_or(text, |(name, _)| name).trim() {
            "decimal" if !text.ends_with(')') => "; quote it inside { }".into(),
            "decimal" => "; a decimal has 1 to 38 digits, at most all of them behind the point".into(),
            name => hint(name, TYPES.into_iter()),
        },
    }
}

fn timezone() -> Shape {
    Shape::Written {
        what: "a zone of the IANA database, such as America/New_York",
        pattern: r"^[A-Za-z][A-Za-z0-9_+/-]*$",
        check: |text| Tz::from_str(text).is_ok(),
        hint: near_zone,
    }
}

/// The zone that is most likely meant, by its name or by that of its place.
fn near_zone(text: &str) -> String {
    let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let is_place = |name: &&str| name.rsplit('/').next().is_some_and(|place| place.eq_ignore_ascii_case(text));
    match names().find(is_place) {
        Some(name) => format!("; did you mean '{name}'?"),
        None => hint(text, names()),
    }
}

fn pattern() -> Shape {
    Shape::Written {
        what: "a path that ends in .parquet or .csv",
        pattern: r"\.(parquet|csv)$",
        check: |text| format_of(text).is_some(),
        hint: |_| "; other files do not load".into(),
    }
}

fn label_file() -> Shape {
    Shape::Written {
        what: "a .csv file beside this one or in a folder there, such as labels/department.csv",
        pattern: r"^[^/\\]+(/[^/\\]+)?\.csv$",
        check: |text| {
            let parts: Vec<&str> = text.split('/').collect();
            text.ends_with(".csv") && parts.len() <= 2 && parts.iter().all(|part| !matches!(*part, "" | "." | ".."))
        },
        hint: |_| String::new(),
    }
}

fn number_format() -> Shape {
    Shape::Written {
        what: NumberFormat::WHAT,
        pattern: NumberFormat::PATTERN,
        check: |text| NumberFormat::parse(text).is_some(),
        hint: |text| match text {
            text if text.eq_ignore_ascii_case("percent") => "; write it in small letters".into(),
            text if text.contains(['$', '€', '£', '¥']) => {
                "; quote what stands beside the number: \"$\"0.00".into()
            }
            _ => String::new(),
        },
    }
}

/// Whether a text is a currency by its ISO 4217 code.
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A currency.
pub fn currency() -> Shape {
    Shape::Written {
        what: "a currency by its ISO 4217 code, such as USD",
        pattern: "^[A-Z]{3}$",
        check: is_currency,
        hint: |_| String::new(),
    }
}
