use super::outbox::WAITING;
use super::*;
use crate::error::Kind;
use crate::flight::calls::Calls;
use arrow::array::{ArrayRef, Int64Array, ListArray, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use futures::TryStreamExt;
use tokio::sync::oneshot;

fn texts(texts: Vec<String>) -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, true)]));
    RecordBatch::try_new(schema, vec![Arc::new(StringArray::from(texts))]).unwrap()
}

fn sent(batches: Vec<Result<RecordBatch>>, schema: SchemaRef) -> BoxStream<'static, Result<FlightData, Status>> {
    messages(stream::iter(batches), schema, None, Calls::new().begin(None))
}

async fn back(messages: BoxStream<'static, Result<FlightData, Status>>) -> Result<Vec<RecordBatch>> {
    FlightRecordBatchStream::new_from_flight_data(messages.map_err(|status| FlightError::Tonic(Box::new(status))))
        .map_err(|error| match error {
            FlightError::Tonic(error) => status::error(*error),
            other => Error::internal(other.to_string()),
        })
        .try_collect()
        .await
}

#[tokio::test]
async fn skewed_rows_stay_within_a_message() {
    // One long text among many short ones: an even division would leave it with too many neighbours.
    let mut rows = vec!["x".repeat(10); 5000];
    for row in &mut rows[..40] {
        *row = "營".repeat(300_000);
    }
    let batch = texts(rows);
    let sent: Vec<FlightData> =
        sent(vec![Ok(batch.clone())], batch.schema()).map(|message| message.unwrap()).collect().await;
    assert!(sent.iter().all(|message| message.data_body.len() <= MESSAGE_BYTES + 1024));
    let back = back(stream::iter(sent).map(Ok).boxed()).await.unwrap();
    assert_eq!(arrow::compute::concat_batches(&batch.schema(), &back).unwrap(), batch);
}

#[tokio::test]
async fn a_silent_result_is_kept_alive() {
    let batch = texts(vec!["late".into()]);
    let schema = batch.schema();
    let nothing = Writer::new().batch(&RecordBatch::new_empty(Arc::clone(&schema))).unwrap();
    let (come, late) = oneshot::channel();
    let answer = stream::once(async move { Ok(late.await.unwrap()) });
    let mut messages = encoded(answer, Arc::clone(&schema)).boxed();
    let first = messages.next().await.unwrap().unwrap();
    let mut alive = kept_alive(messages, Some(nothing.clone()), Duration::from_millis(10)).boxed();
    let mut sent = vec![first];
    for _ in 0..2 {
        sent.push(alive.next().await.unwrap().unwrap());
        assert_eq!(sent.last(), Some(&nothing));
    }
    come.send(batch.clone()).unwrap();
    sent.extend(alive.map(Result::unwrap).collect::<Vec<_>>().await);
    // Clients read them as batches.
    let back = back(stream::iter(sent).map(Ok).boxed()).await.unwrap();
    assert_eq!(back.iter().take(2).map(RecordBatch::num_rows).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(back.last(), Some(&batch));
}

#[tokio::test]
async fn one_row_too_large_is_refused() {
    let batch = texts(vec!["a".into(), "x".repeat(17 << 20)]);
    let error = back(sent(vec![Ok(batch.clone())], batch.schema())).await.unwrap_err();
    assert!(error.kind() == Kind::Exhausted && error.message().starts_with("one row of the result"), "{error}");
}

#[test]
fn lists_are_divided_by_what_their_rows_take() {
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values(0..2_000_000));
    let field = Arc::new(Field::new_list_field(DataType::Int64, true));
    let lists = ListArray::new(field, OffsetBuffer::from_lengths(vec![1000; 2000]), values, None);
    let batch = RecordBatch::try_from_iter_with_nullable([("list", Arc::new(lists) as ArrayRef, true)]).unwrap();
    let pieces = pieces(&batch, &batch.schema()).unwrap();
    assert_eq!(pieces.len(), 4);
    assert_eq!(pieces.iter().map(RecordBatch::num_rows).sum::<usize>(), 2000);
}

#[tokio::test]
async fn empty_results_keep_their_schema() {
    let batch = texts(vec![]);
    let messages: Vec<_> = sent(vec![], batch.schema()).collect().await;
    assert_eq!(messages.len(), 1);
    let mut stream = FlightRecordBatchStream::new_from_flight_data(stream::iter(messages).map_err(FlightError::from));
    assert!(stream.next().await.is_none());
    assert_eq!(stream.schema(), Some(&batch.schema()));
}

#[tokio::test]
async fn rows_without_columns_are_counted() {
    let options = RecordBatchOptions::new().with_row_count(Some(7));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    let back = back(sent(vec![Ok(batch.clone())], batch.schema())).await.unwrap();
    assert_eq!(back.iter().map(RecordBatch::num_rows).sum::<usize>(), 7);
}

#[tokio::test]
async fn errors_come_after_the_rows_before_them() {
    let batch = texts(vec!["a".into()]);
    let failing = vec![Ok(batch.clone()), Err(Error::deadline("the query ran out of time"))];
    let mut messages = sent(failing, batch.schema());
    assert!(messages.next().await.unwrap().is_ok() && messages.next().await.unwrap().is_ok());
    let status = messages.next().await.unwrap().unwrap_err();
    assert_eq!((status.code(), status.message()), (tonic::Code::DeadlineExceeded, "the query ran out of time"));
    assert!(messages.next().await.is_none());
}

