//! The commit that brings a table from what its log says last to what it shall be.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::datatypes::Schema;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::{Action, Add, Metadata, MetadataExt, Protocol, Remove, StructType, new_metadata};
use deltalake_core::protocol::SaveMode;

use super::{LogState, SHA256, Tags};
use crate::clock;
use crate::error::{Error, Result};
use crate::store::files::Staged;
use crate::store::stats;

/// What every table's log says about itself. Expired log entries stay until a vacuum that knows which mart versions
/// need them; bounds are kept of all columns, not of the first 32.
const CONFIGURATION: [(&str, &str); 2] =
    [("delta.enableExpiredLogCleanup", "false"), ("delta.dataSkippingNumIndexedCols", "-1")];

/// What a table shall be, whatever its log says now.
#[derive(Debug)]
pub(crate) struct Goal {
    columns: StructType,
    adds: BTreeMap<String, Add>,
    appends: bool,
}

impl Goal {
    /// Columns of `schema`, the files of `kept`, and `staged`.
    pub(crate) fn new(schema: &Schema, kept: Option<&LogState>, staged: &[Staged]) -> Result<Self> {
        let columns: StructType = schema
            .try_into_kernel()
            .map_err(|source| Error::internal("columns that Delta cannot keep").with_source(source))?;
        let mut adds = kept.map(|kept| kept.adds.clone()).unwrap_or_default();
        let texts: Vec<_> = staged.iter().map(|file| Some(stats::encode(schema, &file.stats))).collect();
        // What a log says cannot be taken back: it must be readable before it is written.
        stats::decode(schema, &texts)
            .map_err(|source| Error::internal("statistics that would not read back").with_source(source))?;
        for (file, text) in staged.iter().zip(texts) {
            let written = file.written.timestamp_millis();
            let tags = Tags::from([(SHA256.to_owned(), Some(file.sha256.clone()))]);
            adds.insert(file.name.clone(), add(file.name.clone(), file.size, written, text, Some(tags)));
        }
        Ok(Self { columns, adds, appends: kept.is_some() })
    }

    /// Whether `state` is it.
    pub(crate) fn is_met_by(&self, state: &LogState) -> bool {
        let names = |adds: &BTreeMap<String, Add>| adds.keys().cloned().collect::<BTreeSet<_>>();
        names(&self.adds) == names(&state.adds)
            && state.delta.as_ref().is_some_and(|delta| *delta.schema() == self.columns)
    }

    /// From `last` to here: files that are too many go, files that lack come, columns are put right.
    pub(super) fn actions(mut self, last: Option<&LogState>) -> Result<(Vec<Action>, SaveMode)> {
        let mut actions = Vec::new();
        let Some(last) = last else {
            actions.push(Action::Protocol(protocol()?));
            actions.push(Action::Metadata(self.metadata(None)?));
            actions.extend(self.adds.into_values().map(Action::Add));
            return Ok((actions, SaveMode::Append));
        };
        match &last.delta {
            Some(delta) if *delta.schema() == self.columns && is_configured(delta.metadata()) => {}
            Some(delta) => actions.push(Action::Metadata(self.metadata(Some(delta.metadata()))?)),
            None => actions.extend([Action::Protocol(protocol()?), Action::Metadata(self.metadata(None)?)]),
        }
        let mut removes = false;
        for (name, present) in &last.adds {
            if self.adds.remove(name).is_none() {
                removes = true;
                actions.push(Action::Remove(remove(present)));
            }
        }
        actions.extend(self.adds.into_values().map(Action::Add));
        let mode = if self.appends && !removes { SaveMode::Append } else { SaveMode::Overwrite };
        Ok((actions, mode))
    }

    fn metadata(&self, last: Option<&Metadata>) -> Result<Metadata> {
        let made = match last {
            None => new_metadata(&self.columns, [""; 0], CONFIGURATION),
            Some(last) => CONFIGURATION
                .iter()
                .try_fold(last.clone(), |metadata, (key, value)| {
                    metadata.add_config_key((*key).to_owned(), (*value).to_owned())
                })
                .and_then(|metadata| metadata.with_schema(&self.columns)),
        };
        made.map_err(|source| Error::internal("cannot write a table's metadata").with_source(source))
    }
}

fn is_configured(metadata: &Metadata) -> bool {
    CONFIGURATION.iter().all(|(key, value)| metadata.configuration().get(*key).is_some_and(|set| set == value))
}

fn protocol() -> Result<Protocol> {
    serde_json::from_value(serde_json::json!({"minReaderVersion": 1, "minWriterVersion": 2}))
        .map_err(|source| Error::internal("cannot write a table's protocol").with_source(source))
}

pub(super) fn add(path: String, size: u64, modified_ms: i64, stats: Option<String>, tags: Option<Tags>) -> Add {
    Add {
        path,
        partition_values: HashMap::new(),
        size: size.cast_signed(),
        modification_time: modified_ms,
        data_change: true,
        stats,
        tags,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

fn remove(present: &Add) -> Remove {
    Remove {
        path: present.path.clone(),
        data_change: true,
        deletion_timestamp: Some(clock::now().timestamp_millis()),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::new()),
        size: Some(present.size),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
    }
}
