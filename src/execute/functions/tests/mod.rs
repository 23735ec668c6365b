//! Tests of the functions: through the engine's session state where SQL decides, on the accumulators where only
//! totals do.

use std::ops::Deref;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Decimal128Type, Field, Float64Type, Int64Type, Schema, TimestampMicrosecondType, i256,
};
use chrono::{Offset, TimeZone};
use datafusion::common::{Result, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::execution::context::SessionContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use proptest::prelude::*;

use super::groups::Groups;
use super::single::Single;
use super::total::Finish;
use crate::execute::session;

mod answers;

/// A session with the engine's functions and rewrites, on two threads' worth of partitions.
struct Session(SessionContext);

impl Deref for Session {
    type Target = SessionContext;

    fn deref(&self) -> &SessionContext {
        &self.0
    }
}

impl Session {
    fn new() -> Self {
        let state = session::template(2, 64 << 20, Arc::new(RuntimeEnv::default())).unwrap();
        let mut config = state.config().clone().with_create_default_catalog_and_schema(true);
        config.options_mut().sql_parser.parse_float_as_decimal = true;
        let state = datafusion::execution::session_state::SessionStateBuilder::new_from_existing(state)
            .with_config(config)
            .build();
        Self(SessionContext::new_with_state(state))
    }

    #[expect(clippy::disallowed_methods, reason = "a test of what SQL makes of the functions")]
    async fn frame(&self, sql: &str) -> Result<DataFrame> {
        self.0.sql(sql).await
    }

    async fn rows(&self, sql: &str) -> Result<RecordBatch> {
        let frame = self.frame(sql).await?;
        let schema = Arc::clone(frame.schema().inner());
        Ok(arrow::compute::concat_batches(&schema, &frame.collect().await?)?)
    }

    async fn one(&self, sql: &str) -> Result<ScalarValue> {
        ScalarValue::try_from_array(self.rows(sql).await?.column(0), 0)
    }

    /// The one value that a query gives, as text, or its error.
    async fn shown(&self, sql: &str) -> String {
        match self.one(sql).await {
            Ok(value) => value.to_string(),
            Err(error) => crate::execute::fault::error(error).to_string(),
        }
    }

    async fn error(&self, sql: &str) -> String {
        crate::execute::fault::error(self.one(sql).await.unwrap_err()).to_string()
    }
}

#[tokio::test]
async fn sums_are_exact_and_overflow_is_an_error() {
    let session = Session::new();
    let max = i64::MAX;
    let values = format!("(VALUES ({max}), ({max}), (-{max}), (-5)) t(v)");
    assert_eq!(session.one(&format!("SELECT sum(v) FROM {values}")).await.unwrap(), ScalarValue::Int64(Some(max - 5)));
    let over = format!("SELECT sum(v) FROM (VALUES ({max}), (1)) t(v)");
    assert!(session.error(&over).await.starts_with("overflow: the sum does not fit a 64-bit integer"));
    let grouped = format!("SELECT sum(v) FROM (VALUES (1, {max}), (1, 1), (2, 0)) t(k, v) GROUP BY k");
    assert!(session.error(&grouped).await.starts_with("overflow"));
    let none = session.one("SELECT sum(v) FROM (VALUES (1)) t(v) WHERE v > 1").await.unwrap();
    assert_eq!(none, ScalarValue::Int64(None));
}

#[tokio::test]
async fn decimal_sums_widen_to_38_digits() {
    let session = Session::new();
    let sum = session.one("SELECT sum(v) FROM (VALUES (0.10), (0.20)) t(v)").await.unwrap();
    assert_eq!(sum, ScalarValue::Decimal128(Some(30), 38, 2));
    let nines = "9".repeat(38);
    let wide = format!("SELECT sum(v) FROM (VALUES ({nines}.), (-1.), (-1.), (2.)) t(v)");
    assert_eq!(session.one(&wide).await.unwrap(), ScalarValue::Decimal128(Some(10_i128.pow(38) - 1), 38, 0));
    let over = format!("SELECT sum(v) FROM (VALUES ({nines}.), (1.)) t(v)");
    assert!(session.error(&over).await.starts_with("overflow: the sum does not fit decimal(38,0)"));
}

#[tokio::test]
async fn averages_are_floats_from_exact_sums() {
    let session = Session::new();
    let max = i64::MAX;
    let mean = format!("SELECT avg(v) FROM (VALUES ({max}), ({max})) t(v)");
    #[expect(clippy::cast_precision_loss, reason = "the average is a float")]
    let expected = max as f64;
    assert_eq!(session.one(&mean).await.unwrap(), ScalarValue::Float64(Some(expected)));
    let decimal = session.one("SELECT avg(v) FROM (VALUES (10.50), (10.51), (NULL)) t(v)").await.unwrap();
    assert_eq!(decimal, ScalarValue::Float64(Some(10.505)));
    let distinct = session.one("SELECT avg(DISTINCT v) FROM (VALUES (1), (1), (4)) t(v)").await.unwrap();
    assert_eq!(distinct, ScalarValue::Float64(Some(2.5)));
    let both = "SELECT sum(DISTINCT v) + sum(v) FROM (VALUES (1.5), (1.5), (4.0)) t(v)";
    assert_eq!(session.one(both).await.unwrap().to_string(), "12.5");
    let float = session.one("SELECT avg(v) FROM (VALUES (1e0), (2e0)) t(v)").await.unwrap();
    assert_eq!(float, ScalarValue::Float64(Some(1.5)));
    assert!(session.error("SELECT sum(v) FROM (VALUES ('a')) t(v)").await.contains("sum takes a number"));
}

#[tokio::test]
async fn windows_slide_and_groups_spill_over_partitions() {
    let session = Session::new();
    let sliding = "SELECT sum(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s
        FROM (VALUES (1), (2), (NULL), (4)) t(v) ORDER BY v NULLS LAST";
    let rows = session.rows(sliding).await.unwrap();
    assert_eq!(rows.column(0).as_primitive::<Int64Type>(), &Int64Array::from(vec![1, 3, 6, 4]));
    let distinct = "SELECT sum(DISTINCT v) OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s
        FROM (VALUES (1, 7), (2, 7), (3, 1)) t(k, v) ORDER BY k";
    let rows = session.rows(distinct).await.unwrap();
    assert_eq!(rows.column(0).as_primitive::<Int64Type>(), &Int64Array::from(vec![7, 7, 8]));
    let grouped = "SELECT v % 1000 AS k, sum(v) AS s, avg(v) AS a, sum(v) FILTER (WHERE v < 1000) AS f
        FROM generate_series(0, 99999) t(v) GROUP BY 1 ORDER BY 1";
    let state = session.state();
    let batch = {
        let values: Vec<i64> = (0..100_000).collect();
        let schema = Arc::new(Schema::new(vec![Field::new("v", DataType::Int64, true)]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int64Array::from(values))]).unwrap();
        let parts = (0..10).map(|part| vec![batch.slice(part * 10_000, 10_000)]).collect();
        let table = Arc::new(MemTable::try_new(schema, parts).unwrap());
        let schema = state.catalog_list().catalog("datafusion").unwrap().schema("public").unwrap();
        schema.register_table("t".into(), table).unwrap();
        session.rows(&grouped.replace("generate_series(0, 99999) t(v)", "t")).await.unwrap()
    };
    let sums = batch.column(1).as_primitive::<Int64Type>();
    assert_eq!((sums.len(), sums.value(7)), (1000, (0..100).map(|n| 7 + 1000 * n).sum::<i64>()));
    assert_eq!(batch.column(2).as_primitive::<Float64Type>().value(7), 49_507.0);
    assert_eq!(batch.column(3).as_primitive::<Int64Type>().value(7), 7);
}

