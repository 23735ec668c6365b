//! Our Flight SQL client: a statement goes out, batches come back, errors keep the kind that they had at the server.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::iter;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{CommandStatementQuery, ProstMessageExt};
use arrow_flight::{FlightDescriptor, FlightEndpoint, Ticket};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use prost::Message;
use tonic::transport::{Channel, Endpoint};
use url::{Host, Url};

use super::status;
use crate::error::{Error, Result};

/// Where Flight SQL is served when a URL names no port.
const PORT: u16 = 31337;
/// How long a connection may take to stand.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How often a silent server is asked whether it is there, and how long it may take to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));
/// The largest message that is read; other servers may send larger ones than ours.
const RESPONSE_BYTES: usize = 64 << 20;

/// A connection to a Flight SQL server.
#[derive(Debug, Clone)]
pub struct Client {
    service: FlightServiceClient<Channel>,
    url: String,
}

/// A result on its way from the server; dropping it stops the query there.
pub struct Rows {
    /// The schema of every batch.
    pub schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch>>,
}

impl Client {
    /// Connects to `grpc://host:port` (also `grpc+tcp://`, `http://`, or plain `host:port`).
    ///
    /// # Errors
    /// Invalid: not such a URL. Unavailable: nobody answers there, and why.
    pub async fn connect(url: &str) -> Result<Self> {
        let address = address(url)?;
        let connected = Endpoint::from_shared(address.clone())
            .map_err(|error| malformed(url).with_source(error))?
            .connect_timeout(CONNECT_WITHIN)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEPALIVE.0)
            .keep_alive_timeout(KEEPALIVE.1)
            .connect()
            .await;
        let channel = match connected {
            Ok(channel) => channel,
            Err(error) => return Err(unreachable(url, &address, error).await),
        };
        let service = FlightServiceClient::new(channel).max_decoding_message_size(RESPONSE_BYTES);
        Ok(Self { service, url: url.to_owned() })
    }

    /// Asks a statement.
    ///
    /// # Errors
    /// Whatever the server answers, as the kind that it had there.
    pub async fn query(&self, sql: &str) -> Result<Rows> {
        self.ask(&CommandStatementQuery { query: sql.into(), transaction_id: None }).await
    }

    /// Asks what a command of Flight SQL's asks.
    pub(super) async fn ask(&self, command: &(impl ProstMessageExt + Sync)) -> Result<Rows> {
        let descriptor = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
        let asked = self.service.clone().get_flight_info(descriptor).await;
        let mut info = asked.map_err(|status| status::first_error(status, &self.url))?.into_inner();
        let tickets = std::mem::take(&mut info.endpoint).into_iter().map(ticket).collect::<Result<Vec<_>>>()?;
        let schema = SchemaRef::new(info.try_decode_schema().map_err(|error| unreadable().with_source(error))?);
        let service = self.service.clone();
        let mut parts = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            parts.push(part(service.clone(), ticket, SchemaRef::clone(&schema)));
        }
        // The first part is asked for here, so that a statement that fails at once does so before any row.
        let mut batches = stream::iter(parts).then(|part| part).try_flatten().boxed().peekable();
        if let Some(Err(_)) = Pin::new(&mut batches).peek().await
            && let Some(Err(error)) = batches.next().await
        {
            return Err(error);
        }
        Ok(Rows { schema, batches: batches.boxed() })
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_next_unpin(context)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("schema", &self.schema).finish_non_exhaustive()
    }
}

async fn part(
    mut service: FlightServiceClient<Channel>,
    ticket: Ticket,
    announced: SchemaRef,
) -> Result<impl Stream<Item = Result<RecordBatch>> + Send> {
    let messages = service.do_get(ticket).await.map_err(status::error)?.into_inner();
    let batches =
        FlightRecordBatchStream::new_from_flight_data(messages.map_err(|status| FlightError::Tonic(Box::new(status))));
    Ok(batches.map_err(error).and_then(move |batch| {
        std::future::ready(if same(&batch.schema(), &announced) {
            Ok(batch)
        } else {
            Err(Error::internal("the server sent other columns than it had announced"))
        })
    }))
}

fn same(sent: &Schema, announced: &Schema) -> bool {
    sent.fields() == announced.fields()
}

fn error(error: FlightError) -> Error {
    match error {
        FlightError::Tonic(error) => status::error(*error),
        other => unreadable().with_source(other),
    }
}

fn unreadable() -> Error {
    Error::internal("the server's answer cannot be read")
}

/// The ticket of an endpoint that is had over this connection.
fn ticket(endpoint: FlightEndpoint) -> Result<Ticket> {
    let elsewhere = |uri: &str| !uri.is_empty() && !uri.starts_with("arrow-flight-reuse-connection:");
    if let Some(location) = endpoint.location.iter().find(|location| elsewhere(&location.uri)) {
        return Err(Error::unimplemented(format!(
            "the result is at {}; only results on the connection itself are fetched",
            location.uri
        )));
    }
    endpoint.ticket.ok_or_else(unreadable)
}

