//! Values as files hold them, in the types of the mart: the same value, or a refusal by row and column.

use std::sync::Arc;

use arrow::array::{
    ArrayData, ArrayRef, Date32Array, Decimal64Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use starmart::ingest::LoadOptions;

use crate::load::Project;
use crate::projects::load;

fn write(project: &Project, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let file = std::fs::File::create(project.folder.path().join(name)).unwrap();
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), None).unwrap();
    if !columns.is_empty() {
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        writer.write(&RecordBatch::try_new(schema, arrays).unwrap()).unwrap();
    }
    writer.close().unwrap();
}

/// A column of a Parquet file as the mart holds it in type `of`, or why it does not.
async fn stored(array: ArrayRef, of: &str) -> String {
    let column = if of.is_empty() { String::new() } else { format!(", columns: {{v: {of}}}") };
    let project = Project::new(&format!("tables:\n  t: {{files: data/t.parquet{column}}}\n"), &[]).await;
    write(&project, "data/t.parquet", vec![("v", array)]);
    match load(&project.mart, LoadOptions::default()).await {
        Ok(_) => project.ask("SELECT v FROM mart.t").await,
        Err(error) => error.to_string().lines().next().unwrap().to_owned(),
    }
}

fn money(values: Vec<i128>, precision: u8, scale: i8) -> ArrayRef {
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_stay_the_same_or_stop_the_table() {
    let doubles = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
    let small = Arc::new(Decimal64Array::from(vec![125]).with_precision_and_scale(5, 2).unwrap()) as ArrayRef;
    for (array, of, value) in [
        (money(vec![12_300], 10, 4), "'decimal(10,2)'", "1.23"),
        (money(vec![12_345], 10, 4), "'decimal(10,2)'", "row 1, column 'v': '1.2345' is no decimal(10,2)"),
        (small, "integer", "'1.25' is no integer"),
        (Arc::new(Int64Array::from(vec![(1 << 53) + 1])), "double", "'9007199254740993' is no double"),
        (doubles(2f64.powi(46) + 0.015_625), "'decimal(38,2)'", "is no decimal(38,2)"),
        (doubles(1e22), "'decimal(38,2)'", "10000000000000000000000.00"),
        (doubles(-0.0), "double", "0.0"),
        (doubles(0.125), "'decimal(12,2)'", "'0.125' is no decimal(12,2)"),
        (Arc::new(UInt64Array::from(vec![u64::MAX])), "integer", "'18446744073709551615' is no integer"),
        (new_null_array(&DataType::Null, 2), "integer", "|"),
    ] {
        let found = stored(array, of).await;
        assert!(found.ends_with(value), "{value}: {found}");
    }
}

/// Ten to the thirteenth in a decimal(12,2), which Parquet does not forbid.
#[tokio::test(flavor = "multi_thread")]
async fn a_decimal_of_more_digits_than_its_type_stops_its_table_once() {
    let project = Project::new("tables:\n  t: {files: data/t.parquet}\n", &[]).await;
    let data = ArrayData::builder(DataType::Decimal128(12, 2)).len(2);
    let data = data.add_buffer(Buffer::from_vec(vec![5_i128, 10_i128.pow(13)])).build().unwrap();
    for _ in 0..2 {
        write(&project, "data/t.parquet", vec![("v", Arc::new(Decimal128Array::from(data.clone())))]);
        project.stops(&["table 't': 'data/t.parquet', row 2, column 'v': '100000000000.00' is no decimal(12,2)"]).await;
        write(&project, "data/t.parquet", vec![("v", money(vec![725], 12, 2))]);
        project.load().await;
        assert_eq!(project.ask("SELECT v FROM mart.t").await, "7.25");
    }
    write(&project, "data/t.parquet", Vec::new());
    project.stops(&["table 't': 'data/t.parquet' has no columns"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_clocks_are_those_of_the_zone_they_are_stored_in() {
    let zone = "{type: timestamp, stored_in: America/New_York}";
    let day = || Arc::new(Date32Array::from(vec![17_348])) as ArrayRef;
    let clock = Arc::new(TimestampMicrosecondArray::from(vec![17_348 * 86_400_000_000]));
    assert_eq!(stored(day(), zone).await, "2017-07-01T04:00:00Z");
    assert_eq!(stored(clock, zone).await, "2017-07-01T04:00:00Z");
    assert_eq!(stored(day(), "").await, "2017-07-01");
    let far = stored(Arc::new(Date32Array::from(vec![4_000_000])), "").await;
    assert!(far.contains("is not in a year from 1 to 9999"), "{far}");
    let far = stored(Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX]).with_timezone("UTC")), "").await;
    assert!(far.contains("is not in a year from 1 to 9999"), "{far}");
}

#[tokio::test(flavor = "multi_thread")]
async fn derived_values_are_cast_as_those_of_files() {
    for (sql, of, value) in [
        (
            "select cast(''2017-07-01'' as date) as v from a",
            "{type: timestamp, stored_in: America/New_York}",
            "2017-07-01T04:00:00Z",
        ),
        (
            "select cast(0.125 as double) as v from a",
            "'decimal(12,2)'",
            "table 'd', column 'v': '0.125' is no decimal(12,2)",
        ),
        ("select cast(1234.999 as double) as v from a", "integer", "'1234.999' is no integer"),
        ("select cast(1234 as double) + n as v from a", "integer", "1235"),
        ("select cast(-0.0 as double) * n as v from a", "double", "0.0"),
        ("select n || ''x'' as v from a", "text", "1x"),
        ("select null as v from a", "date", ""),
    ] {
        let model = format!(
            "tables:\n  a: {{files: data/a.csv, columns: {{n: integer}}}}\n  d:\n    sql: '{sql}'\n    columns:\n      v: {of}\n"
        );
        let project = Project::new(&model, &[("data/a.csv", "n\n1\n")]).await;
        let found = match load(&project.mart, LoadOptions::default()).await {
            Ok(_) => project.ask("SELECT v FROM mart.d").await,
            Err(error) => error.to_string().lines().next().unwrap().to_owned(),
        };
        assert!(found.ends_with(value), "{sql}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_write_one_type_in_two_ways_are_one_table() {
    let project = Project::new("tables:\n  t: {files: data/*.parquet, sort_by: v}\n", &[]).await;
    write(&project, "data/1.parquet", vec![("v", new_null_array(&DataType::Null, 1))]);
    write(&project, "data/2.parquet", vec![("v", Arc::new(Int64Array::from(vec![7])))]);
    write(&project, "data/3.parquet", vec![("v", Arc::new(UInt64Array::from(vec![5])))]);
    project.load().await;
    assert_eq!(project.ask("SELECT v FROM mart.t ORDER BY v").await, "5|7|");
    write(&project, "data/3.parquet", vec![("v", Arc::new(StringArray::from(vec!["x"])))]);
    project
        .stops(&["the columns of 'data/3.parquet' differ from those of 'data/1.parquet': 'v' is text, not integer"])
        .await;
}
