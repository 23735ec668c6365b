//! The columns of a cube or table, as a schema whose fields tell what Arrow's types do not.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::{IpcMessage, SchemaAsIpc};
use bytes::Bytes;

use super::unmade;
use crate::error::Result;
use crate::mart::catalogue::{CATALOG, Column, Relation, Role, Words};
use crate::query::{sql_size, sql_type};

/// Begins the names that Flight SQL lays down.
const FLIGHT_SQL: &str = "ARROW:FLIGHT:SQL:";

/// The columns of a relation as a message of Arrow's.
///
/// # Errors
/// Internal: they cannot be written.
pub(super) fn written(relation: &Relation) -> Result<Bytes> {
    let message: Result<IpcMessage, _> = SchemaAsIpc::new(&schema(relation), &IpcWriteOptions::default()).try_into();
    message.map(|IpcMessage(bytes)| bytes).map_err(unmade)
}

/// The columns as they are announced when they are selected, all nullable. Words stand here alone: at a result, drivers
/// would show them in place of a column's name.
fn schema(relation: &Relation) -> Schema {
    let fields = relation
        .columns
        .iter()
        .map(|column| Field::new(&column.name, column.data_type.clone(), true).with_metadata(told(relation, column)));
    let remarks = relation.words.line().map(|words| (format!("{FLIGHT_SQL}REMARKS"), words));
    let metadata = remarks.into_iter().chain(named(words(&relation.words)));
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), metadata.collect())
}

/// What there is to tell of a column.
fn told(relation: &Relation, column: &Column) -> HashMap<String, String> {
    let flag = |holds: bool| if holds { "1" } else { "0" }.to_owned();
    let (precision, scale) = sql_size(&column.data_type);
    let schema = || Some(relation.schema.name().to_owned());
    let of_flight_sql = [
        ("CATALOG_NAME", Some(CATALOG.to_owned())),
        // The specification and its libraries call it differently.
        ("DB_SCHEMA_NAME", schema()),
        ("SCHEMA_NAME", schema()),
        ("TABLE_NAME", Some(relation.name.clone())),
        ("TYPE_NAME", Some(sql_type(&column.data_type).to_owned())),
        ("PRECISION", precision.map(|precision| precision.to_string())),
        ("SCALE", scale.map(|scale| scale.to_string())),
        ("IS_AUTO_INCREMENT", Some(flag(false))),
        ("IS_CASE_SENSITIVE", Some(flag(column.data_type == DataType::Utf8))),
        ("IS_READ_ONLY", Some(flag(true))),
        ("IS_SEARCHABLE", Some(flag(true))),
        ("REMARKS", column.words.line()),
    ];
    let of_flight_sql =
        of_flight_sql.into_iter().filter_map(|(name, value)| Some((format!("{FLIGHT_SQL}{name}"), value?)));
    of_flight_sql.chain(column.role.iter().flat_map(Role::metadata)).chain(named(words(&column.words))).collect()
}

/// The keys of ours.
fn named(told: Vec<(&'static str, Option<String>)>) -> impl Iterator<Item = (String, String)> {
    told.into_iter().filter_map(|(name, value)| Some((format!("starmart.{name}"), value?)))
}

/// A title and a description apart, which Flight SQL's remarks are not.
fn words(words: &Words) -> Vec<(&'static str, Option<String>)> {
    vec![("title", words.title.clone()), ("description", words.description.clone())]
}
