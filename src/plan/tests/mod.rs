//! Statements over the facts of the semantics page, planned and run.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::TableSource;
use futures::TryStreamExt;

use super::*;
use crate::model::{Spec, TableSchema, resolve};
use crate::query::{Principal, Settings, Stop};

mod answers;
mod casts;
mod detail;
mod golden;
mod limits;
mod refusals;

const MODEL: &str = "
version: 1
defaults: {timezone: America/New_York}
tables:
  lines:
    files: data/lines.csv
    primary_key: [line_id]
    columns:
      line_id: integer
      sold_at: {type: timestamp, stored_in: UTC}
      amount: decimal(12,2)
    joins: {shop: {table: shops, keys: store}}
  shops:
    files: data/shops.csv
    primary_key: [store]
cubes:
  sales:
    table: lines
    time: sold_at
    dimensions:
      department: department
      store: store
      household: household
      city: shop.city
    measures:
      revenue: sum(amount)
      lines: count(*)
      baskets: count(distinct basket)
      largest: max(amount)
      aov: revenue / baskets
      revenue_a: {expr: revenue, filter: department = 'A'}
      latest: max(sold_at)
";

const DAY_US: i64 = 86_400_000_000;

fn text<const N: usize>(values: [&str; N]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// The seven facts, each at noon UTC of its day.
fn lines() -> RecordBatch {
    let days = [17197, 17207, 17207, 17240, 17240, 17286, 17286];
    let at = days.map(|day: i64| day * DAY_US + DAY_US / 2);
    let amounts = [10, 20, 5, 30, 7, 40, 8].map(|amount: i128| amount * 100);
    RecordBatch::try_from_iter_with_nullable([
        ("line_id", Arc::new(Int64Array::from_iter_values(1..=7)) as ArrayRef, true),
        ("sold_at", Arc::new(TimestampMicrosecondArray::from(at.to_vec()).with_timezone("UTC")), true),
        ("store", text(["S1", "S1", "S1", "S2", "S2", "S2", "S1"]), true),
        ("department", text(["A", "A", "B", "A", "B", "A", "A"]), true),
        ("household", text(["h1", "h1", "h1", "h2", "h2", "h3", "h1"]), true),
        ("basket", text(["b101", "b102", "b102", "b103", "b103", "b104", "b105"]), true),
        ("amount", Arc::new(Decimal128Array::from(amounts.to_vec()).with_precision_and_scale(12, 2).unwrap()), true),
        ("day", Arc::new(Date32Array::from(days.map(|day| i32::try_from(day).unwrap()).to_vec())), true),
    ])
    .unwrap()
}

fn shops() -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([
        ("store", text(["S1", "S2"]), true),
        ("city", text(["York", "Bath"]), true),
    ])
    .unwrap()
}

struct Tables {
    tables: BTreeMap<String, RecordBatch>,
    claim: KeyClaim,
}

impl Catalog for Tables {
    fn table(&self, name: &str, version: Option<u64>) -> Option<Arc<dyn TableSource>> {
        if version.is_some_and(|version| version > 1) {
            return None;
        }
        let rows = self.tables.get(name)?;
        let table = MemTable::try_new(rows.schema(), vec![vec![rows.clone()]]).unwrap();
        Some(provider_as_source(Arc::new(table)))
    }

    fn describing(&self, _schema: &str, _name: &str) -> Option<Arc<dyn TableSource>> {
        None
    }

    fn names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    fn key_claim(&self, _table: &str, _columns: &[String]) -> KeyClaim {
        self.claim
    }
}

fn model(functions: &Functions) -> Model {
    let spec = Spec::decode(&[("cubes/sales.yaml".to_owned(), MODEL.to_owned())]);
    let of = |names: &[(&str, DataType)]| {
        let fields = names.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
        TableSchema::File(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
    };
    let names = ["line_id", "sold_at", "store", "department", "household", "basket", "amount"];
    let mut columns: Vec<_> = names.into_iter().map(|name| (name, DataType::Utf8)).collect();
    columns.push(("day", DataType::Date32));
    let shop = [("store", DataType::Utf8), ("city", DataType::Utf8)];
    let schemas = BTreeMap::from([("lines".to_owned(), of(&columns)), ("shops".to_owned(), of(&shop))]);
    resolve(&spec, &schemas, functions).unwrap()
}

fn tables(claim: KeyClaim) -> Tables {
    Tables { tables: BTreeMap::from([("lines".to_owned(), lines()), ("shops".to_owned(), shops())]), claim }
}

fn planned_with(sql: &str, claim: KeyClaim) -> Result<Plan> {
    let functions = crate::execute::functions::all();
    let model = model(&functions);
    let query = query();
    let catalog = tables(claim);
    let context = Context { model: &model, catalog: &catalog, functions: &functions, query: &query };
    plan(&statement(sql)?, &context)
}

fn query() -> Query {
    Query {
        id: uuid::Uuid::nil(),
        principal: Principal::local(),
        settings: Settings::default(),
        mart_version: 1,
        now: chrono::DateTime::from_timestamp(1_493_600_400, 0).unwrap(),
        timezone: chrono_tz::America::New_York,
        stop: Stop::default(),
    }
}

fn planned(sql: &str) -> Result<Plan> {
    planned_with(sql, KeyClaim::Holds)
}

/// The error that a statement meets.
fn refused(sql: &str) -> String {
    match planned(sql) {
        Ok(plan) => panic!("'{sql}' is planned:\n{}", plan.logical.display_indent()),
        Err(error) => error.to_string(),
    }
}

/// The rows of a statement, each `a b c`.
async fn rows(sql: &str) -> Vec<String> {
    ran(sql).await.unwrap_or_else(|error| panic!("'{sql}': {error}"))
}

/// The error that a statement meets when it is run.
async fn failed(sql: &str) -> String {
    planned(sql).unwrap_or_else(|error| panic!("'{sql}': {error}"));
    match ran(sql).await {
        Ok(rows) => panic!("'{sql}' is answered: {rows:?}"),
        Err(error) => error.to_string(),
    }
}

async fn ran(sql: &str) -> Result<Vec<String>> {
    let plan = planned(sql)?;
    let folder = tempfile::tempdir().unwrap();
    let engine = crate::execute::Engine::new(&crate::config::Limits::default(), folder.path()).unwrap();
    let query = query();
    let permit = engine.admit(&query.stop).await.unwrap();
    let answer = engine.execute(&query, permit, plan.logical, plan.schema).await?;
    let batches: Vec<RecordBatch> = answer.try_collect().await?;
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" "));
        }
    }
    Ok(rows)
}

/// The rows in no particular order.
async fn sorted(sql: &str) -> Vec<String> {
    let mut rows = rows(sql).await;
    rows.sort();
    rows
}
