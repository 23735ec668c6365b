//! Flight SQL as clients meet it: Python's ADBC driver, and our own client where a driver would hide what is sent.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{Any, CommandStatementQuery, ProstMessageExt, TicketStatementQuery};
use arrow_flight::{FlightDescriptor, Ticket};
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use starmart::error::Kind;
use starmart::flight::Bounds;
use starmart::flight::client::Client;
use starmart::mart::Mart;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::cli::edit;
use crate::projects::{self, Served, loaded};

pub(crate) fn asked(sql: &str) -> FlightDescriptor {
    let command = CommandStatementQuery { query: sql.into(), transaction_id: None };
    FlightDescriptor::new_cmd(command.as_any().encode_to_vec())
}

pub(crate) async fn raw(server: &Served) -> FlightServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(server.url().replace("grpc://", "http://")).unwrap();
    FlightServiceClient::new(endpoint.connect().await.unwrap())
}

/// The ticket with `change` made to what it holds.
pub(crate) fn changed(ticket: &Ticket, change: impl FnOnce(&mut serde_json::Value)) -> Ticket {
    let any = Any::decode(&*ticket.ticket).unwrap();
    let query: TicketStatementQuery = any.unpack().unwrap().unwrap();
    let handle = std::str::from_utf8(&query.statement_handle).unwrap();
    let (head, sql) = handle.split_once('\n').unwrap();
    let mut held: serde_json::Value = serde_json::from_str(head).unwrap();
    held["decided"]["pinned"]["sql"] = sql.into();
    change(&mut held["decided"]);
    let sql = held["decided"]["pinned"]["sql"].take();
    let sql = sql.as_str().unwrap();
    held["decided"]["pinned"]["sql"] = "".into();
    held["sql_bytes"] = sql.len().into();
    let query = TicketStatementQuery { statement_handle: format!("{held}\n{sql}").into_bytes().into() };
    Ticket::new(query.as_any().encode_to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_gets_rows_and_kinds_of_errors() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let client = Client::connect(&server.url()).await.unwrap();
    let rows = client.query("select id, label from mart.samples order by id").await.unwrap();
    assert_eq!(rows.schema.fields().len(), 2);
    let batches: Vec<_> = rows.try_collect().await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 50);
    for (sql, kind) in [
        ("selec 1", Kind::Invalid),
        ("drop table mart.samples", Kind::Denied),
        ("select id from mart.samples version as of 4711", Kind::NotFound),
    ] {
        let error = client.query(sql).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{sql}: {error}");
    }
    server.stop().await;
    assert_eq!(client.query("select 1").await.unwrap_err().kind(), Kind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_announced_is_sent_from_one_endpoint() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let sql = "select count(*) as n, min(price) as low from mart.samples";
    let info = service.get_flight_info(asked(sql)).await.unwrap().into_inner();
    assert_eq!((info.endpoint.len(), info.total_records, info.ordered), (1, -1, false));
    assert!(info.endpoint[0].location.is_empty());
    let described = service.get_schema(asked(sql)).await.unwrap().into_inner();
    assert_eq!(described.schema, info.schema);
    let announced = info.clone().try_decode_schema().unwrap();
    assert!(announced.fields().iter().all(|field| field.is_nullable()));
    // A ticket is good for more than one time.
    for _ in 0..2 {
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let mut messages = service.do_get(ticket).await.unwrap().into_inner();
        let first = messages.next().await.unwrap().unwrap();
        let sent = arrow::datatypes::Schema::try_from(&first).unwrap();
        assert_eq!(sent, announced);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_tickets_are_refused() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let info = service.get_flight_info(asked("select label from mart.samples")).await.unwrap().into_inner();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let cases = [
        (changed(&ticket, |held| held["pinned"]["model_hash"] = "0".into()), Code::Unavailable),
        (changed(&ticket, |held| held["pinned"]["mart_version"] = 4711.into()), Code::NotFound),
        (changed(&ticket, |held| held["pinned"]["sql"] = "drop table mart.samples".into()), Code::PermissionDenied),
        (changed(&ticket, |held| held["pinned"]["sql"] = "select id from mart.samples".into()), Code::Unavailable),
        (changed(&ticket, |held| held["pinned"]["files"] = "/etc/passwd".into()), Code::InvalidArgument),
        (changed(&ticket, |held| held["more"] = 3.into()), Code::InvalidArgument),
        (Ticket::new(ticket.ticket.slice(..ticket.ticket.len() / 2)), Code::InvalidArgument),
    ];
    for (at, (ticket, code)) in cases.into_iter().enumerate() {
        let status = service.do_get(ticket).await.unwrap_err();
        assert_eq!(status.code(), code, "case {at}: {}", status.message());
    }
    server.stop().await;
}

/// Rows without an end, as far as anybody waits.
pub(crate) const ENDLESS: &str = "select a.id, repeat(b.label, 30) as long_text from mart.samples a, mart.samples b, \
                       mart.samples c, mart.samples d, mart.samples e, mart.samples f";
/// A question that takes as long.
const HARD: &str = "select count(distinct a.id + b.id * c.id + d.id * e.id * f.id) as n from mart.samples a, \
                    mart.samples b, mart.samples c, mart.samples d, mart.samples e, mart.samples f";
/// Long enough for anything that should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A loaded project whose queries have `limits`.
pub(crate) async fn limited(limits: &str) -> (TempDir, Arc<Mart>) {
    let (folder, loading) = loaded("wire").await;
    drop(loading);
    edit(folder.path(), "starmart.yaml", "version: 1\n", &format!("version: 1\nlimits: {{{limits}}}\n"));
    let mart = projects::open(folder.path()).await;
    (folder, mart)
}

/// How a statement ends that is asked and read to its end.
pub(crate) async fn code(service: &mut FlightServiceClient<Channel>, sql: &str) -> Code {
    let ended = async {
        let mut messages = started(service, sql).await?;
        while messages.next().await.transpose()?.is_some() {}
        Ok::<_, Status>(())
    };
    timeout(SOON, ended).await.unwrap().map_or_else(|status| status.code(), |()| Code::Ok)
}

pub(crate) async fn started(
    service: &mut FlightServiceClient<Channel>,
    sql: &str,
) -> Result<tonic::Streaming<arrow_flight::FlightData>, Status> {
    let info = service.get_flight_info(asked(sql)).await?.into_inner();
    Ok(service.do_get(info.endpoint[0].ticket.clone().unwrap()).await?.into_inner())
}

/// Asks small questions until one is answered.
async fn answered(service: &mut FlightServiceClient<Channel>) {
    let asking = async { while code(service, "select 1 as one").await != Code::Ok {} };
    timeout(SOON, asking).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_have_their_codes() {
    let (_folder, mart) = limited("query_memory: 4 MiB").await;
    let server = Served::start(mart).await;
    let greedy = "with big as (select a.id + 100 * b.id + 10000 * c.id + 1000000 * d.id as k from mart.samples a, \
                  mart.samples b, mart.samples c, mart.samples d) \
                  select count(*) as n from big x join big y on x.k = y.k";
    assert_eq!(code(&mut raw(&server).await, greedy).await, Code::ResourceExhausted);
    server.stop().await;
    let (_folder, mart) = limited("deadline: 1s").await;
    let server = Served::start(mart).await;
    assert_eq!(code(&mut raw(&server).await, HARD).await, Code::DeadlineExceeded);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_unavailable_until_the_result_before_it_is_dropped() {
    let (_folder, mart) = limited("running: 1, queued: 0").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let held = started(&mut service, ENDLESS).await.unwrap();
    assert_eq!(code(&mut service, "select 1 as one").await, Code::Unavailable);
    drop(held);
    answered(&mut service).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_does_not_fit_is_a_failed_precondition() {
    let (folder, loading) = loaded("wire").await;
    drop(loading);
    edit(folder.path(), "cubes/wire.yaml", "decimal(12,2)", "decimal(14,3)");
    let server = Served::start(projects::open(folder.path()).await).await;
    assert_eq!(code(&mut raw(&server).await, "select n from sampled").await, Code::FailedPrecondition);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_gives_its_place_back_at_the_deadline() {
    let (_folder, mart) = limited("running: 1, queued: 0, deadline: 3s").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let mut unread = started(&mut service, ENDLESS).await.unwrap();
    assert_eq!(code(&mut service, "select 1 as one").await, Code::Unavailable);
    answered(&mut service).await;
    let read = async {
        while unread.next().await.transpose()?.is_some() {}
        Ok::<_, Status>(())
    };
    assert_eq!(timeout(SOON, read).await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_killed_stops_its_query() {
    let (folder, mart) = limited("running: 1, queued: 0").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    // Its first row says that the query runs; what comes after that takes longer than anybody waits.
    let sql = format!("select 0 as n union all ({HARD})");
    let mut client = Command::new(env!("CARGO_BIN_EXE_starmart"))
        .args(["sql", "--url", &server.url(), "--format", "csv", "-c", &sql])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = client.stdout.take().unwrap();
    out.read_exact(&mut [0; 4]).unwrap();
    assert_eq!(code(&mut service, "select 1 as one").await, Code::Unavailable);
    client.kill().unwrap();
    client.wait().unwrap();
    answered(&mut service).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_redeemed_is_not_announced() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    for sql in ["select $1 as x", "select ? as x", "select id from mart.samples limit ?", "explain select $1 as x"] {
        let status = service.get_flight_info(asked(sql)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{sql}");
        assert!(status.message().contains("has no value; prepare the statement"), "{sql}: {}", status.message());
    }
    for text in ["\u{1}", "\"", "\n", "\\", "營"] {
        let sql = format!("select '{}' as t", text.repeat(1_000_000 / text.len()));
        assert_eq!(code(&mut service, &sql).await, Code::Ok, "{text:?}");
    }
    server.stop().await;
}

/// A connection that has sent `bytes`.
async fn connected(server: &Served, bytes: &[u8]) -> TcpStream {
    let mut connection = TcpStream::connect(server.url().trim_start_matches("grpc://")).await.unwrap();
    connection.write_all(bytes).await.unwrap();
    connection
}

/// Waits until the server closes a connection.
async fn closed(mut connection: TcpStream) {
    let mut bytes = [0; 1024];
    let reading = async { while connection.read(&mut bytes).await.is_ok_and(|read| read > 0) {} };
    timeout(SOON, reading).await.unwrap();
}

/// HTTP/2's preface, and settings without any setting.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_shut_nobody_out() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::within(Bounds { connections: 2, ..Bounds::default() }, mart).await;
    let oldest = connected(&server, b"").await;
    let _other = connected(&server, b"PRI").await;
    let mut service = raw(&server).await;
    assert_eq!(code(&mut service, "select 1 as one").await, Code::Ok);
    closed(oldest).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_give_way_and_busy_ones_do_not() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::within(Bounds { connections: 2, ..Bounds::default() }, mart).await;
    let mut busy = raw(&server).await;
    let info = busy.get_flight_info(asked(ENDLESS)).await.unwrap().into_inner();
    let mut rows = busy.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap().into_inner();
    assert!(rows.next().await.unwrap().is_ok());
    // Idle ones by the hundred, of which each takes the place of the one before.
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(connected(&server, HELLO).await);
        let mut service = raw(&server).await;
        assert_eq!(code(&mut service, "select 1 as one").await, Code::Ok);
    }
    closed(idle.remove(0)).await;
    for _ in 0..3 {
        assert!(rows.next().await.unwrap().is_ok());
    }
    // Where all are busy, whoever comes then is turned away instead of waiting.
    let mut other = raw(&server).await;
    let info = other.get_flight_info(asked(ENDLESS)).await.unwrap().into_inner();
    let mut others = other.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap().into_inner();
    assert!(others.next().await.unwrap().is_ok());
    closed(connected(&server, HELLO).await).await;
    drop((rows, others));
    server.stop().await;
}

/// As many as a pool that leaks opens, all of them held by their client.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_idle_connections_shut_nobody_out() {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap();
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut idle = Vec::new();
    for _ in 0..1000 {
        idle.push(connected(&server, HELLO).await);
    }
    let mut service = raw(&server).await;
    assert_eq!(code(&mut service, "select 1 as one").await, Code::Ok);
    let surplus = idle.len() + 1 - Bounds::default().connections;
    for connection in idle.drain(..surplus) {
        closed(connection).await;
    }
    assert_eq!(code(&mut service, "select 1 as one").await, Code::Ok);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_nothing_for_too_long_is_cut_off() {
    let (_folder, mart) = loaded("wire").await;
    let short = Duration::from_millis(200);
    let bounds = Bounds { preface: short, silence: short, answer: short, request: short, ..Bounds::default() };
    let server = Served::within(bounds, mart).await;
    closed(connected(&server, &HELLO[..23]).await).await;
    // It has said who it is, and answers no ping.
    closed(connected(&server, HELLO).await).await;
    // It answers pings, and never sends the whole of its request.
    let put = raw(&server).await.do_put(futures::stream::pending()).await;
    assert_eq!(put.unwrap_err().code(), Code::DeadlineExceeded);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_hold_up_the_end() {
    let (_folder, mart) = loaded("wire").await;
    let long = Duration::from_secs(3600);
    let bounds = Bounds { preface: long, silence: long, drain: long, ..Bounds::default() };
    let server = Served::within(bounds, mart).await;
    let (silent, idle) = (connected(&server, b"").await, connected(&server, HELLO).await);
    let mut service = raw(&server).await;
    assert_eq!(code(&mut service, "select 1 as one").await, Code::Ok);
    timeout(SOON, server.stop()).await.unwrap();
    closed(silent).await;
    closed(idle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_does_not_end_is_ended_with_the_server() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::within(Bounds { drain: Duration::from_millis(200), ..Bounds::default() }, mart).await;
    let mut messages = started(&mut raw(&server).await, ENDLESS).await.unwrap();
    let reading = tokio::spawn(async move {
        loop {
            if let Err(status) = messages.next().await.unwrap() {
                return status.code();
            }
        }
    });
    timeout(SOON, server.stop()).await.unwrap();
    assert_eq!(timeout(SOON, reading).await.unwrap().unwrap(), Code::Unavailable);
}
