//! A statement on its way from text to a plan. It may take long and never wait, so all of it happens where the engine
//! plans, never on the network's threads.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock;
use crate::error::{Error, Result};
use crate::execute::MartCatalog;
use crate::plan::{self, Context, Description, Plan, Statement};
use crate::query::{Principal, Query, Settings, Stop};

use super::Mart;
use super::adopt::Adopted;
use super::system::{self, Facts};

/// A statement pinned to a mart version, a time and a model: all that is needed to run it again, anywhere, with the
/// same answer. It is what a Flight ticket carries, and it holds nothing that the server would have to keep.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// The statement.
    pub sql: String,
    /// The values of its parameters, each a literal of SQL.
    pub parameters: Vec<String>,
    /// The settings it was asked under.
    pub settings: Settings,
    /// The mart version that it reads.
    pub mart_version: u64,
    /// What SQL `now()` says in it.
    pub now: DateTime<Utc>,
    /// The model that gave it its meaning; under another one it is asked again.
    pub model_hash: String,
}

/// What a statement turned out to be.
pub(super) enum Asked {
    Query(Box<Planned>),
    Set { name: String, value: Option<String> },
}

/// A statement that can be run.
pub(super) struct Planned {
    pub(super) query: Query,
    pub(super) pinned: Pinned,
    pub(super) plan: Plan,
}

/// Who asks, of which mart, until when.
pub(super) struct Asking {
    pub(super) mart: Arc<Mart>,
    pub(super) principal: Principal,
    pub(super) stop: Stop,
}

impl Asking {
    /// A statement asked for the first time: of the newest version, unless the settings name another.
    pub(super) async fn first(self, sql: String, parameters: Vec<String>, settings: Settings) -> Result<Asked> {
        let statement = match plan::statement(&sql)?.with_values(&parameters)? {
            Statement::Set { name, value } => return Ok(Asked::Set { name, value }),
            statement => statement,
        };
        let (adopted, pinned) = self.pinned(sql, parameters, settings).await?;
        Ok(Asked::Query(Box::new(self.plan(&statement, &adopted, pinned).await?)))
    }

    /// What a statement takes and gives, of the newest version, unless the settings name another.
    pub(super) async fn describe(self, sql: String, settings: Settings) -> Result<Description> {
        let statement = plan::statement(&sql)?;
        let (adopted, pinned) = self.pinned(sql, Vec::new(), settings).await?;
        let catalog = self.catalog(&statement, &adopted).await?;
        let query = self.query(&pinned, &adopted)?;
        plan::describe(&statement, &self.context(&adopted, &catalog, &query))
    }

    /// A statement pinned to the newest version, unless the settings name another.
    async fn pinned(&self, sql: String, parameters: Vec<String>, settings: Settings) -> Result<(Arc<Adopted>, Pinned)> {
        let mart_version = match settings.mart_version {
            Some(version) => version,
            None => self.mart.newest().await?,
        };
        let adopted = self.mart.adopt(mart_version).await?;
        let model_hash = adopted.model.hash.clone();
        Ok((adopted, Pinned { sql, parameters, settings, mart_version, now: clock::now(), model_hash }))
    }

    /// A pinned statement again.
    pub(super) async fn again(self, pinned: Pinned) -> Result<Planned> {
        let statement = plan::statement(&pinned.sql)?.with_values(&pinned.parameters)?;
        let adopted = self.mart.adopt(pinned.mart_version).await?;
        if adopted.model.hash != pinned.model_hash {
            return Err(Error::unavailable("the model has changed since this statement was planned; ask again"));
        }
        self.plan(&statement, &adopted, pinned).await
    }

    async fn plan(self, statement: &Statement, adopted: &Adopted, pinned: Pinned) -> Result<Planned> {
        let catalog = self.catalog(statement, adopted).await?;
        let query = self.query(&pinned, adopted)?;
        let plan = plan::plan(statement, &self.context(adopted, &catalog, &query))?;
        Ok(Planned { query, pinned, plan })
    }

    /// The tables that a statement may name.
    async fn catalog(&self, statement: &Statement, adopted: &Adopted) -> Result<MartCatalog> {
        let mut catalog = MartCatalog::new(&adopted.snapshot);
        for version in plan::versions(statement) {
            let snapshot = self.mart.store.snapshot(version).await?;
            catalog.add_version(&snapshot);
        }
        let named = plan::describing(statement);
        if !named.is_empty() {
            let asks = |table: &str| named.iter().any(|(_, name)| name == table);
            let facts = Facts {
                model: &adopted.model,
                snapshot: &adopted.snapshot,
                catalogue: &adopted.catalogue,
                versions: &if asks("versions") { self.mart.store.versions().await? } else { Vec::new() },
                queries: &if asks("queries") { self.mart.log.entries() } else { Vec::new() },
            };
            for (schema, name) in named {
                if let Some(rows) = system::rows(&schema, &name, &facts)? {
                    catalog.describe(schema, name, rows);
                }
            }
        }
        Ok(catalog)
    }

    fn query(&self, pinned: &Pinned, adopted: &Adopted) -> Result<Query> {
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
            stop: self.stop.clone(),
        })
    }

    fn context<'a>(&'a self, adopted: &'a Adopted, catalog: &'a MartCatalog, query: &'a Query) -> Context<'a> {
        Context { model: &adopted.model, catalog, functions: &self.mart.functions, query }
    }
}

/// The zone of a name.
pub(super) fn zone(name: &str) -> Result<Tz> {
    Tz::from_str(name).map_err(|_| Error::invalid(format!("unknown time zone '{name}'; use a name like Asia/Taipei")))
}
