//! A project's model files: read, decoded, and resolved against the headers of source files or a mart version.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::execute::functions;
use crate::ingest;
use crate::model::{self, Model, Schemas, Spec, TableSchema};
use crate::sql::Functions;
use crate::store::Snapshot;
use crate::yaml::{Faults, Position};

/// The most bytes of a file in the model's folder.
const FILE_BYTES: u64 = 16 << 20;

/// The decoded files of `cubes/`.
#[derive(Debug)]
pub(super) struct Project {
    spec: Spec,
}

/// Every fault of the project's model, as its source files' headers make it.
///
/// # Errors
/// Misconfigured: there is no model.
pub fn model_faults(config: &Config) -> Result<Faults> {
    let resolved = Project::decode(config)?.model_of_files(config, &functions::all());
    match resolved {
        Ok(_) => Ok(Faults::default()),
        Err(error) => Faults::of(&error).cloned().ok_or(error),
    }
}

/// The project's model as its source files' headers make it, whatever has been loaded.
///
/// # Errors
/// Misconfigured: there is no model, or it is faulty, with every fault.
pub fn model_of_files(config: &Config) -> Result<Arc<Model>> {
    Project::decode(config)?.model_of_files(config, &functions::all())
}

impl Project {
    /// Reads and decodes every `.yaml` file of the model's folder, in order of their names. A faulty file ends it, with
    /// every fault of the whole model.
    pub(super) fn read(config: &Config) -> Result<Self> {
        let project = Self::decode(config)?;
        if project.spec.faults.is_empty() {
            return Ok(project);
        }
        project.model_of_files(config, &functions::all()).map(|_| project)
    }

    fn decode(config: &Config) -> Result<Self> {
        let paths = listed(&config.cubes)?;
        let labels = label_files(&config.cubes)?;
        let paths: Vec<PathBuf> = paths.into_iter().chain(labels).collect();
        let Texts { read, unread } = texts(config, &paths);
        let mut spec = Spec::decode(&read);
        for fault in unread.iter() {
            spec.unread(&fault.file, fault.at, &fault.message);
        }
        Ok(Self { spec })
    }

    /// The model as the source files' headers make it.
    pub(super) fn model_of_files(&self, config: &Config, functions: &Functions) -> Result<Arc<Model>> {
        self.model_to_load(config, functions, &[], None)
    }

    /// The model as a load of `tables` needs it, of all if none is named: as the source files' headers make it. Tables
    /// that are not asked for, and whose files are not to be had, are as they were published, or left out.
    pub(super) fn model_to_load(
        &self,
        config: &Config,
        functions: &Functions,
        tables: &[String],
        published: Option<&Snapshot>,
    ) -> Result<Arc<Model>> {
        let mut schemas = self.headers(config);
        for (name, schema) in schemas.iter_mut().filter(|(name, _)| !tables.is_empty() && !tables.contains(name)) {
            if let TableSchema::Unknown(why) = schema {
                *schema = match published.and_then(|published| published.tables.get(name)) {
                    Some(table) => TableSchema::Mart(Arc::clone(&table.schema)),
                    None => TableSchema::Absent(std::mem::take(why)),
                };
            }
        }
        model::resolve(&self.spec, &schemas, functions).map(Arc::new).map_err(|error| of_input(error, &schemas))
    }

    /// The model as a mart version's tables make it: what a query needs. A table that the version lacks is
    /// described by its files or left out, so that one table that has not been loaded yet does not stop the others.
    pub(super) fn model_of(&self, config: &Config, snapshot: &Snapshot, functions: &Functions) -> Result<Arc<Model>> {
        let mut schemas = Schemas::new();
        if self.spec.tables.keys().any(|table| !snapshot.tables.contains_key(table)) {
            schemas.extend(self.headers(config).into_iter().map(|(name, schema)| match schema {
                TableSchema::Unknown(why) => (name, TableSchema::Absent(why)),
                known => (name, known),
            }));
        }
        for (name, table) in &snapshot.tables {
            schemas.insert(name.clone(), TableSchema::Mart(Arc::clone(&table.schema)));
        }
        Ok(Arc::new(model::resolve(&self.spec, &schemas, functions)?))
    }

    fn headers(&self, config: &Config) -> Schemas {
        ingest::headers(&self.spec, config.data.parent().unwrap_or(&config.root))
    }
}

/// The same error as one of the input, where nothing but the source files is at fault.
fn of_input(error: Error, schemas: &Schemas) -> Error {
    let of_files =
        |message: &str| schemas.values().any(|schema| matches!(schema, TableSchema::Unknown(why) if why == message));
    match Faults::of(&error) {
        Some(faults) if faults.iter().all(|fault| of_files(&fault.message)) => {
            Error::invalid(error.message()).with_source(faults.clone())
        }
        _ => error,
    }
}

/// The texts of files that people write, and what is wrong with those that cannot be read.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// Each file, as it is shown, and its text.
    pub read: Vec<(String, String)>,
    /// The others.
    pub unread: Faults,
}

/// The texts of the files of `reports/`, in order of their names; none where there is no such folder.
///
/// # Errors
/// Misconfigured: the folder cannot be read.
pub fn report_files(config: &Config) -> Result<Texts> {
    Ok(texts(config, &yaml_files(&config.root.join("reports"))?.unwrap_or_default()))
}

fn texts(config: &Config, paths: &[PathBuf]) -> Texts {
    let mut texts = Texts::default();
    for path in paths {
        let shown = path.strip_prefix(&config.root).unwrap_or(path).display().to_string();
        match text(path) {
            Ok(text) => texts.read.push((shown, text)),
            Err((at, why)) => texts.unread.push(&shown, at, why),
        }
    }
    texts
}

/// The model's files in order of their names; folders within are not read.
fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let shown = folder.display();
    let way_out = "write one, or make a project with `starmart init`";
    match yaml_files(folder)? {
        None => {
            Err(Error::misconfigured(format!("no model: there is no folder '{shown}' with .yaml files; {way_out}")))
        }
        Some(paths) if paths.is_empty() => {
            Err(Error::misconfigured(format!("no model: '{shown}' holds no .yaml file; {way_out}")))
        }
        Some(paths) => Ok(paths),
    }
}

/// The files of a folder that end in .yaml, or wrongly in .yml, in order of their names; none without the folder.
fn yaml_files(folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    let unreadable = |error: io::Error| {
        Error::misconfigured(format!("cannot read '{}': {error}", folder.display())).with_source(error)
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(Some(paths))
}

/// The CSV files of labels in the model's folder and the folders in it, in order of their names.
fn label_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        let unreadable = |error: io::Error| {
            Error::misconfigured(format!("cannot read '{}': {error}", inner.display())).with_source(error)
        };
        for entry in fs::read_dir(&inner).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.extend((inner == folder).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "csv") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// The text of a model's file, or why there is none and where.
fn text(path: &Path) -> std::result::Result<String, (Position, String)> {
    if path.extension().is_some_and(|extension| extension == "yml") {
        return Err((Position::START, "the files of a project end in .yaml; rename it".into()));
    }
    let unreadable = |error| (Position::START, format!("the file cannot be read: {error}"));
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES {
        let message = format!("{size} bytes are too many for a file of a project; the most are {FILE_BYTES}");
        return Err((Position::START, message));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let line = valid.matches('\n').count() + 1;
        let column = valid.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (Position { line, column }, "not UTF-8 text; save the file as UTF-8".into())
    })
}
