//! What strangers send: the bytes of every call, changed, cut off or made longer, are answered or refused as theirs to
//! mend. They never become a fault of the server's, and it goes on.

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, StringArray};
use arrow::datatypes::Int32Type;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::encode::{DictionaryHandling, FlightDataEncoderBuilder};
use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, Any,
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetSqlInfo, CommandGetTables, CommandGetXdbcTypeInfo,
    CommandPreparedStatementQuery, CommandPreparedStatementUpdate, CommandStatementQuery, ProstMessageExt,
    TicketStatementQuery,
};
use arrow_flight::{CancelFlightInfoRequest, FlightData, FlightDescriptor, Ticket};
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use prost::Message;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tonic::{Code, Status};

use crate::flight::{asked, changed, code, raw};
use crate::prepared::{Service, act, descriptor, messages, number, prepare, put, rows, values};
use crate::projects::{Served, loaded};

/// A server and a client of it.
struct Wire {
    runtime: Runtime,
    server: Served,
    service: Service,
    _folder: TempDir,
}

impl Wire {
    fn of(project: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (folder, mart) = runtime.block_on(loaded(project));
        let server = runtime.block_on(Served::start(mart));
        let service = runtime.block_on(raw(&server));
        Self { runtime, server, service, _folder: folder }
    }

    fn handle(&self) -> Bytes {
        let sql = "select id from mart.samples where id <= ? and label <> ?";
        self.runtime.block_on(prepare(&mut self.service.clone(), sql)).unwrap().prepared_statement_handle
    }

    fn ticket(&self, asked: FlightDescriptor) -> Ticket {
        let info = self.runtime.block_on(self.service.clone().get_flight_info(asked)).unwrap().into_inner();
        info.endpoint[0].ticket.clone().unwrap()
    }

    /// Sends what becomes of each of `seeds` when it is damaged; `call` is told which it is.
    fn damaged(&self, seeds: &[Bytes], call: impl AsyncFn(Service, usize, Bytes) -> Result<(), Status>) {
        let change = (any::<Index>(), any::<u8>(), 0..4_usize);
        let damage = (any::<Index>(), prop::collection::vec(change, 1..4));
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(256) });
        let held = runner.run(&damage, |(seed, changes)| {
            let seed = seed.index(seeds.len());
            let bytes = changes.iter().fold(seeds[seed].to_vec(), changed_once);
            match self.runtime.block_on(call(self.service.clone(), seed, bytes.into())) {
                Ok(()) => {}
                Err(status) => prop_assert!(is_refusal(&status), "seed {seed}: {status:?}"),
            }
            Ok(())
        });
        held.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(self.runtime.block_on(code(&mut self.service.clone(), "select 1 as one")), Code::Ok);
    }

    fn stop(self) {
        self.runtime.block_on(self.server.stop());
    }
}

/// Bytes that are cut off, inflated, or changed in one place.
fn changed_once(mut bytes: Vec<u8>, (at, byte, how): &(Index, u8, usize)) -> Vec<u8> {
    let at = at.index(bytes.len() + 1);
    match how {
        0 => bytes.truncate(at),
        1 => drop(bytes.splice(at..at, std::iter::repeat_n(*byte, 1 << (byte % 16)))),
        _ => bytes.iter_mut().skip(at).take(1).for_each(|old| *old ^= byte),
    }
    bytes
}

/// Whether the client is told what it can do: send something else, or ask anew where a ticket has come from elsewhere.
fn is_refusal(status: &Status) -> bool {
    use Code::{InvalidArgument, NotFound, PermissionDenied, Unavailable, Unimplemented};
    match status.code() {
        InvalidArgument | NotFound | PermissionDenied | Unimplemented => true,
        Unavailable => status.message().ends_with("ask again"),
        _ => false,
    }
}

fn bytes(message: &impl ProstMessageExt) -> Bytes {
    message.as_any().encode_to_vec().into()
}

/// The handle within a statement's ticket.
fn bare(ticket: &Ticket) -> Bytes {
    let any = Any::decode(ticket.ticket.clone()).unwrap();
    any.unpack::<TicketStatementQuery>().unwrap().unwrap().statement_handle
}

