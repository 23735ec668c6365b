//! Keys: what names one row of a table, and which table refers to which. The model's claims are keys as far as the load
//! found them true, so that a tool which leaves out a join for one key's sake does no harm.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, UInt8Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_flight::sql::{
    CommandGetCrossReference, CommandGetExportedKeys, CommandGetImportedKeys, CommandGetPrimaryKeys, UpdateDeleteRules,
};

use super::relations::{in_catalog, texts};
use super::unmade;
use crate::error::Result;
use crate::mart::catalogue::{self, CATALOG, Catalogue, primary_key_name};

const SCHEMA: catalogue::Schema = catalogue::Schema::Mart;

/// The schema of [`primary`].
pub(super) fn primary_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("catalog_name", DataType::Utf8, true),
        Field::new("db_schema_name", DataType::Utf8, true),
        Field::new("table_name", DataType::Utf8, false),
        Field::new("column_name", DataType::Utf8, false),
        Field::new("key_sequence", DataType::Int32, false),
        Field::new("key_name", DataType::Utf8, true),
    ]))
}

/// The schema of [`exported`], [`imported`] and [`between`].
pub(super) fn foreign_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("pk_catalog_name", DataType::Utf8, true),
        Field::new("pk_db_schema_name", DataType::Utf8, true),
        Field::new("pk_table_name", DataType::Utf8, false),
        Field::new("pk_column_name", DataType::Utf8, false),
        Field::new("fk_catalog_name", DataType::Utf8, true),
        Field::new("fk_db_schema_name", DataType::Utf8, true),
        Field::new("fk_table_name", DataType::Utf8, false),
        Field::new("fk_column_name", DataType::Utf8, false),
        Field::new("key_sequence", DataType::Int32, false),
        Field::new("fk_key_name", DataType::Utf8, true),
        Field::new("pk_key_name", DataType::Utf8, true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ]))
}

/// A table that is asked for by its whole name.
struct Asked<'a> {
    catalog: Option<&'a str>,
    schema: Option<&'a str>,
    table: &'a str,
}

impl Asked<'_> {
    /// Whether it is the table of the mart by that name.
    fn is(&self, table: &str) -> bool {
        in_catalog(self.catalog) && self.schema.is_none_or(|schema| schema == SCHEMA.name()) && self.table == table
    }
}

/// The columns that name one row of a table, in their order.
///
/// # Errors
/// Internal: they cannot be written.
pub(super) fn primary(command: &CommandGetPrimaryKeys, catalogue: &Catalogue) -> Result<RecordBatch> {
    let asked =
        Asked { catalog: command.catalog.as_deref(), schema: command.db_schema.as_deref(), table: &command.table };
    let tables = catalogue.relations.iter().filter(|relation| relation.schema == SCHEMA && asked.is(&relation.name));
    let keys: Vec<(&str, usize, &str)> = tables
        .flat_map(|table| {
            table.primary_key.iter().enumerate().map(|(at, column)| (table.name.as_str(), at, column.as_str()))
        })
        .collect();
    let columns = vec![
        texts(keys.iter().map(|_| CATALOG)),
        texts(keys.iter().map(|_| SCHEMA.name())),
        texts(keys.iter().map(|(table, ..)| table)),
        texts(keys.iter().map(|(.., column)| column)),
        sequence(keys.iter().map(|(_, at, _)| *at)),
        texts(keys.iter().map(|(table, ..)| primary_key_name(table))),
    ];
    RecordBatch::try_new(primary_schema(), columns).map_err(unmade)
}

/// Who refers to a table, ordered by the tables that refer.
///
/// # Errors
/// Internal: they cannot be written.
pub(super) fn exported(command: &CommandGetExportedKeys, catalogue: &Catalogue) -> Result<RecordBatch> {
    let to = Asked { catalog: command.catalog.as_deref(), schema: command.db_schema.as_deref(), table: &command.table };
    let mut keys = references(catalogue, |_, table| to.is(table));
    keys.sort_by(|a, b| (a.from, &a.name, a.at).cmp(&(b.from, &b.name, b.at)));
    foreign(&keys)
}

/// What a table refers to, ordered by the tables that are referred to.
///
/// # Errors
/// Internal: they cannot be written.
pub(super) fn imported(command: &CommandGetImportedKeys, catalogue: &Catalogue) -> Result<RecordBatch> {
    let from =
        Asked { catalog: command.catalog.as_deref(), schema: command.db_schema.as_deref(), table: &command.table };
    by_target(references(catalogue, |table, _| from.is(table)))
}

