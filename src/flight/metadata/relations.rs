//! Catalogs, schemas and tables.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables};

use super::pattern::Pattern;
use super::{columns, unmade};
use crate::error::Result;
use crate::mart::catalogue::{self, CATALOG, Catalogue, Relation};

/// The kind of cubes and tables. Both are of one: some tools list nothing else, and whether something is a cube the schema
/// tells.
const TABLE: &str = "TABLE";
/// The kind of tables that describe others.
const SYSTEM_TABLE: &str = "SYSTEM TABLE";
/// Another name for [`TABLE`], by which some tools ask; capitals or not does not matter either.
const BASE_TABLE: &str = "BASE TABLE";

/// The schema of [`catalogs`].
pub(super) fn catalogs_schema() -> SchemaRef {
    schema([("catalog_name", false)])
}

/// The schema of [`schemas`].
pub(super) fn schemas_schema() -> SchemaRef {
    schema([("catalog_name", true), ("db_schema_name", false)])
}

/// The schema of [`tables`].
pub(super) fn tables_schema(with_columns: bool) -> SchemaRef {
    let names = [("catalog_name", true), ("db_schema_name", true), ("table_name", false), ("table_type", false)];
    let mut fields: Vec<Field> = names.map(|(name, nullable)| Field::new(name, DataType::Utf8, nullable)).into();
    if with_columns {
        fields.push(Field::new("table_schema", DataType::Binary, false));
    }
    Arc::new(Schema::new(fields))
}

/// The schema of [`table_types`].
pub(super) fn table_types_schema() -> SchemaRef {
    schema([("table_type", false)])
}

fn schema<const N: usize>(names: [(&str, bool); N]) -> SchemaRef {
    let fields = names.map(|(name, nullable)| Field::new(name, DataType::Utf8, nullable));
    Arc::new(Schema::new(fields.to_vec()))
}

/// The one catalog.
///
/// # Errors
/// Internal: it cannot be written.
pub(super) fn catalogs() -> Result<RecordBatch> {
    RecordBatch::try_new(catalogs_schema(), vec![texts([CATALOG])]).map_err(unmade)
}

/// The kinds of tables.
///
/// # Errors
/// Internal: they cannot be written.
pub(super) fn table_types() -> Result<RecordBatch> {
    RecordBatch::try_new(table_types_schema(), vec![texts([SYSTEM_TABLE, TABLE])]).map_err(unmade)
}

/// The schemas of a catalog whose names are as a pattern says.
///
/// # Errors
/// Invalid: the pattern is too long.
pub(super) fn schemas(command: &CommandGetDbSchemas) -> Result<RecordBatch> {
    let named = Pattern::read(command.db_schema_filter_pattern.as_deref())?;
    let there = in_catalog(command.catalog.as_deref());
    let names: Vec<&str> = catalogue::Schema::ALL
        .into_iter()
        .map(catalogue::Schema::name)
        .filter(|name| there && named.matches(name))
        .collect();
    let columns = vec![texts(names.iter().map(|_| CATALOG)), texts(names.iter())];
    RecordBatch::try_new(schemas_schema(), columns).map_err(unmade)
}

/// The cubes and tables that are asked for, in the order of their schemas and names.
///
/// # Errors
/// Invalid: a pattern is too long.
pub(super) fn tables(command: &CommandGetTables, catalogue: &Catalogue) -> Result<RecordBatch> {
    let schema = Pattern::read(command.db_schema_filter_pattern.as_deref())?;
    let table = Pattern::read(command.table_name_filter_pattern.as_deref())?;
    let there = in_catalog(command.catalog.as_deref());
    let asked = |relation: &&Relation| {
        let named = schema.matches(relation.schema.name()) && table.matches(&relation.name);
        there && named && of_kind(&command.table_types, kind(relation))
    };
    let relations: Vec<&Relation> = catalogue.relations.iter().filter(asked).collect();
    let mut columns = vec![
        texts(relations.iter().map(|_| CATALOG)),
        texts(relations.iter().map(|relation| relation.schema.name())),
        texts(relations.iter().map(|relation| &relation.name)),
        texts(relations.iter().map(|relation| kind(relation))),
    ];
    if command.include_schema {
        let schemas = relations.iter().map(|relation| columns::written(relation)).collect::<Result<Vec<_>>>()?;
        columns.push(Arc::new(BinaryArray::from_iter_values(schemas)));
    }
    RecordBatch::try_new(tables_schema(command.include_schema), columns).map_err(unmade)
}

/// Whether what is in our catalog is asked for: without a catalog everything is, and with an empty one what is in none.
pub(super) fn in_catalog(catalog: Option<&str>) -> bool {
    catalog.is_none_or(|catalog| catalog == CATALOG)
}

fn kind(relation: &Relation) -> &'static str {
    match relation.schema {
        catalogue::Schema::Cubes | catalogue::Schema::Mart => TABLE,
        catalogue::Schema::Information | catalogue::Schema::System => SYSTEM_TABLE,
    }
}

/// Whether tables of a kind are asked for, as everything is where no kind is named.
fn of_kind(asked: &[String], kind: &str) -> bool {
    let is_it =
        |name: &String| name.eq_ignore_ascii_case(kind) || (kind == TABLE && name.eq_ignore_ascii_case(BASE_TABLE));
    asked.is_empty() || asked.iter().any(is_it)
}

/// A column of texts.
pub(super) fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}
