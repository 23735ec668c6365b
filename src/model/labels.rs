//! Labels: what the values of a column are called in each language. They stand in a CSV file (RFC 4180) beside the
//! model's own files: a column `value`, one for each locale, and one for the short words of each, `en_short` for English.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::yaml::{Faults, Position, hint};

use super::{LOCALES, Text};

/// The column of the values themselves.
const VALUE: &str = "value";
/// How the names of columns with short words end, after a locale.
const SHORT: &str = "_short";

/// The labels of a column's values, in the order of their file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// The file, as it is shown.
    pub file: String,
    /// What each value is called.
    pub entries: Vec<Label>,
}

/// What one value is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The value, as SQL shows it.
    pub value: String,
    /// What people call it.
    pub words: Text,
    /// The same in fewer words, for where there is little room.
    pub short: Text,
    /// Where it stands in its file.
    pub at: Position,
}

impl Labels {
    /// What `value` is called in `locale`.
    pub fn get(&self, value: &str, locale: &str) -> Option<&str> {
        self.entries.iter().find(|label| label.value == value)?.words.get(locale)
    }

    /// What `value` is called in `locale` in few words, if there are such.
    pub fn short(&self, value: &str, locale: &str) -> Option<&str> {
        self.entries.iter().find(|label| label.value == value)?.short.get(locale)
    }
}

/// The labels that a file's text holds; faults are noted.
pub(super) fn parse(file: &str, text: &str, faults: &mut Faults) -> Arc<Labels> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut labels = Labels { file: file.to_owned(), entries: Vec::new() };
    let Some(columns) = header(&mut reader, file, faults) else { return Arc::new(labels) };
    let mut seen = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                faults.push(file, place(error.position()), broken(&error));
                continue;
            }
        };
        let at = place(record.position());
        let (mut words, mut short) = (Vec::new(), Vec::new());
        let mut value = "";
        for (column, cell) in columns.iter().zip(&record) {
            match column {
                Column::Value => value = cell,
                _ if cell.is_empty() => {}
                Column::Words(locale) => words.push(((*locale).to_owned(), cell.to_owned())),
                Column::Short(locale) => short.push(((*locale).to_owned(), cell.to_owned())),
            }
        }
        if let Some(line) = seen.insert(value.to_owned(), at.line) {
            faults.push(file, at, format!("the value '{value}' already has its labels in line {line}; keep one"));
        } else if words.is_empty() {
            faults.push(file, at, format!("the value '{value}' has no label; write one, or remove the line"));
        } else if let Some((locale, _)) = short.iter().find(|(locale, _)| words.iter().all(|(own, _)| own != locale)) {
            let message =
                format!("the value '{value}' has short words in {locale} and no others; fill column '{locale}'");
            faults.push(file, at, message);
        } else {
            labels.entries.push(Label {
                value: value.to_owned(),
                words: Text::new(words),
                short: Text::new(short),
                at,
            });
        }
    }
    Arc::new(labels)
}

