//! What the data means: the YAML files under `cubes/` become a [`Spec`], and a spec resolved against the
//! schemas of its tables becomes a [`Model`] of tables and cubes, valid by construction. Pure: no I/O, no clock.
//!
//! text → [`Spec::decode`] → [`resolve`] → [`Model`], which `plan`, `ingest` and `mart` read.

mod conversion;
mod cube;
mod decode;
mod resolve;
mod shape;
mod spec;
mod table;
mod text;

pub use conversion::{mart_type, refuse_conversion, type_name};
pub use cube::{Aggregate, Cube, Dimension, DimensionKind, Grain, Leaf, Measure, RowExpr};
pub use resolve::resolve;
pub use shape::shape;
pub use spec::{
    ColumnSpec, CubeSpec, DimensionSpec, FilesSpec, JoinSpec, MeasureSpec, Place, Spec, TableSpec, Written,
};
pub use table::{Column, FileFormat, Join, LoadMode, Schemas, Source, Table, TableSchema};
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
    /// SHA-256, in hex, of the names and texts of all files.
    pub hash: String,
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
