//! Whatever comes from strangers or from disk, one function for each decoder, for the fuzzers under `fuzz/` and for the
//! test of their seeds. No part of the program. A function stops where something does not hold: a decoder panics, calls
//! what it was sent a fault of ours, or reads what it wrote as something else.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::error::{Kind, Result};
use crate::execute::functions;
use crate::flight::fuzzing as flight;
use crate::model::{Schemas, Spec, TableSchema, resolve};
use crate::plan;
use crate::sql::Functions;
use crate::store::MartVersion;

/// A decoder and its name, which is that of its fuzzer and of the folder of its seeds.
pub type Decoder = (&'static str, fn(&[u8]));

/// The decoders.
pub const DECODERS: [Decoder; 9] = [
    ("action", action),
    ("command", command),
    ("handle", handle),
    ("labels", labels),
    ("model", model),
    ("sql", sql),
    ("ticket", ticket),
    ("values", values),
    ("version", version),
];

/// What separates the files of a model's seed, before the name of the next.
const NEXT_FILE: &str = "#--- ";

/// What `result` holds, unless its error is a refusal.
fn held<T: Debug>(result: Result<T>) -> Option<T> {
    result.inspect_err(|error| assert_ne!(error.kind(), Kind::Internal, "{error}")).ok()
}

fn statement(sql: &str, values: &[String]) {
    if let Some(statement) = held(plan::statement(sql)) {
        plan::versions(&statement);
        plan::describing(&statement);
        held(statement.parameters());
        held(statement.with_values(values));
    }
}

/// A statement's ticket.
pub fn ticket(bytes: &[u8]) {
    if let Some((sql, values)) = held(flight::ticket(bytes)) {
        statement(&sql, &values);
    }
}

/// A prepared statement's handle.
pub fn handle(bytes: &[u8]) {
    if let Some((sql, values)) = held(flight::handle(bytes)) {
        statement(&sql, &values);
    }
}

/// A command of Flight SQL.
pub fn command(bytes: &[u8]) {
    for asked in flight::command(bytes) {
        if let Some(Some((sql, values))) = held(asked) {
            statement(&sql, &values);
        }
    }
}

/// An action of Flight SQL.
pub fn action(bytes: &[u8]) {
    if let Some(Some(sql)) = held(flight::action(bytes)) {
        statement(&sql, &[]);
    }
}

/// The values of a prepared statement: whatever is bound is a literal to the planner.
pub fn values(bytes: &[u8]) {
    let Some(values) = held(flight::values(bytes)) else { return };
    for value in values {
        let taken =
            plan::statement("SELECT $1").and_then(|statement| statement.with_values(std::slice::from_ref(&value)));
        assert!(taken.is_ok(), "{value}: {taken:?}");
    }
}

/// A statement.
pub fn sql(bytes: &[u8]) {
    if let Ok(sql) = std::str::from_utf8(bytes) {
        statement(sql, &[]);
    }
}

/// The files of a model, over tables of which a few are known.
pub fn model(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        resolved(&files(text));
    }
}

/// The first file, and those that begin within its text.
fn files(text: &str) -> Vec<(String, String)> {
    let mut files = vec![("model.yaml".to_owned(), String::new())];
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix(NEXT_FILE), files.last_mut()) {
            (None, Some((_, text))) => text.push_str(line),
            (name, _) => files.push((name.unwrap_or_default().trim().to_owned(), String::new())),
        }
    }
    files
}

/// The labels of a column's values.
pub fn labels(bytes: &[u8]) {
    const MODEL: &str =
        "version: 1\ntables: {products: {files: data/products.csv, columns: {department: {labels: labels.csv}}}}\n";
    if let Ok(text) = std::str::from_utf8(bytes) {
        resolved(&[("model.yaml".to_owned(), MODEL.to_owned()), ("labels.csv".to_owned(), text.to_owned())]);
    }
}

fn resolved(files: &[(String, String)]) {
    static FUNCTIONS: LazyLock<Functions> = LazyLock::new(functions::all);
    static SCHEMAS: LazyLock<Schemas> = LazyLock::new(schemas);
    held(resolve(&Spec::decode(files), &SCHEMAS, &FUNCTIONS));
}

fn schemas() -> Schemas {
    let table = |name: &str, columns: &[(&str, DataType)]| {
        let fields: Vec<_> = columns.iter().map(|(name, of)| Field::new(*name, of.clone(), true)).collect();
        (name.to_owned(), TableSchema::File(Arc::new(Schema::new(fields))))
    };
    let clock = || DataType::Timestamp(TimeUnit::Microsecond, None);
    Schemas::from([
        table(
            "sales",
            &[
                ("product_id", DataType::Int64),
                ("household", DataType::Utf8),
                ("amount", DataType::Float64),
                ("sold_at", clock()),
                ("day", DataType::Date32),
                ("paid", DataType::Boolean),
            ],
        ),
        table(
            "products",
            &[("product_id", DataType::Int64), ("department", DataType::Utf8), ("price", DataType::Utf8)],
        ),
    ])
}

/// A mart version as it is stored, which is written as it was read.
pub fn version(bytes: &[u8]) {
    if let Some(version) = held(MartVersion::decode(bytes, "_versions/1.json")) {
        let again = version.encode().and_then(|bytes| MartVersion::decode(&bytes, "_versions/1.json"));
        assert_eq!(held(again).as_ref(), Some(&version));
    }
}

#[cfg(test)]
mod tests;
