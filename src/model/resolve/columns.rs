//! The columns of a table: those of its source in their order, under the names and types that the model declares.

use arrow::datatypes::{DataType, Schema};

use crate::model::conversion::{mart_type, refuse_conversion, type_name};
use crate::model::spec::{ColumnSpec, OrderSpec};
use crate::model::{Column, TableSpec};
use crate::yaml::nearest;

use super::Resolver;
use super::names::unknown_of;
use super::tables::about;

impl Resolver<'_> {
    /// The columns as a load makes them of a source with this schema.
    pub(super) fn columns(&mut self, spec: &TableSpec, source: &Schema) -> Vec<Column> {
        let sources: Vec<Option<&str>> =
            spec.columns.iter().map(|declared| self.source_of(spec, declared, source)).collect();
        // Where a declared column has no source, any of the others may be the one that was meant.
        let is_known = !sources.contains(&None);
        let mut columns: Vec<Column> = Vec::new();
        for field in source.fields() {
            let mut declared = spec.columns.iter().zip(&sources).filter(|(_, from)| **from == Some(field.name()));
            let first = declared.next();
            if first.is_none() {
                columns.extend(self.undeclared(spec, field.name(), field.data_type(), is_known));
            }
            for (column, _) in first.into_iter().chain(declared) {
                columns.push(self.declared(spec, column, field.name(), field.data_type()));
            }
        }
        self.refuse_twins(spec, &columns);
        columns
    }

    /// The source's column that a declared one is made of: for an unknown name, which is a fault, the nearest.
    fn source_of<'s>(&mut self, spec: &TableSpec, declared: &ColumnSpec, source: &'s Schema) -> Option<&'s str> {
        let from = source_name(declared);
        if let Some((_, field)) = source.column_with_name(from) {
            return Some(field.name());
        }
        let known = || source.fields().iter().map(|field| field.name().as_str());
        let owner = format!(" in the source of table '{}'", spec.name);
        let message = unknown_of("column", from, &owner, known());
        self.fault(&about_column(&declared.name), &declared.place, &message);
        self.note_faulty(&spec.name, &declared.name);
        nearest(from, known())
    }

    fn undeclared(&mut self, spec: &TableSpec, name: &str, source: &DataType, is_known: bool) -> Option<Column> {
        let data_type = mart_type(source);
        let wrong = if is_name(name) {
            refuse_conversion(source, data_type.as_ref().unwrap_or(source), false)
        } else {
            Some(format!(
                "its name is not one that SQL can write bare; declare it: `{}: {{from: \"{name}\"}}`",
                plain(name)
            ))
        };
        let Some(why) = wrong else { return Some(column(name, data_type?)) };
        self.note_faulty(&spec.name, name);
        if is_known {
            self.fault(&about(spec), &spec.place, &format!("column '{name}': {why}"));
        }
        None
    }

    fn declared(&mut self, spec: &TableSpec, declared: &ColumnSpec, from: &str, source: &DataType) -> Column {
        let data_type = declared.data_type.clone().or_else(|| mart_type(source)).unwrap_or(DataType::Utf8);
        if self.spec.is_faulty(&declared.place) {
            self.note_faulty(&spec.name, &declared.name);
        } else if self.is_faulty(&spec.name, &declared.name) {
            // Its source is guessed: whether that fits is not the question yet.
        } else if let Some(why) = refuse_conversion(source, &data_type, declared.stored_in.is_some()) {
            self.fault(&about_column(&declared.name), &declared.place, &why);
            self.note_faulty(&spec.name, &declared.name);
        }
        described(declared, from, data_type)
    }

    /// The columns as the mart holds them; what the model declares must agree.
    pub(super) fn stored_columns(&mut self, spec: &TableSpec, stored: &Schema) -> Vec<Column> {
        for declared in &spec.columns {
            let message = match stored.column_with_name(&declared.name) {
                None => format!("it is not in the mart yet; load table '{}'", spec.name),
                Some((_, field)) => match &declared.data_type {
                    Some(wanted) if wanted != field.data_type() => format!(
                        "it is {} in the mart, not {}; load table '{}'",
                        type_name(field.data_type()),
                        type_name(wanted),
                        spec.name
                    ),
                    _ => continue,
                },
            };
            self.fault(&about_column(&declared.name), &declared.place, &message);
            self.note_faulty(&spec.name, &declared.name);
        }
        let fields = stored.fields().iter();
        fields
            .map(|field| match spec.columns.iter().find(|column| &column.name == field.name()) {
                Some(declared) => described(declared, source_name(declared), field.data_type().clone()),
                None => column(field.name(), field.data_type().clone()),
            })
            .collect()
    }

    fn refuse_twins(&mut self, spec: &TableSpec, columns: &[Column]) {
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].iter().any(|other| other.name == column.name) {
                let declared = spec.columns.iter().find(|declared| declared.name == column.name);
                let place = declared.map_or(&spec.place, |declared| &declared.place);
                self.fault(&about(spec), place, &format!("it would have two columns '{}'; rename one", column.name));
            }
        }
    }
}

fn about_column(name: &str) -> String {
    format!("column '{name}'")
}

fn source_name(column: &ColumnSpec) -> &str {
    column.from.as_deref().unwrap_or(&column.name)
}

fn column(name: &str, data_type: DataType) -> Column {
    Column {
        name: name.into(),
        from: name.into(),
        data_type,
        stored_in: None,
        title: None,
        description: None,
        labels: None,
        order: None,
    }
}

fn described(declared: &ColumnSpec, from: &str, data_type: DataType) -> Column {
    Column {
        name: declared.name.clone(),
        from: from.to_owned(),
        data_type,
        stored_in: declared.stored_in,
        title: declared.title.clone(),
        description: declared.description.clone(),
        labels: declared.labels.clone(),
        order: declared.order.as_ref().map(OrderSpec::order),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.contains("__")
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A name near to one that cannot be written bare.
fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match words.join("_") {
        plain if plain.starts_with(|c: char| c.is_ascii_lowercase()) => plain,
        plain if plain.is_empty() => "new_name".into(),
        plain => format!("c_{plain}"),
    }
}
