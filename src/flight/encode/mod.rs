//! Batches on their way out: an answer becomes messages of bounded size (`writer`), which wait for the client
//! (`outbox`).

mod outbox;
mod writer;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::FlightData;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use tokio::time::timeout;
use tonic::Status;

use super::calls::Call;
use super::status;
use crate::error::{Error, Result};
use crate::execute::divided;
use crate::query::sent;
use outbox::{Outbox, Patience};
use writer::Writer;

/// What a message aims at; its rows are divided until they take no more.
const MESSAGE_BYTES: usize = 4 << 20;
/// How long a client may leave its result unread.
const UNREAD: Duration = Duration::from_secs(300);
/// How long a result is silent at most: what stands between server and client may cut off whatever says nothing, and
/// takes no notice of HTTP/2's pings.
const SILENT: Duration = Duration::from_secs(5);

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

/// Sends `answer` as messages, the schema first. The last must have been made by the `deadline`, and all end with `call`.
pub(super) fn messages(
    answer: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
    schema: SchemaRef,
    deadline: Option<Instant>,
    call: Call,
) -> BoxStream<'static, Result<FlightData, Status>> {
    let (outbox, waiting) = Outbox::new(Patience { deadline, unread: UNREAD });
    // A stream that merely stops would look like a result that is complete, so that its end is told apart.
    let end = Arc::new(OnceLock::new());
    let told = Arc::clone(&end);
    let ended = call.ended();
    tokio::spawn(async move {
        let outcome = outbox.send(encoded(answer, schema), ended).await;
        // Set once, here, and before the outbox is dropped.
        let _ = told.set(outcome);
    });
    let last = stream::once(async move {
        // Until here it is under way.
        let _call = call;
        match end.get() {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(Err(status::of(error))),
            None => Some(Err(status::of(&Error::internal("the result broke off")))),
        }
    });
    waiting.map(Ok).chain(last.filter_map(std::future::ready)).boxed()
}

fn encoded(
    answer: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
    schema: SchemaRef,
) -> impl Stream<Item = Result<FlightData>> + Send {
    let mut writer = Writer::new();
    let first = writer.schema(&schema);
    // Where it cannot be written, neither can the rows, which say why.
    let nothing = writer.batch(&RecordBatch::new_empty(Arc::clone(&schema))).ok();
    let pieces = answer.flat_map(move |batch| {
        let pieces = batch.and_then(|batch| pieces(&batch, &schema));
        stream::iter(pieces.map_or_else(|error| vec![Err(error)], |pieces| pieces.into_iter().map(Ok).collect()))
    });
    let written = pieces.map(move |piece| piece.and_then(|piece| writer.batch(&piece)));
    kept_alive(stream::iter([Ok(first)]).chain(written), nothing, SILENT)
}

/// The messages, and one that holds nothing wherever there has been none for so long.
fn kept_alive(
    messages: impl Stream<Item = Result<FlightData>> + Send + 'static,
    nothing: Option<FlightData>,
    silent: Duration,
) -> impl Stream<Item = Result<FlightData>> + Send {
    stream::unfold(messages.boxed(), move |mut messages| {
        let nothing = nothing.clone();
        async move {
            let next = match nothing {
                Some(nothing) => timeout(silent, messages.next()).await.unwrap_or(Some(Ok(nothing))),
                None => messages.next().await,
            };
            next.map(|message| (message, messages))
        }
    })
}

/// `batch` with the announced schema, in pieces that aim at [`MESSAGE_BYTES`].
fn pieces(batch: &RecordBatch, announced: &SchemaRef) -> Result<Vec<RecordBatch>> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(announced), batch.columns().to_vec(), &options)
        .map_err(|error| Error::internal("the result differs from its announced schema").with_source(error))?;
    Ok(divided(batch, MESSAGE_BYTES))
}

#[cfg(test)]
mod tests;
