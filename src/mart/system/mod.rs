//! Tables that tell what there is: `system`, in the model's own words, and `information_schema`, as tools expect it. Their
//! rows are made when a statement that names them is planned; cubes, tables and joins are those of its mart version.

mod cells;
mod cubes;
mod information;
mod queries;
mod tables;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::model::{Model, Text};
use crate::plan::catalogue::{self, Catalogue, Relation, Words};
use crate::store::{MartVersion, Snapshot};

use super::log::Entry;
use cells::{Cell, Kind};

/// What the rows are made of.
pub(super) struct Facts<'a> {
    pub(super) model: &'a Model,
    pub(super) snapshot: &'a Snapshot,
    pub(super) catalogue: &'a Catalogue,
    /// The published versions, newest first, where they are asked for.
    pub(super) versions: &'a [MartVersion],
    /// The statements of this process, newest first, where they are asked for.
    pub(super) queries: &'a [Arc<Entry>],
}

/// One of the tables.
struct Table {
    schema: catalogue::Schema,
    name: &'static str,
    about: &'static str,
    /// Names, kinds, and what they tell.
    columns: &'static [(&'static str, Kind, &'static str)],
    rows: fn(&Facts<'_>) -> Vec<Vec<Cell>>,
}

/// All of them, in the order of schema and name.
const TABLES: [&Table; 15] = [
    &information::COLUMNS,
    &information::KEY_COLUMN_USAGE,
    &information::REFERENTIAL_CONSTRAINTS,
    &information::SCHEMATA,
    &information::TABLE_CONSTRAINTS,
    &information::TABLES,
    &cubes::CUBES,
    &cubes::DIMENSIONS,
    &cubes::HIERARCHIES,
    &tables::JOINS,
    &cubes::LABELS,
    &cubes::MEASURES,
    &queries::QUERIES,
    &tables::TABLES,
    &tables::VERSIONS,
];

/// The table of that name.
fn named(schema: &str, name: &str) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.schema.name() == schema && table.name == name)
}

/// The rows of a table; none where there is no such table.
///
/// # Errors
/// Internal: they cannot be made.
pub(super) fn rows(schema: &str, name: &str, facts: &Facts<'_>) -> Result<Option<RecordBatch>> {
    let Some(table) = named(schema, name) else { return Ok(None) };
    let rows = (table.rows)(facts);
    let columns =
        (0..table.columns.len()).map(|at| cells::column(table.columns[at].1, rows.iter().map(|row| row.get(at))));
    let columns = columns.collect::<Option<Vec<_>>>();
    let broken = || Error::internal(format!("a row of {schema}.{name} is not as its columns"));
    let made = RecordBatch::try_new(table.arrow_schema(), columns.ok_or_else(broken)?);
    made.map(Some).map_err(|error| broken().with_source(error))
}

impl Table {
    fn arrow_schema(&self) -> SchemaRef {
        let fields = self.columns.iter().map(|(name, kind, _)| Field::new(*name, kind.data_type(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// The tables as whoever browses sees them.
pub(super) fn relations() -> impl Iterator<Item = Relation> {
    TABLES.into_iter().map(|table| Relation {
        schema: table.schema,
        name: table.name.to_owned(),
        words: Words { title: None, description: Some(table.about.to_owned()) },
        columns: table
            .columns
            .iter()
            .map(|(name, kind, about)| catalogue::Column {
                name: (*name).to_owned(),
                data_type: kind.data_type(),
                words: Words { title: None, description: Some((*about).to_owned()) },
                role: None,
            })
            .collect(),
        primary_key: Vec::new(),
    })
}

/// A title in the model's language, and in each of the three.
fn titles(facts: &Facts<'_>, title: Option<&Text>) -> [Cell; 4] {
    let locales = ["en", "zh-TW", "zh-CN"];
    let [en, zh_tw, zh_cn] = locales.map(|locale| Cell::text(title.and_then(|title| title.get(locale))));
    [words(facts, title), en, zh_tw, zh_cn]
}

/// Words in the model's language, or in the first in which there are any.
fn words(facts: &Facts<'_>, text: Option<&Text>) -> Cell {
    let of = |text: &Text| text.in_or_any(&facts.model.defaults.locale).map(str::to_owned);
    Cell::Text(text.and_then(of))
}
