//! The words of the dialect and its limits, for tools that write SQL.

use std::collections::BTreeMap;

use crate::execute::functions::{Section, sections};
use crate::sql::{self, Functions, ITEM_LIMIT};

/// The words of the dialect, and its limits.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// Those that are quoted when they are names, in upper case.
    pub keywords: Vec<&'static str>,
    /// The most items that a SELECT may have.
    pub select_items: usize,
    functions: BTreeMap<Section, Vec<String>>,
}

impl Vocabulary {
    pub(super) fn of(functions: &Functions) -> Self {
        Self { keywords: sql::keywords(), select_items: ITEM_LIMIT, functions: sections(functions) }
    }

    #[cfg(test)]
    pub(crate) fn of_dialect() -> Self {
        Self::of(&crate::execute::functions::all())
    }

    /// The scalar functions about `section`.
    pub fn functions(&self, section: Section) -> &[String] {
        self.functions.get(&section).map_or(&[], Vec::as_slice)
    }
}