/// How one table refers to another.
///
/// # Errors
/// Internal: they cannot be written.
pub(super) fn between(command: &CommandGetCrossReference, catalogue: &Catalogue) -> Result<RecordBatch> {
    let to = Asked {
        catalog: command.pk_catalog.as_deref(),
        schema: command.pk_db_schema.as_deref(),
        table: &command.pk_table,
    };
    let from = Asked {
        catalog: command.fk_catalog.as_deref(),
        schema: command.fk_db_schema.as_deref(),
        table: &command.fk_table,
    };
    by_target(references(catalogue, |mine, theirs| from.is(mine) && to.is(theirs)))
}

/// A column that refers to another.
struct Key<'a> {
    name: String,
    from: &'a str,
    mine: &'a str,
    to: &'a str,
    theirs: &'a str,
    at: usize,
}

/// The columns of the references that are asked for, by the tables at both ends.
fn references(catalogue: &Catalogue, asked: impl Fn(&str, &str) -> bool) -> Vec<Key<'_>> {
    let references = catalogue.references.iter().filter(|reference| asked(&reference.from, &reference.to));
    let keys = references.flat_map(|reference| {
        reference.keys.iter().enumerate().map(|(at, (mine, theirs))| Key {
            name: reference.key_name(),
            from: &reference.from,
            mine,
            to: &reference.to,
            theirs,
            at,
        })
    });
    keys.collect()
}

/// In the specification's order, which tells two references to one table apart last.
fn by_target(mut keys: Vec<Key<'_>>) -> Result<RecordBatch> {
    keys.sort_by(|a, b| (a.to, a.at, &a.name).cmp(&(b.to, b.at, &b.name)));
    foreign(&keys)
}

fn foreign(keys: &[Key<'_>]) -> Result<RecordBatch> {
    let rule: ArrayRef = Arc::new(UInt8Array::from(vec![UpdateDeleteRules::NoAction as u8; keys.len()]));
    let columns = vec![
        texts(keys.iter().map(|_| CATALOG)),
        texts(keys.iter().map(|_| SCHEMA.name())),
        texts(keys.iter().map(|key| key.to)),
        texts(keys.iter().map(|key| key.theirs)),
        texts(keys.iter().map(|_| CATALOG)),
        texts(keys.iter().map(|_| SCHEMA.name())),
        texts(keys.iter().map(|key| key.from)),
        texts(keys.iter().map(|key| key.mine)),
        sequence(keys.iter().map(|key| key.at)),
        texts(keys.iter().map(|key| &key.name)),
        texts(keys.iter().map(|key| primary_key_name(key.to))),
        Arc::clone(&rule),
        rule,
    ];
    RecordBatch::try_new(foreign_schema(), columns).map_err(unmade)
}

/// Places counted from 1.
fn sequence(places: impl Iterator<Item = usize>) -> ArrayRef {
    Arc::new(places.map(|at| i32::try_from(at + 1).ok()).collect::<Int32Array>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mart::catalogue::{Reference, Relation, Words};
    use arrow::array::AsArray;

    fn texts_of(rows: &RecordBatch, at: usize) -> Vec<&str> {
        rows.column(at).as_string::<i32>().iter().flatten().collect()
    }

    /// Lines refer twice to the days of a shop, by two columns each.
    fn catalogue() -> Catalogue {
        let reference = |name: &str, day: &str| Reference {
            name: name.into(),
            from: "lines".into(),
            to: "days".into(),
            keys: vec![("shop".into(), "store".into()), (day.into(), "day".into())],
        };
        let days = Relation {
            schema: SCHEMA,
            name: "days".into(),
            words: Words::default(),
            columns: Vec::new(),
            primary_key: vec!["store".into(), "day".into()],
        };
        let cube = Relation { schema: catalogue::Schema::Cubes, primary_key: Vec::new(), ..days.clone() };
        let references = vec![reference("ordered", "ordered_on"), reference("sold", "sold_on")];
        Catalogue { relations: vec![cube, days], references }
    }

    #[test]
    fn keys_of_several_columns_keep_their_order() {
        let command = CommandGetPrimaryKeys { table: "days".into(), ..CommandGetPrimaryKeys::default() };
        let rows = primary(&command, &catalogue()).unwrap();
        assert_eq!(texts_of(&rows, 3), ["store", "day"]);
        let command = CommandGetExportedKeys { table: "days".into(), ..CommandGetExportedKeys::default() };
        let rows = exported(&command, &catalogue()).unwrap();
        assert_eq!(texts_of(&rows, 7), ["shop", "ordered_on", "shop", "sold_on"]);
        let command = CommandGetImportedKeys { table: "lines".into(), ..CommandGetImportedKeys::default() };
        let rows = imported(&command, &catalogue()).unwrap();
        assert_eq!(texts_of(&rows, 3), ["store", "store", "day", "day"]);
        let (ordered, sold) = ("lines_ordered_fkey", "lines_sold_fkey");
        assert_eq!(texts_of(&rows, 9), [ordered, sold, ordered, sold]);
    }
}
