//! Which tables a load must load: those whose files, definition or sources changed since they were loaded last.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::{Error, Result};
use crate::model::{LoadMode, Model, Source, Table};
use crate::store::{Input, MartVersion, Pin};
use crate::yaml::hint;

use super::LoadOptions;
use super::sources::{self, SourceFile};

/// What is to be done with a table.
#[derive(Debug)]
pub(super) enum Decision {
    /// Nothing.
    Keep,
    /// Read these files and replace what is there.
    Replace(Vec<SourceFile>),
    /// Read these files, unseen so far, and add them to what is there.
    Append(Vec<SourceFile>),
    /// Compute it from its `sql`.
    Derive,
    /// It stops the load.
    Stop(Error),
}

impl Decision {
    pub(super) fn is_load(&self) -> bool {
        !matches!(self, Self::Keep)
    }
}

/// The tables in an order in which each stands behind all that its `sql` reads.
pub(super) fn order(model: &Model) -> Vec<&Table> {
    let mut order: Vec<&Table> = Vec::with_capacity(model.tables.len());
    let mut placed = BTreeSet::new();
    while order.len() < model.tables.len() {
        let before = order.len();
        for table in model.tables.values() {
            if !placed.contains(&table.name) && reads(table).iter().all(|read| placed.contains(read)) {
                placed.insert(table.name.clone());
                order.push(table);
            }
        }
        if order.len() == before {
            break;
        }
    }
    order
}

/// The tables that a table's `sql` reads.
pub(super) fn reads(table: &Table) -> &[String] {
    match &table.source {
        Source::Sql { reads, .. } => reads,
        Source::Files { .. } => &[],
    }
}

/// The names that were asked for, checked, and all tables derived from them; everything if none was.
pub(super) fn selected(model: &Model, options: &LoadOptions) -> Result<BTreeSet<String>> {
    if options.tables.is_empty() {
        return Ok(model.tables.keys().cloned().collect());
    }
    let mut selected = BTreeSet::new();
    for name in &options.tables {
        if let Some(missing) = model.left_out.tables.get(name) {
            return Err(Error::invalid(format!("table '{name}' cannot be loaded: {}", missing.why)));
        }
        if !model.tables.contains_key(name) {
            let hint = hint(name, model.tables.keys().map(String::as_str));
            return Err(Error::not_found(format!("unknown table '{name}'{hint}")));
        }
        selected.insert(name.clone());
    }
    for table in order(model) {
        if reads(table).iter().any(|read| selected.contains(read)) {
            selected.insert(table.name.clone());
        }
    }
    Ok(selected)
}

/// The tables that would load with those selected, if only there were all that they read, each with what is missing.
pub(super) fn waiting<'a>(model: &'a Model, options: &LoadOptions) -> Result<Vec<(&'a str, &'a str)>> {
    let selected = selected(model, options)?;
    let waits =
        model.left_out.tables.iter().filter(|(_, table)| table.reads.iter().any(|read| selected.contains(read)));
    Ok(waits.map(|(name, table)| (name.as_str(), table.why.as_str())).collect())
}

/// What is to be done with each table, in the order of loading.
pub(super) fn decide<'a>(
    model: &'a Model,
    root: &Path,
    base: Option<&MartVersion>,
    options: &LoadOptions,
) -> Result<Vec<(&'a Table, Decision)>> {
    let selected = selected(model, options)?;
    let mut deciding = Deciding { root, base, options, loading: BTreeSet::new() };
    let mut decisions = Vec::new();
    for table in order(model) {
        let decision = match selected.contains(&table.name) {
            true => deciding.table(table).unwrap_or_else(Decision::Stop),
            false => Decision::Keep,
        };
        if decision.is_load() {
            deciding.loading.insert(table.name.clone());
        }
        decisions.push((table, decision));
    }
    Ok(decisions)
}

/// What a decision depends on besides its table.
struct Deciding<'a> {
    root: &'a Path,
    base: Option<&'a MartVersion>,
    options: &'a LoadOptions,
    /// The tables decided so far that load.
    loading: BTreeSet<String>,
}

