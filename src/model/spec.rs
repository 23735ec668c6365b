//! What the files under `cubes/` say, decoded but not yet resolved, each thing with the place where it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::DataType;
use chrono_tz::Tz;

use crate::error::Error;
use crate::sql::SyntaxFault;
use crate::yaml::{Faults, Lines, Position};

use super::{Better, Defaults, FileFormat, Labels, LoadMode, ModelTest, Text, decode};

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

impl Place {
    /// The place `at` in `file`.
    pub fn new(file: &Arc<str>, at: Position) -> Self {
        Self { file: Arc::clone(file), line: at.line, column: at.column }
    }

    /// Notes a fault here.
    pub fn fault(&self, faults: &mut Faults, message: impl Into<String>) {
        faults.push(&self.file, Position { line: self.line, column: self.column }, message);
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Something and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<T> {
    /// What is written.
    pub value: T,
    /// Where.
    pub place: Place,
    /// Where the lines of a text stand.
    pub lines: Lines,
}

impl<T> Written<T> {
    /// Where the SQL of a text does not parse, and why.
    pub(super) fn misparsed(&self, error: &Error) -> (Place, String) {
        match SyntaxFault::of(error) {
            Some(fault) => (self.place_of(fault.offset), fault.message.clone()),
            None => (self.place.clone(), error.message().to_owned()),
        }
    }

    /// The place of the character before which stand `offset` others.
    fn place_of(&self, offset: usize) -> Place {
        self.lines.place(offset).map_or_else(|| self.place.clone(), |at| Place::new(&self.place.file, at))
    }
}

/// The decoded files of a model: what they say, and what is wrong with it so far.
#[derive(Debug, Clone)]
pub struct Spec {
    /// What holds where nothing else is said.
    pub defaults: Defaults,
    /// The tables by name.
    pub tables: BTreeMap<String, TableSpec>,
    /// The cubes by name.
    pub cubes: BTreeMap<String, CubeSpec>,
    /// The tests in the order of their names.
    pub tests: Vec<ModelTest>,
    /// SHA-256, in hex, of the names and texts of all files.
    pub hash: String,
    /// What is wrong with the files; [`super::resolve`] lists it with what it finds.
    pub faults: Faults,
    /// The places of definitions whose fault is noted: what hangs on them is passed over.
    pub(super) faulty: BTreeSet<Place>,
    /// Whether every file could be read: a table that is not there may stand in one that could not.
    pub(super) is_whole: bool,
}

/// A table as written.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// Its title.
    pub title: Option<Text>,
    /// What it holds.
    pub description: Option<Text>,
    /// Its files; none for a table of `sql`.
    pub files: Option<FilesSpec>,
    /// The query of a derived table.
    pub sql: Option<Written<String>>,
    /// The columns that name one row.
    pub primary_key: Vec<Written<String>>,
    /// The order in which rows are stored.
    pub sort_by: Vec<Written<String>>,
    /// The columns that are described; the rest loads as it is.
    pub columns: Vec<ColumnSpec>,
    /// The joins.
    pub joins: Vec<JoinSpec>,
    /// The hierarchies of its columns.
    pub hierarchies: Vec<HierarchySpec>,
    /// What a load does with rows already there.
    pub load: LoadMode,
}

/// A hierarchy as written.
#[derive(Debug, Clone)]
pub struct HierarchySpec {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// Its columns, the coarsest first.
    pub levels: Vec<Written<String>>,
}

/// A table's files as written.
#[derive(Debug, Clone)]
pub struct FilesSpec {
    /// Where they are written.
    pub place: Place,
    /// Paths, which may hold `*`, relative to the folder that holds `data`.
    pub patterns: Vec<String>,
    /// How they are written, by their ending.
    pub format: FileFormat,
}

/// A column as written.
#[derive(Debug, Clone)]
pub struct ColumnSpec {
    /// Its name in the mart.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// Its type in the mart; that of its source without it.
    pub data_type: Option<DataType>,
    /// Its name in the source; its own without it.
    pub from: Option<String>,
    /// The zone of the wall clock that its source writes.
    pub stored_in: Option<Tz>,
    /// Its title.
    pub title: Option<Text>,
    /// What it holds.
    pub description: Option<Text>,
    /// What its values are called.
    pub labels: Option<Arc<Labels>>,
    /// The order in which its values are shown.
    pub order: Option<OrderSpec>,
}

/// An order of values as written.
#[derive(Debug, Clone)]
pub enum OrderSpec {
    /// These values, the first first.
    Values(Vec<Written<String>>),
    /// As another column orders them.
    Column(Written<String>),
}

/// A join as written.
#[derive(Debug, Clone)]
pub struct JoinSpec {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// The table joined; the join's name without it.
    pub table: Option<Written<String>>,
    /// My columns, with theirs where a map names them.
    pub keys: Vec<(Written<String>, Option<Written<String>>)>,
}

/// A cube as written.
#[derive(Debug, Clone)]
pub struct CubeSpec {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// Its title.
    pub title: Option<Text>,
    /// What it answers.
    pub description: Option<Text>,
    /// The fact table.
    pub table: Written<String>,
    /// The dimension of time.
    pub time: Option<Written<String>>,
    /// The rows that count at all.
    pub filter: Option<Written<String>>,
    /// Its dimensions as written.
    pub dimensions: Vec<DimensionSpec>,
    /// Its measures as written.
    pub measures: Vec<MeasureSpec>,
}

/// A dimension as written.
#[derive(Debug, Clone)]
pub struct DimensionSpec {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// Its expression.
    pub expr: Written<String>,
    /// Its title.
    pub title: Option<Text>,
    /// What it means.
    pub description: Option<Text>,
}

/// A measure as written.
#[derive(Debug, Clone)]
pub struct MeasureSpec {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// Its expression.
    pub expr: Written<String>,
    /// The rows that count for it.
    pub filter: Option<Written<String>>,
    /// Its title.
    pub title: Option<Text>,
    /// What it means.
    pub description: Option<Text>,
    /// What it counts in.
    pub unit: Option<String>,
    /// How it is shown.
    pub format: Option<String>,
    /// Which way it should move.
    pub better: Option<Better>,
}

impl Spec {
    /// Decodes the files, each given by the path to show and its text, and notes every fault.
    pub fn decode(files: &[(String, String)]) -> Self {
        decode::files(files)
    }

    /// Notes why a file could not be read; what it may define is not missed.
    pub fn unread(&mut self, file: &str, at: Position, why: &str) {
        self.faults.push(file, at, why);
        self.is_whole = false;
    }

    /// Whether the definition at `place` has a fault that is noted.
    pub(super) fn is_faulty(&self, place: &Place) -> bool {
        self.faulty.contains(place)
    }
}
