//! A load: decide, stage every table that changed, test the claims, publish one mart version. One stopped table
//! publishes nothing; the others are tried all the same, so that every fault is seen at once.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::available_parallelism;

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
use super::derived;
use super::read::{FilePartition, OnRows};
use super::report::{self, Stopped};
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
    let base = base.as_ref();
    let decisions = decide::decide(model, root, base, options)?;
    for (table, why) in decide::waiting(model, options)? {
        tracing::warn!("table '{table}' is left as it is: {why}");
    }
    let tables = pinned(store, base).await?;
    let gone = removed(model, base);
    let loads = decisions.iter().any(|(_, decision)| decision.is_load());
    if !loads && gone.is_empty() && !claims::untested(model, &tables, base) {
        let mut reports: Vec<TableReport> = decisions.iter().map(|(table, _)| kept(base, table)).collect();
        report::tell(&mut reports, &claims::all_standing(model, &tables, base));
        return Ok(LoadReport { version: None, tables: reports, removed: gone });
    }
    if options.dry_run {
        return dry_run(&decisions, base, gone);
    }
    let mut publication = store.begin(&Owner::this_process()).await?;
    let removed = removed(model, publication.base());
    let reader = Reader { model, engine, functions, object_store: store.object_store() };
    match draft(reader, root, store, options, progress, &mut publication).await {
        Ok((draft, tables)) => Ok(LoadReport { version: Some(publication.publish(draft).await?), tables, removed }),
        Err(error) => {
            publication.abandon().await;
            Err(error)
        }
    }
}

/// Everything but the publication: decides again, since only now nobody else loads, and stages.
async fn draft(
    reader: Reader<'_>,
    root: &Path,
    store: &Store,
    options: &LoadOptions,
    progress: Arc<dyn Progress>,
    publication: &mut Publication,
) -> Result<(Draft, Vec<TableReport>)> {
    let base = publication.base().cloned();
    let decisions = decide::decide(reader.model, root, base.as_ref(), options)?;
    let tables = pinned(store, base.as_ref()).await?;
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

/// The tables that the model lacks now: they are published no longer.
fn removed(model: &Model, base: Option<&MartVersion>) -> Vec<String> {
    let published = base.into_iter().flat_map(|base| base.tables.keys());
    published.filter(|name| !model.names_table(name)).cloned().collect()
}

/// The report of a table that is left as it is.
fn kept(base: Option<&MartVersion>, table: &Table) -> TableReport {
    match base.and_then(|base| base.tables.get(&table.name)) {
        Some(pin) => report::of(table, Outcome::Unchanged, pin.rows),
        None => report::of(table, Outcome::NotLoaded, 0),
    }
}

fn dry_run(decisions: &[(&Table, Decision)], base: Option<&MartVersion>, removed: Vec<String>) -> Result<LoadReport> {
    let mut stopped = Stopped::default();
    let mut tables = Vec::new();
    for (table, decision) in decisions {
        if let Decision::Stop(error) = decision {
            stopped.add(&table.name, error);
        }
        let report = kept(base, table);
        tables.push(if decision.is_load() { TableReport { outcome: Outcome::WouldLoad, ..report } } else { report });
    }
    stopped.into_result()?;
    Ok(LoadReport { version: None, tables, removed })
}

/// A load under way.
struct Load<'a> {
    reader: Reader<'a>,
    publication: &'a mut Publication,
    pins: BTreeMap<String, Pin>,
    /// The tables as they are now, staged ones included.
    tables: Tables,
    progress: Arc<dyn Progress>,
    reports: Vec<TableReport>,
}

impl Load<'_> {
    async fn run(
        mut self,
        decisions: &[(&Table, Decision)],
        base: Option<&MartVersion>,
    ) -> Result<(Draft, Vec<TableReport>)> {
        let mut stopped = Stopped::default();
        for (table, decision) in decisions {
            if decision.is_load() && stopped.takes_along(&table.name, decide::reads(table)) {
                continue;
            }
            let began = clock::monotonic();
            match self.table(table, decision).await {
                Ok(None) => self.reports.push(kept(base, table)),
                Ok(Some(read)) => {
                    let loaded = self.tables.get(&table.name).map_or(0, |snapshot| snapshot.rows());
                    let elapsed = clock::monotonic().duration_since(began);
                    let report = TableReport { read, elapsed, ..report::of(table, Outcome::Loaded, loaded) };
                    self.progress.done(&report);
                    self.reports.push(report);
                }
                Err(error) if matches!(error.kind(), Kind::Unavailable | Kind::Cancelled) => return Err(error),
                Err(error) => stopped.add(&table.name, &error),
            }
        }
        stopped.into_result()?;
        self.pins.retain(|name, _| self.reader.model.names_table(name));
        self.tables.retain(|name, _| self.pins.contains_key(name));
        let verdicts = self.verdicts(base).await?;
        report::tell(&mut self.reports, &verdicts);
        let model_hash = self.reader.model.hash.clone();
        Ok((Draft { model_hash, tables: self.pins, verdicts }, self.reports))
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
        // As many as can work at once: each sorts in memory of its own, however many files there are.
        let cores = available_parallelism().map_or(1, NonZero::get).min(files.len());
        let partitions = (0..cores).map(|at| {
            let files = files.iter().skip(at).step_by(cores).cloned().collect();
            let on_rows = Arc::clone(&on_rows);
            Arc::new(FilePartition::new(table, format(table), files, on_rows)) as Arc<dyn PartitionStream>
        });
        let internal = |error| Error::internal("a load cannot be planned").with_source(error);
        let provider = StreamingTable::try_new(Arc::clone(&table.schema), partitions.collect()).map_err(internal)?;
        let source = provider_as_source(Arc::new(provider));
        let scan = LogicalPlanBuilder::scan(table.name.as_str(), source, None).map_err(internal)?;
        self.execute(table, sorted(scan, table).map_err(internal)?).await
    }

    async fn execute(&self, table: &Table, plan: LogicalPlan) -> Result<Answer> {
        let query = claims::query(self.reader.model.defaults.timezone);
        let permit = self.reader.engine.admit(&query.stop).await?;
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
        let plan = self.derived_plan(table).map_err(|error| self.with_stale_reads(table, error))?;
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
        sorted(derived::columns(plan, table).map_err(internal)?, table).map_err(internal)
    }

    /// Where a derived table reads one that is not as the model defines it, that may be why it failed.
    fn with_stale_reads(&self, table: &Table, error: Error) -> Error {
        let current = claims::current(self.reader.model, &self.pins, &self.tables);
        let stale: Vec<&str> =
            decide::reads(table).iter().filter(|read| !current.contains_key(*read)).map(String::as_str).collect();
        if stale.is_empty() || error.kind() != Kind::Invalid {
            return error;
        }
        let said = format!(
            "{error}; the model has changed for what it reads: load {} in the same command",
            stale.join(" and ")
        );
        Error::new(error.kind(), said).with_source(error)
    }

    /// The verdicts that stand, and those on claims that nothing has tested on these tables.
    async fn verdicts(&self, base: Option<&MartVersion>) -> Result<Vec<Verdict>> {
        let current = claims::current(self.reader.model, &self.pins, &self.tables);
        let mut verdicts = Vec::new();
        for table in self.reader.model.tables.values() {
            for claim in claims::claims(table) {
                if let Some(verdict) = claims::standing(table, &claim, &self.tables, base) {
                    verdicts.push(verdict.clone());
                    continue;
                }
                self.progress.test(&table.name);
                verdicts.extend(self.reader.test(table, &claim, &current).await?);
            }
        }
        Ok(verdicts)
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
