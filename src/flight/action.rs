//! Actions: what a client asks to be done rather than to be sent. Those that are there, and every other refused by name.

use arrow::datatypes::Schema;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, ProstMessageExt,
};
use arrow_flight::{
    ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo, IpcMessage, SchemaAsIpc,
};
use bytes::Bytes;
use prost::Message;

use super::command;
use super::prepared::Prepared;
use super::ticket;
use crate::error::{Error, Result};

const PREPARE: &str = "CreatePreparedStatement";
const CLOSE: &str = "ClosePreparedStatement";
const CANCEL: &str = "CancelFlightInfo";
const CANCEL_QUERY: &str = "CancelQuery";

/// The actions that are there, and what they do.
const ACTIONS: [(&str, &str); 4] = [
    (PREPARE, "Prepares a statement: its handle, its parameters and the schema of its result"),
    (CLOSE, "Takes a prepared statement's handle back"),
    (CANCEL, "Stops what is being sent of a result"),
    (CANCEL_QUERY, "As CancelFlightInfo, for older clients"),
];

/// An action that is there.
#[derive(Debug)]
pub(super) enum Asked {
    /// Prepare this statement.
    Prepare(String),
    /// Take a handle back.
    Close(Bytes),
    /// Stop what is sent for these tickets. An older client is answered in its own form.
    Cancel { tickets: Vec<Bytes>, older: bool },
}

/// The actions that are there.
pub(super) fn actions() -> impl Iterator<Item = ActionType> {
    ACTIONS.into_iter().map(|(name, what)| ActionType { r#type: name.to_owned(), description: what.to_owned() })
}

/// Reads an action.
///
/// # Errors
/// Invalid: it is malformed. Unimplemented: one that is not there.
pub(super) fn asked(action: &arrow_flight::Action) -> Result<Asked> {
    match action.r#type.as_str() {
        PREPARE => {
            let request: ActionCreatePreparedStatementRequest = unpacked(PREPARE, &action.body)?;
            command::sql(request.query, request.transaction_id.as_deref()).map(Asked::Prepare)
        }
        CLOSE => unpacked::<ActionClosePreparedStatementRequest>(CLOSE, &action.body)
            .map(|request| Asked::Close(request.prepared_statement_handle)),
        CANCEL => {
            let request =
                CancelFlightInfoRequest::decode(action.body.clone()).map_err(|error| malformed(CANCEL, error))?;
            cancel(request.info, false)
        }
        CANCEL_QUERY => {
            let request: ActionCancelQueryRequest = unpacked(CANCEL_QUERY, &action.body)?;
            let info = FlightInfo::decode(request.info).map_err(|error| malformed(CANCEL_QUERY, error))?;
            cancel(Some(info), true)
        }
        other => Err(command::refused(other)),
    }
}

fn cancel(info: Option<FlightInfo>, older: bool) -> Result<Asked> {
    let endpoints = info.map(|info| info.endpoint).unwrap_or_default();
    let tickets: Vec<Bytes> = endpoints.into_iter().filter_map(|end| end.ticket).map(|ticket| ticket.ticket).collect();
    match tickets.is_empty() {
        true => Err(Error::invalid("there is no ticket in what is to be cancelled; send back what GetFlightInfo gave")),
        false => Ok(Asked::Cancel { tickets, older }),
    }
}

fn unpacked<M: ProstMessageExt + Default>(name: &str, body: &Bytes) -> Result<M> {
    let any = ticket::message(&format!("body of {name}"), body)?;
    let message = any.unpack().map_err(|error| malformed(name, error))?;
    message.ok_or_else(|| Error::invalid(format!("the body of {name} is another message")))
}

fn malformed(name: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::invalid(format!("malformed {name}")).with_source(error)
}

/// The answer to a prepared statement: its handle, its parameters, and the schema of its result.
///
/// # Errors
/// Internal: it cannot be written.
pub(super) fn prepared(statement: &Prepared, parameters: &Schema, result: &Schema) -> Result<Bytes> {
    let answer = ActionCreatePreparedStatementResult {
        prepared_statement_handle: statement.encode()?.into(),
        dataset_schema: written(result)?,
        parameter_schema: written(parameters)?,
    };
    Ok(answer.as_any().encode_to_vec().into())
}

/// A schema as a message of Arrow's.
fn written(schema: &Schema) -> Result<Bytes> {
    let message: Result<IpcMessage, _> = SchemaAsIpc::new(schema, &IpcWriteOptions::default()).try_into();
    message
        .map(|IpcMessage(bytes)| bytes)
        .map_err(|error| Error::internal("a prepared statement's schema cannot be written").with_source(error))
}

/// The answer to a cancellation.
pub(super) fn cancelled(stopped: bool, older: bool) -> Bytes {
    let status = if stopped { CancelStatus::Cancelled } else { CancelStatus::NotCancellable };
    let bytes = match older {
        // The codes of both forms are the same.
        true => ActionCancelQueryResult { result: status.into() }.as_any().encode_to_vec(),
        false => CancelFlightInfoResult { status: status.into() }.encode_to_vec(),
    };
    bytes.into()
}
