//! Files to cleaned, checked, sorted tables: what changed is read, cast and sorted, derived tables are computed, claims
//! are tested, and one mart version is published, or nothing is.

mod cast;
mod claims;
mod csv;
mod decide;
mod derived;
mod load;
pub mod made;
mod misfit;
mod number;
pub mod propose;
mod read;
mod report;
mod sources;
mod text;
mod time;

pub use claims::test_claims;
pub use load::load;
pub use sources::headers;

use std::time::Duration;

/// What to load, and how.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// These tables and those derived from them; all if empty.
    pub tables: Vec<String>,
    /// Load them even if nothing changed, and append tables anew.
    pub full: bool,
    /// Only say what would be loaded.
    pub dry_run: bool,
}

/// Who is told how far a load has come.
pub trait Progress: Send + Sync {
    /// A table's load begins: its files have so many bytes, 0 for a derived one, and so many rows where that is known.
    fn begin(&self, table: &str, bytes: u64, rows: Option<u64>);
    /// So many more rows have been read.
    fn advance(&self, table: &str, rows: u64);
    /// All rows have been read; they are being sorted and written.
    fn write(&self, table: &str);
    /// A table is staged.
    fn done(&self, report: &TableReport);
    /// A claim of a table is being tested.
    fn test(&self, table: &str);
    /// So many bytes of the data files have been compared with what was written, of so many.
    fn verify(&self, bytes: u64, of: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _table: &str, _bytes: u64, _rows: Option<u64>) {}
    fn advance(&self, _table: &str, _rows: u64) {}
    fn write(&self, _table: &str) {}
    fn done(&self, _report: &TableReport) {}
    fn test(&self, _table: &str) {}
    fn verify(&self, _bytes: u64, _of: u64) {}
}

/// What became of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was loaded.
    Loaded,
    /// It would have been, but the load was a dry run.
    WouldLoad,
    /// It is as it was published.
    Unchanged,
    /// It never was, and this load was not asked to.
    NotLoaded,
}

/// The rows that name a member which is not there, per join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphans {
    /// The join.
    pub join: String,
    /// Distinct keys without a partner.
    pub keys: u64,
    /// Rows with such keys.
    pub rows: u64,
}

/// What became of a table, in numbers.
#[derive(Debug, Clone)]
pub struct TableReport {
    /// The table.
    pub table: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Rows read from its files, or computed by its `sql`.
    pub read: u64,
    /// Rows that the mart now holds of it.
    pub loaded: u64,
    /// Rows without a partner, per join; joins without any are left out.
    pub orphans: Vec<Orphans>,
    /// Claims that do not hold, in words.
    pub false_claims: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// What a load did.
#[derive(Debug, Clone)]
pub struct LoadReport {
    /// The mart version published; none if nothing changed.
    pub version: Option<u64>,
    /// Every table of the model, in the order loaded.
    pub tables: Vec<TableReport>,
    /// The tables that the model has no longer, and that are published no longer for it; that would be so, if the load was
    /// a dry run.
    pub removed: Vec<String>,
}
