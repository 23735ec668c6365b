//! How the values of columns are shown: their labels, their order, and the hierarchies that people drill down.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::DataType;

use crate::model::conversion::type_name;
use crate::model::spec::{OrderSpec, Place, Written};
use crate::model::{Column, Dimension, DimensionKind, Grain, Hierarchy, Order, TableSpec};

use super::Resolver;
use super::names::unknown;

impl Resolver<'_> {
    /// Notes what is wrong with the labels and orders of a table's columns.
    pub(super) fn presentation(&mut self, spec: &TableSpec, columns: &[Column]) {
        for declared in &spec.columns {
            let Some(column) = columns.iter().find(|column| column.name == declared.name) else { continue };
            if self.is_faulty(&spec.name, &column.name) {
                continue;
            }
            let about = format!("column '{}'", column.name);
            let lists = declared.labels.is_some() || matches!(declared.order, Some(OrderSpec::Values(_)));
            if lists && !matches!(column.data_type, DataType::Utf8 | DataType::Int64 | DataType::Boolean) {
                let found = type_name(&column.data_type);
                let message = format!("it is {found}; the values of text, integer and boolean columns can be listed");
                self.fault(&about, &declared.place, &message);
                continue;
            }
            if let Some(labels) = &declared.labels {
                let file = labels.file.as_str().into();
                let values = labels.entries.iter().map(|label| (&label.value, Place::new(&file, label.at)));
                self.listed_values(&about, values, &column.data_type);
            }
            match &declared.order {
                Some(OrderSpec::Values(values)) => {
                    let values = values.iter().map(|value| (&value.value, value.place.clone()));
                    self.listed_values(&about, values, &column.data_type);
                }
                Some(OrderSpec::Column(other)) => self.ordering_column(&about, spec, columns, other),
                None => {}
            }
        }
    }

    /// Notes values that stand twice in a list, or that no row of the column can hold.
    fn listed_values<'v>(
        &mut self,
        about: &str,
        values: impl Iterator<Item = (&'v String, Place)>,
        data_type: &DataType,
    ) {
        let mut seen = BTreeSet::new();
        for (value, place) in values {
            if !seen.insert(value) {
                self.fault(about, &place, &format!("'{value}' stands there twice; keep one"));
            } else if !fits(value, data_type) {
                self.fault(about, &place, &format!("'{value}' is no {}, and the column is", type_name(data_type)));
            }
        }
    }

    /// Notes that the column by which another is ordered is not there.
    fn ordering_column(&mut self, about: &str, spec: &TableSpec, columns: &[Column], by: &Written<String>) {
        let known = || columns.iter().map(|column| column.name.as_str());
        if !known().any(|name| name == by.value) && !self.is_faulty(&spec.name, &by.value) {
            let message = format!("{} (a list of values stands in [ ])", unknown("column", &by.value, known()));
            self.fault(about, &by.place, &message);
        }
    }

    /// The hierarchies of a table.
    pub(super) fn hierarchies_of(&mut self, spec: &TableSpec, columns: &[Column]) -> BTreeMap<String, Vec<String>> {
        let mut hierarchies = BTreeMap::new();
        for hierarchy in &spec.hierarchies {
            let about = format!("hierarchy '{}'", hierarchy.name);
            let mut levels = Vec::new();
            for level in &hierarchy.levels {
                if levels.contains(&level.value) {
                    self.fault(&about, &level.place, &format!("'{}' stands twice in it; keep one", level.value));
                } else if columns.iter().any(|column| column.name == level.value) {
                    levels.push(level.value.clone());
                } else if !self.is_faulty(&spec.name, &level.value) {
                    let known = columns.iter().map(|column| column.name.as_str());
                    self.fault(&about, &level.place, &unknown("column", &level.value, known));
                }
            }
            if hierarchy.levels.len() == 1 {
                self.fault(&about, &hierarchy.place, "one level is none; name two columns or more, the coarsest first");
            }
            hierarchies.insert(hierarchy.name.clone(), levels);
        }
        hierarchies
    }

    /// The hierarchies that a cube's dimensions make: that of time, then those of the tables whose columns they are.
    pub(super) fn hierarchies(&self, time: Option<&str>, dimensions: &[Dimension]) -> Vec<Hierarchy> {
        let mut tables: BTreeSet<(&Vec<String>, &str)> = BTreeSet::new();
        tables.extend(
            dimensions.iter().filter_map(|dimension| dimension.origin.as_ref()).map(|at| (&at.path, at.table.as_str())),
        );
        let mut found: BTreeMap<(&str, &Vec<String>), Vec<String>> = BTreeMap::new();
        for (path, table) in tables {
            let Some(table) = self.tables.get(table) else { continue };
            for (name, columns) in &table.hierarchies {
                let level = |column: &String| {
                    let is_it = |dimension: &&Dimension| {
                        dimension.origin.as_ref().is_some_and(|at| at.path == *path && at.column == *column)
                    };
                    dimensions.iter().find(is_it).map(|dimension| dimension.name.clone())
                };
                let levels: Vec<String> = columns.iter().filter_map(level).collect();
                if levels.len() > 1 {
                    found.insert((name.as_str(), path), levels);
                }
            }
        }
        let alone = |name: &str| found.keys().filter(|(other, _)| *other == name).count() == 1;
        let named = |(name, path): &(&str, &Vec<String>)| match alone(name) && time != Some(name) {
            true => (*name).to_owned(),
            false => path.iter().map(String::as_str).chain([*name]).collect::<Vec<_>>().join("."),
        };
        let of_tables = found.iter().map(|(key, levels)| Hierarchy { name: named(key), levels: levels.clone() });
        time.map(|time| calendar(time, dimensions)).into_iter().chain(of_tables).collect()
    }
}

/// The grains of time that lie within each other; weeks lie in no month.
fn calendar(time: &str, dimensions: &[Dimension]) -> Hierarchy {
    let grains = [Grain::Year, Grain::Quarter, Grain::Month, Grain::Day, Grain::Hour];
    let level = |grain: &Grain| {
        let is_it = |dimension: &&Dimension| matches!(&dimension.kind, DimensionKind::Grain { of, grain: its } if of == time && its == grain);
        dimensions.iter().find(is_it).map(|dimension| dimension.name.clone())
    };
    Hierarchy { name: time.to_owned(), levels: grains.iter().filter_map(level).collect() }
}

/// Whether a row of a column of this type can hold `value`, as SQL shows it.
fn fits(value: &str, data_type: &DataType) -> bool {
    match data_type {
        DataType::Int64 => value.parse::<i64>().is_ok_and(|number| number.to_string() == value),
        DataType::Boolean => matches!(value, "true" | "false"),
        _ => true,
    }
}

impl OrderSpec {
    /// The order that is written.
    pub(super) fn order(&self) -> Order {
        match self {
            Self::Values(values) => Order::Values(values.iter().map(|value| value.value.clone()).collect()),
            Self::Column(column) => Order::Column(column.value.clone()),
        }
    }
}
