//! The words of the dialect, for tools that complete and quote them.

use std::collections::BTreeMap;

use crate::execute::functions::{Section, sections};
use crate::sql::{self, Functions};

/// The words of the dialect.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// Those that are quoted when they are names, in upper case.
    pub keywords: Vec<&'static str>,
    functions: BTreeMap<Section, Vec<String>>,
}

impl Vocabulary {
    pub(super) fn of(functions: &Functions) -> Self {
        Self { keywords: sql::keywords(), functions: sections(functions) }
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
