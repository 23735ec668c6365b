//! Arrow Flight SQL: the server over a mart, and [`client::Client`], its other end.
//!
//! The life of a statement here: GetFlightInfo has the mart plan it and answers with its schema and a `ticket` that
//! holds the statement pinned to a mart version; DoGet redeems the ticket and sends what comes (`encode`). Between
//! the two the server keeps nothing.

pub mod client;
mod command;
mod encode;
mod info;
mod service;
mod status;
mod ticket;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use futures::{Stream, stream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Status};

use crate::error::{Error, Result};
use crate::listen::{Allowance, Connection, Listener};
use crate::mart::Mart;
use service::Service;

/// Connections at once. They may last: drivers keep theirs.
const ALLOWANCE: Allowance = Allowance { connections: 256, lifetime: None };
/// Calls at once on one connection.
const STREAMS: u32 = 128;
/// The largest message that is read; what clients send is short.
const REQUEST_BYTES: usize = 4 << 20;
/// The largest message that is written, which is what drivers read at most.
const RESPONSE_BYTES: usize = 16 << 20;
/// What a call's headers may take.
const HEADER_BYTES: u32 = 32 << 10;
/// How often a silent client is asked whether it is there, and how long it may take to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));
/// How long results may go on after the end has been asked for.
const DRAIN: Duration = Duration::from_secs(10);
/// How long clients have to take note that their results have been ended.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves Flight SQL on `listener` until `shutdown`. Then results that are under way go on for a few seconds; what is
/// left of them ends with UNAVAILABLE.
///
/// # Errors
/// Misconfigured: the address is not a loopback address.
pub async fn run(
    mart: Arc<Mart>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (stopping, ending, cut) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
    let listener = Listener::new(listener, ALLOWANCE, cut.clone())?;
    let service = FlightServiceServer::new(Service::new(mart, ending.clone()))
        .max_decoding_message_size(REQUEST_BYTES)
        .max_encoding_message_size(RESPONSE_BYTES);
    let server = Server::builder()
        .max_concurrent_streams(STREAMS)
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .add_service(InterceptedService::new(service, without_credentials))
        .serve_with_incoming_shutdown(incoming(listener), stopping.clone().cancelled_owned());
    let end = async move {
        shutdown.await;
        stopping.cancel();
        tokio::time::sleep(DRAIN).await;
        ending.cancel();
        tokio::time::sleep(FAREWELL).await;
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

/// Refuses credentials: there is nothing to check them against, and whoever sends them expects that they are checked.
fn without_credentials(request: Request<()>) -> Result<Request<()>, Status> {
    if request.metadata().contains_key("authorization") {
        return Err(Status::unauthenticated("there is no login here yet; connect without user, password and token"));
    }
    Ok(request)
}

impl Connected for Connection {
    type ConnectInfo = Option<SocketAddr>;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.peer()
    }
}
