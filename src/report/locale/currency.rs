//! Currencies: their signs, names and short names.

use super::Locale;

/// A currency as a language writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Currency {
    /// What stands before a number; nothing where the language writes the name behind it.
    pub sign: String,
    /// What stands for it beside a title: `US$`.
    pub code: String,
    /// Its name.
    pub name: String,
}

impl Locale {
    /// The currency of an ISO 4217 code; one that has no words here is its code.
    pub fn currency(&self, code: &str) -> Currency {
        let known = |what: &str| {
            let key = format!("currency.{}_{what}", code.to_lowercase());
            self.words.contains_key(&key).then(|| self.text(&key, &[]))
        };
        Currency {
            sign: known("sign")
                .unwrap_or_else(|| if self.is_chinese() { String::new() } else { format!("{code}\u{a0}") }),
            code: known("code").unwrap_or_else(|| code.to_owned()),
            name: known("name").unwrap_or_else(|| code.to_owned()),
        }
    }

    /// What people call a zone of the IANA database; its own name where there is none.
    pub fn zone(&self, name: &str) -> String {
        let key = format!("zone.{}", name.to_lowercase());
        if self.has(&key) { self.text(&key, &[]) } else { name.to_owned() }
    }
}
