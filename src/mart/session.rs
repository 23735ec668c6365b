//! A session: settings that last, and the statements asked under them.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock;
use crate::error::{Error, Result};
use crate::execute::{Answer, MartCatalog};
use crate::plan::{self, Context, Plan, Statement};
use crate::query::{Principal, Query, Settings};

use super::Mart;
use super::adopt::Adopted;

/// How long a session's settings last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until the session is dropped: SET changes them.
    Lasting,
    /// For one statement: SET is refused, since nobody would see its effect.
    Statement,
}

/// Settings, and who asks under them.
#[derive(Debug)]
pub struct Session {
    mart: Arc<Mart>,
    principal: Principal,
    settings: Mutex<Settings>,
    lifetime: Lifetime,
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
    pub(super) fn new(mart: Arc<Mart>, principal: Principal, settings: Settings, lifetime: Lifetime) -> Self {
        Self { mart, principal, settings: Mutex::new(settings), lifetime }
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Plans a statement against the newest version (or the one that the settings name) without running it: the
    /// statement pinned, and the schema of its result.
    ///
    /// # Errors
    /// Whatever is wrong with the statement, before anything runs.
    pub async fn pin(&self, sql: &str) -> Result<(Pinned, SchemaRef)> {
        let (_, pinned, plan) = self.planned(sql).await?;
        Ok((pinned, plan.schema))
    }

    /// Runs a pinned statement: plans it again at its version, under its settings and time.
    ///
    /// # Errors
    /// Unavailable: the model has changed since; ask again. Otherwise as [`Session::query`].
    pub async fn run(&self, pinned: &Pinned) -> Result<Answer> {
        let statement = plan::statement(&pinned.sql)?;
        let adopted = self.mart.adopt(pinned.mart_version).await?;
        if adopted.model.hash != pinned.model_hash {
            return Err(Error::unavailable("the model has changed since this statement was planned; ask again"));
        }
        let query = self.make_query(&adopted, pinned)?;
        let plan = self.plan(&statement, &adopted, &query).await?;
        self.execute(&query, plan).await
    }

    /// Plans and runs a statement. SET changes this session and answers with no rows.
    ///
    /// # Errors
    /// Whatever is wrong with the statement; Unavailable when the queue is full; Exhausted, Deadline and Cancelled as
    /// the limits say, also from the stream of the answer.
    pub async fn query(&self, sql: &str) -> Result<Answer> {
        if let Statement::Set { name, value } = plan::statement(sql)? {
            self.set(&name, value.as_deref())?;
            return Ok(Answer::empty());
        }
        let (query, _, plan) = self.planned(sql).await?;
        self.execute(&query, plan).await
    }

    async fn planned(&self, sql: &str) -> Result<(Query, Pinned, Plan)> {
        let statement = plan::statement(sql)?;
        if matches!(statement, Statement::Set { .. }) {
            return Err(Error::invalid(
                "SET needs a session, and a single statement has none; instead of mart_version write FROM mart.table \
                 VERSION AS OF 3 in the statement; timezone is the model's own (defaults: timezone)",
            ));
        }
        let settings = self.settings();
        let mart_version = match settings.mart_version {
            Some(version) => version,
            None => self.mart.newest().await?,
        };
        let adopted = self.mart.adopt(mart_version).await?;
        let model_hash = adopted.model.hash.clone();
        let pinned = Pinned { sql: sql.to_owned(), settings, mart_version, now: clock::now(), model_hash };
        let query = self.make_query(&adopted, &pinned)?;
        let plan = self.plan(&statement, &adopted, &query).await?;
        Ok((query, pinned, plan))
    }

    fn make_query(&self, adopted: &Adopted, pinned: &Pinned) -> Result<Query> {
        let timezone = match &pinned.settings.timezone {
            Some(name) => zone(name)?,
            None => adopted.model.defaults.timezone,
        };
        Ok(Query {
            id: Uuid::new_v4(),
            principal: self.principal.clone(),
            settings: pinned.settings.clone(),
            mart_version: pinned.mart_version,
            now: pinned.now,
            timezone,
            deadline: Some(clock::monotonic() + self.mart.config.limits.deadline),
            cancel: CancellationToken::new(),
        })
    }

    async fn plan(&self, statement: &Statement, adopted: &Adopted, query: &Query) -> Result<Plan> {
        let mut catalog = MartCatalog::new(&adopted.snapshot);
        for version in plan::versions(statement) {
            let snapshot = self.mart.store.snapshot(version).await?;
            catalog.add_version(&snapshot);
        }
        let context = Context { model: &adopted.model, catalog: &catalog, functions: &self.mart.functions, query };
        plan::plan(statement, &context)
    }

    async fn execute(&self, query: &Query, plan: Plan) -> Result<Answer> {
        let permit = self.mart.engine.admit(query).await?;
        self.mart.engine.execute(query, permit, plan.logical, plan.schema).await
    }

    /// Changes a setting; without a value it goes back to its default.
    fn set(&self, name: &str, value: Option<&str>) -> Result<()> {
        if self.lifetime == Lifetime::Statement {
            return Err(Error::invalid(format!("SET {name} needs a session, and a single statement has none")));
        }
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            "mart_version" => settings.mart_version = value.map(version).transpose()?,
            "timezone" => {
                value.map(zone).transpose()?;
                settings.timezone = value.map(str::to_owned);
            }
            other => {
                return Err(Error::invalid(format!("unknown setting '{other}'; there are mart_version and timezone")));
            }
        }
        Ok(())
    }
}

fn zone(name: &str) -> Result<Tz> {
    Tz::from_str(name).map_err(|_| Error::invalid(format!("unknown time zone '{name}'; use a name like Asia/Taipei")))
}

fn version(text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::invalid(format!("mart_version is a version's number, not '{text}'")))
}
