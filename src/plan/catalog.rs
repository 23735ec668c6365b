//! The tables that a plan reads, behind one narrow trait.

use std::fmt;
use std::sync::Arc;

use datafusion::common::TableReference;
use datafusion::logical_expr::TableSource;

use super::Context;
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

    /// A table that describes others, of the schema `system` or `information_schema`.
    fn describing(&self, schema: &str, name: &str) -> Option<Arc<dyn TableSource>>;

    /// The names of all tables of the query's version.
    fn names(&self) -> Vec<String>;

    /// Whether `columns` are a key of the table, at the query's version.
    fn key_claim(&self, table: &str, columns: &[String]) -> KeyClaim;
}

/// The schemas of tables that describe others.
pub(super) const DESCRIBING: [&str; 2] = ["system", "information_schema"];

/// The error for a table that describes nothing.
pub(super) fn unknown_description(schema: &str, name: &str) -> Error {
    let way_out =
        format!("SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}' lists them");
    Error::not_found(format!("unknown table '{schema}.{name}'; {way_out}"))
}

/// The reserved name of a table as of a version. No table of a model can bear it.
pub(super) fn versioned(table: &str, version: u64) -> String {
    format!("{table}@{version}")
}

/// The cause of an error: the model has what is asked, and a table that it needs has never been loaded.
#[derive(Debug)]
pub struct NotLoaded(());

impl NotLoaded {
    /// Whether it is why a statement cannot be planned.
    pub fn caused(error: &Error) -> bool {
        std::error::Error::source(error).is_some_and(|source| source.is::<Self>())
    }

    /// The error for a table.
    pub(super) fn table(name: &str) -> Error {
        Self::because(format!("table '{name}' is not loaded; run starmart load {name}"))
    }

    /// The error that says `message`.
    pub(super) fn because(message: String) -> Error {
        Error::not_found(message).with_source(Self(()))
    }
}

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the model has it and the mart does not")
    }
}

impl std::error::Error for NotLoaded {}

/// A catalog as `SqlToRel` asks it: the binder has written `starmart.SCHEMA.NAME` wherever a table is meant.
pub(super) struct CatalogTables<'a>(pub(super) &'a Context<'a>);

impl Tables for CatalogTables<'_> {
    fn source(&self, name: &TableReference) -> Result<Arc<dyn TableSource>> {
        if let Some(schema) = name.schema().filter(|schema| DESCRIBING.contains(schema)) {
            let source = self.0.catalog.describing(schema, name.table());
            return source.ok_or_else(|| unknown_description(schema, name.table()));
        }
        let (table, version) = match name.table().split_once('@') {
            Some((table, version)) => (table, version.parse().ok()),
            None => (name.table(), None),
        };
        self.0.catalog.table(table, version).ok_or_else(|| unknown_table(self.0, table, version))
    }
}

/// The error for a table that is not there.
pub(super) fn unknown_table(context: &Context<'_>, name: &str, version: Option<u64>) -> Error {
    if let Some(version) = version {
        return Error::not_found(format!("mart version {version} has no table '{name}'"));
    }
    if context.model.names_table(name) {
        return NotLoaded::table(name);
    }
    match nearest(name, context.catalog.names().iter().map(String::as_str)) {
        Some(meant) => Error::not_found(format!("unknown table 'mart.{name}'; did you mean 'mart.{meant}'?")),
        None => Error::not_found(format!("unknown table 'mart.{name}'; the model has none of that name")),
    }
}
