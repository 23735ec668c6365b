//! The answer: a query's batches on their way from the query threads to whoever asked, in the schema that was
//! announced. Few are ever under way, so a slow reader slows the query down instead of filling memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::admission::Permit;
use super::fault;
use crate::error::{Error, Result};
use crate::query::Stop;

/// How many batches may be under way between the query threads and the reader.
const UNDER_WAY: usize = 2;
/// The most rows of one batch.
const ROWS: usize = 8192;

/// A stream of batches. Dropping it stops the query, whose permit and memory are then given back.
pub struct Answer {
    /// The schema of every batch: as announced, every field nullable.
    pub schema: SchemaRef,
    /// When it must have been read.
    pub deadline: Option<Instant>,
    messages: mpsc::Receiver<Message>,
    stopped: Pin<Box<dyn Future<Output = Error> + Send>>,
    query: Option<Running>,
    state: State,
}

/// The query that gives the answer.
struct Running {
    task: AbortHandle,
    stop: Stop,
}

/// What the query threads say.
pub(super) enum Message {
    /// A batch in the announced schema.
    Batch(RecordBatch),
    /// The query failed; nothing follows.
    Failed(Error),
    /// The last batch has been sent.
    Done,
}

/// Where the answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Ended,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("schema", &self.schema).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Answer {
    /// The answer that `task` sends through `messages`.
    pub(super) fn new(schema: SchemaRef, messages: mpsc::Receiver<Message>, task: AbortHandle, stop: Stop) -> Self {
        let deadline = stop.deadline();
        let until = stop.clone();
        let stopped = Box::pin(async move { until.wait().await });
        Self { schema, deadline, messages, stopped, query: Some(Running { task, stop }), state: State::Running }
    }

    /// An answer without rows or columns, for statements that only do something.
    pub fn empty() -> Self {
        Self::ready(Arc::new(Schema::empty()), Vec::new())
    }

    /// An answer that is known already: `batches` of `schema`.
    pub fn ready(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let (messages, received) = mpsc::channel(batches.len() + 1);
        for message in batches.into_iter().map(Message::Batch).chain([Message::Done]) {
            // There is room for each of them.
            if messages.try_send(message).is_err() {
                break;
            }
        }
        let stopped = Box::pin(std::future::pending());
        Self { schema, deadline: None, messages: received, stopped, query: None, state: State::Running }
    }

    /// The channel of an answer.
    pub(super) fn channel() -> (mpsc::Sender<Message>, mpsc::Receiver<Message>) {
        mpsc::channel(UNDER_WAY)
    }

    /// Ends the query: its task where it waits, and where it does not, at the next look at its stop.
    fn end(&mut self) {
        self.state = State::Ended;
        if let Some(query) = self.query.take() {
            query.stop.cancel();
            query.task.abort();
        }
        self.messages.close();
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.end();
    }
}

impl Stream for Answer {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.state == State::Ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(error) = self.stopped.as_mut().poll(context) {
            self.end();
            return Poll::Ready(Some(Err(error)));
        }
        let message = match self.messages.poll_recv(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(message) => message,
        };
        match message {
            Some(Message::Batch(batch)) => Poll::Ready(Some(Ok(batch))),
            Some(Message::Failed(error)) => {
                self.end();
                Poll::Ready(Some(Err(error)))
            }
            Some(Message::Done) => {
                self.end();
                Poll::Ready(None)
            }
            None => {
                self.end();
                Poll::Ready(Some(Err(Error::internal("the query stopped unexpectedly; the log says more"))))
            }
        }
    }
}

/// Sends the batches of `stream` in the schema `announced`, until the end, an error, or `stop`. A reader that is gone is
/// not an error. The permit goes when the query's memory has gone, however slowly the last batches are read.
pub(super) async fn send(
    mut stream: SendableRecordBatchStream,
    announced: SchemaRef,
    query: Uuid,
    stop: Stop,
    permit: Permit,
    messages: mpsc::Sender<Message>,
) {
    let sent = async {
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(fault::error).and_then(|batch| conform(&batch, &announced));
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return Message::Failed(error),
            };
            for start in (0..batch.num_rows()).step_by(ROWS) {
                let part = batch.slice(start, ROWS.min(batch.num_rows() - start));
                if messages.send(Message::Batch(part)).await.is_err() {
                    return Message::Done;
                }
            }
        }
        Message::Done
    };
    let last = tokio::select! {
        biased;
        error = stop.wait() => Message::Failed(error),
        last = sent => last,
    };
    drop(stream);
    drop(permit);
    if messages.send(last).await.is_err() {
        tracing::debug!(%query, "the reader is gone");
    }
}

/// The batch in the schema announced: text as plain strings, dictionaries spelled out, names as announced.
fn conform(batch: &RecordBatch, announced: &SchemaRef) -> Result<RecordBatch> {
    if batch.num_columns() != announced.fields().len() {
        let (got, wanted) = (batch.num_columns(), announced.fields().len());
        return Err(Error::internal(format!("the plan gave {got} columns where {wanted} were announced")));
    }
    let columns = batch.columns().iter().zip(announced.fields());
    let columns = columns
        .map(|(column, field)| conform_column(column, field.data_type(), field.name()))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(announced), columns, &options)
        .map_err(|error| fault::error(error.into()))
}

/// A column in its announced type. Only the way in which values are held may differ, never the values.
fn conform_column(column: &ArrayRef, wanted: &DataType, name: &str) -> Result<ArrayRef> {
    let held = column.data_type();
    if held == wanted {
        return Ok(Arc::clone(column));
    }
    if !same_values(held, wanted) {
        let message = format!("the plan gave {held} for column '{name}', where {wanted} was announced");
        return Err(Error::internal(message));
    }
    cast(column, wanted).map_err(|error| fault::error(error.into()))
}

/// Whether two types hold the same values in different ways.
fn same_values(held: &DataType, wanted: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, Dictionary, LargeBinary, LargeList, LargeUtf8, List, ListView, Null, Struct, Timestamp,
        Utf8, Utf8View,
    };
    match (held, wanted) {
        (Null, _) => true,
        (Dictionary(_, held), wanted) => same_values(held, wanted) || **held == *wanted,
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => true,
        (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => true,
        (Timestamp(_, held), Timestamp(_, wanted)) => held == wanted,
        (List(held) | LargeList(held) | ListView(held), List(wanted) | LargeList(wanted)) => {
            held.data_type() == wanted.data_type() || same_values(held.data_type(), wanted.data_type())
        }
        (Struct(held), Struct(wanted)) => {
            held.len() == wanted.len()
                && held.iter().zip(wanted).all(|(held, wanted)| {
                    held.data_type() == wanted.data_type() || same_values(held.data_type(), wanted.data_type())
                })
        }
        _ => false,
    }
}

/// Sends the error of a query that did not start.
pub(super) async fn fail(error: Error, permit: Permit, messages: mpsc::Sender<Message>) {
    drop(permit);
    if messages.send(Message::Failed(error)).await.is_err() {
        tracing::debug!("the reader is gone");
    }
}
