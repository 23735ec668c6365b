//! The query contract: who asks, under which settings, of which mart version, at what time, until when.
//! A session makes it; every plan and execute call takes it. And what its result may be made of ([`sent`]).

mod types;

pub use types::{sent, sql_size, sql_type};

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock;
use crate::error::{Error, Result};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The name, as logs and results show it.
    pub name: String,
    /// Whether no policy restrains this principal.
    pub admin: bool,
}

impl Principal {
    /// Whoever works on this machine, an admin: the only principal while there is no login, on loopback only.
    pub fn local() -> Self {
        Self { name: "local".into(), admin: true }
    }
}

/// What a session sets for its queries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The mart version to read (`SET mart_version = 3`); without one, the newest at the time of asking.
    pub mart_version: Option<u64>,
    /// The zone of wall clocks (`SET timezone = 'Asia/Taipei'`), an IANA name; without one, the model's.
    pub timezone: Option<String>,
}

/// One statement's run: everything that planning and execution need to know besides the SQL.
#[derive(Debug, Clone)]
pub struct Query {
    /// Names the query in logs.
    pub id: Uuid,
    /// Who asks.
    pub principal: Principal,
    /// The session's settings.
    pub settings: Settings,
    /// The mart version that is read, pinned.
    pub mart_version: u64,
    /// What SQL `now()` says.
    pub now: DateTime<Utc>,
    /// The zone of wall clocks: the session's, or the model's.
    pub timezone: Tz,
    /// Until when it may go on.
    pub stop: Stop,
}

/// Until when work may go on: its deadline, or the moment when nobody waits for it any more. Clones stop together.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    deadline: Option<Instant>,
    cancelled: CancellationToken,
}

impl Stop {
    /// A stop when `time` has passed.
    pub fn within(time: Duration) -> Self {
        Self { deadline: clock::monotonic().checked_add(time), cancelled: CancellationToken::new() }
    }

    /// The time, if there is one, at which work must stop.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A stop that comes with this one, and may come earlier.
    pub fn child(&self) -> Self {
        Self { deadline: self.deadline, cancelled: self.cancelled.child_token() }
    }

    /// Stops the work: nobody waits for it any more.
    pub fn cancel(&self) {
        self.cancelled.cancel();
    }

    /// Whether work may go on, for work that cannot wait.
    ///
    /// # Errors
    /// Cancelled, or Deadline: why it must stop.
    pub fn check(&self) -> Result<()> {
        if self.cancelled.is_cancelled() {
            return Err(cancelled());
        }
        match self.deadline {
            Some(deadline) if clock::monotonic() >= deadline => Err(late()),
            _ => Ok(()),
        }
    }

    /// Waits until work must stop, and says why: Cancelled, or Deadline.
    pub async fn wait(&self) -> Error {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.cancelled.cancelled() => cancelled(),
            () = deadline => late(),
        }
    }
}

fn cancelled() -> Error {
    Error::cancelled("the query was cancelled")
}

fn late() -> Error {
    Error::deadline("the query took longer than allowed; ask for less, or raise limits.deadline in starmart.yaml")
}
