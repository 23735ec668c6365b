//! Batches on their way out: an answer becomes messages of bounded size, at most a few of them waiting for the client.
//! A client that goes away, one that stops reading and a server that ends all drop the answer, which stops its query.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::FlightData;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc::{self, Sender};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::status;
use crate::error::{Error, Result};
use crate::execute::batch_bytes;
use crate::query::sent;

/// What a message aims at; its rows are divided until they take no more.
const MESSAGE_BYTES: usize = 4 << 20;
/// What a message may take, with room for its frame within the 16 MiB that drivers read.
const MESSAGE_BYTES_MOST: usize = (16 << 20) - (64 << 10);
/// Messages that wait for the client.
const WAITING: usize = 2;
/// How long a client may leave its result unread.
const UNREAD: Duration = Duration::from_secs(300);

/// Checks that results of `schema` can be sent as announced.
///
/// # Errors
/// Internal: the plan announced what drivers cannot take.
pub(super) fn sendable(schema: &Schema) -> Result<()> {
    for field in schema.fields() {
        if !field.is_nullable() {
            return Err(Error::internal(format!("column {:?} is announced as never NULL", field.name())));
        }
        if sent(field.data_type()).as_ref() != Some(field.data_type()) {
            return Err(Error::internal(format!(
                "column {:?} has type {}, which drivers cannot read",
                field.name(),
                field.data_type()
            )));
        }
    }
    Ok(())
}

/// Sends `answer` as messages, the schema first. `ending` stops it with an error.
pub(super) fn messages(
    answer: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
    schema: SchemaRef,
    ending: CancellationToken,
) -> BoxStream<'static, Result<FlightData, Status>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    // A stream that merely stops would look like a result that is complete, so that its end is told apart.
    let end = Arc::new(OnceLock::new());
    let told = Arc::clone(&end);
    tokio::spawn(async move {
        let outcome = pump(encoded(answer, schema), &sender, &ending, UNREAD).await;
        // Set once, here.
        let _ = told.set(outcome);
    });
    let messages = stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|m| (Ok(m), receiver)) });
    let last = stream::once(async move {
        match end.get() {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(Err(status::of(error))),
            None => Some(Err(status::of(&Error::internal("the result broke off")))),
        }
    });
    messages.chain(last.filter_map(std::future::ready)).boxed()
}

async fn pump(
    messages: impl Stream<Item = Result<FlightData>>,
    sender: &Sender<FlightData>,
    ending: &CancellationToken,
    unread: Duration,
) -> Result<()> {
    let mut messages = std::pin::pin!(messages);
    let ended = || Error::unavailable("the server is shutting down; ask again");
    let gone = || Error::cancelled("the client went away");
    loop {
        let message = tokio::select! {
            biased;
            () = sender.closed() => return Err(gone()),
            () = ending.cancelled() => return Err(ended()),
            message = messages.next() => message,
        };
        let Some(message) = message.transpose()? else { return Ok(()) };
        tokio::select! {
            biased;
            sent = tokio::time::timeout(unread, sender.send(message)) => match sent {
                Ok(Ok(())) => {}
                Ok(Err(_closed)) => return Err(gone()),
                Err(_elapsed) => return Err(Error::deadline(format!(
                    "the result was left unread for {} minutes; fetch it at once or ask for less",
                    unread.as_secs() / 60
                ))),
            },
            () = ending.cancelled() => return Err(ended()),
        }
    }
}

fn encoded(
    answer: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
    schema: SchemaRef,
) -> impl Stream<Item = Result<FlightData>> + Send {
    let announced = Arc::clone(&schema);
    let pieces = answer
        .map(move |batch| {
            Ok::<_, FlightError>(stream::iter(pieces(&batch.map_err(external)?, &announced).map_err(external)?).map(Ok))
        })
        .try_flatten();
    FlightDataEncoderBuilder::new()
        .with_schema(schema)
        // The rows are divided already; the encoder would count the buffers of whole batches again.
        .with_max_flight_data_size(usize::MAX)
        .build(pieces)
        .map(|message| message.map_err(own).and_then(small_enough))
}

fn external(error: Error) -> FlightError {
    FlightError::ExternalError(Box::new(error))
}

fn own(error: FlightError) -> Error {
    match error {
        FlightError::ExternalError(error) => match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(other) => Error::internal("the result cannot be sent").with_source(other),
        },
        other => Error::internal("the result cannot be sent").with_source(other),
    }
}

fn small_enough(message: FlightData) -> Result<FlightData> {
    let bytes = message.data_header.len() + message.data_body.len();
    if bytes > MESSAGE_BYTES_MOST {
        return Err(Error::exhausted(format!(
            "one row of the result takes {bytes} bytes, more than the {MESSAGE_BYTES_MOST} that a message may; select \
             fewer or shorter columns"
        )));
    }
    Ok(message)
}

/// `batch` with the announced schema, in pieces that aim at [`MESSAGE_BYTES`].
fn pieces(batch: &RecordBatch, announced: &SchemaRef) -> Result<Vec<RecordBatch>> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(announced), batch.columns().to_vec(), &options)
        .map_err(|error| Error::internal("the result differs from its announced schema").with_source(error))?;
    let mut pieces = Vec::new();
    divide(batch, &mut pieces);
    Ok(pieces)
}

fn divide(batch: RecordBatch, pieces: &mut Vec<RecordBatch>) {
    let rows = batch.num_rows();
    if rows <= 1 || batch_bytes(&batch) <= MESSAGE_BYTES {
        pieces.push(batch);
        return;
    }
    divide(batch.slice(0, rows / 2), pieces);
    divide(batch.slice(rows / 2, rows - rows / 2), pieces);
}

#[cfg(test)]
mod tests;
