//! The tables that a query may read: those of its mart version, and those of the versions that it names with
//! VERSION AS OF.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::TableSource;
use object_store::ObjectStore;

use super::table::MartTable;
use crate::plan::{Catalog, KeyClaim};
use crate::store::{Claim, Snapshot, TableSnapshot, Verdict};

/// Tables by name.
type Tables = BTreeMap<String, Arc<TableSnapshot>>;

/// The tables of a mart version, and of others by number. Nothing in it changes while a query uses it.
#[derive(Debug, Clone)]
pub struct MartCatalog {
    current: Tables,
    versions: BTreeMap<u64, Tables>,
    verdicts: Vec<Verdict>,
    /// Tables that describe others, by schema and name.
    describing: BTreeMap<(String, String), RecordBatch>,
    object_store: Arc<dyn ObjectStore>,
}

impl MartCatalog {
    /// The tables of a mart version.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut catalog = Self::of(snapshot.tables.clone(), Arc::clone(&snapshot.object_store));
        catalog.verdicts.clone_from(&snapshot.version.verdicts);
        catalog.add_version(snapshot);
        catalog
    }

    /// These tables, published or not.
    pub fn of(tables: BTreeMap<String, Arc<TableSnapshot>>, object_store: Arc<dyn ObjectStore>) -> Self {
        Self {
            current: tables,
            versions: BTreeMap::new(),
            verdicts: Vec::new(),
            describing: BTreeMap::new(),
            object_store,
        }
    }

    /// Adds a table that describes others.
    pub fn describe(&mut self, schema: String, name: String, rows: RecordBatch) {
        self.describing.insert((schema, name), rows);
    }

    /// Adds the tables of another version of the same mart, for VERSION AS OF.
    pub fn add_version(&mut self, snapshot: &Snapshot) {
        self.versions.insert(snapshot.version.number, snapshot.tables.clone());
    }
}

impl Catalog for MartCatalog {
    fn table(&self, name: &str, version: Option<u64>) -> Option<Arc<dyn TableSource>> {
        let tables = match version {
            Some(version) => self.versions.get(&version)?,
            None => &self.current,
        };
        let table = MartTable::new(tables.get(name)?, Arc::clone(&self.object_store));
        Some(provider_as_source(Arc::new(table)))
    }

    fn describing(&self, schema: &str, name: &str) -> Option<Arc<dyn TableSource>> {
        let rows = self.describing.get(&(schema.to_owned(), name.to_owned()))?;
        let table = MemTable::try_new(rows.schema(), vec![vec![rows.clone()]]).ok()?;
        Some(provider_as_source(Arc::new(table)))
    }

    fn names(&self) -> Vec<String> {
        self.current.keys().cloned().collect()
    }

    fn key_claim(&self, table: &str, columns: &[String]) -> KeyClaim {
        let detail = columns.join(", ");
        let verdict = self
            .verdicts
            .iter()
            .find(|verdict| verdict.table == table && verdict.claim == Claim::PrimaryKey && verdict.detail == detail);
        match verdict {
            Some(verdict) if verdict.holds => KeyClaim::Holds,
            Some(verdict) => KeyClaim::Broken { violations: verdict.violations },
            None => KeyClaim::Untested,
        }
    }
}
