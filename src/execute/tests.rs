//! The engine within its limits: memory, time, places, spill, and what a scan does not read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use chrono_tz::Tz;
use datafusion::common::JoinType;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, col, lit};
use futures::TryStreamExt;
use uuid::Uuid;

use super::*;
use crate::clock;
use crate::config::Limits;
use crate::error::{Error, Kind};
use crate::plan::Catalog;
use crate::query::{Principal, Query, Settings, Stop};
use crate::store::{Draft, Owner, Pin, Store, WriteMode};

const MIB: usize = 1 << 20;

fn limits() -> Limits {
    Limits {
        memory_bytes: 256 * MIB,
        query_memory_bytes: 64 * MIB,
        spill_bytes: 1 << 30,
        deadline: Duration::from_secs(60),
        running: 1,
        queued: 0,
    }
}

fn engine(limits: &Limits) -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(limits, folder.path()).unwrap();
    (folder, engine)
}

fn query() -> Query {
    Query {
        id: Uuid::new_v4(),
        principal: Principal::local(),
        settings: Settings::default(),
        mart_version: 1,
        now: clock::now(),
        timezone: Tz::UTC,
        stop: Stop::default(),
    }
}

fn within(time: Duration) -> Query {
    Query { stop: Stop::within(time), ..query() }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("k", DataType::Int64, true)]))
}

/// Numbers below `rows`, far from sorted.
fn shuffled(rows: i64) -> Vec<RecordBatch> {
    let value = |at: i64| (at * 7_919) % rows;
    let batch = |start: i64| {
        let values = Int64Array::from_iter_values((start..rows.min(start + 8192)).map(value));
        RecordBatch::try_new(schema(), vec![Arc::new(values)]).unwrap()
    };
    (0..rows).step_by(8192).map(batch).collect()
}

fn scan(rows: i64) -> LogicalPlanBuilder {
    let table = MemTable::try_new(schema(), vec![shuffled(rows)]).unwrap();
    LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(table)), None).unwrap()
}

/// More rows than anybody will wait for.
fn endless() -> LogicalPlan {
    let alias = |name: &str| scan(20_000).alias(name).unwrap();
    let crossed = alias("a").cross_join(alias("b").build().unwrap()).unwrap();
    crossed.cross_join(alias("c").build().unwrap()).unwrap().project([col("a.k")]).unwrap().build().unwrap()
}

/// A join that compares more pairs than anybody will wait for, and finds nothing.
fn fruitless(join: JoinType, keys: bool) -> LogicalPlan {
    let side = |key: &str, half: &str| {
        let columns = [col("t.k").alias(key), (col("t.k") % lit(2i64)).alias(half)];
        scan(400_000).project(columns).unwrap()
    };
    let (one, other) = (side("k", "m"), side("l", "n"));
    let on = if keys { (vec!["m"], vec!["n"]) } else { (vec![], vec![]) };
    let never = (col("k") + col("l")).lt(lit(-1i64));
    let joined = one.join(other.build().unwrap(), join, on, Some(never)).unwrap();
    joined.project([if join == JoinType::RightAnti { col("l").alias("k") } else { col("k") }]).unwrap().build().unwrap()
}

async fn start(engine: &Engine, query: &Query, plan: LogicalPlan) -> crate::error::Result<Answer> {
    let permit = engine.admit(&query.stop).await?;
    engine.execute(query, permit, plan, schema()).await
}

/// Waits until all memory has been given back: tasks end a little after their answer.
async fn returned(engine: &Engine) {
    while engine.reserved() > 0 {
        tokio::task::yield_now().await;
    }
}

