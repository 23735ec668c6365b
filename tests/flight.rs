//! Flight SQL as clients meet it: Python's ADBC driver, and our own client where a driver would hide what is sent.

use std::process::{Command, Stdio};

use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{Any, CommandStatementQuery, ProstMessageExt, TicketStatementQuery};
use arrow_flight::{FlightDescriptor, Ticket};
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use starmart::error::Kind;
use starmart::flight::client::Client;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use crate::projects::{Served, loaded};

/// The interpreter that has the packages of `tests/clients/requirements.txt`; without one the test says so and is
/// left out, but never in CI.
fn python() -> Option<String> {
    match std::env::var("STARMART_PYTHON") {
        Ok(python) => Some(python),
        Err(_) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("STARMART_PYTHON is not set; run make test, which installs the clients")
        }
        Err(_) => {
            println!("skipped: STARMART_PYTHON is not set; make test installs the clients");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adbc_driver_of_python_is_served() {
    let Some(python) = python() else { return };
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut script = Command::new(python);
    script
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/adbc.py"))
        .env("STARMART_URL", server.url())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || script.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    server.stop().await;
}

fn asked(sql: &str) -> FlightDescriptor {
    let command = CommandStatementQuery { query: sql.into(), transaction_id: None };
    FlightDescriptor::new_cmd(command.as_any().encode_to_vec())
}

async fn raw(server: &Served) -> FlightServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(server.url().replace("grpc://", "http://")).unwrap();
    FlightServiceClient::new(endpoint.connect().await.unwrap())
}

/// The ticket with `change` made to what it holds.
fn changed(ticket: &Ticket, change: impl FnOnce(&mut serde_json::Value)) -> Ticket {
    let any = Any::decode(&*ticket.ticket).unwrap();
    let query: TicketStatementQuery = any.unpack().unwrap().unwrap();
    let mut held = serde_json::from_slice(&query.statement_handle).unwrap();
    change(&mut held);
    let query = TicketStatementQuery { statement_handle: serde_json::to_vec(&held).unwrap().into() };
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
        (changed(&ticket, |held| held["form"] = 2.into()), Code::InvalidArgument),
        (Ticket::new(ticket.ticket.slice(..ticket.ticket.len() / 2)), Code::InvalidArgument),
    ];
    for (at, (ticket, code)) in cases.into_iter().enumerate() {
        let status = service.do_get(ticket).await.unwrap_err();
        assert_eq!(status.code(), code, "case {at}: {}", status.message());
    }
    server.stop().await;
}
