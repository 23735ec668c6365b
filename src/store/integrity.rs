//! Whether data files hold the bytes that were written. Reading rows cannot tell: a page with a flipped bit may unpack to
//! another value and no error.

use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use super::fault::{fault, is_missing};
use super::snapshot::{DataFile, Snapshot};
use crate::error::Result;

/// How many files are read at once.
const CONCURRENT_READS: usize = 4;

/// What became of a data file's bytes since they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrity {
    /// They are the same.
    Whole,
    /// The load that wrote the file recorded no digest: only its size is known to be right.
    NotVerifiable,
    /// They are not, in words.
    Damaged(String),
}

/// A data file read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The file's table.
    pub table: String,
    /// The file's path in the mart.
    pub path: String,
    /// How many bytes it should hold.
    pub bytes: u64,
    /// What became of them.
    pub integrity: Integrity,
}

impl Snapshot {
    /// Reads every data file and compares its bytes with what was recorded when it was written, in the order of tables
    /// and files. A file that is damaged or missing is no error.
    ///
    /// # Errors
    /// Unavailable: the store does not answer. Misconfigured: it may not be read.
    pub fn verify(&self) -> impl Stream<Item = Result<Verified>> + Send + '_ {
        let files = self.tables.values().flat_map(|table| table.files.iter().map(move |file| (&table.name, file)));
        let read = move |(table, file): (&String, &DataFile)| {
            let (objects, table, file) = (Arc::clone(&self.object_store), table.clone(), file.clone());
            async move {
                let integrity = integrity(objects.as_ref(), &file).await?;
                Ok(Verified { table, path: file.path.to_string(), bytes: file.size, integrity })
            }
        };
        stream::iter(files.map(read).collect::<Vec<_>>()).buffered(CONCURRENT_READS)
    }
}

async fn integrity(objects: &dyn ObjectStore, file: &DataFile) -> Result<Integrity> {
    let failed = |source| fault(format!("read {}", file.path), source);
    let found = match objects.get(&file.path).await {
        Ok(found) => found,
        Err(source) if is_missing(&source) => return Ok(Integrity::Damaged("it is missing".into())),
        Err(source) => return Err(failed(source)),
    };
    if found.meta.size != file.size {
        let said = format!("it holds {} bytes, and {} were written", found.meta.size, file.size);
        return Ok(Integrity::Damaged(said));
    }
    let Some(written) = &file.sha256 else { return Ok(Integrity::NotVerifiable) };
    let digest =
        found.into_stream().try_fold(Sha256::new(), |digest, bytes| async move { Ok(digest.chain_update(&bytes)) });
    match format!("{:x}", digest.await.map_err(failed)?.finalize()) {
        read if read == *written => Ok(Integrity::Whole),
        _ => Ok(Integrity::Damaged("its bytes are not those that were written".into())),
    }
}
