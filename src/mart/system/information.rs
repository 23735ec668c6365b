//! `information_schema`: what ISO/IEC 9075-11 calls the tables, columns and keys of a catalog, as far as it means something
//! here. Keys are the model's claims that the load found true.

use crate::plan::catalogue::{CATALOG, Column, Reference, Relation, Schema, primary_key_name};
use crate::query::{sql_size, sql_type};

use super::cells::{Cell, Kind};
use super::{Facts, Table};

const TABLE_CATALOG: (&str, Kind, &str) = ("table_catalog", Kind::Text, "The catalog.");
const TABLE_SCHEMA: (&str, Kind, &str) = ("table_schema", Kind::Text, "The schema.");
const TABLE_NAME: (&str, Kind, &str) = ("table_name", Kind::Text, "The cube or table.");
const CONSTRAINT_CATALOG: (&str, Kind, &str) = ("constraint_catalog", Kind::Text, "The catalog of the key.");
const CONSTRAINT_SCHEMA: (&str, Kind, &str) = ("constraint_schema", Kind::Text, "The schema of the key.");
const CONSTRAINT_NAME: (&str, Kind, &str) = ("constraint_name", Kind::Text, "The key.");

pub(super) const SCHEMATA: Table = Table {
    schema: Schema::Information,
    name: "schemata",
    about: "The schemas.",
    columns: &[
        ("catalog_name", Kind::Text, "The catalog."),
        ("schema_name", Kind::Text, "The schema."),
        ("schema_owner", Kind::Text, "NULL: schemas have no owner."),
    ],
    rows: |_| {
        let row = |schema: Schema| vec![Cell::of(CATALOG), Cell::of(schema.name()), Cell::Text(None)];
        Schema::ALL.into_iter().map(row).collect()
    },
};

pub(super) const TABLES: Table = Table {
    schema: Schema::Information,
    name: "tables",
    about: "The cubes and tables.",
    columns: &[
        TABLE_CATALOG,
        TABLE_SCHEMA,
        TABLE_NAME,
        ("table_type", Kind::Text, "BASE TABLE, for cubes too: some tools list nothing else; or SYSTEM TABLE."),
        ("is_insertable_into", Kind::Text, "NO: SQL only reads."),
        ("table_comment", Kind::Text, "What it is."),
    ],
    rows: |facts| {
        let row = |relation: &Relation| {
            let mut row = place(relation);
            let kind = match relation.schema {
                Schema::Cubes | Schema::Mart => "BASE TABLE",
                Schema::Information | Schema::System => "SYSTEM TABLE",
            };
            row.extend([Cell::of(kind), Cell::of("NO"), Cell::text(relation.words.line())]);
            row
        };
        facts.catalogue.relations.iter().map(row).collect()
    },
};

pub(super) const COLUMNS: Table = Table {
    schema: Schema::Information,
    name: "columns",
    about: "The columns of cubes and tables.",
    columns: &[
        TABLE_CATALOG,
        TABLE_SCHEMA,
        TABLE_NAME,
        ("column_name", Kind::Text, "The column."),
        ("ordinal_position", Kind::Number, "Its place, from 1."),
        ("column_default", Kind::Text, "NULL: there are no defaults."),
        ("is_nullable", Kind::Text, "YES."),
        ("data_type", Kind::Text, "Its type."),
        ("character_maximum_length", Kind::Number, "NULL: texts have any length."),
        ("numeric_precision", Kind::Number, "The digits of a number at most."),
        ("numeric_precision_radix", Kind::Number, "10, for numbers."),
        ("numeric_scale", Kind::Number, "Those behind the point."),
        ("datetime_precision", Kind::Number, "The digits of seconds behind the point."),
        ("column_comment", Kind::Text, "What it is."),
    ],
    rows: |facts| {
        let rows = facts.catalogue.relations.iter().flat_map(|relation| {
            relation.columns.iter().enumerate().map(move |(at, column)| column_row(relation, at, column))
        });
        rows.collect()
    },
};

fn column_row(relation: &Relation, at: usize, column: &Column) -> Vec<Cell> {
    let is_number = column.data_type.is_numeric();
    let (precision, scale) = sql_size(&column.data_type);
    let number = |of: Option<i32>| Cell::Number(of.filter(|_| is_number).map(i64::from));
    let mut row = place(relation);
    row.extend([
        Cell::of(&column.name),
        Cell::count(at + 1),
        Cell::Text(None),
        Cell::of("YES"),
        Cell::of(sql_type(&column.data_type)),
        Cell::Number(None),
        number(precision),
        number(precision.map(|_| 10)),
        number(scale),
        Cell::Number(scale.filter(|_| !is_number).map(i64::from)),
        Cell::text(column.words.line()),
    ]);
    row
}

