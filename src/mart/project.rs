//! A project's model files: read, decoded, and resolved against the headers of source files or a mart version.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::ingest;
use crate::model::{self, Model, Schemas, Spec, TableSchema};
use crate::sql::Functions;
use crate::store::Snapshot;

/// The decoded files of `cubes/`.
#[derive(Debug)]
pub(super) struct Project {
    spec: Spec,
}

impl Project {
    /// Reads and decodes every `.yaml` file of the model's folder, in order of their names.
    pub(super) fn read(config: &Config) -> Result<Self> {
        let files = read_files(&config.cubes, &config.root)?;
        if files.is_empty() {
            return Err(Error::misconfigured(format!(
                "no model: '{}' holds no .yaml file; write one, or make a project with `starmart demo`",
                config.cubes.display()
            )));
        }
        Ok(Self { spec: Spec::decode(&files)? })
    }

    /// The model as the source files' headers make it: what a load needs.
    pub(super) fn model_of_files(&self, config: &Config, functions: &Functions) -> Result<Arc<Model>> {
        let root = config.data.parent().unwrap_or(&config.root);
        let schemas = ingest::headers(&self.spec, root)?;
        Ok(Arc::new(model::resolve(&self.spec, &schemas, functions)?))
    }

    /// The model as a mart version's tables make it: what a query needs. A table that the version lacks is
    /// described by its files, so that one table that has not been loaded yet does not stop the others.
    pub(super) fn model_of(&self, config: &Config, snapshot: &Snapshot, functions: &Functions) -> Result<Arc<Model>> {
        let mut schemas = Schemas::new();
        if self.spec.tables.keys().any(|table| !snapshot.tables.contains_key(table)) {
            let root = config.data.parent().unwrap_or(&config.root);
            schemas.extend(ingest::headers(&self.spec, root)?);
        }
        for (name, table) in &snapshot.tables {
            schemas.insert(name.clone(), TableSchema::Mart(Arc::clone(&table.schema)));
        }
        Ok(Arc::new(model::resolve(&self.spec, &schemas, functions)?))
    }
}

fn read_files(folder: &Path, root: &Path) -> Result<Vec<(String, String)>> {
    let unreadable = |path: &Path, error: std::io::Error| {
        Error::misconfigured(format!("cannot read '{}': {error}", path.display())).with_source(error)
    };
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            paths.push(path);
        }
    }
    paths.sort();
    let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    paths
        .iter()
        .map(|path| Ok((shown(path), fs::read_to_string(path).map_err(|error| unreadable(path, error))?)))
        .collect()
}
