//! Words for people, in the languages that pages and tools show.

use std::collections::BTreeMap;

/// The languages that a title may be written in.
pub const LOCALES: &[&str] = &["en", "zh-TW", "zh-CN"];

/// A title or description by locale.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(BTreeMap<String, String>);

impl Text {
    /// The same words in these locales.
    pub fn new(words: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(words.into_iter().collect())
    }

    /// The words in `locale`, if they were written.
    pub fn get(&self, locale: &str) -> Option<&str> {
        self.0.get(locale).map(String::as_str)
    }

    /// The words in `locale`, or in the first in which there are any.
    pub fn in_or_any(&self, locale: &str) -> Option<&str> {
        self.get(locale).or_else(|| self.iter().next().map(|(_, words)| words))
    }

    /// All locales with their words.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(locale, words)| (locale.as_str(), words.as_str()))
    }
}
