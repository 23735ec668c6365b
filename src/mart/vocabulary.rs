//! The words of the dialect and its limits, for tools that write SQL.

use std::collections::{BTreeMap, BTreeSet};

use crate::execute::functions::{Section, sections};
use crate::sql::{self, Functions, ITEM_LIMIT};

/// The words of the dialect, and its limits.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// Those that are quoted when they are names, in upper case.
    pub keywords: Vec<&'static str>,
    /// The most items that a SELECT may have.
    pub select_items: usize,
    /// Every function, aggregates and those of windows too, in order.
    pub callable: Vec<String>,
    functions: BTreeMap<Section, Vec<String>>,
}

impl Vocabulary {
    pub(super) fn of(functions: &Functions) -> Self {
        let callable = functions.scalar.keys().chain(functions.aggregate.keys()).chain(functions.window.keys());
        let callable: BTreeSet<&String> = callable.filter(|name| !sql::HIDDEN.contains(&name.as_str())).collect();
        Self {
            keywords: sql::keywords(),
            select_items: ITEM_LIMIT,
            callable: callable.into_iter().cloned().collect(),
            functions: sections(functions),
        }
    }

    /// The words of the dialect, which are the same for every mart.
    pub fn of_dialect() -> Self {
        Self::of(&crate::execute::functions::all())
    }

    /// The scalar functions about `section`.
    pub fn functions(&self, section: Section) -> &[String] {
        self.functions.get(&section).map_or(&[], Vec::as_slice)
    }
}