/// Reads what a ticket is good for to its end.
async fn redeemed(mut service: Service, ticket: Bytes) -> Result<(), Status> {
    rows(&mut service, Ticket::new(ticket)).await.map(drop)
}

#[test]
fn damaged_tickets_are_refused() {
    let (wire, other) = (Wire::of("wire"), Wire::of("shop"));
    let ours = wire.ticket(asked("select label, now() as n from mart.samples where id < 7"));
    let theirs = other.ticket(asked("select 'théirs' as t"));
    let tables = wire.ticket(FlightDescriptor::new_cmd(bytes(&CommandGetTables::default())));
    let whole = [ours.ticket.clone(), theirs.ticket.clone(), tables.ticket];
    wire.damaged(&whole, async |service, _, bytes| redeemed(service, bytes).await);
    // Damage within the message that goes around it.
    let inner = [bare(&ours), bare(&theirs)];
    wire.damaged(&inner, async |service, _, statement_handle| {
        redeemed(service, bytes(&TicketStatementQuery { statement_handle })).await
    });
    let status = wire.runtime.block_on(redeemed(wire.service.clone(), theirs.ticket)).unwrap_err();
    assert_eq!((status.code(), is_refusal(&status)), (Code::Unavailable, true), "{status:?}");
    other.stop();
    wire.stop();
}

/// Whoever makes a ticket can let its statement run at any time, under any settings.
#[test]
fn tickets_of_strange_times_are_answered_or_refused() {
    let wire = Wire::of("wire");
    let sql = "select now() as n, current_date as d, count(*) as c from mart.samples \
               where seen < now() - interval '1 month' and date_trunc('week', now()) > seen";
    let ticket = wire.ticket(asked(sql));
    for now in [
        "+262142-12-31T23:59:59Z",
        "-262143-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2262-04-11T00:00:00Z",
        "1677-09-22T00:00:00Z",
    ] {
        for timezone in ["Asia/Taipei", "Etc/GMT+12", "Mars/Olympus"] {
            let strange = changed(&ticket, |held| {
                held["pinned"]["now"] = now.into();
                held["pinned"]["settings"]["timezone"] = timezone.into();
            });
            let outcome = wire.runtime.block_on(redeemed(wire.service.clone(), strange.ticket));
            assert!(outcome.as_ref().map_or_else(is_refusal, |()| true), "{now} {timezone}: {outcome:?}");
        }
    }
    wire.stop();
}

#[test]
fn damaged_commands_are_refused() {
    let wire = Wire::of("wire");
    let handle = wire.handle();
    let sql = "select id, label from mart.samples limit 3";
    let pattern = Some("%am_le%".to_owned());
    let tables =
        CommandGetTables { table_name_filter_pattern: pattern.clone(), include_schema: true, ..Default::default() };
    let keys =
        CommandGetCrossReference { pk_table: "samples".into(), fk_table: "samples".into(), ..Default::default() };
    let seeds = [
        bytes(&CommandStatementQuery { query: sql.into(), transaction_id: None }),
        bytes(&CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() }),
        bytes(&CommandPreparedStatementUpdate { prepared_statement_handle: handle }),
        bytes(&tables),
        bytes(&keys),
        bytes(&CommandGetSqlInfo { info: vec![0, 8, 500, 600] }),
        bytes(&CommandGetDbSchemas { catalog: None, db_schema_filter_pattern: pattern }),
        bytes(&CommandGetXdbcTypeInfo { data_type: Some(4) }),
    ];
    let one = wire.runtime.block_on(messages(&Bytes::new(), values(vec![number(7)])));
    wire.damaged(&seeds, async |mut service, _, bytes| {
        let asked = FlightDescriptor::new_cmd(bytes.clone());
        let mut messages = one.clone();
        messages[0].flight_descriptor = Some(asked.clone());
        let bound = put(&mut service, messages).await.map(drop);
        let described = service.get_schema(asked.clone()).await.map(drop);
        for outcome in [bound, described] {
            outcome.or_else(|status| if is_refusal(&status) { Ok(()) } else { Err(status) })?;
        }
        let info = service.get_flight_info(asked).await?.into_inner();
        rows(&mut service, info.endpoint[0].ticket.clone().unwrap()).await.map(drop)
    });
    wire.stop();
}

