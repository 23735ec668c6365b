//! Prepared statements and cancellation, message by message.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, Any, CommandPreparedStatementQuery,
    CommandPreparedStatementUpdate, CommandStatementQuery, DoPutPreparedStatementResult, ProstMessageExt,
};
use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightData, FlightDescriptor, FlightInfo,
    IpcMessage, Ticket,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::flight::raw;
use crate::projects::{Served, loaded};

pub(crate) type Service = FlightServiceClient<Channel>;

pub(crate) async fn act(service: &mut Service, name: &str, body: impl Into<Bytes>) -> Result<Vec<Bytes>, Status> {
    let action = Action { r#type: name.into(), body: body.into() };
    let answers = service.do_action(action).await?.into_inner();
    answers.map_ok(|answer| answer.body).try_collect().await
}

pub(crate) async fn prepare(service: &mut Service, sql: &str) -> Result<ActionCreatePreparedStatementResult, Status> {
    let request = ActionCreatePreparedStatementRequest { query: sql.into(), transaction_id: None };
    let answers = act(service, "CreatePreparedStatement", request.as_any().encode_to_vec()).await?;
    let any = Any::decode(answers[0].clone()).unwrap();
    Ok(any.unpack().unwrap().unwrap())
}

fn schema(bytes: &Bytes) -> Schema {
    Schema::try_from(IpcMessage(bytes.clone())).unwrap()
}

pub(crate) fn descriptor(handle: &Bytes) -> FlightDescriptor {
    let command = CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() };
    FlightDescriptor::new_cmd(command.as_any().encode_to_vec())
}

pub(crate) async fn messages(handle: &Bytes, values: RecordBatch) -> Vec<FlightData> {
    let encoder = FlightDataEncoderBuilder::new().with_flight_descriptor(Some(descriptor(handle)));
    encoder.build(stream::iter([Ok(values)])).try_collect().await.unwrap()
}

pub(crate) async fn put(service: &mut Service, messages: Vec<FlightData>) -> Result<Bytes, Status> {
    let mut answers = service.do_put(stream::iter(messages)).await?.into_inner();
    let answer = answers.next().await.expect("an answer")?;
    let result = DoPutPreparedStatementResult::decode(answer.app_metadata).unwrap();
    Ok(result.prepared_statement_handle.expect("another handle"))
}

pub(crate) fn values(columns: Vec<ArrayRef>) -> RecordBatch {
    let names = (0..columns.len()).map(|at| at.to_string());
    RecordBatch::try_from_iter_with_nullable(names.zip(columns).map(|(name, column)| (name, column, true))).unwrap()
}

pub(crate) fn number(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![value]))
}

fn ticket(info: &FlightInfo) -> Ticket {
    info.endpoint[0].ticket.clone().unwrap()
}

async fn batches(service: &mut Service, ticket: Ticket) -> Result<Vec<RecordBatch>, Status> {
    let messages = service.do_get(ticket).await?.into_inner();
    let data = messages.map_err(arrow_flight::error::FlightError::from);
    let batches = arrow_flight::decode::FlightRecordBatchStream::new_from_flight_data(data);
    batches.try_collect().await.map_err(Status::from)
}

