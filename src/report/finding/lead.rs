//! Which row of a SELECT has the most, in the words of the report's author.

use super::line::Clause;
use super::{exact, member, percent};
use crate::report::data::Rows;
use crate::report::figure::Figure;
use crate::report::locale::{Locale, filled};
use crate::report::resolve::Table;

/// What is said of the rows of a SELECT as their tile's title; nothing where its author says nothing.
pub fn lead(locale: &Locale, table: &Table, data: &Rows) -> Vec<Clause> {
    let Some(lead) = &table.lead else { return Vec::new() };
    let own = |words: &crate::model::Text| words.get(locale.name).unwrap_or_default().to_owned();
    let numbers = |values: &[Option<Figure>]| -> Vec<(String, String)> {
        let shown = table.items.iter().zip(values).map(|(item, value)| exact(locale, item, *value));
        data.numbers.iter().cloned().zip(shown).collect()
    };
    let said = match data.lead(table) {
        Some((row, share)) => {
            let mut values = numbers(&row.values);
            let name = table.by.first().zip(row.members.first());
            let name = name.map_or_else(String::new, |(by, key)| member(locale, by, key.as_deref()).0);
            let share = share.map_or_else(|| locale.text("word.missing", &[]), |share| percent(locale, share));
            values.extend([("member".to_owned(), name), ("share".to_owned(), share)]);
            with(&own(&lead.says), &values)
        }
        None if data.rows.is_empty() => own(&lead.empty),
        None => with(&own(&lead.none), &numbers(&data.total)),
    };
    vec![Clause::new(said).mandatory()]
}

fn with(pattern: &str, values: &[(String, String)]) -> String {
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    filled(pattern, &values)
}
