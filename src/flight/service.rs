//! The Flight service: which call does what. Statements and metadata are answered; whatever else Flight SQL
//! knows is refused by name, and as UNIMPLEMENTED, the one code on which drivers try another way.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::DoPutPreparedStatementResult;
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest,
    HandshakeResponse, PollInfo, PutResult, SchemaAsIpc, SchemaResult, Ticket,
};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::action;
use super::bound::LastBound;
use super::calls::{Call, Calls};
use super::command::{self, Asked, Redeemed};
use super::metadata::Metadata;
use super::prepared::Prepared;
use super::{encode, status, ticket, values};
use crate::error::{Error, Result};
use crate::listen::Presence;
use crate::mart::{Mart, Pinned, Session};
use crate::query::{Principal, Settings};

/// A stream of messages of a response.
type Messages<T> = BoxStream<'static, Result<T, Status>>;

/// Answers Flight calls from a mart.
#[derive(Debug)]
pub(super) struct Service {
    mart: Arc<Mart>,
    calls: Calls,
    bound: LastBound,
}

impl Service {
    /// Answers from `mart`, and counts its calls among `calls`.
    pub(super) fn new(mart: Arc<Mart>, calls: Calls) -> Self {
        Self { mart, calls, bound: LastBound::default() }
    }

    /// Nobody logs in yet, and calls share no settings: each has a session of its own.
    fn session(&self) -> Session {
        self.mart.statement_session(Principal::local(), Settings::default())
    }

    async fn pin(&self, sql: &str, values: Vec<String>) -> Result<(Pinned, SchemaRef)> {
        let (pinned, schema) = self.session().pin(sql, values).await?;
        encode::sendable(&schema)?;
        Ok((pinned, schema))
    }

    async fn offer(&self, descriptor: FlightDescriptor, sql: &str, values: Vec<String>) -> Result<FlightInfo> {
        let (pinned, schema) = self.pin(sql, values).await?;
        let ticket = ticket::Ticket::new(pinned, &schema)?.encode()?;
        described(descriptor, &schema, ticket)
    }

    async fn describe(&self, descriptor: FlightDescriptor) -> Result<FlightInfo> {
        match command::asked(&descriptor)? {
            Asked::Statement(sql) => self.offer(descriptor, &sql, Vec::new()).await,
            Asked::Prepared(prepared) => self.offer(descriptor, &prepared.sql, self.values(&prepared)).await,
            Asked::Metadata(metadata) => {
                let ticket = Ticket::new(descriptor.cmd.clone());
                described(descriptor, &metadata.schema(), ticket)
            }
        }
    }

    /// The values in the handle, or those that were bound last to one without.
    fn values(&self, prepared: &Prepared) -> Vec<String> {
        match prepared.values.is_empty() {
            true => self.bound.values(prepared.id),
            false => prepared.values.clone(),
        }
    }

    async fn schema(&self, descriptor: &FlightDescriptor) -> Result<SchemaResult> {
        let schema = match command::asked(descriptor)? {
            Asked::Statement(sql) => self.pin(&sql, Vec::new()).await?.1,
            Asked::Prepared(prepared) => self.pin(&prepared.sql, self.values(&prepared)).await?.1,
            Asked::Metadata(metadata) => metadata.schema(),
        };
        SchemaAsIpc::new(&schema, &IpcWriteOptions::default())
            .try_into()
            .map_err(|error: arrow::error::ArrowError| Error::internal("the schema cannot be sent").with_source(error))
    }

    async fn redeem(&self, issued: &Ticket, presence: Option<&Presence>) -> Result<Messages<FlightData>> {
        let call = self.calls.redeem(&issued.ticket, presence);
        match command::redeemed(issued)? {
            Redeemed::Statement(ticket) => self.run(&ticket, call).await,
            Redeemed::Metadata(metadata) => self.tell(&metadata, call).await,
        }
    }

    async fn tell(&self, metadata: &Metadata, call: Call) -> Result<Messages<FlightData>> {
        let rows = metadata.rows(&self.session()).await?;
        Ok(encode::messages(stream::iter([Ok(rows)]), metadata.schema(), None, call))
    }

    async fn run(&self, ticket: &ticket::Ticket, call: Call) -> Result<Messages<FlightData>> {
        let session = self.session();
        let answer = tokio::select! {
            biased;
            error = call.ended() => return Err(error),
            answer = session.run(&ticket.pinned) => answer?,
        };
        let schema = Arc::clone(&answer.schema);
        encode::sendable(&schema)?;
        if ticket::fingerprint(&schema)? != ticket.schema {
            return Err(Error::unavailable("the result's columns have changed since it was announced; ask again"));
        }
        let deadline = answer.deadline;
        Ok(encode::messages(answer, schema, deadline, call))
    }
}