/// The address inside a URL, as the transport takes it.
fn address(url: &str) -> Result<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("grpc", url));
    match scheme {
        "grpc" | "grpc+tcp" | "http" => {}
        "grpc+tls" | "https" => {
            return Err(Error::invalid(format!("{url}: encrypted connections are not there yet; use grpc://")));
        }
        _ => {
            let said = format!("{url:?}: '{scheme}' is no scheme of a Flight SQL server; write grpc://host:{PORT}");
            return Err(Error::invalid(said));
        }
    }
    // A scheme whose default port is known would hide that port.
    let parsed = Url::parse(&format!("grpc://{rest}")).map_err(|error| malformed(url).with_source(error))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Error::invalid("the URL holds credentials, and there is no login yet; leave them out"));
    }
    // A word alone is a slip of the pen rather than a host.
    if rest == url && parsed.port().is_none() {
        return Err(malformed(url));
    }
    let bare = matches!(parsed.path(), "" | "/") && parsed.query().is_none() && parsed.fragment().is_none();
    match parsed.host() {
        Some(host) if bare && host != Host::Domain("") => {
            Ok(format!("http://{host}:{}", parsed.port().unwrap_or(PORT)))
        }
        _ => Err(malformed(url)),
    }
}

/// Why there is no connection to `address`, which `url` names.
async fn unreachable(url: &str, address: &str, error: tonic::transport::Error) -> Error {
    let place = address.strip_prefix("http://").unwrap_or(address);
    let why = match (tokio::net::lookup_host(place).await, io_kind(&error)) {
        (Err(fault), _) => format!("the host is not found ({fault}); check its name"),
        (Ok(_), Some(io::ErrorKind::ConnectionRefused)) => {
            format!("nothing listens at {place}; is starmart serve running there?")
        }
        (Ok(_), Some(io::ErrorKind::TimedOut)) => {
            format!(
                "no answer within {} seconds; check the address and what stands in between",
                CONNECT_WITHIN.as_secs()
            )
        }
        (Ok(_), Some(kind)) => format!("{kind}; is starmart serve running there?"),
        (Ok(_), None) => "is starmart serve running there?".to_owned(),
    };
    Error::unavailable(format!("cannot connect to {url}: {why}")).with_source(error)
}

/// What the system said, if that is why.
fn io_kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let mut chain = iter::successors(Some(error), |&link| link.source());
    chain.find_map(|link| link.downcast_ref::<io::Error>()).map(io::Error::kind)
}

fn malformed(url: &str) -> Error {
    Error::invalid(format!("{url:?} is not the URL of a Flight SQL server; write grpc://host:{PORT}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn urls_are_read() {
        for (url, expected) in [
            ("grpc://127.0.0.1:4000", "http://127.0.0.1:4000"),
            ("grpc+tcp://localhost", "http://localhost:31337"),
            ("http://localhost:80/", "http://localhost:80"),
            ("localhost:1", "http://localhost:1"),
            ("grpc://[::1]:5", "http://[::1]:5"),
        ] {
            assert_eq!(address(url).unwrap(), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in [
            "",
            "nonsense",
            "localhost",
            "grpc://",
            "ftp://x",
            "grpc://x:99999",
            "grpc://x/y",
            "grpc://x?y=1",
            "grpc+tls://x",
            "grpc://a:b@x",
        ] {
            assert_eq!(address(url).unwrap_err().kind(), Kind::Invalid, "{url}");
        }
        assert!(!address("grpc://a:secret@x").unwrap_err().message().contains("secret"));
    }

    #[tokio::test]
    async fn nobody_there_is_unavailable() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("grpc://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = Client::connect(&url).await.unwrap_err();
        let place = url.trim_start_matches("grpc://");
        let said = format!("cannot connect to {url}: nothing listens at {place}; is starmart serve running there?");
        assert_eq!((error.kind(), error.message()), (Kind::Unavailable, said.as_str()));
    }

    #[tokio::test]
    async fn an_unknown_host_is_told_from_one_that_refuses() {
        // No name server is asked for a label of more than 63 letters.
        let url = format!("grpc://{}:1", "nope".repeat(20));
        let error = Client::connect(&url).await.unwrap_err();
        let said = format!("cannot connect to {url}: the host is not found (");
        assert!(error.kind() == Kind::Unavailable && error.message().starts_with(&said), "{error}");
    }

    #[test]
    fn a_scheme_of_something_else_is_named() {
        let error = address("ftp://x").unwrap_err();
        assert_eq!(error.message(), "\"ftp://x\": 'ftp' is no scheme of a Flight SQL server; write grpc://host:31337");
    }

    #[tokio::test]
    async fn what_speaks_something_else_is_no_flight_server() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let web = tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let _ = connection.read(&mut [0; 64]).await;
                let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
            }
        });
        let asked = async { Client::connect(&url).await?.query("SELECT 1").await.map(drop) };
        let error = asked.await.unwrap_err();
        assert!(
            error.kind() == Kind::Unavailable && error.message().contains("no Flight SQL server answers"),
            "{error}"
        );
        web.abort();
    }

    #[test]
    fn results_elsewhere_are_not_fetched() {
        let endpoint = || FlightEndpoint::new().with_ticket(Ticket::new("x"));
        assert!(ticket(endpoint()).is_ok());
        assert!(ticket(endpoint().with_location("arrow-flight-reuse-connection://?")).is_ok());
        assert_eq!(ticket(endpoint().with_location("grpc://other:1")).unwrap_err().kind(), Kind::Unimplemented);
        assert_eq!(ticket(FlightEndpoint::new()).unwrap_err().kind(), Kind::Internal);
    }
}
