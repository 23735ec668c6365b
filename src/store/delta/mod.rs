//! Delta tables: reading one at a version, and committing to exactly the next one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::engine::arrow_conversion::{TryIntoArrow, TryIntoKernel};
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TableReference, TransactionError};
use deltalake_core::kernel::{Action, Add, Metadata, MetadataExt, Protocol, Remove, StructType, new_metadata};
use deltalake_core::logstore::{LogStore, LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use url::Url;

use super::fault::fault;
use super::files::Staged;
use super::snapshot::{DataFile, TableSnapshot};
use super::stats;
use crate::clock;
use crate::error::{Error, Kind, Result};

/// What every table's log says about itself. Expired log entries stay until a vacuum that knows which mart versions
/// need them; bounds are kept of all columns, not of the first 32.
const CONFIGURATION: [(&str, &str); 2] =
    [("delta.enableExpiredLogCleanup", "false"), ("delta.dataSkippingNumIndexedCols", "-1")];

/// A Delta table of the mart.
#[derive(Debug)]
pub(crate) struct DeltaTable {
    name: String,
    folder: Path,
    log: LogStoreRef,
}

/// A Delta table at a version.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) table: TableSnapshot,
    adds: BTreeMap<String, Add>,
    delta: DeltaTableState,
}

/// Why a commit did not happen.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// Somebody else committed that version.
    Conflict,
    /// Anything else.
    Failed(Error),
}

impl DeltaTable {
    /// The table `name` of the mart in `objects`, whether it exists or not.
    pub(crate) fn new(objects: &Arc<dyn ObjectStore>, name: &str) -> Result<Self> {
        let folder = Path::from_iter(["tables", name]);
        // The scheme only keeps the log's paths relative to the mart; the store is ours.
        let url = Url::parse(&format!("memory:///{folder}/"))
            .map_err(|source| Error::internal(format!("'{name}' cannot be a table's name")).with_source(source))?;
        let prefixed = PrefixStore::new(Arc::clone(objects), folder.clone());
        let log = default_logstore(Arc::new(prefixed), Arc::clone(objects), &url, &StorageConfig::default());
        Ok(Self { name: name.to_owned(), folder, log })
    }

    /// Where the table's files lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The table as its log has it last, published or not; none when it has no log.
    pub(crate) async fn last(&self) -> Result<Option<State>> {
        match self.log.is_delta_table_location().await {
            Ok(true) => self.load(None).await.map(Some),
            Ok(false) => Ok(None),
            Err(source) => Err(self.reading(None, source)),
        }
    }

    /// The table at `version`.
    pub(crate) async fn at(&self, version: u64) -> Result<State> {
        self.load(Some(version)).await
    }

    async fn load(&self, version: Option<u64>) -> Result<State> {
        let delta = DeltaTableState::try_new(self.log.as_ref(), version).await;
        self.state(delta.map_err(|source| self.reading(version, source))?)
    }

