//! What is tested: the planner and the engine, over a star's tables in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float64Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::TableSource;
use futures::TryStreamExt;
use starmart::config::Limits;
use starmart::error::Result;
use starmart::execute::{Engine, functions};
use starmart::model::{Model, Spec, TableSchema, resolve};
use starmart::plan::{Catalog, Context, KeyClaim, plan, statement};
use starmart::query::{Principal, Query, Settings, Stop};
use starmart::sql::Functions;
use tempfile::TempDir;

use super::star::{Star, Table};
use super::value::{Type, Value};

/// An engine that many stars are asked through.
pub(crate) struct Machine {
    engine: Arc<Engine>,
    functions: Functions,
    _folder: TempDir,
}

/// A star, ready to be asked.
pub(crate) struct Asked {
    model: Model,
    tables: Tables,
    /// The session's zone.
    zone: chrono_tz::Tz,
}

struct Tables(BTreeMap<String, Arc<MemTable>>);

impl Catalog for Tables {
    fn table(&self, name: &str, _version: Option<u64>) -> Option<Arc<dyn TableSource>> {
        let table = Arc::clone(self.0.get(name)?);
        Some(provider_as_source(table))
    }

    fn describing(&self, _schema: &str, _name: &str) -> Option<Arc<dyn TableSource>> {
        None
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn key_claim(&self, _table: &str, _columns: &[String]) -> KeyClaim {
        KeyClaim::Holds
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = Engine::new(&Limits::default(), folder.path()).unwrap();
        Self { engine: Arc::new(engine), functions: functions::all(), _folder: folder }
    }

    /// The star's model and tables.
    pub(crate) fn opened(&self, star: &Star) -> Asked {
        let spec = Spec::decode(&[("cubes/star.yaml".to_owned(), star.yaml())]);
        let batches: BTreeMap<String, RecordBatch> =
            star.tables.iter().map(|table| (table.name.clone(), batch(table))).collect();
        let schemas = batches.iter().map(|(name, batch)| (name.clone(), TableSchema::File(batch.schema()))).collect();
        let model =
            resolve(&spec, &schemas, &self.functions).unwrap_or_else(|error| panic!("{error}\n{}", star.yaml()));
        let in_memory = |batch: RecordBatch| Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap());
        let tables = batches.into_iter().map(|(name, batch)| (name, in_memory(batch))).collect();
        Asked { model, tables: Tables(tables), zone: star.zone }
    }

    /// The rows of a statement.
    pub(crate) async fn ask(&self, asked: &Asked, sql: &str) -> Result<Vec<Vec<Value>>> {
        let query = query(asked);
        let plan = plan(&statement(sql)?, &self.context(asked, &query))?;
        let permit = self.engine.admit(&query.stop).await?;
        let answer = self.engine.execute(&query, permit, plan.logical, plan.schema).await?;
        let batches: Vec<RecordBatch> = answer.try_collect().await?;
        Ok(batches.iter().flat_map(rows).collect())
    }

    /// What a statement is planned with.
    pub(crate) fn context<'a>(&'a self, asked: &'a Asked, query: &'a Query) -> Context<'a> {
        Context { model: &asked.model, catalog: &asked.tables, functions: &self.functions, query }
    }
}

/// A query of one who may ask everything.
pub(crate) fn query(asked: &Asked) -> Query {
    Query {
        id: uuid::Uuid::nil(),
        principal: Principal::local(),
        settings: Settings::default(),
        mart_version: 1,
        now: chrono::DateTime::from_timestamp(1_500_000_000, 0).unwrap(),
        timezone: asked.zone,
        stop: Stop::default(),
    }
}

fn batch(table: &Table) -> RecordBatch {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (at, (name, of)) in table.columns.iter().enumerate() {
        let values = table.rows.iter().map(|row| row[at].clone());
        let array: ArrayRef = match of {
            Type::Boolean => Arc::new(BooleanArray::from_iter(values.map(|value| match value {
                Value::Boolean(value) => Some(value),
                _ => None,
            }))),
            Type::Integer => Arc::new(Int64Array::from_iter(values.map(|value| match value {
                Value::Integer(value) => i64::try_from(value).ok(),
                _ => None,
            }))),
            Type::Decimal => {
                let unscaled = values.map(|value| match value {
                    Value::Decimal(unscaled, scale) => Some(unscaled * 10i128.pow(2 - scale)),
                    _ => None,
                });
                Arc::new(Decimal128Array::from_iter(unscaled).with_precision_and_scale(12, 2).unwrap())
            }
            Type::Double => Arc::new(Float64Array::from_iter(values.map(|value| value.number()))),
            Type::Text => Arc::new(StringArray::from_iter(values.map(|value| match value {
                Value::Text(text) => Some(text),
                _ => None,
            }))),
            Type::Date => Arc::new(Date32Array::from_iter(values.map(|value| match value {
                Value::Date(days) => Some(days),
                _ => None,
            }))),
            Type::Instant => {
                let instants = values.map(|value| match value {
                    Value::Instant(at) => Some(at),
                    _ => None,
                });
                Arc::new(TimestampMicrosecondArray::from_iter(instants).with_timezone("UTC"))
            }
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn rows(batch: &RecordBatch) -> Vec<Vec<Value>> {
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| value(column, row)).collect()).collect()
}

fn value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Int64 => Value::Integer(column.as_primitive::<Int64Type>().value(row).into()),
        DataType::Decimal128(_, scale) => {
            Value::decimal(column.as_primitive::<Decimal128Type>().value(row), u32::try_from(*scale).unwrap())
        }
        DataType::Float64 => Value::Double(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).to_owned()),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Value::Instant(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Value::Instant(column.as_primitive::<TimestampNanosecondType>().value(row) / 1_000)
        }
        DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        other => panic!("a result holds {other}"),
    }
}
