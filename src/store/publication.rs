//! One load's writing, from the lease to the new mart version.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::Stream;

use super::snapshot::TableSnapshot;
use super::version::{MartVersion, Pin, Verdict};
use crate::error::{Error, Result};

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

/// The right to write, held from [`super::Store::begin`] to [`Publication::publish`]; dropping it publishes nothing
/// and gives the lease back.
#[derive(Debug)]
pub struct Publication {
    base: Option<MartVersion>,
}

impl Publication {
    /// The version that this load starts from, the newest; none in an empty mart.
    pub fn base(&self) -> Option<&MartVersion> {
        self.base.as_ref()
    }

    /// Writes `table` from `stream`, whose batches have `schema` and are sorted by `sorted_by` throughout, with exactly
    /// one Delta commit. Once per table. Nothing is visible before [`Publication::publish`].
    pub async fn write(
        &mut self,
        _table: &str,
        _schema: SchemaRef,
        _mode: WriteMode,
        _sorted_by: &[String],
        _stream: impl Stream<Item = Result<RecordBatch>> + Send + Unpin,
    ) -> Result<Arc<TableSnapshot>> {
        Err(Error::internal("the store is not there yet"))
    }

    /// Publishes the next mart version and gives the lease back.
    pub async fn publish(self, _draft: Draft) -> Result<u64> {
        Err(Error::internal("the store is not there yet"))
    }
}
