//! A load: decide, stage every table that changed, test the claims, publish one mart version. One stopped table
//! publishes nothing; the others are tried all the same, so that every fault is seen at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, ident};
use datafusion::physical_plan::streaming::PartitionStream;

use crate::clock;
use crate::error::{Error, Kind, Result};
use crate::execute::{Answer, Engine};
use crate::model::{FileFormat, Model, Source, Table};
use crate::sql::Functions;
use crate::store::{Draft, Input, MartVersion, Owner, Pin, Publication, Store, TableSnapshot, Verdict, WriteMode};

use super::claims::{self, Reader, Tables};
use super::decide::{self, Decision};
use super::read::{FilePartition, OnRows};
use super::sources::{self, SourceFile};
use super::{LoadOptions, LoadReport, Outcome, Progress, TableReport};

/// Loads what changed and publishes a mart version, or nothing.
///
/// # Errors
/// Invalid: the tables that stopped, one a line. Unavailable: another load is running. Exhausted: memory or disk.
pub async fn load(
    model: &Model,
    root: &Path,
    store: &Store,
    engine: &Engine,
    functions: &Functions,
    options: &LoadOptions,
    progress: Arc<dyn Progress>,
) -> Result<LoadReport> {
    let base = match store.latest().await? {
        Some(number) => Some(store.version(number).await?),
        None => None,
    };
    let decisions = decide::decide(model, root, base.as_ref(), options)?;
    let tables = pinned(store, base.as_ref()).await?;
    let untested = untested(model, &tables, base.as_ref());
    if !decisions.iter().any(|(_, decision)| decision.is_load()) && !untested {
        return Ok(LoadReport { version: None, tables: unchanged(&decisions, base.as_ref()) });
    }
    if options.dry_run {
        return dry_run(&decisions, base.as_ref());
    }
    let publication = store.begin(&Owner::this_process()).await?;
    let base = publication.base().cloned();
    let decisions = decide::decide(model, root, base.as_ref(), options)?;
    let tables = pinned(store, base.as_ref()).await?;
    let reader = Reader { model, engine, functions, object_store: store.object_store() };
    let pins = base.as_ref().map(|base| base.tables.clone()).unwrap_or_default();
    let load = Load { reader, publication, pins, tables, progress, reports: Vec::new() };
    load.run(&decisions, base.as_ref()).await
}

/// The tables of a version.
async fn pinned(store: &Store, base: Option<&MartVersion>) -> Result<Tables> {
    match base {
        Some(base) => Ok(store.snapshot(base.number).await?.tables.clone()),
        None => Ok(Tables::new()),
    }
}

/// Whether some claim of the model has no verdict on the tables as they are.
fn untested(model: &Model, tables: &Tables, base: Option<&MartVersion>) -> bool {
    model.tables.values().any(|table| {
        claims::claims(table).iter().any(|claim| {
            claims::tested(table, claim, tables).is_some() && standing(table, claim, tables, base).is_none()
        })
    })
}

/// The verdict on a claim, if both sides and the claim are as they were.
fn standing<'a>(
    table: &Table,
    claim: &crate::store::Claim,
    tables: &Tables,
    base: Option<&'a MartVersion>,
) -> Option<&'a Verdict> {
    let tested = claims::tested(table, claim, tables)?;
    let detail = claims::detail(table, claim);
    base?.verdicts.iter().find(|verdict| {
        verdict.table == table.name && verdict.claim == *claim && verdict.detail == detail && verdict.tested == tested
    })
}

fn report(table: &Table, outcome: Outcome, loaded: u64) -> TableReport {
    TableReport {
        table: table.name.clone(),
        outcome,
        read: 0,
        loaded,
        orphans: Vec::new(),
        false_claims: Vec::new(),
        elapsed: Duration::ZERO,
    }
}

fn rows(base: Option<&MartVersion>, table: &Table) -> u64 {
    base.and_then(|base| base.tables.get(&table.name)).map_or(0, |pin| pin.rows)
}

fn unchanged(decisions: &[(&Table, Decision)], base: Option<&MartVersion>) -> Vec<TableReport> {
    decisions.iter().map(|(table, _)| report(table, Outcome::Unchanged, rows(base, table))).collect()
}

fn dry_run(decisions: &[(&Table, Decision)], base: Option<&MartVersion>) -> Result<LoadReport> {
    let mut stopped = Stopped::default();
    let mut tables = Vec::new();
    for (table, decision) in decisions {
        if let Decision::Stop(error) = decision {
            stopped.add(&table.name, error);
        }
        let outcome = if decision.is_load() { Outcome::WouldLoad } else { Outcome::Unchanged };
        tables.push(report(table, outcome, rows(base, table)));
    }
    stopped.into_result()?;
    Ok(LoadReport { version: None, tables })
}

/// The tables that stopped, and why.
#[derive(Default)]
struct Stopped {
    names: Vec<String>,
    messages: Vec<String>,
    kind: Option<Kind>,
}

