//! The languages of reports: words and sentence patterns (`words.csv`), numbers and dates as people there write them.

mod currency;
mod date;
mod number;

pub use currency::Currency;
pub use number::{Change, Direction, Scale};

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::model::LOCALES;

/// The table of words: a key, a column for each language, and short forms in English.
const WORDS: &str = include_str!("words.csv");

/// A language with its words.
#[derive(Debug, Clone)]
pub struct Locale {
    /// Its name, such as `zh-TW`.
    pub name: &'static str,
    words: HashMap<String, Entry>,
}

#[derive(Debug, Clone, Default)]
struct Entry {
    long: String,
    short: Option<String>,
}

impl Locale {
    /// The language of a name.
    ///
    /// # Errors
    /// NotFound: there are no words in it.
    pub fn of(name: &str) -> Result<Self> {
        let Some(name) = LOCALES.iter().copied().find(|known| *known == name) else {
            return Err(Error::not_found(format!("there are no words in '{name}'; there are {}", LOCALES.join(", "))));
        };
        let unread = |error: csv::Error| Error::internal("the words of reports cannot be read").with_source(error);
        let mut reader = csv::Reader::from_reader(WORDS.as_bytes());
        let header = reader.headers().map_err(unread)?.clone();
        let column = |wanted: &str| header.iter().position(|own| own == wanted);
        let (long, short) = (column(name), column(&format!("{name}_short")));
        let mut words = HashMap::new();
        for record in reader.records() {
            let record = record.map_err(unread)?;
            let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default().to_owned();
            let short = Some(cell(short)).filter(|text| !text.is_empty());
            words.insert(record.get(0).unwrap_or_default().to_owned(), Entry { long: cell(long), short });
        }
        Ok(Self { name, words })
    }

    /// Whether its sentences are written without blanks, in full-width marks.
    pub fn is_chinese(&self) -> bool {
        self.name.starts_with("zh")
    }

    /// The words of a key, with values in their places; the key itself, which a test would notice, where it has none.
    pub fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        match self.words.get(key) {
            Some(entry) => filled(&entry.long, values),
            None => key.to_owned(),
        }
    }

    /// The short words of a key, if it has any.
    pub fn short(&self, key: &str, values: &[(&str, &str)]) -> Option<String> {
        self.words.get(key)?.short.as_ref().map(|short| filled(short, values))
    }

    /// Short words where there are any, else the long ones.
    pub fn shortest(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.short(key, values).unwrap_or_else(|| self.text(key, values))
    }

    /// Whether there are words for a key.
    pub fn has(&self, key: &str) -> bool {
        self.words.get(key).is_some_and(|entry| !entry.long.is_empty())
    }

    /// The key of the form for one, where there is such a form and it is one.
    pub fn form(&self, key: &str, count: usize) -> String {
        let one = format!("{key}_one");
        if count == 1 && self.words.contains_key(&one) { one } else { key.to_owned() }
    }

    /// A title as it stands within a sentence: in English its first letter is small, unless it begins an abbreviation.
    pub fn lowered(&self, title: &str) -> String {
        let mut letters = title.chars();
        let (first, second) = (letters.next(), letters.next());
        match first {
            Some(first) if !self.is_chinese() && second.is_none_or(|c| !c.is_uppercase()) => {
                first.to_lowercase().chain(second).chain(letters).collect()
            }
            _ => title.to_owned(),
        }
    }
}

/// A sentence with its first letter raised.
pub fn raised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A pattern with values in the places of `{names}`. What stands in a value is never taken for a place.
pub fn filled(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        match values.iter().find(|(own, _)| *own == name) {
            Some((_, value)) => text.push_str(value),
            None => text.push_str(&format!("{{{name}}}")),
        }
        rest = behind;
    }
    text + rest
}

