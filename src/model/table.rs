//! Tables: where their rows come from, their columns, keys and joins.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use chrono_tz::Tz;
use datafusion::sql::sqlparser::ast;

use super::{Labels, Text};

/// The schema of a table as it is found before a load (in its files) or after it (in the mart).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableSchema {
    /// As its files say: their names and types of columns.
    File(SchemaRef),
    /// As the mart stores it: the model's names and the mart's types.
    Mart(SchemaRef),
    /// Not to be had, and why, the table named; a fault of the table's files.
    Unknown(String),
    /// Not to be had either, but nothing asks for it now: it and what hangs on it are left out of the model.
    Absent(String),
}

/// The schemas that a spec is resolved against, by table. A table of files that is missing here is a fault; a
/// table of `sql` is typed from its query and may be missing.
pub type Schemas = BTreeMap<String, TableSchema>;

/// A table of the mart.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<Text>,
    /// What it holds.
    pub description: Option<Text>,
    /// Where its rows come from.
    pub source: Source,
    /// The columns that name one row, claimed and tested by every load; empty without a claim.
    pub primary_key: Vec<String>,
    /// The order in which rows are stored.
    pub sort_by: Vec<String>,
    /// Every column, in the order stored.
    pub columns: Vec<Column>,
    /// To one row each, claimed and tested by every load.
    pub joins: Vec<Join>,
    /// Its hierarchies by name: columns, the coarsest first, each read within the one before.
    pub hierarchies: BTreeMap<String, Vec<String>>,
    /// What a load does with rows already there.
    pub load: LoadMode,
    /// The columns as the mart stores them, all nullable.
    pub schema: SchemaRef,
    /// SHA-256, in hex, of what bears on its rows: files, sql, names, types and sources of columns, order, load.
    pub fingerprint: String,
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The join of this name.
    pub fn join(&self, name: &str) -> Option<&Join> {
        self.joins.iter().find(|join| join.name == name)
    }
}

/// Where the rows of a table come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// From files.
    Files {
        /// Paths, which may hold `*`, relative to the folder that holds `data`.
        patterns: Vec<String>,
        /// How they are written, by their ending.
        format: FileFormat,
    },
    /// From other tables, by a query that runs inside the load.
    Sql {
        /// The query as written.
        text: String,
        /// The query, parsed.
        query: Box<ast::Query>,
        /// The tables that it reads, in the order of their names.
        reads: Vec<String>,
    },
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Apache Parquet (`.parquet`).
    Parquet,
    /// Comma-separated values (`.csv`): UTF-8, with a header.
    Csv,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the mart.
    pub name: String,
    /// Its name in the file, or in the result of the table's `sql`.
    pub from: String,
    /// Its type in the mart.
    pub data_type: DataType,
    /// The zone of the wall clock that the file writes, for timestamps without a zone.
    pub stored_in: Option<Tz>,
    /// Its title.
    pub title: Option<Text>,
    /// What it holds.
    pub description: Option<Text>,
    /// What its values are called.
    pub labels: Option<Arc<Labels>>,
    /// The order in which its values are shown; SQL's ORDER BY knows nothing of it.
    pub order: Option<Order>,
}

/// An order of a column's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// These values, the first first; others come after them.
    Values(Vec<String>),
    /// That of another column of the table.
    Column(String),
}

/// A join to at most one row of another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Its name, by which expressions follow it.
    pub name: String,
    /// The table joined.
    pub table: String,
    /// My column and theirs, in the order of their primary key, all of which is covered.
    pub keys: Vec<(String, String)>,
}

/// What a load does with rows already there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LoadMode {
    /// The files are the table.
    #[default]
    Replace,
    /// Files not seen before are added.
    Append,
}