#[tokio::test]
async fn integer_arithmetic_is_checked() {
    let session = Session::new();
    let max = i64::MAX;
    for sql in [
        format!("SELECT v + 1 FROM (VALUES ({max})) t(v)"),
        format!("SELECT v * 2 FROM (VALUES ({max})) t(v)"),
        format!("SELECT -v - 2 FROM (VALUES ({max})) t(v)"),
        format!("SELECT -(-v - 1) FROM (VALUES ({max})) t(v)"),
        format!("SELECT {max} + 1"),
    ] {
        let error = session.error(&sql).await;
        assert!(error.starts_with("overflow"), "{sql}: {error}");
    }
    assert_eq!(session.one("SELECT 2 * 3 - 7").await.unwrap(), ScalarValue::Int64(Some(-1)));
    assert_eq!(session.one("SELECT 1 + NULL").await.unwrap(), ScalarValue::Int64(None));
    let rows = session.rows("SELECT v + 1, -v FROM (VALUES (1)) t(v)").await.unwrap();
    assert_eq!(rows.schema().field(0).name(), "t.v + Int64(1)");
}

#[tokio::test]
async fn decimals_stay_within_38_digits() {
    let session = Session::new();
    let nines = "9".repeat(38);
    let error = session.error(&format!("SELECT v + 1 FROM (VALUES ({nines}.)) t(v)")).await;
    assert!(error.starts_with("overflow"), "{error}");
    let product = session.one("SELECT v * v FROM (VALUES (1.05)) t(v)").await.unwrap();
    assert_eq!(product.to_string(), "1.1025");
    let wide = session.one(&format!("SELECT v - 1 FROM (VALUES ({nines}.)) t(v)")).await.unwrap();
    assert_eq!(wide, ScalarValue::Decimal128(Some(10_i128.pow(38) - 2), 38, 0));
}

