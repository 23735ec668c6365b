//! What the files under `cubes/` say, decoded but not yet resolved, each thing with the place where it is written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

use super::FileFormat;

/// Where something is written. Shown as `file:line:column`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it is shown.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The decoded files of a model.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The tables by name.
    pub tables: BTreeMap<String, TableSpec>,
}

/// A table as written.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// The patterns of its files with their format; none for a table of `sql`.
    pub files: Option<(Vec<String>, FileFormat)>,
}

impl Spec {
    /// Decodes the files, each given by the path to show and its text; the error lists every fault.
    pub fn decode(files: &[(String, String)]) -> Result<Self> {
        let _ = files;
        Err(Error::internal("the model cannot be decoded yet"))
    }
}