fn kind<T>(result: crate::error::Result<T>) -> Kind {
    result.err().unwrap().kind()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sort_larger_than_its_quota_spills_and_is_right() {
    let (_folder, engine) = engine(&Limits { query_memory_bytes: 16 * MIB, ..limits() });
    let rows = 4_000_000;
    let plan = scan(rows).sort(vec![col("k").sort(true, false)]).unwrap().build().unwrap();
    let batches: Vec<_> = start(&engine, &query(), plan).await.unwrap().try_collect().await.unwrap();
    let sorted = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
    assert!(sorted.eq(0..rows));
    returned(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_larger_than_its_quota_is_refused_and_gives_all_back() {
    let (_folder, engine) = engine(&Limits { query_memory_bytes: 2 * MIB, ..limits() });
    let other = scan(500_000).alias("u").unwrap().build().unwrap();
    let join = scan(500_000)
        .join(other, JoinType::Inner, (vec!["t.k"], vec!["u.k"]), None)
        .unwrap()
        .project([col("t.k")])
        .unwrap();
    let answer = start(&engine, &query(), join.build().unwrap()).await.unwrap();
    let error = answer.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Exhausted, "{error}");
    assert!(error.message().contains("limits.query_memory"), "{error}");
    returned(&engine).await;
}

/// The sum of `k` over a window of all rows, or over one that grows row by row.
fn summed(rows: i64, growing: bool) -> LogicalPlan {
    let sum = Expr::from(WindowFunction::new(sum_udaf(), vec![col("k")]));
    let sum = if growing { sum.order_by(vec![col("k").sort(true, false)]).build().unwrap() } else { sum };
    let plan = scan(rows).window(vec![sum.alias("s")]).unwrap();
    plan.project([col("s").alias("k")]).unwrap().build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_window_keeps_counts_to_the_quota() {
    let (_folder, engine) = engine(&Limits { query_memory_bytes: 24 * MIB, queued: 1, ..limits() });
    let answer = start(&engine, &query(), summed(2_000_000, false)).await.unwrap();
    let error = answer.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Exhausted, "{error}");
    assert!(error.message().contains("window functions asked for"), "{error}");
    returned(&engine).await;
    // What grows row by row keeps few.
    for (rows, growing) in [(2_000_000, true), (100_000, false)] {
        let answer = start(&engine, &query(), summed(rows, growing)).await.unwrap();
        let batches: Vec<_> = answer.try_collect().await.unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows as usize);
        returned(&engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gathered_texts_count_to_the_quota() {
    let (_folder, engine) = engine(&Limits { query_memory_bytes: 16 * MIB, ..limits() });
    let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..8192).map(|row| format!("{row:200}"))));
    let batch = RecordBatch::try_from_iter_with_nullable([("x", texts, true)]).unwrap();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch; 20]]).unwrap();
    let array_agg = &functions::all().aggregate["array_agg"];
    let plan = LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(table)), None).unwrap();
    let plan =
        plan.aggregate(Vec::<Expr>::new(), [array_agg.call(vec![col("x")]).alias("x")]).unwrap().build().unwrap();
    let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let announced = Arc::new(Schema::new(vec![Field::new("x", list, true)]));
    let permit = engine.admit(&query().stop).await.unwrap();
    let answer = engine.execute(&query(), permit, plan, announced).await.unwrap();
    assert_eq!(kind(answer.try_collect::<Vec<_>>().await), Kind::Exhausted);
    returned(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_answer_gives_its_place_back() {
    let (_folder, engine) = engine(&Limits { queued: 1, ..limits() });
    let mut answer = start(&engine, &query(), endless()).await.unwrap();
    assert!(answer.try_next().await.unwrap().is_some());
    drop(answer);
    let next = scan(10).build().unwrap();
    let rows: Vec<_> = start(&engine, &query(), next).await.unwrap().try_collect().await.unwrap();
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
    returned(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_a_place_is_kept_while_the_answer_lives() {
    let (_folder, engine) = engine(&limits());
    let answer = start(&engine, &query(), endless()).await.unwrap();
    let refused = engine.admit(&query().stop).await;
    assert_eq!(kind(refused), Kind::Unavailable);
    drop(answer);
}

/// How a query ends, planned in time or not.
async fn end(answer: crate::error::Result<Answer>) -> Kind {
    match answer {
        Ok(answer) => kind(answer.try_collect::<Vec<_>>().await),
        Err(error) => error.kind(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_and_cancellation_end_a_query_wherever_it_is() {
    let (_folder, engine) = engine(&Limits { queued: 2, ..limits() });
    let place = engine.admit(&query().stop).await.unwrap();
    assert_eq!(kind(engine.admit(&within(Duration::ZERO).stop).await), Kind::Deadline);
    drop(place);
    let late = within(Duration::from_millis(50));
    assert_eq!(end(start(&engine, &late, endless()).await).await, Kind::Deadline);
    let cancelled = query();
    let answer = start(&engine, &cancelled, endless()).await.unwrap();
    cancelled.stop.cancel();
    assert_eq!(kind(answer.try_collect::<Vec<_>>().await), Kind::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fruitless_join_stops_and_lets_others_run() {
    let (_folder, engine) = engine(&Limits { running: 8, ..limits() });
    for (join, keys) in
        [(JoinType::Inner, false), (JoinType::LeftSemi, false), (JoinType::RightAnti, false), (JoinType::Inner, true)]
    {
        let late = start(&engine, &within(Duration::from_millis(300)), fruitless(join, keys)).await;
        let gone = start(&engine, &query(), fruitless(join, keys)).await.unwrap();
        let more = start(&engine, &query(), fruitless(join, keys)).await.unwrap();
        let rows: Vec<_> =
            start(&engine, &query(), scan(10).build().unwrap()).await.unwrap().try_collect().await.unwrap();
        assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
        drop((gone, more));
        assert_eq!(end(late).await, Kind::Deadline);
        // Until the last of them has stopped.
        returned(&engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planning_that_never_waits_holds_up_neither_its_caller_nor_others() {
    let (_folder, engine) = engine(&limits());
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let stuck = async move { wait.recv().map_err(|_| Error::internal("never told to go on")) };
    let told = engine.plan(&Stop::within(Duration::from_millis(50)), stuck).await;
    assert_eq!(kind(told), Kind::Deadline);
    assert_eq!(engine.plan(&Stop::default(), async { Ok(1) }).await.unwrap(), 1);
    go_on.send(()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_keeps_no_place() {
    let (_folder, engine) = engine(&Limits { queued: 1, ..limits() });
    let unread = start(&engine, &query(), scan(10).build().unwrap()).await.unwrap();
    let late = start(&engine, &within(Duration::from_millis(50)), endless()).await.unwrap();
    engine.admit(&Stop::within(Duration::from_secs(30))).await.unwrap();
    drop((unread, late));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_opens_only_files_that_can_match() {
    let mart = tempfile::tempdir().unwrap();
    let store = Store::open(mart.path().to_str().unwrap()).unwrap();
    for first in [0, 1000] {
        let mut publication = store.begin(&Owner::this_process()).await.unwrap();
        let values = Int64Array::from_iter_values(first..first + 100);
        let batch = RecordBatch::try_new(schema(), vec![Arc::new(values)]).unwrap();
        let stream = futures::stream::iter([Ok(batch)]);
        let written = publication.write("t", schema(), WriteMode::Append, &[], stream).await.unwrap();
        let pin = Pin {
            delta_version: written.delta_version,
            fingerprint: "f".into(),
            inputs: Vec::new(),
            rows: written.rows(),
            reads: BTreeMap::new(),
        };
        let tables = BTreeMap::from([("t".to_owned(), pin)]);
        publication.publish(Draft { model_hash: "m".into(), tables, verdicts: Vec::new() }).await.unwrap();
    }
    let newest = store.latest().await.unwrap().unwrap();
    let catalog = MartCatalog::new(&store.snapshot(newest).await.unwrap());
    let (_folder, engine) = engine(&limits());
    let scan = || LogicalPlanBuilder::scan("t", catalog.table("t", None).unwrap(), None).unwrap();
    let all = engine.explain(&query(), scan().build().unwrap()).await.unwrap().join("\n");
    assert!(all.contains("read mart.t, 2 files: "), "{all}");
    let plan = scan().filter(col("k").gt(lit(1005i64))).unwrap().build().unwrap();
    let one = engine.explain(&query(), plan.clone()).await.unwrap().join("\n");
    assert!(one.contains("read mart.t, 1 file: ") && one.contains("where k > 1005"), "{one}");
    let rows: Vec<_> = start(&engine, &query(), plan).await.unwrap().try_collect().await.unwrap();
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 94);
}
