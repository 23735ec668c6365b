//! Tables: their sources, columns, keys and order.

use std::collections::BTreeSet;

use arrow::datatypes::{Field, Schema, SchemaRef};
use sha2::{Digest, Sha256};

use crate::model::spec::Written;
use crate::model::{Column, LoadMode, Source, Table, TableSchema, TableSpec};

use super::Resolver;
use super::names::unknown;

impl Resolver<'_> {
    /// Resolves all tables, those of files first.
    pub(super) fn tables(&mut self) {
        for spec in self.spec.tables.values() {
            if let Some(files) = &spec.files {
                let source = Source::Files { patterns: files.patterns.clone(), format: files.format };
                match self.schemas.get(&spec.name) {
                    Some(TableSchema::Unknown(why)) => files.place.fault(&mut self.faults, why),
                    Some(TableSchema::Absent(why)) => self.leave_out(&spec.name, why, &[]),
                    Some(schema) => self.table(spec, source, schema),
                    None => {
                        let message = "its columns are not known: its files are missing and it was never loaded";
                        self.fault(&about(spec), &spec.place, message);
                    }
                }
            }
        }
        self.derived_tables();
    }

    /// Resolves one table whose source has this schema.
    pub(super) fn table(&mut self, spec: &TableSpec, source: Source, found: &TableSchema) {
        let columns = match found {
            TableSchema::File(schema) => self.columns(spec, schema),
            TableSchema::Mart(schema) => self.stored_columns(spec, schema),
            TableSchema::Unknown(_) | TableSchema::Absent(_) => return,
        };
        let known =
            |names: &[Written<String>]| -> Vec<String> { names.iter().map(|name| name.value.clone()).collect() };
        self.listed(spec, &columns, "primary_key", &spec.primary_key);
        self.listed(spec, &columns, "sort_by", &spec.sort_by);
        let hierarchies = self.hierarchies_of(spec, &columns);
        self.presentation(spec, &columns);
        let schema = schema(&columns);
        let sort_by = known(&spec.sort_by);
        let table = Table {
            name: spec.name.clone(),
            title: spec.title.clone(),
            description: spec.description.clone(),
            fingerprint: fingerprint(&source, &columns, &sort_by, spec.load),
            source,
            primary_key: known(&spec.primary_key),
            sort_by,
            columns,
            joins: Vec::new(),
            hierarchies,
            load: spec.load,
            schema,
        };
        self.tables.insert(spec.name.clone(), table);
    }

    /// Notes names in a list of columns that are not there or stand there twice.
    fn listed(&mut self, spec: &TableSpec, columns: &[Column], list: &str, names: &[Written<String>]) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(&name.value) {
                let message = format!("column '{}' stands twice in `{list}`; name it once", name.value);
                self.fault(&about(spec), &name.place, &message);
            } else if !columns.iter().any(|column| column.name == name.value)
                && !self.is_faulty(&spec.name, &name.value)
            {
                let known = columns.iter().map(|column| column.name.as_str());
                self.fault(&about(spec), &name.place, &unknown("column", &name.value, known));
            }
        }
    }
}

/// What messages call a table.
pub(super) fn about(spec: &TableSpec) -> String {
    format!("table '{}'", spec.name)
}

fn schema(columns: &[Column]) -> SchemaRef {
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(&column.name, column.data_type.clone(), true)).collect();
    SchemaRef::new(Schema::new(fields))
}

/// A hash of what bears on a table's rows. It is the same before a load and after it.
fn fingerprint(source: &Source, columns: &[Column], sort_by: &[String], load: LoadMode) -> String {
    let mut parts: Vec<String> = match source {
        Source::Files { patterns, format } => vec![format!("files {format:?}"), patterns.join("\n")],
        Source::Sql { query, .. } => vec!["sql".into(), query.to_string()],
    };
    for column in columns {
        let zone = column.stored_in.map_or("", |zone| zone.name());
        parts.extend([column.name.clone(), column.from.clone(), column.data_type.to_string(), zone.to_owned()]);
    }
    parts.push(format!("sort_by {}", sort_by.join("\n")));
    parts.push(format!("load {load:?}"));
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("{:x}", hasher.finalize())
}