/// What a column of the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Value,
    Words(&'static str),
    Short(&'static str),
}

impl Column {
    fn of(name: &str) -> Option<Self> {
        let locale = |name: &str| LOCALES.iter().copied().find(|known| *known == name);
        match name.strip_suffix(SHORT) {
            _ if name == VALUE => Some(Self::Value),
            Some(name) => locale(name).map(Self::Short),
            None => locale(name).map(Self::Words),
        }
    }

    /// The names of all of them.
    fn names() -> Vec<String> {
        let short = LOCALES.iter().map(|locale| format!("{locale}{SHORT}"));
        [VALUE].iter().chain(LOCALES).map(|name| (*name).to_owned()).chain(short).collect()
    }
}

/// What each column holds; none, and a fault, where one holds nothing that is known.
fn header(reader: &mut csv::Reader<&[u8]>, file: &str, faults: &mut Faults) -> Option<Vec<Column>> {
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            faults.push(file, place(error.position()), broken(&error));
            return None;
        }
    };
    let before = faults.len();
    let mut columns = Vec::new();
    for name in &header {
        match Column::of(name) {
            Some(column) if columns.contains(&column) => {
                faults.push(file, Position::START, format!("column '{name}' stands twice; keep one"));
            }
            Some(column) => columns.push(column),
            None => {
                let known = Column::names();
                let way_out = hint(name, known.iter().map(String::as_str));
                let message = format!("unknown column '{name}'{way_out}; there are {}", known.join(", "));
                faults.push(file, Position::START, message);
            }
        }
    }
    let words = |column: &Column| matches!(column, Column::Words(_));
    if faults.len() == before && !(columns.contains(&Column::Value) && columns.iter().any(words)) {
        let message = format!("labels need a column '{VALUE}' and at least one of {}", LOCALES.join(", "));
        faults.push(file, Position::START, message);
    }
    (faults.len() == before).then_some(columns)
}

fn place(at: Option<&csv::Position>) -> Position {
    let line = at.map_or(1, |at| usize::try_from(at.line()).unwrap_or(usize::MAX));
    Position { line, column: 1 }
}

fn broken(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {len} values and the header {expected_len}; quote values that hold a comma")
        }
        _ => format!("the line cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let mut faults = Faults::default();
        parse("labels.csv", text, &mut faults);
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_have_words_in_each_language() {
        let mut faults = Faults::default();
        let labels = parse("d.csv", "\u{feff}en,value,zh-TW\n\"Meat, fresh\",MEAT,鮮肉\nDeli,DELI,\n", &mut faults);
        assert!(faults.is_empty());
        assert_eq!(labels.get("MEAT", "zh-TW"), Some("鮮肉"));
        assert_eq!(labels.get("MEAT", "en"), Some("Meat, fresh"));
        assert_eq!(
            (labels.get("DELI", "zh-TW"), labels.get("DELI", "zh-CN"), labels.get("x", "en")),
            (None, None, None)
        );
        assert_eq!(labels.entries[1].at, Position { line: 3, column: 1 });
    }

    #[test]
    fn words_may_have_a_short_form() {
        let mut faults = Faults::default();
        let labels =
            parse("d.csv", "value,en,en_short,zh-TW\nGM,General merchandise,General,百貨\nA,a,,\n", &mut faults);
        assert!(faults.is_empty());
        let short = |at: usize, locale: &str| labels.entries[at].short.get(locale);
        assert_eq!((short(0, "en"), short(0, "zh-TW"), short(1, "en")), (Some("General"), None, None));
    }

    #[test]
    fn faulty_files_are_told_by_their_lines() {
        assert_eq!(faults(""), ["labels.csv:1:1: labels need a column 'value' and at least one of en, zh-TW, zh-CN"]);
        assert_eq!(faults("value\nA\n").len(), 1);
        assert!(faults("value,zh-tw\n")[0].contains("did you mean 'zh-TW'?"), "{:?}", faults("value,zh-tw\n"));
        assert!(faults("value,en,en\n")[0].contains("stands twice"));
        assert!(faults("value,en,en_shor\n")[0].contains("did you mean 'en_short'?"));
        assert_eq!(faults("value,en_short\n").len(), 1);
        assert_eq!(
            faults("value,en,zh-TW,zh-TW_short\nA,a,,甲\n"),
            ["labels.csv:2:1: the value 'A' has short words in zh-TW and no others; fill column 'zh-TW'"]
        );
        assert_eq!(
            faults("value,en\nA,a\nB,\nA,b\nC,c,d\nD,d\n"),
            [
                "labels.csv:3:1: the value 'B' has no label; write one, or remove the line",
                "labels.csv:4:1: the value 'A' already has its labels in line 2; keep one",
                "labels.csv:5:1: the line has 3 values and the header 2; quote values that hold a comma",
            ]
        );
    }
}
