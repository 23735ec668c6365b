//! A mart's place: opening it, its versions, its snapshots.

use std::sync::Arc;

use object_store::ObjectStore;

use super::lease::Owner;
use super::publication::Publication;
use super::snapshot::Snapshot;
use super::version::MartVersion;
use crate::error::{Error, Result};

/// A mart on object storage. Clones share what they have read.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
}

impl Store {
    /// The mart at `url`, a local folder's path or `file:` URL; other stores are refused by name. Creates nothing: a
    /// folder that is not there is a mart without versions.
    pub fn open(_url: &str) -> Result<Self> {
        Err(Error::internal("the store is not there yet"))
    }

    /// The mart in `objects`, called `place` in messages.
    pub fn with_object_store(objects: Arc<dyn ObjectStore>, _place: &str) -> Self {
        Self { objects }
    }

    /// The newest version's number; none before the first load.
    pub async fn latest(&self) -> Result<Option<u64>> {
        Err(Error::internal("the store is not there yet"))
    }

    /// All versions, newest first.
    pub async fn versions(&self) -> Result<Vec<MartVersion>> {
        Err(Error::internal("the store is not there yet"))
    }

    /// Version `number`; `NotFound` when there is none.
    pub async fn version(&self, _number: u64) -> Result<MartVersion> {
        Err(Error::internal("the store is not there yet"))
    }

    /// Version `number` with the files of its tables.
    pub async fn snapshot(&self, _number: u64) -> Result<Arc<Snapshot>> {
        Err(Error::internal("the store is not there yet"))
    }

    /// Where the files of all snapshots lie.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    /// Takes the lease for `owner`; `Unavailable` while somebody else alive holds it. A load that finds nothing to do
    /// should not come here: find that out from [`Store::latest`] first.
    pub async fn begin(&self, _owner: &Owner) -> Result<Publication> {
        Err(Error::internal("the store is not there yet"))
    }
}