#[tokio::test]
async fn division_is_a_float_and_null_by_zero() {
    let session = Session::new();
    for (sql, expected) in [
        ("SELECT 1 / 2", Some(0.5)),
        ("SELECT 1.0 / 4", Some(0.25)),
        ("SELECT a / b FROM (VALUES (7, 2)) t(a, b)", Some(3.5)),
        ("SELECT a / b FROM (VALUES (7, 0)) t(a, b)", None),
        ("SELECT a / 0 FROM (VALUES (7)) t(a)", None),
        ("SELECT 1 / b FROM (VALUES (0.0)) t(b)", None),
        ("SELECT 0e0 / 0e0", None),
        ("SELECT NULL / 2", None),
    ] {
        assert_eq!(session.one(sql).await.unwrap(), ScalarValue::Float64(expected), "{sql}");
    }
}

#[tokio::test]
async fn casts_to_integers_round_half_away_from_zero() {
    let session = Session::new();
    for (value, expected) in [("2.5", 3), ("-2.5", -3), ("2.49", 2), ("2.5e0", 3), ("-2.5e0", -3), ("'7'", 7)] {
        let sql = format!("SELECT CAST(v AS BIGINT) FROM (VALUES ({value})) t(v)");
        assert_eq!(session.one(&sql).await.unwrap(), ScalarValue::Int64(Some(expected)), "{sql}");
    }
    let decimal = session.one("SELECT CAST(v AS DECIMAL(4,1)) FROM (VALUES (-2.25), (2.25)) t(v)").await.unwrap();
    assert_eq!(decimal.to_string(), "-2.3");
    let float = session.one("SELECT CAST(v AS DECIMAL(4,1)) FROM (VALUES (2.25e0)) t(v)").await.unwrap();
    assert_eq!(float.to_string(), "2.3");
    assert!(!session.error("SELECT CAST(v AS BIGINT) FROM (VALUES (1e30)) t(v)").await.is_empty());
}

