//! Which model answers at which mart version. The newest version is adopted when a query first meets it: the
//! model's files are read again then, and a faulty set keeps the one before. Older versions are kept in a small cache.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::execute::MartCatalog;
use crate::model::Model;
use crate::plan::catalogue::Catalogue;
use crate::store::Snapshot;

use super::Mart;
use super::project::Project;
use super::system;

/// How many versions besides the newest keep their resolved model in memory.
const KEPT_VERSIONS: usize = 8;

/// A mart version with the model that its tables make.
#[derive(Debug)]
pub(super) struct Adopted {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) model: Arc<Model>,
    pub(super) catalogue: Arc<Catalogue>,
}

/// The project's files as last adopted, and the versions resolved against them.
#[derive(Debug)]
pub(super) struct Adoption {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    project: Arc<Project>,
    newest: Option<u64>,
    versions: BTreeMap<u64, Arc<Adopted>>,
}

impl Adoption {
    pub(super) fn new(project: Project) -> Self {
        Self { state: Mutex::new(State { project: Arc::new(project), newest: None, versions: BTreeMap::new() }) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mart {
    /// The newest mart version.
    ///
    /// # Errors
    /// NotFound: nothing has been published yet.
    pub(super) async fn newest(&self) -> Result<u64> {
        self.store.latest().await?.ok_or_else(|| {
            Error::not_found(format!("the mart '{}' is empty; run `starmart load` first", self.config.mart))
        })
    }

    /// The snapshot and model of a version.
    pub(super) async fn adopt(&self, version: u64) -> Result<Arc<Adopted>> {
        let (known, newest) = {
            let state = self.adoption.state();
            (state.versions.get(&version).map(Arc::clone), state.newest)
        };
        if let Some(adopted) = known {
            return Ok(adopted);
        }
        let snapshot = self.store.snapshot(version).await?;
        if newest.is_none_or(|newest| version > newest) {
            self.reread(version, &snapshot)
        } else {
            let project = Arc::clone(&self.adoption.state().project);
            let model = project.model_of(&self.config, &snapshot, &self.functions)?;
            Ok(self.keep(version, snapshot, model))
        }
    }

    /// A version newer than any met so far: the model's files are read again.
    fn reread(&self, version: u64, snapshot: &Arc<Snapshot>) -> Result<Arc<Adopted>> {
        let fresh = Project::read(&self.config).and_then(|project| {
            let model = project.model_of(&self.config, snapshot, &self.functions)?;
            Ok((project, model))
        });
        let model = match fresh {
            Ok((project, model)) => {
                self.adoption.state().project = Arc::new(project);
                model
            }
            Err(fault) => {
                let project = Arc::clone(&self.adoption.state().project);
                let model = project.model_of(&self.config, snapshot, &self.functions).map_err(|_| fault)?;
                tracing::warn!(version, "the model's files are faulty; the model before them goes on");
                model
            }
        };
        self.adoption.state().newest = Some(version);
        Ok(self.keep(version, Arc::clone(snapshot), model))
    }

    fn keep(&self, version: u64, snapshot: Arc<Snapshot>, model: Arc<Model>) -> Arc<Adopted> {
        let catalogue = Catalogue::new(&model, &MartCatalog::new(&snapshot)).with(system::relations());
        let catalogue = Arc::new(catalogue);
        let adopted = Arc::new(Adopted { snapshot, model, catalogue });
        let mut state = self.adoption.state();
        while state.versions.len() > KEPT_VERSIONS {
            state.versions.pop_first();
        }
        state.versions.insert(version, Arc::clone(&adopted));
        adopted
    }
}
