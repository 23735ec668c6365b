//! Where statements go: to the project's mart, or to a server.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::error::Result;
use crate::flight::client::Client;
use crate::mart::Session;
use crate::query::{Principal, Settings};

use super::Setting;
use super::output::Batches;

/// Where statements go.
#[derive(Debug, Clone)]
pub(super) enum Door {
    Here(Arc<Session>),
    There(Client),
}

impl Door {
    /// The door to a server, or to the project's mart.
    ///
    /// # Errors
    /// As [`Client::connect`] and [`Setting::open`].
    pub(super) async fn open(url: Option<&str>, setting: &Setting) -> Result<Self> {
        Ok(match url {
            Some(url) => Self::There(Client::connect(url).await?),
            None => {
                let mart = setting.open().await?;
                Self::Here(Arc::new(mart.session(Principal::local(), Settings::default())))
            }
        })
    }

    /// Asks a statement; dropping the batches stops it.
    ///
    /// # Errors
    /// As [`Session::query`] and [`Client::query`].
    pub(super) async fn query(&self, sql: &str) -> Result<(SchemaRef, Batches)> {
        Ok(match self {
            Self::Here(session) => {
                let answer = session.query(sql).await?;
                (SchemaRef::clone(&answer.schema), Box::pin(answer))
            }
            Self::There(client) => {
                let rows = client.query(sql).await?;
                (SchemaRef::clone(&rows.schema), Box::pin(rows))
            }
        })
    }
}