#[tokio::test]
async fn wall_clocks_follow_daylight_saving() {
    let session = Session::new();
    let sql = "SELECT wall_clock(to_timestamp_micros(v), 'America/New_York') AS w FROM (VALUES
        (1509858000000000), (1509861600000000), (1489302000000000), (1489305600000000), (NULL)) t(v)";
    let rows = session.rows(sql).await.unwrap();
    let expected = ["2017-11-05T01:00:00", "2017-11-05T01:00:00", "2017-03-12T02:00:00", "2017-03-12T03:00:00"];
    let walls = rows.column(0).as_primitive::<TimestampMicrosecondType>();
    let shown: Vec<String> =
        (0..4).map(|row| walls.value_as_datetime(row).unwrap().format("%Y-%m-%dT%H:%M:%S").to_string()).collect();
    // 05:00Z is one o'clock in summer time, 06:00Z one o'clock again; 07:00Z skips from two to three.
    assert_eq!(shown[..2], expected[..2]);
    assert_eq!(shown[3], "2017-03-12T04:00:00");
    assert!(walls.is_null(4));
    let unknown = session.error("SELECT wall_clock(to_timestamp_micros(0), 'Mars/Base')").await;
    assert!(unknown.contains("unknown time zone 'Mars/Base'"), "{unknown}");
}

proptest! {
    #[test]
    fn wall_clock_is_what_chrono_says(seconds in -3_000_000_000_i64..6_000_000_000, micros in 0_i64..1_000_000) {
        let instants = TimestampMicrosecondArray::from(vec![seconds * 1_000_000 + micros, 0, seconds * 1_000_000]);
        for zone in [chrono_tz::America::New_York, chrono_tz::Asia::Taipei, chrono_tz::Africa::Casablanca,
            chrono_tz::Australia::Lord_Howe, chrono_tz::UTC] {
            let shifted = super::wall_clock::Offsets::of(zone).shift(&instants);
            let utc = chrono::DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let offset = i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc());
            prop_assert_eq!(shifted.value(0), (seconds + offset) * 1_000_000 + micros);
        }
    }

    #[test]
    fn sums_fail_exactly_when_the_total_does_not_fit(values in proptest::collection::vec(
        prop_oneof![any::<i64>().prop_map(Some), Just(Some(i64::MAX)), Just(Some(i64::MIN)), Just(None)], 0..20,
    ), cut in 0_usize..20) {
        let exact: i128 = values.iter().flatten().map(|value| i128::from(*value)).sum();
        let any = values.iter().flatten().next().is_some();
        let expected = i64::try_from(exact).ok();
        let array = Int64Array::from(values.clone());
        let cut = cut.min(values.len());
        let parts: [ArrayRef; 2] = [Arc::new(array.slice(0, cut)), Arc::new(array.slice(cut, values.len() - cut))];
        let sum = || Finish::Sum(DataType::Int64);

        let mut whole = Single::<Int64Type, i128>::new(0, sum());
        for part in &parts {
            let mut partial = Single::<Int64Type, i128>::new(0, sum());
            partial.update_batch(std::slice::from_ref(part)).unwrap();
            let state: Vec<ArrayRef> = partial.state().unwrap().iter().map(|s| s.to_array().unwrap()).collect();
            whole.merge_batch(&state).unwrap();
        }
        match whole.evaluate() {
            Ok(value) => prop_assert_eq!(value, ScalarValue::Int64(expected.filter(|_| any))),
            Err(_) => prop_assert!(any && expected.is_none()),
        }
    }

    #[test]
    fn groups_agree_with_a_reference(rows in proptest::collection::vec(
        (0_usize..5, proptest::option::of(-1_000_000_i128..1_000_000), any::<bool>()), 0..60,
    ), emitted in 0_usize..5) {
        let keys: Vec<usize> = rows.iter().map(|row| row.0).collect();
        let values = Decimal128Array::from_iter(rows.iter().map(|row| row.1)).with_data_type(DataType::Decimal128(12, 2));
        let values: ArrayRef = Arc::new(values);
        let filter = BooleanArray::from(rows.iter().map(|row| row.2).collect::<Vec<_>>());
        for mean in [false, true] {
            let finish = || if mean { Finish::Mean(2) } else { Finish::Sum(DataType::Decimal128(38, 2)) };
            let mut merged = Groups::<Decimal128Type, i128>::new(2, finish());
            let half = rows.len() / 2;
            // One half through partial totals, the other row by row.
            let mut partial = Groups::<Decimal128Type, i128>::new(2, finish());
            partial.update_batch(&[values.slice(0, half)], &keys[..half], Some(&filter.slice(0, half)), 5).unwrap();
            merged.merge_batch(&partial.state(EmitTo::All).unwrap(), &[0, 1, 2, 3, 4], 5).unwrap();
            let rest = rows.len() - half;
            let state = merged.convert_to_state(&[values.slice(half, rest)], Some(&filter.slice(half, rest))).unwrap();
            merged.merge_batch(&state, &keys[half..], 5).unwrap();
            let first = merged.evaluate(EmitTo::First(emitted)).unwrap();
            let last = merged.evaluate(EmitTo::All).unwrap();
            let all = arrow::compute::concat(&[first.as_ref(), last.as_ref()]).unwrap();
            for key in 0..5 {
                let group: Vec<i128> = rows.iter().filter(|row| row.0 == key && row.2).filter_map(|row| row.1).collect();
                let total: i128 = group.iter().sum();
                prop_assert_eq!(all.is_null(key), group.is_empty());
                if group.is_empty() { continue; }
                if mean {
                    let expected = total as f64 / (group.len() as f64 * 100.0);
                    prop_assert_eq!(all.as_primitive::<Float64Type>().value(key), expected);
                } else {
                    prop_assert_eq!(all.as_primitive::<Decimal128Type>().value(key), total);
                }
            }
        }
    }

    #[test]
    fn wide_sums_retract_what_they_added(values in proptest::collection::vec(
        -(10_i128.pow(38) - 1)..10_i128.pow(38), 1..12,
    )) {
        let array = Decimal128Array::from(values.clone()).with_data_type(DataType::Decimal128(38, 0));
        let whole: ArrayRef = Arc::new(array);
        let mut sum = Single::<Decimal128Type, i256>::new(0, Finish::Sum(DataType::Decimal128(38, 0)));
        sum.update_batch(std::slice::from_ref(&whole)).unwrap();
        sum.retract_batch(&[whole.slice(1, values.len() - 1)]).unwrap();
        prop_assert_eq!(sum.evaluate().unwrap(), ScalarValue::Decimal128(Some(values[0]), 38, 0));
    }
}

