//! What clients send when all is well, as fuzzers begin with it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
    NullArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use arrow_flight::encode::{DictionaryHandling, FlightDataEncoderBuilder};
use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetSqlInfo, CommandGetTables, CommandPreparedStatementQuery,
    CommandPreparedStatementUpdate, CommandStatementQuery, ProstMessageExt,
};
use arrow_flight::{Action, CancelFlightInfoRequest, FlightEndpoint, FlightInfo};
use chrono::DateTime;
use futures::TryStreamExt;

use super::*;
use crate::flight::{handle, ticket};
use crate::mart::Pinned;
use crate::query::Settings;

const SQL: &str = "SELECT department, revenue FROM sales WHERE store = $1 AND sold_on < $2 -- '營業額'";

/// A seed: the decoder that takes it, its name and its bytes.
pub(crate) type Seed = (&'static str, &'static str, Vec<u8>);

/// A statement's ticket.
fn issued(sql: &str, parameters: &[&str], settings: Settings) -> Ticket {
    let pinned = Pinned {
        sql: sql.into(),
        parameters: parameters.iter().map(|value| (*value).to_owned()).collect(),
        settings,
        mart_version: 2,
        now: DateTime::from_timestamp(1_700_000_000, 5).unwrap(),
        model_hash: "0123abcd".into(),
    };
    Ticket::new(pinned, &Schema::new(vec![Field::new("x", DataType::Utf8, true)])).unwrap()
}

/// A ticket without the message around it.
fn bare(ticket: &Ticket) -> Vec<u8> {
    let any = ticket::message("ticket", &ticket.encode().unwrap().ticket).unwrap();
    any.unpack::<arrow_flight::sql::TicketStatementQuery>().unwrap().unwrap().statement_handle.to_vec()
}

/// A handle that does not become too old.
fn prepared(sql: &str, values: &[&str]) -> Vec<u8> {
    let id = "0b3a7f5e-6a10-4a53-9a4f-3f6f2f7f4c11";
    handle::write(&serde_json::json!({"id": id, "since": "2999-01-01T00:00:00Z", "values": values}), sql).unwrap()
}

fn message(message: &impl ProstMessageExt) -> Vec<u8> {
    message.as_any().encode_to_vec()
}

fn act(name: &str, body: Vec<u8>) -> Vec<u8> {
    Action { r#type: name.into(), body: body.into() }.encode_to_vec()
}

/// A row as messages, each after its length.
fn bound(columns: Vec<ArrayRef>) -> Vec<u8> {
    let columns = columns.into_iter().enumerate().map(|(at, column)| (format!("${}", at + 1), column, true));
    let row = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let encoder = FlightDataEncoderBuilder::new().with_dictionary_handling(DictionaryHandling::Resend);
    let messages = encoder.build(stream::iter([Ok(row)])).try_collect::<Vec<_>>();
    let messages = futures::executor::block_on(messages).unwrap();
    messages.iter().flat_map(FlightData::encode_length_delimited_to_vec).collect()
}

/// All of them.
pub(crate) fn all() -> Vec<Seed> {
    let settings = Settings { mart_version: Some(2), timezone: Some("Asia/Taipei".into()) };
    let plain = issued("SELECT 1 AS one", &[], Settings::default());
    let full = issued(SQL, &["'S1'", "DATE '2017-03-01'"], settings);
    let handle = prepared(SQL, &["'S1'", "CAST('1.50' AS DECIMAL(12, 2))"]);
    let mut seeds = vec![
        ("ticket", "plain", bare(&plain)),
        ("ticket", "values", bare(&full)),
        ("handle", "plain", prepared("SELECT 1 AS one", &[])),
        ("handle", "values", handle.clone()),
        ("command", "ticket", plain.encode().unwrap().ticket.to_vec()),
    ];
    seeds.extend(commands(&handle).into_iter().map(|(name, bytes)| ("command", name, bytes)));
    seeds.extend(actions(&handle).into_iter().map(|(name, bytes)| ("action", name, bytes)));
    seeds.extend(rows().into_iter().map(|(name, columns)| ("values", name, bound(columns))));
    seeds
}

fn commands(handle: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let handle = || handle.to_vec().into();
    let tables = CommandGetTables {
        catalog: Some("starmart".into()),
        db_schema_filter_pattern: Some("ma%".into()),
        table_name_filter_pattern: Some(r"all\_l_n%".into()),
        table_types: vec!["CUBE".into(), "TABLE".into()],
        include_schema: true,
    };
    let keys = CommandGetCrossReference {
        pk_catalog: None,
        pk_db_schema: Some("mart".into()),
        pk_table: "shops".into(),
        fk_catalog: None,
        fk_db_schema: Some("mart".into()),
        fk_table: "lines".into(),
    };
    vec![
        ("statement", message(&CommandStatementQuery { query: SQL.into(), transaction_id: None })),
        ("prepared", message(&CommandPreparedStatementQuery { prepared_statement_handle: handle() })),
        ("update", message(&CommandPreparedStatementUpdate { prepared_statement_handle: handle() })),
        ("info", message(&CommandGetSqlInfo { info: vec![0, 8, 500, u32::MAX] })),
        ("schemas", message(&CommandGetDbSchemas { catalog: None, db_schema_filter_pattern: Some("%".into()) })),
        ("tables", message(&tables)),
        ("keys", message(&keys)),
    ]
}

fn actions(handle: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let prepare = ActionCreatePreparedStatementRequest { query: SQL.into(), transaction_id: None };
    let close = ActionClosePreparedStatementRequest { prepared_statement_handle: handle.to_vec().into() };
    let ticket = issued("SELECT 1 AS one", &[], Settings::default()).encode().unwrap();
    let info = FlightInfo::new().with_endpoint(FlightEndpoint::new().with_ticket(ticket));
    let older = ActionCancelQueryRequest { info: info.encode_to_vec().into() };
    vec![
        ("prepare", act("CreatePreparedStatement", message(&prepare))),
        ("close", act("ClosePreparedStatement", message(&close))),
        ("cancel", act("CancelFlightInfo", CancelFlightInfoRequest { info: Some(info) }.encode_to_vec())),
        ("cancel_query", act("CancelQuery", message(&older))),
    ]
}

fn rows() -> Vec<(&'static str, Vec<ArrayRef>)> {
    let price = Decimal128Array::from(vec![-12_345]).with_precision_and_scale(12, 2).unwrap();
    let words: DictionaryArray<Int32Type> = [Some("樣品")].into_iter().collect();
    let numbers: [ArrayRef; 4] = [
        Arc::new(Int64Array::from(vec![i64::MIN])),
        Arc::new(Int32Array::from(vec![7])),
        Arc::new(Float64Array::from(vec![-0.5])),
        Arc::new(price),
    ];
    let rest: [ArrayRef; 6] = [
        Arc::new(StringArray::from(vec!["it's"])),
        Arc::new(words),
        Arc::new(Date32Array::from(vec![17_348])),
        Arc::new(TimestampMicrosecondArray::from(vec![1_500_000_000_000_001]).with_timezone("Asia/Taipei")),
        Arc::new(BooleanArray::from(vec![None])),
        Arc::new(NullArray::new(1)),
    ];
    vec![("numbers", numbers.to_vec()), ("words", rest.to_vec())]
}