impl Stopped {
    fn add(&mut self, table: &str, error: &Error) {
        self.names.push(table.to_owned());
        self.kind.get_or_insert(error.kind());
        let message = error.to_string();
        let named = message.contains(&format!("table '{table}'"));
        self.messages.push(if named { message } else { format!("table '{table}': {message}") });
    }

    fn into_result(self) -> Result<()> {
        match self.kind {
            None => Ok(()),
            Some(kind) => {
                let said = self.messages.join("\n");
                Err(Error::new(kind, format!("{said}\nnothing was published")))
            }
        }
    }
}

/// A load under way.
struct Load<'a> {
    reader: Reader<'a>,
    publication: Publication,
    pins: BTreeMap<String, Pin>,
    /// The tables as they are now, staged ones included.
    tables: Tables,
    progress: Arc<dyn Progress>,
    reports: Vec<TableReport>,
}

impl Load<'_> {
    async fn run(mut self, decisions: &[(&Table, Decision)], base: Option<&MartVersion>) -> Result<LoadReport> {
        let mut stopped = Stopped::default();
        for (table, decision) in decisions {
            let missing = decide::reads(table).iter().any(|read| stopped.names.contains(read));
            if missing && decision.is_load() {
                stopped.names.push(table.name.clone());
                continue;
            }
            let began = clock::monotonic();
            match self.table(table, decision).await {
                Ok(None) => self.reports.push(report(table, Outcome::Unchanged, rows(base, table))),
                Ok(Some(read)) => {
                    let loaded = self.tables.get(&table.name).map_or(0, |snapshot| snapshot.rows());
                    let elapsed = clock::monotonic().duration_since(began);
                    let report = TableReport { read, elapsed, ..report(table, Outcome::Loaded, loaded) };
                    self.progress.done(&report);
                    self.reports.push(report);
                }
                Err(error) if matches!(error.kind(), Kind::Unavailable | Kind::Cancelled) => return Err(error),
                Err(error) => stopped.add(&table.name, &error),
            }
        }
        stopped.into_result()?;
        self.publish(base).await
    }

    /// Stages a table; how many rows were read, or `None` where there was nothing to do.
    async fn table(&mut self, table: &Table, decision: &Decision) -> Result<Option<u64>> {
        let (files, mode) = match decision {
            Decision::Keep => return Ok(None),
            Decision::Stop(error) => return Err(Error::new(error.kind(), error.message())),
            Decision::Derive => return self.derive(table).await.map(Some),
            Decision::Replace(files) => (files, WriteMode::Replace),
            Decision::Append(files) => (files, WriteMode::Append),
        };
        let rows = sources::row_count(files, format(table));
        self.progress.begin(&table.name, files.iter().map(|file| file.size).sum(), rows);
        let read = Arc::new(AtomicU64::new(0));
        let answer = self.sorted_files(table, files, &read).await?;
        let mut inputs: Vec<Input> = match (mode, self.pins.get(&table.name)) {
            (WriteMode::Append, Some(pin)) => pin.inputs.clone(),
            _ => Vec::new(),
        };
        for file in files {
            inputs.push(file.input(true)?);
        }
        let before = match mode {
            WriteMode::Append => self.tables.get(&table.name).map_or(0, |snapshot| snapshot.rows()),
            WriteMode::Replace => 0,
        };
        let snapshot = self.stage(table, mode, answer).await?;
        files.iter().try_for_each(|file| file.still_the_same(&table.name))?;
        let (read, loaded) = (read.load(Ordering::Relaxed), snapshot.rows() - before);
        if read != loaded {
            return Err(Error::internal(format!("table '{}': {read} rows were read, {loaded} loaded", table.name)));
        }
        self.pin(table, &snapshot, inputs, BTreeMap::new());
        Ok(Some(read))
    }

    /// The files' rows, cast, sorted and counted as they are read.
    async fn sorted_files(&self, table: &Table, files: &[SourceFile], read: &Arc<AtomicU64>) -> Result<Answer> {
        let (progress, name, read) = (Arc::clone(&self.progress), table.name.clone(), Arc::clone(read));
        let unread = AtomicUsize::new(files.len());
        let on_rows: OnRows = Arc::new(move |rows| {
            read.fetch_add(rows, Ordering::Relaxed);
            progress.advance(&name, rows);
            if rows == 0 && unread.fetch_sub(1, Ordering::Relaxed) == 1 {
                progress.write(&name);
            }
        });
        let partitions = files.iter().map(|file| {
            let on_rows = Arc::clone(&on_rows);
            Arc::new(FilePartition::new(table, format(table), file.clone(), on_rows)) as Arc<dyn PartitionStream>
        });
        let internal = |error| Error::internal("a load cannot be planned").with_source(error);
        let provider = StreamingTable::try_new(Arc::clone(&table.schema), partitions.collect()).map_err(internal)?;
        let source = provider_as_source(Arc::new(provider));
        let scan = LogicalPlanBuilder::scan(table.name.as_str(), source, None).map_err(internal)?;
        self.execute(table, sorted(scan, table).map_err(internal)?).await
    }

    async fn execute(&self, table: &Table, plan: LogicalPlan) -> Result<Answer> {
        let query = claims::query(self.reader.model.defaults.timezone);
        let permit = self.reader.engine.admit(&query).await?;
        self.reader.engine.execute(&query, permit, plan, Arc::clone(&table.schema)).await
    }

    async fn stage(&mut self, table: &Table, mode: WriteMode, answer: Answer) -> Result<Arc<TableSnapshot>> {
        let schema = Arc::clone(&table.schema);
        self.publication.write(&table.name, schema, mode, &table.sort_by, answer).await
    }

    fn pin(&mut self, table: &Table, snapshot: &Arc<TableSnapshot>, inputs: Vec<Input>, reads: BTreeMap<String, u64>) {
        let pin = Pin {
            delta_version: snapshot.delta_version,
            fingerprint: table.fingerprint.clone(),
            inputs,
            rows: snapshot.rows(),
            reads,
        };
        self.pins.insert(table.name.clone(), pin);
        self.tables.insert(table.name.clone(), Arc::clone(snapshot));
    }

    /// Computes a derived table from what is staged or pinned.
    async fn derive(&mut self, table: &Table) -> Result<u64> {
        self.progress.begin(&table.name, 0, None);
        let plan = self.derived_plan(table)?;
        let answer = self.execute(table, plan).await?;
        let snapshot = self.stage(table, WriteMode::Replace, answer).await?;
        let reads = decide::reads(table)
            .iter()
            .filter_map(|read| self.tables.get(read).map(|snapshot| (read.clone(), snapshot.delta_version)));
        let reads = reads.collect();
        self.progress.advance(&table.name, snapshot.rows());
        self.pin(table, &snapshot, Vec::new(), reads);
        Ok(snapshot.rows())
    }

    /// A derived table's query, its columns named and cast as the model says, sorted.
    fn derived_plan(&self, table: &Table) -> Result<LogicalPlan> {
        let Source::Sql { query, .. } = &table.source else {
            return Err(Error::internal(format!("table '{}' has no sql", table.name)));
        };
        let plan = self.reader.plan(query, &self.tables)?;
        let internal = |error| Error::internal("a derived table cannot be planned").with_source(error);
        let columns = table.columns.iter().map(|column| {
            let cast = datafusion::logical_expr::cast(ident(column.from.as_str()), column.data_type.clone());
            cast.alias(column.name.as_str())
        });
        let projected = LogicalPlanBuilder::from(plan)
            .alias(table.name.as_str())
            .and_then(|plan| plan.project(columns.collect::<Vec<_>>()));
        sorted(projected.map_err(internal)?, table).map_err(internal)
    }

    /// Tests the claims that nothing has tested on these tables, and publishes.
    async fn publish(mut self, base: Option<&MartVersion>) -> Result<LoadReport> {
        self.pins.retain(|name, _| self.reader.model.tables.contains_key(name));
        self.tables.retain(|name, _| self.pins.contains_key(name));
        let mut verdicts = Vec::new();
        for table in self.reader.model.tables.values() {
            for claim in claims::claims(table) {
                let known = standing(table, &claim, &self.tables, base).cloned();
                let (verdict, orphans) = match known {
                    Some(verdict) => (verdict, None),
                    None => {
                        self.progress.test(&table.name);
                        match self.reader.test(table, &claim, &self.tables).await? {
                            Some(tested) => (tested.verdict, tested.orphans),
                            None => continue,
                        }
                    }
                };
                if let Some(report) = self.reports.iter_mut().find(|report| report.table == table.name) {
                    report.orphans.extend(orphans);
                    if !verdict.holds {
                        report.false_claims.push(format!("{} ({})", claim_name(&verdict), verdict.detail));
                    }
                }
                verdicts.push(verdict);
            }
        }
        let model_hash = self.reader.model.hash.clone();
        let version = self.publication.publish(Draft { model_hash, tables: self.pins, verdicts }).await?;
        Ok(LoadReport { version: Some(version), tables: self.reports })
    }
}

fn claim_name(verdict: &Verdict) -> String {
    let keys = |one: &str, several: &str| match verdict.violations {
        1 => format!("1 key {one}"),
        many => format!("{many} keys {several}"),
    };
    match &verdict.claim {
        crate::store::Claim::PrimaryKey => format!("primary key: {}", keys("breaks it", "break it")),
        crate::store::Claim::Join { name } => {
            format!("join {name}: {}", keys("names several rows", "name several rows"))
        }
    }
}

/// The format of a table's files.
fn format(table: &Table) -> FileFormat {
    match &table.source {
        Source::Files { format, .. } => *format,
        Source::Sql { .. } => FileFormat::Parquet,
    }
}

/// The plan's rows in the table's order.
fn sorted(plan: LogicalPlanBuilder, table: &Table) -> datafusion::common::Result<LogicalPlan> {
    let order: Vec<_> = table.sort_by.iter().map(|column| ident(column.as_str()).sort(true, false)).collect();
    if order.is_empty() { plan.build() } else { plan.sort(order)?.build() }
}
