//! Delta tables: reading one at a version, and committing to exactly the next one.

mod goal;
mod repair;

pub(crate) use goal::Goal;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoArrow;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TableReference, TransactionError};
use deltalake_core::kernel::{Add, LogicalFileView};
use deltalake_core::logstore::{LogStore, LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::protocol::DeltaOperation;
use deltalake_core::table::state::DeltaTableState;
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use url::Url;

use super::fault::fault;
use super::snapshot::{DataFile, TableSnapshot};
use super::stats;
use crate::error::{Error, Kind, Result};

/// The tag that keeps the SHA-256 of a file's bytes, which Parquet keeps nothing like.
const SHA256: &str = "starmart.sha256";

/// What a log says of a file besides what Delta defines.
type Tags = HashMap<String, Option<String>>;

/// A Delta table of the mart.
#[derive(Debug)]
pub(crate) struct DeltaTable {
    name: String,
    folder: Path,
    log: LogStoreRef,
}

/// A Delta table at a version, as readers see it.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) table: TableSnapshot,
    pub(crate) log: LogState,
}

/// What the next commit must know of a version: nothing in it is read but names and sizes, so that whatever lies beyond
/// the published version can be put right.
#[derive(Debug)]
pub(crate) struct LogState {
    pub(crate) version: u64,
    adds: BTreeMap<String, Add>,
    /// None where it cannot be read as a table.
    delta: Option<DeltaTableState>,
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
    pub(crate) async fn last(&self) -> Result<Option<LogState>> {
        match self.log.is_delta_table_location().await {
            Ok(true) => match self.load(None).await.and_then(|delta| self.log_state(delta)) {
                Err(error) if error.kind() == Kind::Misconfigured => {
                    self.replayed().await.map_or(Err(error), |last| Ok(Some(last)))
                }
                read => read.map(Some),
            },
            Ok(false) => Ok(None),
            Err(source) => Err(self.reading(None, source)),
        }
    }

    /// The table at `version`.
    pub(crate) async fn at(&self, version: u64) -> Result<State> {
        self.state(self.load(Some(version)).await?)
    }

    async fn load(&self, version: Option<u64>) -> Result<DeltaTableState> {
        let delta = DeltaTableState::try_new(self.log.as_ref(), version).await;
        let delta = match delta {
            Ok(delta) => delta,
            Err(source) => return Err(self.unreadable(version, source).await),
        };
        self.refuse_foreign(&delta)?;
        Ok(delta)
    }

    fn log_state(&self, delta: DeltaTableState) -> Result<LogState> {
        let version = delta.version();
        let mut adds = BTreeMap::new();
        for view in delta.log_data().iter() {
            if view.deletion_vector_descriptor().is_some() {
                return Err(self.foreign(version, "deletion vectors"));
            }
            let modified = view.modification_datetime().map_err(|source| self.reading(Some(version), source))?;
            let size = u64::try_from(view.size()).unwrap_or_default();
            let name = view.path().into_owned();
            adds.insert(name.clone(), goal::add(name, size, modified.timestamp_millis(), view.stats(), tags(&view)));
        }
        Ok(LogState { version, adds, delta: Some(delta) })
    }

    fn state(&self, delta: DeltaTableState) -> Result<State> {
        let schema: Schema = delta.schema().as_ref().try_into_arrow().map_err(|source| {
            Error::internal(format!("cannot read the columns of table '{}'", self.name)).with_source(source)
        })?;
        let schema = Arc::new(plain(&schema));
        let views: Vec<_> = delta.log_data().iter().collect();
        let version = delta.version();
        let texts: Vec<_> = views.iter().map(|view| view.stats()).collect();
        let stats = stats::decode(&schema, &texts).map_err(|source| {
            fault(format!("read the statistics of table '{}' at Delta version {version}", self.name), source)
        })?;
        let mut files = Vec::with_capacity(views.len());
        for (view, stats) in views.iter().zip(stats) {
            let Some(stats) = stats else { return Err(self.foreign(version, "files without statistics")) };
            let modified = view.modification_datetime().map_err(|source| self.reading(Some(version), source))?;
            let size = u64::try_from(view.size()).unwrap_or_default();
            let path = Path::from_iter(self.folder.parts().chain(view.object_store_path().parts()));
            let sha256 = tags(view).and_then(|mut tags| tags.remove(SHA256)).flatten();
            files.push(DataFile { path, size, sha256, modified, rows: stats.rows, stats: stats.columns });
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let table = TableSnapshot { name: self.name.clone(), schema, delta_version: version, files };
        Ok(State { table, log: self.log_state(delta)? })
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
            "table '{}' at Delta version {version} has {what}, which starmart does not read: another or a newer \
             program wrote to the mart; restore it from a backup or load into a new one",
            self.name
        ))
    }

    /// Why a log cannot be read: another program's newer format, or damage.
    async fn unreadable(&self, version: Option<u64>, source: DeltaTableError) -> Error {
        let error = self.reading(version, source);
        match self.asked_reader(version).await {
            Some((at, asked)) if error.kind() == Kind::Misconfigured && asked > 1 => {
                self.foreign(at, &format!("reader version {asked}")).with_source(error)
            }
            _ => error,
        }
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
    pub(crate) async fn commit(&self, last: Option<&LogState>, goal: Goal) -> Result<State, CommitError> {
        let version = last.map_or(0, |last| last.version + 1);
        let (actions, mode) = goal.actions(last).map_err(CommitError::Failed)?;
        if last.is_some_and(|last| last.delta.is_none()) {
            return self.commit_over(version, &actions).await;
        }
        let properties = CommitProperties::default().with_max_retries(0).with_cleanup_expired_logs(Some(false));
        let operation = DeltaOperation::Write { mode, partition_by: None, predicate: None };
        let reference = last.and_then(|last| last.delta.as_ref()).map(|delta| delta as &dyn TableReference);
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

#[expect(deprecated, reason = "nothing else tells a file's tags")]
fn tags(view: &LogicalFileView) -> Option<Tags> {
    view.add_action().tags
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

/// Refuses a table without columns, and columns of types that the mart does not have.
pub(crate) fn check_types(table: &str, schema: &Schema) -> Result<()> {
    if schema.fields().is_empty() {
        return Err(Error::invalid(format!("table '{table}' has no columns")));
    }
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
