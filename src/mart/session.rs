//! A session: settings that last, and the statements asked under them.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::execute::{Answer, Permit, Watch};
use crate::model::Model;
use crate::plan::catalogue::Catalogue;
use crate::plan::{self, Description, Explained, Plan};
use crate::query::{Principal, Query, Settings, Stop};

use super::asking::{Asked, Asking, Pinned, Planned, zone};
use super::log::Begun;
use super::{Mart, Vocabulary};

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

/// What a statement of a report may ask.
#[derive(Debug, Clone)]
pub struct Figures<'a> {
    /// Literals by the names that stand for them, such as `$start`.
    pub values: &'a [(&'a str, String)],
    /// The day from which on no facts count.
    pub before: NaiveDate,
    /// How many rows there are at most, in one order, where they are shown in theirs.
    pub rows: Option<usize>,
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
    /// statement pinned, and the schema of its result. `parameters` are the values of its parameters, each a literal of
    /// SQL.
    ///
    /// # Errors
    /// Whatever is wrong with the statement, before anything runs; Deadline when that takes too long to tell.
    pub async fn pin(&self, sql: &str, parameters: Vec<String>) -> Result<(Pinned, SchemaRef)> {
        let begun = Begun::now(&self.principal.name, sql);
        match self.noted(begun, self.ask(sql, parameters).await)?.1 {
            Asked::Query(asked) => Ok((asked.pinned, asked.plan.schema)),
            Asked::Set { .. } => Err(Error::invalid(
                "SET needs a session, and a single statement has none; instead of mart_version write FROM mart.table \
                 VERSION AS OF 3 in the statement; timezone is the model's own (defaults: timezone)",
            )),
        }
    }

    /// Runs a pinned statement: plans it again at its version, under its settings and time.
    ///
    /// # Errors
    /// Unavailable: the model has changed since; ask again. Otherwise as [`Session::query`].
    pub async fn run(&self, pinned: &Pinned) -> Result<Answer> {
        let begun = Begun::now(&self.principal.name, &pinned.sql);
        let pinned = pinned.clone();
        let (begun, planned) = self.noted(begun, self.plan(|asking| asking.again(pinned)).await)?;
        self.execute(begun, planned).await
    }

    /// Plans and runs a statement. SET changes this session and answers with no rows.
    ///
    /// # Errors
    /// Whatever is wrong with the statement; Unavailable when the queue is full; Exhausted, Deadline and Cancelled as
    /// the limits say, also from the stream of the answer.
    pub async fn query(&self, sql: &str) -> Result<Answer> {
        let begun = Begun::now(&self.principal.name, sql);
        match self.noted(begun, self.ask(sql, Vec::new()).await)? {
            (begun, Asked::Query(planned)) => self.execute(begun, *planned).await,
            (_, Asked::Set { name, value }) => {
                self.set(&name, value.as_deref())?;
                Ok(Answer::empty())
            }
        }
    }

    /// What a statement takes and gives, when its parameters have no values yet.
    ///
    /// # Errors
    /// As [`Session::pin`].
    pub async fn describe(&self, sql: &str) -> Result<Description> {
        let (sql, settings) = (sql.to_owned(), self.settings());
        self.plan(|asking| asking.describe(sql, settings)).await
    }

    /// What there is to ask, in the newest version (or the one that the settings name); nothing where nothing has been
    /// loaded. Whoever browses waits for no query.
    ///
    /// # Errors
    /// Misconfigured: a model that is faulty, or that the version does not fit. NotFound: no such version. Unavailable:
    /// the store does not answer. Deadline: not in time.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>> {
        let named = self.settings().mart_version;
        let stop = Stop::within(self.mart.config.limits.deadline);
        let found = async {
            let version = match named {
                Some(version) => Some(version),
                None => self.mart.store.latest().await?,
            };
            match version {
                Some(version) => Ok(Arc::clone(&self.mart.adopt(version).await?.catalogue)),
                None => Ok(Arc::default()),
            }
        };
        tokio::select! {
            biased;
            error = stop.wait() => Err(error),
            found = found => found,
        }
    }

    /// The model, and the version whose tables made it: the newest, or the one that the settings name.
    ///
    /// # Errors
    /// NotFound: nothing has been loaded, or there is no such version. Misconfigured: a model that is faulty, or that the
    /// version does not fit. Unavailable: the store does not answer.
    pub async fn model(&self) -> Result<(u64, Arc<Model>)> {
        let version = match self.settings().mart_version {
            Some(version) => version,
            None => self.mart.newest().await?,
        };
        Ok((version, Arc::clone(&self.mart.adopt(version).await?.model)))
    }

    /// A statement of a report, with literals in the places of its names such as `$start`: a query over cubes that gives no
    /// rows of facts, and counts none from a day on.
    ///
    /// # Errors
    /// Denied: it names a table, or gives the rows of a fact. Invalid: it does not parse, has another name, or no order
    /// where its rows are shown in theirs. Otherwise as [`Session::model`].
    pub async fn figures_only(&self, sql: &str, asked: &Figures<'_>) -> Result<String> {
        let (_, model) = self.model().await?;
        let mut statement = plan::statement(sql)?.with_names(asked.values)?;
        statement.refuse_facts(&|name| model.cubes.contains_key(name))?;
        if let Some(rows) = asked.rows {
            statement = statement.in_order(rows)?;
        }
        let time_of = |name: &str| model.cubes.get(name)?.time.clone();
        Ok(statement.before(asked.before, &time_of)?.text())
    }

    /// The words of the dialect.
    pub fn vocabulary(&self) -> Vocabulary {
        Vocabulary::of(&self.mart.functions)
    }

    async fn ask(&self, sql: &str, parameters: Vec<String>) -> Result<Asked> {
        let (sql, settings) = (sql.to_owned(), self.settings());
        self.plan(|asking| asking.first(sql, parameters, settings)).await
    }

    /// Does `work` where the engine plans, until the deadline.
    async fn plan<T: Send + 'static, W>(&self, work: impl FnOnce(Asking) -> W) -> Result<T>
    where
        W: Future<Output = Result<T>> + Send + 'static,
    {
        let stop = Stop::within(self.mart.config.limits.deadline);
        let (mart, principal) = (Arc::clone(&self.mart), self.principal.clone());
        let asking = Asking { mart, principal, stop: stop.clone() };
        self.mart.engine.plan(&stop, work(asking)).await
    }

    /// What planning came to; the log hears of a statement that was refused.
    fn noted<T>(&self, begun: Begun, planned: Result<T>) -> Result<(Begun, T)> {
        match planned {
            Ok(planned) => Ok((begun, planned)),
            Err(error) => {
                self.mart.log.refused(begun, &error);
                Err(error)
            }
        }
    }

    async fn execute(&self, begun: Begun, Planned { query, plan, pinned }: Planned) -> Result<Answer> {
        let mut running = self.mart.log.planned(begun, query.id, pinned.mart_version);
        let answer = async {
            let permit = self.mart.engine.admit(&query.stop).await?;
            running.admitted();
            match plan.explained.clone() {
                None => self.mart.engine.execute(&query, permit, plan.logical, plan.schema).await,
                Some(explained) => self.explain(&query, permit, plan, explained).await,
            }
        };
        match answer.await {
            Ok(answer) => Ok(answer.watched(Box::new(running))),
            Err(error) => {
                running.over(Some(&error));
                Err(error)
            }
        }
    }

    /// The answer of EXPLAIN: a line in each row.
    async fn explain(&self, query: &Query, permit: Permit, plan: Plan, explained: Explained) -> Result<Answer> {
        let Plan { logical, schema, .. } = plan;
        let mut lines = explained.lines;
        if let Some(answers) = explained.answers {
            lines.extend(match explained.analyze {
                true => self.mart.engine.analyze(query, permit, logical, answers).await?,
                false => self.mart.engine.explain(query, logical).await?,
            });
        }
        let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(StringArray::from(lines))]);
        let rows = rows.map_err(|error| Error::internal("the explanation cannot be written").with_source(error))?;
        Ok(Answer::ready(schema, vec![rows]))
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

fn version(text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::invalid(format!("mart_version is a version's number, not '{text}'")))
}
