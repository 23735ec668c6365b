//! The answer: a query's batches on their way to whoever asked.

use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::Stream;

use crate::error::Result;

/// A stream of batches. It owns its query's permit and memory; dropping it stops the query.
#[derive(Debug)]
pub struct Answer {
    /// The schema of every batch: as announced, every field nullable.
    pub schema: SchemaRef,
}

impl Stream for Answer {
    type Item = Result<RecordBatch>;

    fn poll_next(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}
