//! The facade that wires the stages: a project's configuration, model, store and engine on one side; sessions,
//! loads and checks on the other. Everything above it (`flight`, `http`, `cli`) holds an `Arc<Mart>` and nothing else.

mod session;

pub use session::{Pinned, Session};

use std::sync::Arc;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::query::{Principal, Settings};
use crate::store::{MartVersion, Store};

/// A data mart: a model, the store that holds its tables, and the engine that answers questions about them.
#[derive(Debug)]
pub struct Mart {
    store: Store,
}

impl Mart {
    /// Opens the project's mart. Reads the model, so that a faulty one is known at once; creates nothing.
    ///
    /// # Errors
    /// Misconfigured: a faulty model, or a mart written by a newer version. Unavailable: the store does not answer.
    pub async fn open(config: Config) -> Result<Arc<Self>> {
        let store = Store::open(&config.mart)?;
        Ok(Arc::new(Self { store }))
    }

    /// A session: settings that last, asked by one principal.
    pub fn session(self: &Arc<Self>, _principal: Principal, _settings: Settings) -> Session {
        Session::new(Arc::clone(self))
    }

    /// A session for one statement, as Flight makes for callers that hold none: SET is refused in it.
    pub fn statement_session(self: &Arc<Self>, _principal: Principal, _settings: Settings) -> Session {
        Session::new(Arc::clone(self))
    }

    /// The published mart versions, newest first.
    ///
    /// # Errors
    /// Unavailable: the store does not answer.
    pub async fn versions(&self) -> Result<Vec<MartVersion>> {
        self.store.versions().await
    }

    /// The newest mart version, if anything has been published: whether questions can be answered.
    ///
    /// # Errors
    /// Unavailable: the store does not answer.
    pub async fn ready(&self) -> Result<Option<u64>> {
        self.store.latest().await
    }

    /// Checks the model against the files it names; `data` also checks the newest mart version's claims and runs the
    /// model's tests against it.
    ///
    /// # Errors
    /// Misconfigured: every fault of the model, one a line. With `data`, NotFound: nothing has been loaded.
    pub async fn check(self: &Arc<Self>, _data: bool) -> Result<CheckReport> {
        Err(Error::internal("the check is being built"))
    }
}

/// What a check found, besides faults of the model, which are its error.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// How many tables the model has.
    pub tables: usize,
    /// How many cubes.
    pub cubes: usize,
    /// How many measures in all cubes.
    pub measures: usize,
    /// With data: the verdict on every claim.
    pub claims: Vec<crate::store::Verdict>,
    /// With data: how each of the model's tests came out.
    pub tests: Vec<TestOutcome>,
}

/// How one of the model's tests came out.
#[derive(Debug, Clone)]
pub struct TestOutcome {
    /// The test's name.
    pub name: String,
    /// What the model expects.
    pub expected: String,
    /// What the query answered, or the error it ended with.
    pub got: String,
    /// Whether the two agree.
    pub passes: bool,
}