    fn state(&self, delta: DeltaTableState) -> Result<State> {
        let version = delta.version();
        self.refuse_foreign(&delta)?;
        let schema: Schema = delta.schema().as_ref().try_into_arrow().map_err(|source| {
            Error::internal(format!("cannot read the columns of table '{}'", self.name)).with_source(source)
        })?;
        let schema = Arc::new(plain(&schema));
        let views: Vec<_> = delta.log_data().iter().collect();
        if views.iter().any(|view| view.deletion_vector_descriptor().is_some()) {
            return Err(self.foreign(version, "deletion vectors"));
        }
        let texts: Vec<_> = views.iter().map(|view| view.stats()).collect();
        let stats = stats::decode(&schema, &texts).map_err(|source| {
            fault(format!("read the statistics of table '{}' at Delta version {version}", self.name), source)
        })?;
        let (mut files, mut adds) = (Vec::with_capacity(views.len()), BTreeMap::new());
        for ((view, text), stats) in views.iter().zip(texts).zip(stats) {
            let Some(stats) = stats else { return Err(self.foreign(version, "files without statistics")) };
            let modified = view.modification_datetime().map_err(|source| self.reading(Some(version), source))?;
            let size = u64::try_from(view.size()).unwrap_or_default();
            let path = Path::from_iter(self.folder.parts().chain(view.object_store_path().parts()));
            let name = view.path().into_owned();
            adds.insert(name.clone(), add(name, size, modified.timestamp_millis(), text));
            files.push(DataFile { path, size, modified, rows: stats.rows, stats: stats.columns });
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let table = TableSnapshot { name: self.name.clone(), schema, delta_version: version, files };
        Ok(State { table, adds, delta })
    }

    /// Refuses by name what another writer may have put into the table and our scans would misread.
    fn refuse_foreign(&self, delta: &DeltaTableState) -> Result<()> {
        let version = delta.version();
        let metadata = delta.metadata();
        if let Some(feature) = delta.protocol().reader_features().and_then(|features| features.first()) {
            return Err(self.foreign(version, &format!("the table feature '{feature}'")));
        }
        if delta.protocol().min_reader_version() > 1 {
            let needed = delta.protocol().min_reader_version();
            return Err(self.foreign(version, &format!("reader version {needed} (column mapping)")));
        }
        if metadata.configuration().get("delta.columnMapping.mode").is_some_and(|mode| mode != "none") {
            return Err(self.foreign(version, "column mapping"));
        }
        if !metadata.partition_columns().is_empty() {
            return Err(self.foreign(version, "partition columns"));
        }
        Ok(())
    }

    fn foreign(&self, version: u64, what: &str) -> Error {
        Error::misconfigured(format!(
            "table '{}' at Delta version {version} has {what}, which starmart does not read: another program wrote to \
             the mart; restore it from a backup or load into a new one",
            self.name
        ))
    }

    fn reading(&self, version: Option<u64>, source: DeltaTableError) -> Error {
        let doing = match version {
            Some(version) => format!("read table '{}' at Delta version {version}", self.name),
            None => format!("read the log of table '{}'", self.name),
        };
        let error = fault(&doing, source);
        match error.kind() {
            Kind::Internal | Kind::NotFound => {
                let said = format!("cannot {doing}: its log is damaged; restore the mart from a backup");
                Error::misconfigured(said).with_source(error)
            }
            _ => error,
        }
    }

    /// Commits what turns `last` into `goal`, as exactly the version after `last`.
    pub(crate) async fn commit(&self, last: Option<&State>, goal: Goal) -> Result<State, CommitError> {
        let version = last.map_or(0, |last| last.table.delta_version + 1);
        let (actions, mode) = goal.actions(last).map_err(CommitError::Failed)?;
        let properties = CommitProperties::default().with_max_retries(0).with_cleanup_expired_logs(Some(false));
        let operation = DeltaOperation::Write { mode, partition_by: None, predicate: None };
        let reference = last.map(|last| &last.delta as &dyn TableReference);
        let commit =
            CommitBuilder::from(properties).with_actions(actions).build(reference, Arc::clone(&self.log), operation);
        let committed = commit.await.map_err(|source| self.refused(version, source))?;
        if committed.version() != version {
            return Err(CommitError::Conflict);
        }
        self.state(committed.snapshot()).map_err(CommitError::Failed)
    }

    fn refused(&self, version: u64, source: DeltaTableError) -> CommitError {
        let conflict = matches!(
            &source,
            DeltaTableError::VersionAlreadyExists(_)
                | DeltaTableError::Transaction {
                    source: TransactionError::VersionAlreadyExists(_)
                        | TransactionError::MaxCommitAttempts(_)
                        | TransactionError::CommitConflict(_)
                }
        );
        match conflict {
            true => CommitError::Conflict,
            false => {
                CommitError::Failed(fault(format!("commit Delta version {version} of table '{}'", self.name), source))
            }
        }
    }
}

/// What a table shall be, whatever its log says now.
#[derive(Debug)]
pub(crate) struct Goal {
    columns: StructType,
    adds: BTreeMap<String, Add>,
    appends: bool,
}

impl Goal {
    /// Columns of `schema`, the files of `kept`, and `staged`.
    pub(crate) fn new(schema: &Schema, kept: Option<&State>, staged: &[Staged]) -> Result<Self> {
        let columns: StructType = schema
            .try_into_kernel()
            .map_err(|source| Error::internal("columns that Delta cannot keep").with_source(source))?;
        let mut adds = kept.map(|kept| kept.adds.clone()).unwrap_or_default();
        for file in staged {
            let text = stats::encode(schema, &file.stats);
            let written = file.written.timestamp_millis();
            adds.insert(file.name.clone(), add(file.name.clone(), file.size, written, Some(text)));
        }
        Ok(Self { columns, adds, appends: kept.is_some() })
    }

    /// Whether `state` is it.
    pub(crate) fn is_met_by(&self, state: &State) -> bool {
        let names = |adds: &BTreeMap<String, Add>| adds.keys().cloned().collect::<BTreeSet<_>>();
        names(&self.adds) == names(&state.adds) && *state.delta.schema() == self.columns
    }

    /// From `last` to here: files that are too many go, files that lack come, columns are put right.
    fn actions(mut self, last: Option<&State>) -> Result<(Vec<Action>, SaveMode)> {
        let mut actions = Vec::new();
        let Some(last) = last else {
            actions.push(Action::Protocol(protocol()?));
            actions.push(Action::Metadata(self.metadata(None)?));
            actions.extend(self.adds.into_values().map(Action::Add));
            return Ok((actions, SaveMode::Append));
        };
        if *last.delta.schema() != self.columns || !is_configured(last.delta.metadata()) {
            actions.push(Action::Metadata(self.metadata(Some(last.delta.metadata()))?));
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

fn add(path: String, size: u64, modified_ms: i64, stats: Option<String>) -> Add {
    Add {
        path,
        partition_values: HashMap::new(),
        size: size.cast_signed(),
        modification_time: modified_ms,
        data_change: true,
        stats,
        tags: None,
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

/// The schema as the mart has it: every column nullable, no metadata.
pub(crate) fn plain(schema: &Schema) -> Schema {
    Schema::new(
        schema
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), field.data_type().clone(), true))
            .collect::<Vec<_>>(),
    )
}

/// Refuses columns of types that the mart does not have.
pub(crate) fn check_types(table: &str, schema: &Schema) -> Result<()> {
    let odd = schema.fields().iter().find(|field| {
        let data_type = field.data_type();
        let known = matches!(
            data_type,
            DataType::Utf8
                | DataType::Int64
                | DataType::Float64
                | DataType::Boolean
                | DataType::Date32
                | DataType::Decimal128(1..=38, 0..=38)
        );
        !known && *data_type != stats::instant_type()
    });
    match odd {
        None => Ok(()),
        Some(field) => Err(Error::internal(format!(
            "column '{}' of table '{table}' has type {}, which a mart does not have",
            field.name(),
            field.data_type()
        ))),
    }
}

#[cfg(test)]
mod tests;
