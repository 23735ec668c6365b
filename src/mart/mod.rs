//! The facade that wires the stages: a project's configuration, model, store and engine on one side; sessions,
//! loads and checks on the other. Everything above it (`flight`, `http`, `cli`) holds an `Arc<Mart>` and nothing else.

mod adopt;
mod asking;
mod check;
mod log;
mod project;
mod session;
mod system;
mod vocabulary;

pub use asking::Pinned;
pub use check::{CheckReport, TestOutcome, TestResult};
pub use project::{Texts, model_faults, model_of_files, report_files};
pub use session::{Figures, Lifetime, Session};
pub use vocabulary::Vocabulary;

pub use crate::plan::catalogue;
pub use crate::store::{Claim, Integrity, MartVersion, Verdict, Verified};

use std::sync::Arc;

use crate::config::Config;
use crate::error::Result;
use crate::execute::{Engine, functions};
use crate::ingest::{self, LoadOptions, LoadReport, Progress};
use crate::query::{Principal, Settings};
use crate::sql::Functions;
use crate::store::Store;

use adopt::Adoption;
use log::Log;
use project::Project;

/// A data mart: a model, the store that holds its tables, and the engine that answers questions about them.
#[derive(Debug)]
pub struct Mart {
    config: Config,
    store: Store,
    engine: Engine,
    functions: Functions,
    adoption: Adoption,
    log: Log,
}

impl Mart {
    /// Opens the project's mart. Decodes the model, so that a malformed one is known at once; creates nothing. What the
    /// newest version makes of the model shows when it is first asked, or by [`Mart::adopt_newest`]: a load must be able
    /// to bring the mart to a model that has changed.
    ///
    /// # Errors
    /// Misconfigured: a malformed model, or a mart written by a newer version. Unavailable: the store does not answer.
    pub async fn open(config: Config) -> Result<Arc<Self>> {
        let project = Project::read(&config)?;
        let store = Store::open(&config.mart)?;
        let engine = Engine::new(&config.limits, &config.root.join(".starmart").join("spill"))?;
        let functions = functions::all();
        Ok(Arc::new(Self { adoption: Adoption::new(project), log: Log::default(), config, store, engine, functions }))
    }

    /// Resolves the model against the newest mart version, if there is one, as a query would: what a server does before
    /// it serves, and when it is asked whether it can answer.
    ///
    /// # Errors
    /// Misconfigured: a model that is faulty, or that the newest version does not fit. Unavailable: the store does not
    /// answer.
    pub async fn adopt_newest(&self) -> Result<Option<u64>> {
        let newest = self.store.latest().await?;
        if let Some(version) = newest {
            self.adopt(version).await?;
        }
        Ok(newest)
    }

    /// A session: settings that last, asked by one principal.
    pub fn session(self: &Arc<Self>, principal: Principal, settings: Settings) -> Session {
        Session::new(Arc::clone(self), principal, settings, Lifetime::Lasting)
    }

    /// A session for one statement, as Flight makes for callers that hold none: SET is refused in it.
    pub fn statement_session(self: &Arc<Self>, principal: Principal, settings: Settings) -> Session {
        Session::new(Arc::clone(self), principal, settings, Lifetime::Statement)
    }

    /// Loads the tables whose files or definition changed, and publishes a mart version if anything did.
    ///
    /// # Errors
    /// Invalid: a file or row that cannot be read; it stops its table and nothing is published. Misconfigured: a
    /// faulty model. Unavailable: another load is running. Exhausted: memory or disk.
    pub async fn load(&self, options: &LoadOptions, progress: Arc<dyn Progress>) -> Result<LoadReport> {
        let project = Project::read(&self.config)?;
        let published = match self.store.latest().await? {
            Some(newest) if !options.tables.is_empty() => Some(self.store.snapshot(newest).await?),
            _ => None,
        };
        let model = project.model_to_load(&self.config, &self.functions, &options.tables, published.as_deref())?;
        ingest::load(&model, self.data_root(), &self.store, &self.engine, &self.functions, options, progress).await
    }

    /// The published mart versions, newest first.
    ///
    /// # Errors
    /// Unavailable: the store does not answer.
    pub async fn versions(&self) -> Result<Vec<MartVersion>> {
        self.store.versions().await
    }

    /// The folder that the model's `files:` are relative to.
    fn data_root(&self) -> &std::path::Path {
        self.config.data.parent().unwrap_or(&self.config.root)
    }
}