/// How the exact sum compares with DataFusion's; run by hand in a release build:
/// `cargo test --release --lib speed_of_sums -- --nocapture`.
#[test]
fn speed_of_sums() {
    let rows = if cfg!(debug_assertions) { 8192 } else { 100_000_000 };
    let groups: Vec<usize> = (0..8192).map(|row| row * 7 % 1000).collect();
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values(0..8192));
    let mut exact: Box<dyn GroupsAccumulator> =
        Box::new(Groups::<Int64Type, i128>::new(0, Finish::Sum(DataType::Int64)));
    let schema = Schema::empty();
    let field = Arc::new(Field::new("v", DataType::Int64, true));
    let mut theirs = sum_udaf()
        .create_groups_accumulator(datafusion::logical_expr::function::AccumulatorArgs {
            return_field: Arc::clone(&field),
            schema: &schema,
            ignore_nulls: false,
            order_bys: &[],
            is_reversed: false,
            name: "sum",
            is_distinct: false,
            exprs: &[],
            expr_fields: &[field],
        })
        .unwrap();
    for (name, sum) in [("ours", &mut exact), ("theirs", &mut theirs)] {
        let start = crate::clock::monotonic();
        for _ in 0..rows / 8192 {
            sum.update_batch(std::slice::from_ref(&values), &groups, None, 1000).unwrap();
        }
        println!("{name}: {rows} rows in {:?}", start.elapsed());
    }
    assert_eq!(&exact.evaluate(EmitTo::All).unwrap(), &theirs.evaluate(EmitTo::All).unwrap());
}