pub(crate) async fn rows(service: &mut Service, ticket: Ticket) -> Result<usize, Status> {
    Ok(batches(service, ticket).await?.iter().map(RecordBatch::num_rows).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_tells_what_it_takes_and_gives() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let sql = "select label, price from mart.samples where id = $1 and sold_on < $3 and label like $2 \
               and price between $4 and $5 and seen >= $6 and $7 and id in ($8, $9, $10, $11, $12)";
    let prepared = prepare(&mut service, sql).await.unwrap();
    let parameters = schema(&prepared.parameter_schema);
    let names: Vec<_> = parameters.fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, (1..=12).map(|number| format!("${number}")).collect::<Vec<_>>());
    assert!(parameters.fields().iter().all(|field| field.is_nullable()));
    let types: Vec<_> = parameters.fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types[..4], [DataType::Int64, DataType::Utf8, DataType::Date32, DataType::Decimal128(12, 2)]);
    assert_eq!(types[7], DataType::Int64);
    let result = schema(&prepared.dataset_schema);
    assert_eq!(result.field(1).data_type(), &DataType::Decimal128(12, 2));
    // Where nothing tells a type, and where only a literal can stand.
    let prepared = prepare(&mut service, "select ? as x from mart.samples limit ?").await.unwrap();
    let parameters = schema(&prepared.parameter_schema);
    assert_eq!(parameters.field(0).data_type(), &DataType::Utf8);
    assert_eq!(parameters.field(1).data_type(), &DataType::Int64);
    for (sql, code) in [
        ("select $2", Code::InvalidArgument),
        ("select $1, ?", Code::InvalidArgument),
        ("selec ?", Code::InvalidArgument),
        ("select nope from mart.samples where id = ?", Code::InvalidArgument),
        ("insert into mart.samples values (?)", Code::PermissionDenied),
    ] {
        assert_eq!(prepare(&mut service, sql).await.unwrap_err().code(), code, "{sql}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_holds_the_values_and_can_be_given_back() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let sql = "select id from mart.samples where id <= ? and sold_on >= ?";
    let prepared = prepare(&mut service, sql).await.unwrap();
    let handle = prepared.prepared_statement_handle;
    let unbound = service.get_flight_info(descriptor(&handle)).await.unwrap_err();
    assert_eq!((unbound.code(), unbound.message().contains("$1")), (Code::InvalidArgument, true));
    let day: ArrayRef = Arc::new(Date32Array::from(vec![0]));
    let message = messages(&handle, values(vec![number(7), Arc::clone(&day)])).await;
    let seven = put(&mut service, message).await.unwrap();
    // A handle with values can be bound anew.
    let message = messages(&seven, values(vec![number(3), day])).await;
    let three = put(&mut service, message).await.unwrap();
    for (handle, expected) in [(&seven, 7), (&three, 3), (&seven, 7)] {
        let info = service.get_flight_info(descriptor(handle)).await.unwrap().into_inner();
        assert_eq!(info.clone().try_decode_schema().unwrap(), schema(&prepared.dataset_schema));
        assert_eq!(rows(&mut service, ticket(&info)).await.unwrap(), expected);
    }
    for _ in 0..2 {
        let close = ActionClosePreparedStatementRequest { prepared_statement_handle: handle.clone() };
        assert!(act(&mut service, "ClosePreparedStatement", close.as_any().encode_to_vec()).await.unwrap().is_empty());
    }
    let two: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let several = messages(&handle, values(vec![Arc::clone(&two), two])).await;
    assert_eq!(put(&mut service, several).await.unwrap_err().code(), Code::InvalidArgument);
    let update = CommandPreparedStatementUpdate { prepared_statement_handle: handle.clone() };
    let mut message = messages(&handle, values(vec![number(1), number(2)])).await;
    message[0].flight_descriptor = Some(FlightDescriptor::new_cmd(update.as_any().encode_to_vec()));
    assert_eq!(put(&mut service, message).await.unwrap_err().code(), Code::PermissionDenied);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_a_percentile_may_be_bound() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let sql =
        "select percentile_cont(price, ?) as p, percentile_disc(?) within group (order by id) as d from mart.samples";
    let prepared = prepare(&mut service, sql).await.unwrap();
    let parameters = schema(&prepared.parameter_schema);
    assert!(parameters.fields().iter().all(|field| field.data_type() == &DataType::Float64));
    let place: ArrayRef = Arc::new(Float64Array::from(vec![0.25]));
    let message = messages(&prepared.prepared_statement_handle, values(vec![Arc::clone(&place), place])).await;
    let bound = put(&mut service, message).await.unwrap();
    let info = service.get_flight_info(descriptor(&bound)).await.unwrap().into_inner();
    let found = batches(&mut service, ticket(&info)).await.unwrap();
    let command = CommandStatementQuery { query: sql.replace('?', "0.25"), transaction_id: None };
    let asked = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
    let info = service.get_flight_info(asked).await.unwrap().into_inner();
    let expected = batches(&mut service, ticket(&info)).await.unwrap();
    assert_eq!(found[0].columns(), expected[0].columns());
    assert!(found[0].columns().iter().all(|column| column.null_count() == 0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_can_be_cancelled() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let sql = "select sum(a.id * b.id) as s from mart.samples a, mart.samples b, mart.samples c, mart.samples d, \
               mart.samples e, mart.samples f";
    let command = CommandStatementQuery { query: sql.into(), transaction_id: None };
    for older in [false, true] {
        let asked = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
        let info = service.get_flight_info(asked).await.unwrap().into_inner();
        let (mut reader, read) = (service.clone(), ticket(&info));
        let reading = tokio::spawn(async move { rows(&mut reader, read).await });
        let cancel = |info: FlightInfo| match older {
            true => {
                let request = ActionCancelQueryRequest { info: info.encode_to_vec().into() };
                ("CancelQuery", request.as_any().encode_to_vec())
            }
            false => ("CancelFlightInfo", CancelFlightInfoRequest { info: Some(info) }.encode_to_vec()),
        };
        let status = |body: Bytes| match older {
            true => {
                let any = Any::decode(body).unwrap();
                any.unpack::<ActionCancelQueryResult>().unwrap().unwrap().result
            }
            false => CancelFlightInfoResult::decode(body).unwrap().status,
        };
        // It may not have begun yet.
        loop {
            let (name, body) = cancel(info.clone());
            let answers = act(&mut service, name, body).await.unwrap();
            if status(answers[0].clone()) == i32::from(CancelStatus::Cancelled) {
                break;
            }
            assert_eq!(status(answers[0].clone()), i32::from(CancelStatus::NotCancellable));
            assert!(!reading.is_finished());
        }
        assert_eq!(reading.await.unwrap().unwrap_err().code(), Code::Cancelled);
        let (name, body) = cancel(FlightInfo::new());
        assert_eq!(act(&mut service, name, body).await.unwrap_err().code(), Code::InvalidArgument);
    }
    server.stop().await;
}
