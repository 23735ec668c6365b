//! The query contract: who asks, under which settings, of which mart version, at what time, until when.
//! A session makes it; every plan and execute call takes it. And what its result may be made of ([`sent`]).

mod types;

pub use types::sent;

use std::time::Instant;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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
    /// When the query is stopped.
    pub deadline: Option<Instant>,
    /// Stops the query when its caller is gone.
    pub cancel: CancellationToken,
}
