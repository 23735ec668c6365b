//! What the data means: the YAML files under `cubes/` become a [`Spec`], and a spec resolved against the
//! schemas of its tables becomes a [`Model`] of tables and cubes, valid by construction. Pure: no I/O, no clock.
//!
//! text → [`Spec::decode`] → [`resolve`] → [`Model`], which `plan`, `ingest` and `mart` read.

mod conversion;
mod cube;
mod decode;
mod format;
mod labels;
mod condition;
mod parts;
mod resolve;
mod shape;
mod spec;
mod table;
mod text;

pub use conversion::{mart_type, refuse_conversion, type_name};
pub use cube::{Aggregate, Better, Cube, Dimension, DimensionKind, Grain, Hierarchy, Leaf, Measure, Origin, RowExpr};
pub use format::NumberFormat;
pub use labels::{Label, Labels};
pub use parts::{Arithmetic, Operator, Parts};
pub use resolve::resolve;
pub use shape::{currency, instant, is_currency, localized, shape};
pub use spec::{
    ColumnSpec, CubeSpec, DimensionSpec, FilesSpec, HierarchySpec, JoinSpec, MeasureSpec, OrderSpec, Place, Spec,
    TableSpec, Written,
};
pub use table::{Column, FileFormat, Join, LoadMode, Order, Schemas, Source, Table, TableSchema};
pub use text::{LOCALES, Text};

use std::collections::BTreeMap;

use chrono_tz::Tz;

/// The resolved model: every name in it exists, every expression has its type.
#[derive(Debug, Clone)]
pub struct Model {
    /// What holds where nothing else is said.
    pub defaults: Defaults,
    /// The tables of the mart by name.
    pub tables: BTreeMap<String, Table>,
    /// The cubes by name.
    pub cubes: BTreeMap<String, Cube>,
    /// Queries whose answer is known, in the order of their names.
    pub tests: Vec<ModelTest>,
    /// What the files name besides, and what is missing for it.
    pub left_out: LeftOut,
    /// SHA-256, in hex, of the names and texts of all files.
    pub hash: String,
}

impl Model {
    /// Whether the model's files have a table of this name, left out or not.
    pub fn names_table(&self, name: &str) -> bool {
        self.tables.contains_key(name) || self.left_out.tables.contains_key(name)
    }
}

/// What a model is resolved without, because nothing is known of a table that nobody asks for now
/// ([`TableSchema::Absent`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Such tables, and those derived from them.
    pub tables: BTreeMap<String, MissingTable>,
    /// The cubes that some part of such a table belongs to, and why it is not to be had.
    pub cubes: BTreeMap<String, String>,
}

/// A table that a model is resolved without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingTable {
    /// Why: what is wrong with its files, or with those of a table that it reads.
    pub why: String,
    /// The tables that its `sql` reads.
    pub reads: Vec<String>,
}

/// What holds where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// The zone of wall clocks, unless a session sets its own.
    pub timezone: Tz,
    /// The currency of money, an ISO 4217 code.
    pub currency: Option<String>,
    /// The language of a title that does not name one.
    pub locale: String,
}

/// A query whose answer is known; `check --data` asks it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelTest {
    /// Its name.
    pub name: String,
    /// The SQL to run; its answer is one row of one column.
    pub query: String,
    /// The value expected, as written.
    pub expect: String,
    /// How far a number may be off; exact without it.
    pub tolerance: Option<f64>,
    /// Where the test is written.
    pub place: Place,
}
