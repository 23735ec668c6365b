//! The tables that a plan reads, behind one narrow trait.

use std::sync::Arc;

use datafusion::common::TableReference;
use datafusion::logical_expr::TableSource;

use crate::error::{Error, Result};
use crate::sql::Tables;
use crate::yaml::nearest;

/// What is known of the claim that a table's primary key names one row each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyClaim {
    /// Tested, and true.
    Holds,
    /// Tested, and false: so many keys break it.
    Broken {
        /// Keys that name several rows, or none.
        violations: u64,
    },
    /// Not tested in this form.
    Untested,
}

/// The mart's tables at a pinned version.
pub trait Catalog: Send + Sync {
    /// The table as of `version`, or as of the query's own; none where it is not there.
    fn table(&self, name: &str, version: Option<u64>) -> Option<Arc<dyn TableSource>>;

    /// The names of all tables of the query's version.
    fn names(&self) -> Vec<String>;

    /// Whether `columns` are a key of the table, at the query's version.
    fn key_claim(&self, table: &str, columns: &[String]) -> KeyClaim;
}

/// The reserved name of a table as of a version. No table of a model can bear it.
pub(super) fn versioned(table: &str, version: u64) -> String {
    format!("{table}@{version}")
}

/// A catalog as `SqlToRel` asks it: the binder has written `starmart.mart.NAME` wherever a table is meant.
pub(super) struct CatalogTables<'a> {
    pub(super) catalog: &'a dyn Catalog,
}

impl Tables for CatalogTables<'_> {
    fn source(&self, name: &TableReference) -> Result<Arc<dyn TableSource>> {
        let (table, version) = match name.table().split_once('@') {
            Some((table, version)) => (table, version.parse().ok()),
            None => (name.table(), None),
        };
        self.catalog.table(table, version).ok_or_else(|| unknown_table(self.catalog, table, version))
    }
}

/// The error for a table that is not there.
pub(super) fn unknown_table(catalog: &dyn Catalog, name: &str, version: Option<u64>) -> Error {
    let names = catalog.names();
    if let Some(version) = version {
        return Error::not_found(format!("mart version {version} has no table '{name}'"));
    }
    match nearest(name, names.iter().map(String::as_str)) {
        Some(meant) => Error::not_found(format!("unknown table 'mart.{name}'; did you mean 'mart.{meant}'?")),
        None => Error::not_found(format!("unknown table 'mart.{name}'; if the model has it, load it first")),
    }
}
