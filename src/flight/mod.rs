//! Arrow Flight SQL: the server over a mart, and [`client::Client`], its other end.
//!
//! The life of a statement here: GetFlightInfo has the mart plan it and answers with its schema and a `ticket` that
//! holds the statement pinned to a mart version; DoGet redeems the ticket and sends what comes (`encode`). Between
//! the two the server keeps nothing. What tools browse is answered by `metadata`.

mod action;
mod bound;
pub mod browse;
mod calls;
pub mod client;
mod command;
mod encode;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod handle;
mod metadata;
mod prepared;
mod request;
mod service;
mod status;
mod ticket;
mod values;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use futures::{Stream, stream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Status};

use crate::error::{Error, Result};
use crate::listen::{Allowance, Connection, Listener, Presence};
use crate::mart::Mart;
use calls::Calls;
use request::Prompt;
use service::Service;

/// Calls at once on one connection.
const STREAMS: u32 = 16;
/// The largest message that is read: a statement or a ticket of the longest one, with room to spare.
const REQUEST_BYTES: usize = 2 << 20;
/// The largest message that is written, which is what drivers read at most.
const RESPONSE_BYTES: usize = 16 << 20;
/// What a call's headers may take.
const HEADER_BYTES: u32 = 32 << 10;
/// What an HTTP/2 client says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long connections must be quiet before they are cut at the end, and how long clients have to take note of what
/// they are told last.
const FAREWELL: Duration = Duration::from_millis(500);

/// What clients may take up, and how long they are waited for.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections at once. They may last, for drivers keep theirs; one more takes the place of an idle one.
    pub connections: usize,
    /// How long a new connection may take to speak HTTP/2.
    pub preface: Duration,
    /// How long a client may be silent before it is asked whether it is there.
    pub silence: Duration,
    /// How long it may take to answer that.
    pub answer: Duration,
    /// How long a request may take to arrive as a whole.
    pub request: Duration,
    /// How long results may go on after the end has been asked for.
    pub drain: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 256,
            preface: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            answer: Duration::from_secs(20),
            request: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}

impl Bounds {
    fn allowance(&self) -> Allowance {
        Allowance {
            connections: self.connections,
            idle_give_way: true,
            greeting_bytes: PREFACE.len(),
            greeting_within: self.preface,
            lifetime: None,
        }
    }
}

/// Serves Flight SQL on `listener` until `shutdown`. Then calls that are under way go on for a few seconds; what is left
/// of their results ends with UNAVAILABLE.
///
/// # Errors
/// Misconfigured: the address is not a loopback address.
pub async fn run(
    mart: Arc<Mart>,
    listener: TcpListener,
    bounds: Bounds,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (calls, stopping, cut) = (Calls::new(), CancellationToken::new(), CancellationToken::new());
    let listener = Listener::new(listener, bounds.allowance(), cut.clone())?;
    let traffic = listener.traffic();
    let service = FlightServiceServer::new(Service::new(mart, calls.clone()))
        .max_decoding_message_size(REQUEST_BYTES)
        .max_encoding_message_size(RESPONSE_BYTES);
    let service = Prompt::new(InterceptedService::new(service, without_credentials), bounds.request);
    let server = Server::builder()
        .max_concurrent_streams(STREAMS)
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_keepalive_interval(Some(bounds.silence))
        .http2_keepalive_timeout(Some(bounds.answer))
        .add_service(service)
        .serve_with_incoming_shutdown(incoming(listener), stopping.clone().cancelled_owned());
    let end = async move {
        shutdown.await;
        stopping.cancel();
        let done = async {
            calls.none().await;
            // The last messages of results may still be on their way.
            traffic.quiet(FAREWELL).await;
        };
        if tokio::time::timeout(bounds.drain, done).await.is_err() {
            calls.end();
            tokio::time::sleep(FAREWELL).await;
        }
        cut.cancel();
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        served = server => served.map_err(|error| Error::unavailable("the Flight server stopped").with_source(error)),
        () = end => Ok(()),
    }
}

fn incoming(listener: Listener) -> impl Stream<Item = Result<Connection, Infallible>> {
    stream::unfold(listener, |listener| async {
        let (connection, _address) = listener.accept().await;
        Some((Ok(connection), listener))
    })
}

/// What clients send that have no token: Python's flightsql-dbapi writes what it has instead.
const NO_TOKEN: [&str; 2] = ["Bearer", "Bearer None"];

/// Refuses credentials: there is nothing to check them against, and whoever sends them expects that they are checked.
fn without_credentials(request: Request<()>) -> Result<Request<()>, Status> {
    let none = |value: &MetadataValue<Ascii>| value.to_str().is_ok_and(|value| NO_TOKEN.contains(&value.trim()));
    if !request.metadata().get_all("authorization").iter().all(none) {
        return Err(Status::unauthenticated("there is no login here yet; connect without user, password and token"));
    }
    Ok(request)
}

impl Connected for Connection {
    type ConnectInfo = Presence;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.presence()
    }
}