impl Deciding<'_> {
    fn pin(&self, table: &str) -> Option<&Pin> {
        self.base?.tables.get(table)
    }

    fn table(&self, table: &Table) -> Result<Decision> {
        let pin = self.pin(&table.name).filter(|_| !self.options.full);
        match &table.source {
            Source::Sql { reads, .. } => self.derived(table, reads, pin),
            Source::Files { patterns, .. } => {
                let files = sources::files(&table.name, patterns, self.root)?;
                let Some(pin) = pin else { return Ok(Decision::Replace(files)) };
                if table.load == LoadMode::Append {
                    return appended(table, pin, files);
                }
                let same = pin.fingerprint == table.fingerprint
                    && pin.inputs.len() == files.len()
                    && unseen_or_changed(pin, &files)?.is_empty();
                Ok(if same { Decision::Keep } else { Decision::Replace(files) })
            }
        }
    }

    fn derived(&self, table: &Table, reads: &[String], pin: Option<&Pin>) -> Result<Decision> {
        let loads = |read: &String| self.loading.contains(read);
        let missing: Vec<&str> =
            reads.iter().filter(|read| !loads(read) && self.pin(read).is_none()).map(String::as_str).collect();
        if !missing.is_empty() {
            let asked = self.options.tables.iter().map(String::as_str);
            let together: Vec<&str> = asked.chain(missing.iter().copied()).collect();
            return Err(Error::invalid(format!(
                "table '{}' reads '{}', which is not loaded; load them together: starmart load {}",
                table.name,
                missing.join("' and '"),
                together.join(" ")
            )));
        }
        let current = |read: &String| self.pin(read).map(|pin| pin.delta_version);
        let stale = pin.is_none_or(|pin| {
            pin.fingerprint != table.fingerprint
                || reads.iter().any(|read| loads(read) || pin.reads.get(read).copied() != current(read))
        });
        Ok(if stale { Decision::Derive } else { Decision::Keep })
    }
}

/// An append table adds unseen files; a changed or missing one, or another definition, stops it.
fn appended(table: &Table, pin: &Pin, files: Vec<SourceFile>) -> Result<Decision> {
    let stop =
        |what: String| Error::invalid(format!("table '{}' appends, but {what}; load it anew with --full", table.name));
    if pin.fingerprint != table.fingerprint {
        return Err(stop("its definition has changed since".into()));
    }
    let known: BTreeMap<&str, &Input> = pin.inputs.iter().map(|input| (input.path.as_str(), input)).collect();
    if let Some(missing) = pin.inputs.iter().find(|input| !files.iter().any(|file| file.shown == input.path)) {
        return Err(stop(format!("'{}', loaded before, is missing", missing.path)));
    }
    let mut unseen = Vec::new();
    for file in files {
        match known.get(file.shown.as_str()) {
            None => unseen.push(file),
            Some(input) if changed(input, &file)? => {
                return Err(stop(format!("'{}', loaded before, has changed", file.shown)));
            }
            Some(_) => {}
        }
    }
    Ok(if unseen.is_empty() { Decision::Keep } else { Decision::Append(unseen) })
}

fn unseen_or_changed<'f>(pin: &Pin, files: &'f [SourceFile]) -> Result<Vec<&'f SourceFile>> {
    let mut found = Vec::new();
    for file in files {
        let input = pin.inputs.iter().find(|input| input.path == file.shown);
        if input.map_or(Ok(true), |input| changed(input, file))? {
            found.push(file);
        }
    }
    Ok(found)
}

/// Whether a file is not what was loaded. One that was only touched is found to be the same by its content.
fn changed(input: &Input, file: &SourceFile) -> Result<bool> {
    if input.size != file.size {
        return Ok(true);
    }
    if input.modified == file.modified {
        return Ok(false);
    }
    match &input.sha256 {
        Some(known) => Ok(file.sha256()? != *known),
        None => Ok(true),
    }
}
