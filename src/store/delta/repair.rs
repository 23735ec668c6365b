//! A log whose last version cannot be read as a table: a build without today's checks may have left one beyond the
//! published version. Which files it names is all that the next commit must know.

use std::collections::BTreeMap;

use bytes::Bytes;
use deltalake_core::kernel::{Action, Add};
use deltalake_core::logstore::{CommitOrBytes, LogStore};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use serde_json::Value;
use uuid::Uuid;

use super::goal;
use super::{CommitError, DeltaTable, LogState, State};
use crate::error::{Error, Result};

impl DeltaTable {
    /// The last version as its commits tell it, one after another; none where they do not tell it either.
    pub(super) async fn replayed(&self) -> Option<LogState> {
        let objects = self.log.object_store(None);
        let listed = objects.list(Some(&Path::from("_delta_log")));
        let mut commits: Vec<(u64, ObjectMeta)> = listed
            .try_filter_map(|meta| async move { Ok(number(&meta.location).map(|number| (number, meta))) })
            .try_collect()
            .await
            .ok()?;
        commits.sort_by_key(|(number, _)| *number);
        if !commits.iter().map(|(number, _)| *number).eq(0..commits.len() as u64) {
            return None;
        }
        let mut adds = BTreeMap::new();
        for (_, meta) in &commits {
            let bytes = objects.get(&meta.location).await.ok()?.bytes().await.ok()?;
            for line in std::str::from_utf8(&bytes).ok()?.lines().filter(|line| !line.trim().is_empty()) {
                apply(&serde_json::from_str(line).ok()?, &mut adds)?;
            }
        }
        Some(LogState { version: commits.last()?.0, adds, delta: None })
    }

    /// Commits `actions` as exactly `version`, whatever the version before it is.
    pub(super) async fn commit_over(&self, version: u64, actions: &[Action]) -> Result<State, CommitError> {
        let line = |action| serde_json::to_string(action).map(|line| line + "\n");
        let lines = actions.iter().map(line).collect::<Result<String, _>>().map_err(|source| {
            CommitError::Failed(Error::internal("actions that Delta cannot keep").with_source(source))
        })?;
        let bytes = CommitOrBytes::LogBytes(Bytes::from(lines));
        let written = self.log.write_commit_entry(version, bytes, Uuid::new_v4()).await;
        written.map_err(|source| self.refused(version, source.into()))?;
        self.at(version).await.map_err(CommitError::Failed)
    }
}

/// The version that a commit's name tells.
fn number(path: &Path) -> Option<u64> {
    let name = path.filename()?.strip_suffix(".json")?;
    if name.len() == 20 { name.parse().ok() } else { None }
}

/// What one line of a commit does to the files; `None` for what only another program writes.
fn apply(line: &Value, adds: &mut BTreeMap<String, Add>) -> Option<()> {
    if line["protocol"]["minReaderVersion"].as_u64().is_some_and(|version| version > 1) {
        return None;
    }
    if let Some(add) = line.get("add") {
        let (path, size) = (add["path"].as_str()?.to_owned(), add["size"].as_u64()?);
        let tags = serde_json::from_value(add["tags"].clone()).ok()?;
        adds.insert(path.clone(), goal::add(path, size, add["modificationTime"].as_i64()?, None, tags));
    }
    if let Some(remove) = line.get("remove") {
        adds.remove(remove["path"].as_str()?);
    }
    Some(())
}