#[tokio::test]
async fn a_result_unlike_its_schema_is_refused() {
    let batch = texts(vec!["a".into()]);
    let other = Arc::new(Schema::new(vec![Field::new("text", DataType::Int64, true)]));
    assert_eq!(back(sent(vec![Ok(batch)], other)).await.unwrap_err().kind(), Kind::Internal);
}

#[tokio::test]
async fn a_panic_is_no_end_of_a_result() {
    let batch = texts(vec!["a".into()]);
    let schema = batch.schema();
    let broken = stream::iter([0, 1]).map(move |at| if at == 0 { Ok(batch.clone()) } else { panic!("broken") });
    let error = back(messages(broken, schema, None, Calls::new().begin(None))).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Internal, "the result broke off"));
}

/// Tells when it is dropped.
struct Answer {
    batch: RecordBatch,
    made: Arc<std::sync::atomic::AtomicUsize>,
    _dropped: oneshot::Sender<()>,
}

fn endless() -> (impl Stream<Item = Result<RecordBatch>>, Arc<std::sync::atomic::AtomicUsize>, oneshot::Receiver<()>) {
    let (sender, dropped) = oneshot::channel();
    let made = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let answer = Answer { batch: texts(vec!["a".into()]), made: Arc::clone(&made), _dropped: sender };
    let stream = stream::unfold(answer, |answer| async {
        answer.made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some((Ok(answer.batch.clone()), answer))
    });
    (stream, made, dropped)
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_query_and_one_that_waits_holds_it() {
    let (answer, made, dropped) = endless();
    let mut messages = messages(answer, texts(vec![]).schema(), None, Calls::new().begin(None));
    for _ in 0..10 {
        messages.next().await.unwrap().unwrap();
        tokio::task::yield_now().await;
    }
    assert!(made.load(std::sync::atomic::Ordering::SeqCst) <= 10 + WAITING + 1);
    drop(messages);
    assert!(dropped.await.is_err());
}

#[tokio::test]
async fn a_client_that_stops_reading_loses_its_result() {
    let (answer, _, dropped) = endless();
    let patience = Patience { deadline: None, unread: Duration::from_millis(1) };
    let (outbox, unread) = Outbox::new(patience);
    let messages = encoded(answer, texts(vec![]).schema());
    let error = outbox.send(messages, std::future::pending()).await.unwrap_err();
    assert!(error.kind() == Kind::Deadline && error.message().contains("unread"), "{error}");
    assert!(dropped.await.is_err());
    // What was made for it has been dropped too.
    drop(outbox);
    assert_eq!(unread.count().await, 0);
}

#[tokio::test]
async fn a_client_that_does_not_begin_to_read_loses_its_result() {
    let batch = texts(vec!["a".into()]);
    let (outbox, unread) = Outbox::new(Patience { deadline: None, unread: Duration::from_millis(1) });
    let messages = encoded(stream::iter([Ok(batch.clone())]), batch.schema());
    let error = outbox.send(messages, std::future::pending()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Deadline);
    drop(outbox);
    assert_eq!(unread.count().await, 0);
}

#[tokio::test]
async fn a_deadline_holds_for_a_client_that_stops_reading() {
    let (answer, _, dropped) = endless();
    let deadline = Some(crate::clock::monotonic() + Duration::from_millis(50));
    let unread = messages(answer, texts(vec![]).schema(), deadline, Calls::new().begin(None));
    assert!(dropped.await.is_err());
    let error = back(unread).await.unwrap_err();
    assert!(error.kind() == Kind::Deadline && error.message().contains("limits.deadline"), "{error}");
}

#[tokio::test]
async fn a_query_that_has_made_all_ends_although_nobody_reads() {
    let batch = texts(vec!["a".into()]);
    let (sender, dropped) = oneshot::channel::<()>();
    let (schema, rows) = (batch.schema(), vec![batch; WAITING]);
    let answer = stream::unfold((rows, Some(sender)), |(mut rows, mut sender)| async {
        let row = rows.pop();
        if row.is_none() {
            sender = None;
        }
        row.map(|row| (Ok(row), (rows, sender)))
    });
    // The schema and one batch wait; the last batch waits for its turn.
    let unread = messages(answer, schema, None, Calls::new().begin(None));
    assert!(dropped.await.is_err());
    assert_eq!(back(unread).await.unwrap().len(), WAITING);
}

#[tokio::test]
async fn a_result_is_under_way_until_it_has_been_read() {
    let calls = Calls::new();
    let batch = texts(vec!["a".into()]);
    let mut messages = messages(stream::iter([Ok(batch.clone())]), batch.schema(), None, calls.begin(None));
    let mut none = std::pin::pin!(calls.none());
    while let Some(message) = messages.next().await {
        message.unwrap();
        assert!(futures::poll!(&mut none).is_pending());
    }
    drop(messages);
    none.await;
}

#[tokio::test]
async fn the_end_of_the_server_is_told() {
    let (answer, _, dropped) = endless();
    let calls = Calls::new();
    let messages = messages(answer, texts(vec![]).schema(), None, calls.begin(None));
    calls.end();
    assert_eq!(back(messages).await.unwrap_err().kind(), Kind::Unavailable);
    assert!(dropped.await.is_err());
}

#[test]
fn what_drivers_cannot_take_is_not_announced() {
    let schema = |data_type, nullable| Schema::new(vec![Field::new("x", data_type, nullable)]);
    assert!(sendable(&schema(DataType::Decimal128(38, 2), true)).is_ok());
    let view = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true)));
    for bad in [schema(DataType::Int64, false), schema(DataType::Utf8View, true), schema(view, true)] {
        assert_eq!(sendable(&bad).unwrap_err().kind(), Kind::Internal);
    }
}
