//! A session: settings that last, and the statements asked under them.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::execute::Answer;
use crate::query::Settings;

use super::Mart;

/// Settings, and who asks under them.
#[derive(Debug)]
pub struct Session {
    _mart: Arc<Mart>,
}

/// A statement pinned to a mart version, a time and a model: all that is needed to run it again, anywhere, with the
/// same answer. It is what a Flight ticket carries, and it holds nothing that the server would have to keep.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// The statement.
    pub sql: String,
    /// The settings it was asked under.
    pub settings: Settings,
    /// The mart version that it reads.
    pub mart_version: u64,
    /// What SQL `now()` says in it.
    pub now: DateTime<Utc>,
    /// The model that gave it its meaning; under another one it is asked again.
    pub model_hash: String,
}

impl Session {
    pub(super) fn new(mart: Arc<Mart>) -> Self {
        Self { _mart: mart }
    }

    /// Plans a statement against the newest version (or the one that the settings name) without running it: the
    /// statement pinned, and the schema of its result.
    ///
    /// # Errors
    /// Whatever is wrong with the statement, before anything runs.
    pub async fn pin(&self, _sql: &str) -> Result<(Pinned, SchemaRef)> {
        Err(Error::internal("sessions are being built"))
    }

    /// Runs a pinned statement: plans it again at its version, under its settings and time.
    ///
    /// # Errors
    /// Unavailable: the model has changed since; ask again. Otherwise as [`Session::query`].
    pub async fn run(&self, _pinned: &Pinned) -> Result<Answer> {
        Err(Error::internal("sessions are being built"))
    }

    /// Plans and runs a statement. SET changes this session and answers with no rows.
    ///
    /// # Errors
    /// Whatever is wrong with the statement; Unavailable when the queue is full; Exhausted, Deadline and Cancelled as
    /// the limits say, also from the stream of the answer.
    pub async fn query(&self, _sql: &str) -> Result<Answer> {
        Err(Error::internal("sessions are being built"))
    }
}
