//! The columns of a table: those of its source in their order, under the names and types that the model declares.

use arrow::datatypes::{DataType, Schema};

use crate::model::conversion::{mart_type, refuse_conversion, type_name};
use crate::model::spec::ColumnSpec;
use crate::model::{Column, TableSpec};

use super::Resolver;
use super::names::unknown;

impl Resolver<'_> {
    /// The columns as a load makes them of a source with this schema.
    pub(super) fn columns(&mut self, spec: &TableSpec, source: &Schema) -> Vec<Column> {
        for declared in &spec.columns {
            let from = source_name(declared);
            if source.column_with_name(from).is_none() {
                let known = source.fields().iter().map(|field| field.name().as_str());
                let message = format!("{} in the source of table '{}'", unknown("column", from, known), spec.name);
                declared.place.fault(&mut self.faults, message);
            }
        }
        let mut columns: Vec<Column> = Vec::new();
        for field in source.fields() {
            let mut declared = spec.columns.iter().filter(|column| source_name(column) == field.name()).peekable();
            if declared.peek().is_none() {
                columns.extend(self.undeclared(spec, field.name(), field.data_type()));
            }
            for column in declared {
                columns.push(self.declared(column, field.name(), field.data_type()));
            }
        }
        self.refuse_twins(spec, &columns);
        columns
    }

    fn undeclared(&mut self, spec: &TableSpec, name: &str, source: &DataType) -> Option<Column> {
        let mut fault = |message: String| {
            spec.place.fault(&mut self.faults, format!("column '{name}' of table '{}': {message}", spec.name));
        };
        if !is_name(name) {
            fault(format!(
                "its name is not one that SQL can write bare; declare it: `{}: {{from: \"{name}\"}}`",
                plain(name)
            ));
            return None;
        }
        let data_type = mart_type(source);
        match refuse_conversion(source, data_type.as_ref().unwrap_or(source), false) {
            Some(why) => {
                fault(why);
                None
            }
            None => Some(column(name, data_type?)),
        }
    }

    fn declared(&mut self, declared: &ColumnSpec, from: &str, source: &DataType) -> Column {
        let data_type = declared.data_type.clone().or_else(|| mart_type(source)).unwrap_or(DataType::Utf8);
        if let Some(why) = refuse_conversion(source, &data_type, declared.stored_in.is_some()) {
            declared.place.fault(&mut self.faults, format!("column '{}': {why}", declared.name));
        }
        described(declared, from, data_type)
    }

    /// The columns as the mart holds them; what the model declares must agree.
    pub(super) fn stored_columns(&mut self, spec: &TableSpec, stored: &Schema) -> Vec<Column> {
        for declared in &spec.columns {
            let message = match stored.column_with_name(&declared.name) {
                None => format!("column '{}' is not in the mart yet; load table '{}'", declared.name, spec.name),
                Some((_, field)) => match &declared.data_type {
                    Some(wanted) if wanted != field.data_type() => format!(
                        "column '{}' is {} in the mart, not {}; load table '{}'",
                        declared.name,
                        type_name(field.data_type()),
                        type_name(wanted),
                        spec.name
                    ),
                    _ => continue,
                },
            };
            declared.place.fault(&mut self.faults, message);
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
                let message = format!("table '{}' would have two columns '{}'; rename one", spec.name, column.name);
                place.fault(&mut self.faults, message);
            }
        }
    }
}

fn source_name(column: &ColumnSpec) -> &str {
    column.from.as_deref().unwrap_or(&column.name)
}

fn column(name: &str, data_type: DataType) -> Column {
    Column { name: name.into(), from: name.into(), data_type, stored_in: None, title: None, description: None }
}

fn described(declared: &ColumnSpec, from: &str, data_type: DataType) -> Column {
    Column {
        name: declared.name.clone(),
        from: from.to_owned(),
        data_type,
        stored_in: declared.stored_in,
        title: declared.title.clone(),
        description: declared.description.clone(),
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
