//! What readers get: a mart version with the files of every table in it. Nothing in it ever changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use object_store::ObjectStore;
use object_store::path::Path;

use super::version::MartVersion;

/// A mart version, pinned: later loads do not touch it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The version.
    pub version: MartVersion,
    /// Its tables by name.
    pub tables: BTreeMap<String, Arc<TableSnapshot>>,
    /// Where the files lie.
    pub object_store: Arc<dyn ObjectStore>,
}

/// A table at one version of its Delta log.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSnapshot {
    /// The table's name.
    pub name: String,
    /// Its columns, all nullable.
    pub schema: SchemaRef,
    /// The version of its Delta log.
    pub delta_version: u64,
    /// Its data files, in the order in which they were written: the table's `sort_by` runs through the files of
    /// one load.
    pub files: Vec<DataFile>,
}

/// A Parquet file of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// Its whole path in the object store.
    pub path: Path,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes as they were written, in hex; none where the load that wrote it recorded none.
    pub sha256: Option<String>,
    /// When it was written.
    pub modified: DateTime<Utc>,
    /// How many rows it holds.
    pub rows: u64,
    /// What is known of its columns, in the order of the table's schema.
    pub stats: Vec<ColumnStats>,
}

/// What is known of one column of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnStats {
    /// No value is less than this; floats have no bounds, because NaN has no place among them.
    pub min: Option<ScalarValue>,
    /// No value is greater than this.
    pub max: Option<ScalarValue>,
    /// Whether `min` and `max` are values that occur; bounds of text may be shortened.
    pub exact: bool,
    /// How many values are NULL.
    pub null_count: Option<u64>,
}

impl TableSnapshot {
    /// How many rows the table holds.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}