pub(super) const TABLE_CONSTRAINTS: Table = Table {
    schema: Schema::Information,
    name: "table_constraints",
    about: "The keys of tables: the model's claims that the load found true.",
    columns: &[
        CONSTRAINT_CATALOG,
        CONSTRAINT_SCHEMA,
        CONSTRAINT_NAME,
        TABLE_CATALOG,
        TABLE_SCHEMA,
        TABLE_NAME,
        ("constraint_type", Kind::Text, "PRIMARY KEY or FOREIGN KEY."),
        ("is_deferrable", Kind::Text, "NO."),
        ("initially_deferred", Kind::Text, "NO."),
    ],
    rows: |facts| {
        let row = |name: String, table: &str, kind: &str| {
            let mut row = constraint(&name);
            row.extend(constraint(table));
            row.extend([Cell::of(kind), Cell::of("NO"), Cell::of("NO")]);
            row
        };
        let primary = keyed(facts).map(|table| row(primary_key_name(&table.name), &table.name, "PRIMARY KEY"));
        let foreign = facts.catalogue.references.iter();
        primary.chain(foreign.map(|key| row(key.key_name(), &key.from, "FOREIGN KEY"))).collect()
    },
};

pub(super) const KEY_COLUMN_USAGE: Table = Table {
    schema: Schema::Information,
    name: "key_column_usage",
    about: "The columns of keys.",
    columns: &[
        CONSTRAINT_CATALOG,
        CONSTRAINT_SCHEMA,
        CONSTRAINT_NAME,
        TABLE_CATALOG,
        TABLE_SCHEMA,
        TABLE_NAME,
        ("column_name", Kind::Text, "The column."),
        ("ordinal_position", Kind::Number, "Its place in the key, from 1."),
        ("position_in_unique_constraint", Kind::Number, "For a foreign key: the place in the key that it refers to."),
    ],
    rows: |facts| {
        let row = |name: &str, table: &str, column: &str, at: usize, foreign: bool| {
            let mut row = constraint(name);
            row.extend(constraint(table));
            let place = i64::try_from(at + 1).ok();
            row.extend([Cell::of(column), Cell::Number(place), Cell::Number(place.filter(|_| foreign))]);
            row
        };
        let primary = keyed(facts).flat_map(|table| {
            let name = primary_key_name(&table.name);
            let columns = table.primary_key.iter().enumerate();
            columns.map(|(at, column)| row(&name, &table.name, column, at, false)).collect::<Vec<_>>()
        });
        let foreign = facts.catalogue.references.iter().flat_map(|key| {
            let columns = key.keys.iter().enumerate();
            columns.map(|(at, (mine, _))| row(&key.key_name(), &key.from, mine, at, true)).collect::<Vec<_>>()
        });
        primary.chain(foreign).collect()
    },
};

pub(super) const REFERENTIAL_CONSTRAINTS: Table = Table {
    schema: Schema::Information,
    name: "referential_constraints",
    about: "Which key a foreign key refers to.",
    columns: &[
        CONSTRAINT_CATALOG,
        CONSTRAINT_SCHEMA,
        CONSTRAINT_NAME,
        ("unique_constraint_catalog", Kind::Text, "The catalog of the key that it refers to."),
        ("unique_constraint_schema", Kind::Text, "The schema of that key."),
        ("unique_constraint_name", Kind::Text, "That key."),
        ("match_option", Kind::Text, "NONE."),
        ("update_rule", Kind::Text, "NO ACTION."),
        ("delete_rule", Kind::Text, "NO ACTION."),
    ],
    rows: |facts| {
        let row = |key: &Reference| {
            let mut row = constraint(&key.key_name());
            row.extend(constraint(&primary_key_name(&key.to)));
            row.extend(["NONE", "NO ACTION", "NO ACTION"].map(Cell::of));
            row
        };
        facts.catalogue.references.iter().map(row).collect()
    },
};

/// The tables that have a primary key.
fn keyed<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = &'a Relation> {
    facts.catalogue.relations.iter().filter(|relation| !relation.primary_key.is_empty())
}

fn place(relation: &Relation) -> Vec<Cell> {
    vec![Cell::of(CATALOG), Cell::of(relation.schema.name()), Cell::of(&relation.name)]
}

/// Where a key or its table lies, and its name.
fn constraint(name: &str) -> Vec<Cell> {
    [CATALOG, Schema::Mart.name(), name].map(Cell::of).into()
}
