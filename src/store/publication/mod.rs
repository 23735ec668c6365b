//! One load's writing, from the lease to the new mart version.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use futures::Stream;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};

use super::delta::{CommitError, DeltaTable, Goal, LogState, State, check_types, plain};
use super::fault::fault;
use super::files::{Sizes, Target};
use super::lease::Lease;
use super::open::{Store, version_path};
use super::snapshot::TableSnapshot;
use super::version::{FORMAT, MartVersion, Pin, Verdict};
use crate::clock;
use crate::error::{Error, Result};

/// All names of files come before it.
const ANY_NAME: &str = "\u{10ffff}";

/// What becomes of a table's published rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// The rows written replace them.
    Replace,
    /// The rows written are added to them.
    Append,
}

/// What a mart version says besides its number and date.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The hash of the model.
    pub model_hash: String,
    /// All tables of the version, those not written too (from [`Publication::base`]).
    pub tables: BTreeMap<String, Pin>,
    /// All verdicts.
    pub verdicts: Vec<Verdict>,
}

/// The right to write, held from [`Store::begin`] to [`Publication::publish`]; dropping it publishes nothing and gives
/// the lease back.
#[derive(Debug)]
pub struct Publication {
    store: Store,
    lease: Lease,
    base: Option<MartVersion>,
    /// The Delta versions of the tables written.
    written: BTreeMap<String, u64>,
    sizes: Sizes,
}

impl Publication {
    pub(crate) fn new(store: Store, lease: Lease, base: Option<MartVersion>) -> Self {
        Self { store, lease, base, written: BTreeMap::new(), sizes: Sizes::default() }
    }

    /// Groups and files of other sizes, for tests.
    #[cfg(test)]
    pub(crate) fn with_sizes(mut self, sizes: Sizes) -> Self {
        self.sizes = sizes;
        self
    }

    /// The version that this load starts from, the newest; none in an empty mart.
    pub fn base(&self) -> Option<&MartVersion> {
        self.base.as_ref()
    }

    /// Writes `table` from `stream`, whose batches have the types of `schema` and are sorted by `sorted_by` throughout
    /// (ascending, NULLs last), with exactly one Delta commit, or none when that changes nothing. Once per table.
    /// Nothing is visible before [`Publication::publish`]; the snapshot returned serves derived tables and tests of
    /// claims until then.
    ///
    /// # Errors
    /// That of the stream, if it ends with one. Invalid: the rows to append have other columns. Unavailable: the lease is
    /// lost, or the store does not answer. Exhausted: the disk is full. Misconfigured: what is published of the table is
    /// damaged. Internal: the table was written before, or with types that no mart has.
    pub async fn write(
        &mut self,
        table: &str,
        schema: SchemaRef,
        mode: WriteMode,
        sorted_by: &[String],
        stream: impl Stream<Item = Result<RecordBatch>> + Send + Unpin,
    ) -> Result<Arc<TableSnapshot>> {
        if self.written.contains_key(table) {
            return Err(Error::internal(format!("table '{table}' was written before in this load")));
        }
        check_types(table, &schema)?;
        let schema = Arc::new(plain(&schema));
        self.lease.check().await?;
        let delta = DeltaTable::new(&self.store.object_store(), table)?;
        for folder in [delta.folder().clone(), delta.folder().clone().join("_delta_log")] {
            self.store.remove_staged(&folder, ANY_NAME);
        }
        let last = delta.last().await?;
        let kept = match mode {
            WriteMode::Replace => None,
            WriteMode::Append => self.published(&delta, table, &schema).await?,
        };
        self.refuse_gap(table, last.as_ref())?;
        let objects = self.store.object_store();
        let target = Target {
            objects: &objects,
            folder: delta.folder(),
            version: last.as_ref().map_or(0, |last| last.version + 1),
            schema: &schema,
            sorted_by,
            sizes: self.sizes,
        };
        let staged = target.stage(stream).await?;
        self.lease.check().await?;
        let goal = Goal::new(&schema, kept.as_ref().map(|kept| &kept.log), &staged)?;
        let state = match (kept, last) {
            (Some(kept), Some(last)) if goal.is_met_by(&last) && kept.log.version == last.version => kept,
            (_, last) => delta.commit(last.as_ref(), goal).await.map_err(|error| match error {
                CommitError::Conflict => self.lease.conflict(&format!("somebody else wrote table '{table}'")),
                CommitError::Failed(error) => error,
            })?,
        };
        self.written.insert(table.to_owned(), state.table.delta_version);
        Ok(Arc::new(state.table))
    }