impl Service {
    async fn prepare(&self, sql: String) -> Result<Bytes> {
        let description = self.session().describe(&sql).await?;
        encode::sendable(&description.schema)?;
        action::prepared(&Prepared::new(sql), &description.parameters, &description.schema)
    }

    /// Does what is asked, and gives the answer, if there is one.
    async fn act(&self, asked: action::Asked) -> Result<Option<Bytes>> {
        match asked {
            action::Asked::Prepare(sql) => self.prepare(sql).await.map(Some),
            action::Asked::Close(handle) => {
                // One that cannot be read, or is too old, is closed already.
                if let Ok(prepared) = Prepared::decode(&handle) {
                    self.bound.forget(prepared.id);
                }
                Ok(None)
            }
            action::Asked::Cancel { tickets, older } => {
                let stopped = tickets.iter().filter(|ticket| self.calls.cancel(ticket)).count();
                Ok(Some(action::cancelled(stopped > 0, older)))
            }
        }
    }

    /// Binds values to a prepared statement: the handle of the statement that has them.
    async fn bind(&self, mut messages: Streaming<FlightData>) -> Result<PutResult> {
        let first = messages.next().await.transpose().map_err(status::error)?;
        let first = first.ok_or_else(|| Error::invalid("nothing was put"))?;
        let command = first.flight_descriptor.as_ref().map(|descriptor| descriptor.cmd.clone()).unwrap_or_default();
        let statement = command::put(&command)?;
        let values = values::row(stream::iter([Ok(first)]).chain(messages)).await?;
        let statement = statement.with_values(values)?;
        self.bound.keep(statement.id, &statement.values);
        let result = DoPutPreparedStatementResult { prepared_statement_handle: Some(statement.encode()?.into()) };
        Ok(PutResult { app_metadata: result.encode_to_vec().into() })
    }
}

/// One endpoint without a location: the result is had where it was asked.
fn described(descriptor: FlightDescriptor, schema: &Schema, ticket: Ticket) -> Result<FlightInfo> {
    Ok(FlightInfo::new()
        .try_with_schema(schema)
        .map_err(|error| Error::internal("the schema cannot be sent").with_source(error))?
        .with_descriptor(descriptor)
        .with_endpoint(FlightEndpoint::new().with_ticket(ticket))
        .with_total_records(-1)
        .with_total_bytes(-1)
        .with_ordered(false))
}

fn response<T>(result: Result<T>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| status::of(&error))
}

fn refusal<T>(name: &str) -> Result<Response<T>, Status> {
    response(Err(command::refused(name)))
}

#[async_trait]
impl FlightService for Service {
    type HandshakeStream = Messages<HandshakeResponse>;
    type ListFlightsStream = Messages<FlightInfo>;
    type DoGetStream = Messages<FlightData>;
    type DoPutStream = Messages<PutResult>;
    type DoActionStream = Messages<arrow_flight::Result>;
    type ListActionsStream = Messages<ActionType>;
    type DoExchangeStream = Messages<FlightData>;

    async fn get_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        let _call = self.calls.begin(request.extensions().get());
        response(self.describe(request.into_inner()).await)
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        let _call = self.calls.begin(request.extensions().get());
        response(self.schema(&request.into_inner()).await)
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        response(self.redeem(request.get_ref(), request.extensions().get()).await)
    }

    async fn do_action(&self, request: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        let _call = self.calls.begin(request.extensions().get());
        let done = async { self.act(action::asked(&request.into_inner())?).await };
        response(done.await.map(|answer| stream::iter(answer.map(|body| Ok(arrow_flight::Result { body }))).boxed()))
    }

    async fn do_put(&self, request: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        let _call = self.calls.begin(request.extensions().get());
        response(self.bind(request.into_inner()).await.map(|bound| stream::iter([Ok(bound)]).boxed()))
    }

    async fn list_actions(&self, _request: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        Ok(Response::new(stream::iter(action::actions().map(Ok)).boxed()))
    }

    async fn handshake(
        &self,
        _request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        response(Err(Error::unimplemented(
            "Handshake is not there, for there is no login; connect without credentials",
        )))
    }

    async fn list_flights(&self, _request: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        refusal("ListFlights")
    }

    async fn poll_flight_info(&self, _request: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        refusal("PollFlightInfo")
    }

    async fn do_exchange(
        &self,
        _request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        refusal("DoExchange")
    }
}
