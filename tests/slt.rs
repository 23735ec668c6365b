//! Every `.slt` file under `tests/slt/PROJECT/` runs twice over the loaded project of that name: in process,
//! and through our own Flight SQL client against a server on port 0.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use futures::TryStreamExt;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};
use starmart::error::Error;
use starmart::flight::client::Client;
use starmart::mart::{Mart, Session};

use crate::projects::{self, Served};

/// Where the statements of a file go.
enum Door {
    InProcess(Session),
    Flight(Client),
}

#[async_trait]
impl AsyncDB for Door {
    type Error = Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Error> {
        let (schema, batches): (SchemaRef, Vec<RecordBatch>) = match self {
            Door::InProcess(session) => {
                let answer = session.query(sql).await?;
                (Arc::clone(&answer.schema), answer.try_collect().await?)
            }
            Door::Flight(client) => {
                let answer = client.query(sql).await?;
                (Arc::clone(&answer.schema), answer.try_collect().await?)
            }
        };
        for batch in &batches {
            assert_eq!(batch.schema().fields(), schema.fields(), "the schema sent is the schema announced");
        }
        assert!(schema.fields().iter().all(|field| field.is_nullable()), "every field of a result is nullable");
        Ok(DBOutput::Rows { types: types(&schema), rows: rows(&batches) })
    }

    /// For `skipif` and `onlyif`: SET needs a session, which Flight does not have.
    fn engine_name(&self) -> &str {
        match self {
            Door::InProcess(_) => "session",
            Door::Flight(_) => "flight",
        }
    }

    async fn shutdown(&mut self) {}
}

fn types(schema: &SchemaRef) -> Vec<DefaultColumnType> {
    let of = |data_type: &DataType| match data_type {
        DataType::Int64 | DataType::Int32 => DefaultColumnType::Integer,
        DataType::Float64 | DataType::Decimal128(..) => DefaultColumnType::FloatingPoint,
        _ => DefaultColumnType::Text,
    };
    schema.fields().iter().map(|field| of(field.data_type())).collect()
}

fn rows(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let text = |column: &ArrayFormatter| match column.value(row).to_string() {
                empty if empty.is_empty() => "(empty)".to_owned(),
                text => text,
            };
            rows.push(columns.iter().map(text).collect());
        }
    }
    rows
}

fn files(project: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt").join(project);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The names of the `.slt` files of `tests/FOLDER/PROJECT`.
pub(crate) fn names(folder: &str, project: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder).join(project);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Runs one file of `tests/FOLDER/PROJECT` in process.
pub(crate) async fn one_file(folder: &str, project: &str, name: &str) {
    let (_folder, mart) = projects::loaded(project).await;
    let mut runner = Runner::new(|| {
        let session = Mart::session(&mart, starmart::query::Principal::local(), Default::default());
        async { Ok(Door::InProcess(session)) }
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder).join(project);
    let file = folder.join(format!("{name}.slt"));
    runner.run_file_async(&file).await.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn in_process(project: &str) {
    let (_folder, mart) = projects::loaded(project).await;
    for file in files(project) {
        let mut runner = Runner::new(|| {
            let session = Mart::session(&mart, starmart::query::Principal::local(), Default::default());
            async { Ok(Door::InProcess(session)) }
        });
        runner.run_file_async(&file).await.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

async fn over_flight(project: &str) {
    let (_folder, mart) = projects::loaded(project).await;
    let served = Served::start(mart).await;
    for file in files(project) {
        let url = served.url();
        let mut runner = Runner::new(move || {
            let url = url.clone();
            async move { Client::connect(&url).await.map(Door::Flight) }
        });
        runner.run_file_async(&file).await.unwrap_or_else(|failure| panic!("{failure}"));
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worked_examples_in_process() {
    in_process("worked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worked_examples_over_flight() {
    over_flight("worked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shop_in_process() {
    in_process("shop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shop_over_flight() {
    over_flight("shop").await;
}