/// Fills the `{n}` of a sentence that a report's author wrote.
pub fn counted(pattern: &str, n: &str) -> String {
    filled(pattern, &[("n", n)])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What only English sentences say, and what only Chinese ones do: words for numbers, units, who did it.
    const ENGLISH: [&str; 11] =
        ["ordinal", "count", "mon", "weekday", "month_last", "verb", "measure", "one", "many", "year", "subject"];
    const CHINESE: [&str; 12] = [
        "rank",
        "n",
        "count",
        "month_number",
        "wd",
        "month_first",
        "unit",
        "measure",
        "verb",
        "whole",
        "many",
        "dimension",
    ];
    /// Shapes that one way of writing has and the other has not.
    const SIMPLIFIED: &str =
        "周较减与无为数对间资据来后个们体营当单总变动响几万亿图线东纽约时区币种筛选记录没贡献评页显实认说这";
    const TRADITIONAL: &str =
        "週較減與無為數對間資據來後個們體營當單總變動響幾萬億圖線東紐約時區幣種篩選記錄沒貢獻評頁顯實認說這";
    /// What is put behind a key.
    const FORMS: [&str; 5] = ["_one", "_zero", "_low", "_first", "_last"];

    fn places(text: &str) -> BTreeSet<String> {
        let names = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()));
        names.collect()
    }

    #[test]
    fn every_language_has_every_sentence() {
        let all: Vec<Locale> = LOCALES.iter().map(|name| Locale::of(name).unwrap()).collect();
        let keys: BTreeSet<&String> = all.iter().flat_map(|locale| locale.words.keys()).collect();
        assert!(keys.len() > 150);
        for key in keys {
            let [en, tw, cn] = [0, 1, 2].map(|at: usize| all[at].words[key].long.as_str());
            assert_eq!(tw.is_empty(), cn.is_empty(), "{key}: {tw} {cn}");
            assert_eq!(places(tw), places(cn), "{key}");
            let only = |own: &str, other: &str| places(own).difference(&places(other)).cloned().collect::<Vec<_>>();
            assert!(only(en, tw).iter().all(|place| ENGLISH.contains(&place.as_str())), "{key}: {en}|{tw}");
            assert!(only(tw, en).iter().all(|place| CHINESE.contains(&place.as_str())), "{key}: {en}|{tw}");
            let of_one = ["number.", "split.nearly_cancel", "split.verb", "contributions.verb"]
                .iter()
                .any(|start| key.starts_with(start));
            assert!(of_one || key.ends_with("_sign") || (!en.is_empty() && !tw.is_empty()), "{key}: {en}|{tw}");
        }
    }

    #[test]
    fn no_text_has_a_hole_or_a_glyph_that_is_missing() {
        for name in LOCALES {
            for (key, entry) in &Locale::of(name).unwrap().words {
                let marks = |c: char| "，。；：（）、！？＝".contains(c);
                let hole = entry.long.chars().zip(entry.long.chars().skip(1)).any(|(a, b)| marks(a) && marks(b));
                assert!(!hole, "{key}: adjacent full-width marks in {}", entry.long);
                assert!(!entry.long.contains(['\u{2009}', '\u{202f}', '\u{2060}']), "{key}");
            }
        }
    }

    /// The files of a folder and of those within.
    fn sources(folder: &std::path::Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| {
                if path.is_dir() { sources(&path) } else { vec![std::fs::read_to_string(path).unwrap_or_default()] }
            })
            .collect()
    }

    #[test]
    fn every_key_that_is_asked_for_has_words() {
        let en = Locale::of("en").unwrap();
        let starts: BTreeSet<&str> = en.words.keys().filter_map(|key| Some(key.split_once('.')?.0)).collect();
        let mut asked = 0;
        for source in sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report")) {
            for literal in source.split('"').skip(1) {
                let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
                let Some((start, rest)) = literal.split_once('.').filter(|_| literal.chars().all(is_key)) else {
                    continue;
                };
                if starts.contains(start) && !rest.is_empty() && !matches!(rest, "csv" | "svg" | "rs" | "typ") {
                    // Some keys go on with a form.
                    assert!(en.words.keys().any(|key| key.starts_with(literal)), "'{literal}' has no words");
                    asked += 1;
                }
            }
        }
        assert!(asked > 60, "{asked} keys were found");
    }

    #[test]
    fn every_key_that_has_words_is_asked_for() {
        let en = Locale::of("en").unwrap();
        let all = sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report"));
        let written: BTreeSet<&str> = all.iter().flat_map(|source| source.split('"')).collect();
        // A key that is put together is written up to its first brace.
        let starts: Vec<&str> = written
            .iter()
            .filter_map(|text| Some(text.split_once('{')?.0))
            .filter(|start| start.contains('.'))
            .collect();
        for key in en.words.keys() {
            let plain = FORMS.iter().find_map(|form| key.strip_suffix(form)).unwrap_or(key);
            let is_asked = written.contains(plain) || written.contains(key.as_str());
            assert!(is_asked || starts.iter().any(|start| key.starts_with(start)), "nothing asks for '{key}'");
        }
    }

    #[test]
    fn short_words_need_no_more_than_long_ones() {
        for (key, entry) in &Locale::of("en").unwrap().words {
            let short = entry.short.as_deref().unwrap_or_default();
            // What is measured has a name of its own in sentences.
            let more: Vec<String> = places(short).difference(&places(&entry.long)).cloned().collect();
            assert!(more.is_empty() || more == ["subject"], "{key}: {short}");
            assert!(short.chars().count() <= entry.long.chars().count(), "{key}: {short}");
        }
    }

    #[test]
    fn each_chinese_is_written_in_its_own_shapes() {
        for (name, others) in [("zh-TW", SIMPLIFIED), ("zh-CN", TRADITIONAL)] {
            for (key, entry) in &Locale::of(name).unwrap().words {
                assert!(!entry.long.contains(|c: char| others.contains(c)), "{name} {key}: {}", entry.long);
            }
        }
    }

    #[test]
    fn values_are_never_places() {
        assert_eq!(filled("{a} and {b}", &[("a", "{b}"), ("b", "{a}")]), "{b} and {a}");
        assert_eq!(filled("{ {a", &[("a", "x")]), "{ {a");
        assert_eq!(filled("{c}", &[]), "{c}");
    }

    #[test]
    fn titles_are_lowered_within_sentences() {
        let en = Locale::of("en").unwrap();
        assert_eq!(["Revenue", "AOV", "", "A"].map(|title| en.lowered(title)), ["revenue", "AOV", "", "a"]);
        assert_eq!(raised("éa"), "Éa");
        assert!(Locale::of("fr").is_err());
    }
}