#[test]
fn damaged_actions_are_refused() {
    let wire = Wire::of("wire");
    let prepare = ActionCreatePreparedStatementRequest {
        query: "select id from mart.samples where label = ?".into(),
        transaction_id: None,
    };
    let info = wire.runtime.block_on(wire.service.clone().get_flight_info(asked("select 1 as one"))).unwrap();
    let info = info.into_inner();
    let names = ["CreatePreparedStatement", "ClosePreparedStatement", "CancelFlightInfo", "CancelQuery"];
    let seeds = [
        bytes(&prepare),
        bytes(&ActionClosePreparedStatementRequest { prepared_statement_handle: wire.handle() }),
        CancelFlightInfoRequest { info: Some(info.clone()) }.encode_to_vec().into(),
        bytes(&ActionCancelQueryRequest { info: info.encode_to_vec().into() }),
    ];
    wire.damaged(&seeds, async |mut service, which, bytes| act(&mut service, names[which], bytes).await.map(drop));
    wire.stop();
}

#[test]
fn damaged_handles_are_refused() {
    let wire = Wire::of("wire");
    let handle = wire.handle();
    let text: ArrayRef = Arc::new(StringArray::from(vec!["樣品"]));
    let message = wire.runtime.block_on(messages(&handle, values(vec![number(7), text])));
    let bound = wire.runtime.block_on(put(&mut wire.service.clone(), message.clone())).unwrap();
    wire.damaged(&[handle, bound], async |mut service, _, handle| {
        let mut message = message.clone();
        message[0].flight_descriptor = Some(descriptor(&handle));
        let again = put(&mut service, message).await;
        again.map(drop).or_else(|status| if is_refusal(&status) { Ok(()) } else { Err(status) })?;
        let info = service.get_flight_info(descriptor(&handle)).await?.into_inner();
        rows(&mut service, info.endpoint[0].ticket.clone().unwrap()).await.map(drop)
    });
    wire.stop();
}

/// A number and a text as messages, of which one is the text's dictionary.
async fn with_a_dictionary(handle: &Bytes, compression: Option<CompressionType>) -> Vec<FlightData> {
    let word: DictionaryArray<Int32Type> = [Some("樣品 ".repeat(100).as_str())].into_iter().collect();
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let encoder = FlightDataEncoderBuilder::new()
        .with_options(options)
        .with_dictionary_handling(DictionaryHandling::Resend)
        .with_flight_descriptor(Some(descriptor(handle)));
    let row = values(vec![number(7), Arc::new(word)]);
    let messages: Vec<_> = encoder.build(stream::iter([Ok(row)])).try_collect().await.unwrap();
    assert_eq!(messages.len(), 3);
    messages
}

#[test]
fn damaged_values_are_refused() {
    let wire = Wire::of("wire");
    let whole = wire.runtime.block_on(with_a_dictionary(&wire.handle(), None));
    // The head and the body of each message.
    let parts = whole.iter().flat_map(|message| [message.data_header.clone(), message.data_body.clone()]);
    wire.damaged(&parts.collect::<Vec<_>>(), async |mut service, which, bytes| {
        let mut messages = whole.clone();
        let message = &mut messages[which / 2];
        *if which % 2 == 0 { &mut message.data_header } else { &mut message.data_body } = bytes;
        put(&mut service, messages).await.map(drop)
    });
    wire.stop();
}

/// Only the client knows how large they become.
#[test]
fn compressed_values_are_refused_wherever_they_stand() {
    let wire = Wire::of("wire");
    let handle = wire.handle();
    let sent = |compression| wire.runtime.block_on(with_a_dictionary(&handle, compression));
    let plain = sent(None);
    for compression in [CompressionType::ZSTD, CompressionType::LZ4_FRAME] {
        let compressed = sent(Some(compression));
        for at in [1, 2] {
            let mut messages = plain.clone();
            messages[at] = compressed[at].clone();
            let status = wire.runtime.block_on(put(&mut wire.service.clone(), messages)).unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
            assert!(status.message().contains("compressed; send them as they are"), "{}", status.message());
        }
    }
    wire.runtime.block_on(put(&mut wire.service.clone(), plain)).unwrap();
    wire.stop();
}
