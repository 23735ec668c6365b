//! The tree: values with the places where they were written, read leniently.

use std::slice;

use super::fault::Position;
use super::lines::Lines;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value begins.
    pub at: Position,
    /// The value.
    pub value: Value,
    /// Where the lines of a scalar stand.
    pub lines: Lines,
}

/// What a YAML file can say here: no anchors, no tags.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A text, number or truth value.
    Scalar {
        /// As written, quotes and escapes resolved.
        text: String,
        /// Whether it was quoted or a block (`|`, `>`): then it is a text whatever it looks like.
        quoted: bool,
    },
    /// `[a, b]` or lines that begin with `-`.
    List(Vec<Node>),
    /// `{a: b}` or lines of `key: value`, in the order written, each key once.
    Map(Vec<Entry>),
}

/// One `key: value` of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key begins.
    pub key_at: Position,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// A value that begins at `at`, no text that runs over lines.
    pub fn new(at: Position, value: Value) -> Self {
        Self { at, value, lines: Lines::default() }
    }

    /// The value of `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of `key`, if this is a map that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Whether this, or anything within it, a key too, begins at such a place.
    pub fn any_begins(&self, at: &impl Fn(Position) -> bool) -> bool {
        at(self.at)
            || self.items().iter().any(|item| item.any_begins(at))
            || self.entries().iter().any(|entry| at(entry.key_at) || entry.value.any_begins(at))
    }

    /// The same, to be mended.
    pub(super) fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.value {
            Value::Map(entries) => entries,
            _ => &mut [],
        }
    }

    /// The items of a list, to be mended.
    pub(super) fn items_mut(&mut self) -> &mut [Self] {
        match &mut self.value {
            Value::List(items) => items,
            _ => &mut [],
        }
    }

    /// The entries of a map; of anything else, none.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; of anything else, none.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a list, or a scalar as a list of one.
    pub fn one_or_many(&self) -> &[Self] {
        match &self.value {
            Value::Scalar { .. } => slice::from_ref(self),
            _ => self.items(),
        }
    }

    /// A scalar as written, numbers and truth values included.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether nothing was written.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// `true` or `false`.
    pub fn bool(&self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// A whole number from 0 on.
    pub fn u64(&self) -> Option<u64> {
        self.integer().and_then(|value| u64::try_from(value).ok())
    }

    /// A whole number.
    pub fn i64(&self) -> Option<i64> {
        self.integer().and_then(|value| i64::try_from(value).ok())
    }

    /// A number, whole or not; infinities and NaN are not numbers here.
    pub fn f64(&self) -> Option<f64> {
        let text = self.plain()?;
        if let Some(value) = self.integer() {
            return value.to_string().parse().ok();
        }
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let written = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
        text.parse().ok().filter(|value: &f64| written && value.is_finite())
    }

    /// Whether this is a text: quoted, or neither a number nor a truth value.
    pub fn is_text(&self) -> bool {
        self.text().is_some() && self.bool().is_none() && !self.looks_numeric()
    }

    /// Whether this is a text that is not quoted.
    pub(super) fn is_bare_text(&self) -> bool {
        self.is_text() && self.plain().is_some()
    }

    /// What stands here, for "expected …, found …".
    pub fn found(&self) -> String {
        match &self.value {
            Value::Null => "nothing".into(),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
            Value::Scalar { text, .. } if self.bool().is_some() || self.looks_numeric() => text.clone(),
            Value::Scalar { text, .. } => format!("'{}'", shortened(text)),
        }
    }

    fn plain(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, quoted: false } => Some(text),
            _ => None,
        }
    }

    fn integer(&self) -> Option<i128> {
        let text = self.plain()?;
        if let Some(digits) = text.strip_prefix("0x") {
            return i128::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with(['+', '-']));
        }
        if let Some(digits) = text.strip_prefix("0o") {
            return i128::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with(['+', '-']));
        }
        text.parse().ok()
    }

    fn looks_numeric(&self) -> bool {
        let special = |text: &str| {
            let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
            matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
        };
        self.f64().is_some() || self.plain().is_some_and(special)
    }
}

/// The first line of a text, cut where it grows long, for messages.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < text.trim_end().len() => format!("{line}…"),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str, quoted: bool) -> Node {
        Node::new(Position::START, Value::Scalar { text: text.into(), quoted })
    }

    fn plain(text: &str) -> Node {
        scalar(text, false)
    }

    #[test]
    fn scalars_follow_the_core_rules() {
        assert_eq!(plain("no").bool(), None);
        assert!(plain("no").is_text());
        assert_eq!(plain("true").bool(), Some(true));
        assert_eq!(scalar("true", true).bool(), None);
        assert_eq!(plain("42").u64(), Some(42));
        assert_eq!(plain("-42").u64(), None);
        assert_eq!(plain("-42").i64(), Some(-42));
        assert_eq!(plain("0x1F").u64(), Some(31));
        assert_eq!(plain("0o17").u64(), Some(15));
        assert_eq!(plain("0x-1").u64(), None);
        assert_eq!(plain("017").u64(), Some(17));
        assert_eq!(plain("1_000").u64(), None);
        assert_eq!(plain("18446744073709551615").u64(), Some(u64::MAX));
        assert_eq!(plain("18446744073709551616").u64(), None);
        assert_eq!(scalar("42", true).u64(), None);
        assert_eq!(plain("4596039.58").f64(), Some(4_596_039.58));
        assert_eq!(plain("-1e3").f64(), Some(-1000.0));
        assert_eq!(plain(".5").f64(), Some(0.5));
        for text in ["inf", "nan", ".inf", "-.inf", "infinity", "1e999", "1.2.3", "e", ".", "+", "2017-01-01"] {
            assert_eq!(plain(text).f64(), None, "{text}");
        }
        assert!(!plain(".inf").is_text());
        assert!(plain("2017-01-01").is_text());
        assert!(plain("12:30").is_text());
    }

    #[test]
    fn reading_is_lenient() {
        let node = plain("x");
        assert!(node.get("a").is_none() && node.items().is_empty() && node.entries().is_empty());
        assert_eq!(node.one_or_many().len(), 1);
        let list = Node::new(Position::START, Value::List(vec![plain("a"), plain("b")]));
        assert_eq!(list.one_or_many().len(), 2);
        assert!(list.text().is_none());
    }

    #[test]
    fn what_is_found_is_named_shortly() {
        assert_eq!(plain("12").found(), "12");
        assert_eq!(scalar("12", true).found(), "'12'");
        assert_eq!(scalar("select\n1", true).found(), "'select…'");
        assert_eq!(plain(&"銷".repeat(61)).found(), format!("'{}…'", "銷".repeat(60)));
    }
}
