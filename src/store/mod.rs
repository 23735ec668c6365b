//! The mart on object storage. Batches come from `ingest` and lie in Delta tables; readers get a [`Snapshot`], from
//! which `execute` scans.
//!
//! ```text
//! _versions/{n}.json    mart version n: the Delta version of every table; creating it is the only commit point
//! _lease/{generation}   who writes; the generation is the fencing number
//! tables/{name}/        a Delta table: Parquet files and their log
//! ```
//!
//! A load takes the lease ([`Store::begin`]), writes tables, each with one Delta commit ([`Publication::write`]), and
//! publishes ([`Publication::publish`]). A load that dies before that leaves tables past their published versions,
//! which nobody reads; the next write to such a table starts from its published state.

mod version;
mod snapshot;
mod fault;
mod durable;
mod stats;
mod bounds;
mod files;
mod delta;
mod owner;
mod lease;
mod open;
mod publication;
mod integrity;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod kill;

pub use integrity::{Integrity, Verified};
pub use open::Store;
pub use owner::Owner;
pub use publication::{Draft, Publication, WriteMode};
pub use snapshot::{ColumnStats, DataFile, Snapshot, TableSnapshot};
pub use version::{Claim, FORMAT, Input, MartVersion, Pin, Verdict};
