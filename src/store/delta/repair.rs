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
        let commits = self.commits().await?;
        if !commits.iter().map(|(number, _)| *number).eq(0..commits.len() as u64) {
            return None;
        }
        let mut adds = BTreeMap::new();
        for (_, meta) in &commits {
            self.actions(meta).await?.iter().try_for_each(|action| apply(action, &mut adds))?;
        }
        Some(LogState { version: commits.last()?.0, adds, delta: None })
    }

    /// The reader version that the log asks for at `version`, or last, and the commit that asks; none where no commit
    /// that can be read says so.
    pub(super) async fn asked_reader(&self, version: Option<u64>) -> Option<(u64, u64)> {
        let commits = self.commits().await?;
        for (number, meta) in commits.iter().rev().filter(|(number, _)| version.is_none_or(|last| *number <= last)) {
            let actions = self.actions(meta).await.unwrap_or_default();
            if let Some(asked) = actions.iter().find_map(reader_version) {
                return Some((*number, asked));
            }
        }
        None
    }

    /// The log's commits in order.
    async fn commits(&self) -> Option<Vec<(u64, ObjectMeta)>> {
        let objects = self.log.object_store(None);
        let listed = objects.list(Some(&Path::from("_delta_log")));
        let mut commits: Vec<(u64, ObjectMeta)> = listed
            .try_filter_map(|meta| async move { Ok(number(&meta.location).map(|number| (number, meta))) })
            .try_collect()
            .await
            .ok()?;
        commits.sort_by_key(|(number, _)| *number);
        Some(commits)
    }

    /// What one commit does.
    async fn actions(&self, commit: &ObjectMeta) -> Option<Vec<Value>> {
        let bytes = self.log.object_store(None).get(&commit.location).await.ok()?.bytes().await.ok()?;
        let lines = std::str::from_utf8(&bytes).ok()?.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| serde_json::from_str(line).ok()).collect()
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

/// The reader version that an action asks for.
fn reader_version(action: &Value) -> Option<u64> {
    action["protocol"]["minReaderVersion"].as_u64()
}

/// What one line of a commit does to the files; `None` for what only another program writes.
fn apply(line: &Value, adds: &mut BTreeMap<String, Add>) -> Option<()> {
    if reader_version(line).is_some_and(|version| version > 1) {
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