    /// The state that an append adds to: what is published, whatever a load that died left behind.
    async fn published(&self, delta: &DeltaTable, table: &str, schema: &Schema) -> Result<Option<State>> {
        let Some(pin) = self.base.as_ref().and_then(|base| base.tables.get(table)) else { return Ok(None) };
        let state = delta.at(pin.delta_version).await?;
        self.store.check_rows(&state.table, pin)?;
        if *state.table.schema != *schema {
            return Err(Error::invalid(format!(
                "table '{table}' has other columns in the mart than the rows to append: load it with --full"
            )));
        }
        Ok(Some(state))
    }

    /// Refuses to go on where a published version's log is cut off.
    fn refuse_gap(&self, table: &str, last: Option<&LogState>) -> Result<()> {
        let Some(pin) = self.base.as_ref().and_then(|base| base.tables.get(table)) else { return Ok(()) };
        match last {
            Some(last) if last.version >= pin.delta_version => Ok(()),
            _ => Err(Error::misconfigured(format!(
                "mart {} is damaged: the log of table '{table}' ends before its published Delta version {}; restore \
                 it from a backup",
                self.store.place(),
                pin.delta_version
            ))),
        }
    }

    /// Publishes the next mart version and gives the lease back, whether that succeeds or not.
    ///
    /// # Errors
    /// Unavailable: the lease is lost, or the store does not answer. Exhausted: the disk is full. Internal: a table is
    /// pinned at a version that nobody wrote.
    pub async fn publish(self, draft: Draft) -> Result<u64> {
        let published = self.next(draft).await;
        self.lease.release().await;
        published
    }

    /// Publishes nothing and gives the lease back: dropping it does so too, but a process that ends does not wait.
    pub async fn abandon(self) {
        self.lease.release().await;
    }

    async fn next(&self, draft: Draft) -> Result<u64> {
        self.check_pins(&draft.tables)?;
        let version = MartVersion {
            format: FORMAT,
            number: self.base.as_ref().map_or(0, |base| base.number) + 1,
            published: clock::now(),
            model_hash: draft.model_hash,
            tables: draft.tables,
            verdicts: draft.verdicts,
        };
        let bytes = version.encode()?;
        self.lease.check().await?;
        self.store.remove_staged(&Path::from("_versions"), ANY_NAME);
        self.create(version.number, bytes).await?;
        Ok(version.number)
    }

    /// Creates the version's object: the only commit point.
    async fn create(&self, number: u64, bytes: Vec<u8>) -> Result<()> {
        let (objects, path) = (self.store.object_store(), version_path(number));
        let created = objects.put_opts(&path, PutPayload::from(bytes.clone()), PutMode::Create.into()).await;
        let Err(source) = created else { return Ok(()) };
        // It may have arrived although the store said otherwise.
        let read = async { objects.get(&path).await?.bytes().await };
        match (read.await, source) {
            (Ok(there), _) if there == bytes => Ok(()),
            (Ok(_), _) => Err(self.lease.conflict(&format!("somebody else published version {number}"))),
            (Err(_), source) => Err(fault(format!("publish version {number} of mart {}", self.store.place()), source)),
        }
    }

    /// That every table is pinned as written here or as published before: nothing else may come to light.
    fn check_pins(&self, tables: &BTreeMap<String, Pin>) -> Result<()> {
        for (table, pin) in tables {
            let published = || self.base.as_ref()?.tables.get(table).map(|pin| pin.delta_version);
            let expected = self.written.get(table).copied().or_else(published);
            if expected != Some(pin.delta_version) {
                return Err(Error::internal(format!(
                    "table '{table}' would be published at Delta version {}, which this load did not write",
                    pin.delta_version
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
