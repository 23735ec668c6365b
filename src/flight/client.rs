//! Our Flight SQL client: a statement goes out, batches come back.

use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::Stream;

use crate::error::{Error, Result};

/// A connection to a Flight SQL server.
#[derive(Debug, Clone)]
pub struct Client {}

/// A result on its way from the server; dropping it stops the query there.
#[derive(Debug)]
pub struct Rows {
    /// The schema of every batch.
    pub schema: SchemaRef,
}

impl Client {
    /// Connects to `grpc://host:port` (also `grpc+tcp://`, `http://`, or plain `host:port`).
    ///
    /// # Errors
    /// Invalid: not such a URL. Unavailable: nobody answers there.
    pub async fn connect(_url: &str) -> Result<Self> {
        Err(Error::internal("the Flight client is being built"))
    }

    /// Asks a statement.
    ///
    /// # Errors
    /// Whatever the server answers, as the kind that it had there.
    pub async fn query(&self, _sql: &str) -> Result<Rows> {
        Err(Error::internal("the Flight client is being built"))
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}
