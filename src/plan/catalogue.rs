//! What there is to ask: cubes and tables with their columns, keys and references, as tools browse them. Made of a model
//! and the tables of one mart version.

use arrow::datatypes::DataType;

use super::relation::Member;
use super::{Catalog, KeyClaim};
use crate::model::{Better, Cube, Join, Measure, Model, RowExpr, Table, Text};
use crate::query::sent;

/// The one catalog.
pub const CATALOG: &str = "starmart";

/// The schemas that relations lie in, in the order of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Schema {
    /// Cubes, as tables of their dimensions and measures.
    Cubes,
    /// What tools read of it all, as ISO SQL calls it.
    Information,
    /// The tables of the mart.
    Mart,
    /// What there is to know of it all, in the model's words.
    System,
}

impl Schema {
    /// All schemas, in the order of their names.
    pub const ALL: [Self; 4] = [Self::Cubes, Self::Information, Self::Mart, Self::System];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cubes => "cubes",
            Self::Information => "information_schema",
            Self::Mart => "mart",
            Self::System => "system",
        }
    }
}

/// Everything that can be asked at one mart version.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    /// Cubes and tables, in the order of schema and name.
    pub relations: Vec<Relation>,
    /// What tables refer to, in the order of table and name.
    pub references: Vec<Reference>,
}

/// A cube or a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// Where it lies.
    pub schema: Schema,
    /// Its name.
    pub name: String,
    /// What people call it and what it is, in the model's language.
    pub words: Words,
    /// Its columns: of a cube, the dimensions and then the measures.
    pub columns: Vec<Column>,
    /// The columns that name one row, as the load found true.
    pub primary_key: Vec<String>,
}

/// A title and a description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What people call it.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
}

impl Words {
    /// Title and description in one line.
    pub fn line(&self) -> Option<String> {
        match (&self.title, &self.description) {
            (Some(title), Some(description)) => Some(format!("{title}: {description}")),
            (title, description) => title.clone().or_else(|| description.clone()),
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as announced and sent.
    pub data_type: DataType,
    /// What people call it and what it means.
    pub words: Words,
    /// What it is in a cube; none for the columns of tables.
    pub role: Option<Role>,
}

/// What a column is in a cube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// What one groups and filters by.
    Dimension,
    /// What is computed at any grouping.
    Measure {
        /// Whether its values add up over any grouping.
        additive: bool,
        /// What it counts in.
        unit: Option<String>,
        /// How it is shown.
        format: Option<String>,
        /// Which way it should move.
        better: Option<Better>,
        /// How far its values may be from the truth, where they are not exact.
        error: Option<&'static str>,
    },
}

/// A reference to at most one row of another table, whose key the load found true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name of the join.
    pub name: String,
    /// The table that refers.
    pub from: String,
    /// The table that is referred to.
    pub to: String,
    /// My column and theirs, in the order of their primary key.
    pub keys: Vec<(String, String)>,
}

impl Reference {
    /// What tools call it.
    pub fn key_name(&self) -> String {
        format!("{}_{}_fkey", self.from, self.name)
    }
}

/// What tools call the primary key of a table.
pub fn primary_key_name(table: &str) -> String {
    format!("{table}_pkey")
}

impl Catalogue {
    /// The relation of this name.
    pub fn relation(&self, schema: Schema, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.schema == schema && relation.name == name)
    }

    /// The same with more relations.
    #[must_use]
    pub fn with(mut self, relations: impl IntoIterator<Item = Relation>) -> Self {
        self.relations.extend(relations);
        self.relations.sort_by(|a, b| (a.schema.name(), &a.name).cmp(&(b.schema.name(), &b.name)));
        self
    }

    /// What `model` makes of the tables of `catalog`. Whatever needs a table that is not loaded is left out.
    pub fn new(model: &Model, catalog: &dyn Catalog) -> Self {
        let there = Loaded { model, catalog };
        let cubes = model.cubes.values().filter(|cube| there.holds_cube(cube)).map(|cube| there.cube(cube));
        let mut names = catalog.names();
        names.sort();
        let tables = names.iter().filter_map(|name| there.table(name));
        let references = model.tables.values().filter(|table| there.holds(&table.name)).flat_map(|table| {
            let mut joins: Vec<&Join> = table.joins.iter().filter(|join| there.has_key(&join.table)).collect();
            joins.sort_by(|a, b| a.name.cmp(&b.name));
            joins.into_iter().map(|join| reference(table, join))
        });
        Self { relations: cubes.chain(tables).collect(), references: references.collect() }
    }
}

/// The model, and which of its tables there are.
struct Loaded<'a> {
    model: &'a Model,
    catalog: &'a dyn Catalog,
}

impl Loaded<'_> {
    fn holds(&self, table: &str) -> bool {
        self.catalog.table(table, None).is_some()
    }

    /// Whether the primary key of a table, which there is, names one row each.
    fn has_key(&self, table: &str) -> bool {
        let key = self.model.tables.get(table).map_or(&[][..], |table| &table.primary_key);
        !key.is_empty() && self.holds(table) && self.catalog.key_claim(table, key) == KeyClaim::Holds
    }

    fn holds_cube(&self, cube: &Cube) -> bool {
        self.holds(&cube.table) && cube.filter.iter().all(|filter| self.reaches(cube, filter))
    }

    /// Whether all tables are there that the joins of an expression lead to.
    fn reaches(&self, cube: &Cube, expr: &RowExpr) -> bool {
        expr.paths.iter().all(|path| {
            let mut from = self.model.tables.get(&cube.table);
            path.iter().all(|step| {
                let join = from.and_then(|table| table.join(step));
                from = join.and_then(|join| self.model.tables.get(&join.table));
                join.is_some_and(|join| self.holds(&join.table))
            })
        })
    }

    fn cube(&self, cube: &Cube) -> Relation {
        let dimensions = cube.dimensions.iter().filter(|dimension| self.reaches(cube, &dimension.expr));
        let dimensions = dimensions.map(|dimension| Column {
            name: dimension.name.clone(),
            data_type: dimension.data_type.clone(),
            words: self.words(dimension.title.as_ref(), dimension.description.as_ref()),
            role: Some(Role::Dimension),
        });
        let measures = cube.measures.iter().filter(|measure| {
            let mut parts = measure.leaves.iter().flat_map(|leaf| leaf.argument.iter().chain(&leaf.filter));
            parts.all(|part| self.reaches(cube, part))
        });
        let measures = measures.map(|measure| Column {
            name: measure.name.clone(),
            data_type: on_the_wall(&measure.data_type),
            words: self.words(measure.title.as_ref(), measure.description.as_ref()),
            role: Some(role(measure)),
        });
        Relation {
            schema: Schema::Cubes,
            name: cube.name.clone(),
            words: self.words(cube.title.as_ref(), cube.description.as_ref()),
            columns: dimensions.chain(measures).collect(),
            primary_key: Vec::new(),
        }
    }

    /// A table that there is, whether the model still has it or not.
    fn table(&self, name: &str) -> Option<Relation> {
        let source = self.catalog.table(name, None)?;
        let known = self.model.tables.get(name);
        let schema = source.schema();
        let columns = schema.fields().iter().filter_map(|field| {
            let known = known.and_then(|table| table.column(field.name()));
            let words = known.map(|column| self.words(column.title.as_ref(), column.description.as_ref()));
            Some(Column {
                name: field.name().clone(),
                data_type: sent(field.data_type())?,
                words: words.unwrap_or_default(),
                role: None,
            })
        });
        let key = known.filter(|_| self.has_key(name)).map(|table| table.primary_key.clone());
        Some(Relation {
            schema: Schema::Mart,
            name: name.to_owned(),
            words: known.map(|table| self.words(table.title.as_ref(), table.description.as_ref())).unwrap_or_default(),
            columns: columns.collect(),
            primary_key: key.unwrap_or_default(),
        })
    }

    /// Words in the model's language, or in the first in which there are any.
    fn words(&self, title: Option<&Text>, description: Option<&Text>) -> Words {
        let locale = &self.model.defaults.locale;
        let said = |text: &Text| text.in_or_any(locale).map(str::to_owned);
        Words { title: title.and_then(said), description: description.and_then(said) }
    }
}

/// What a dimension or measure is, as the metadata of a result's field.
pub(super) fn role_of(member: &Member, model: &Model) -> Vec<(String, String)> {
    let measure = model.cubes.get(&member.cube).and_then(|cube| cube.measure(&member.name));
    measure.map_or(Role::Dimension, role).metadata()
}

fn role(measure: &Measure) -> Role {
    Role::Measure {
        additive: measure.is_additive(),
        unit: measure.unit.clone(),
        format: measure.format.clone(),
        better: measure.better,
        error: measure.leaves.iter().find_map(|leaf| leaf.aggregate.error()),
    }
}

impl Role {
    /// The same as keys and values of a field's metadata.
    pub fn metadata(&self) -> Vec<(String, String)> {
        let told = match self {
            Self::Dimension => vec![("role", Some("dimension".to_owned()))],
            Self::Measure { additive, unit, format, better, error } => vec![
                ("role", Some("measure".to_owned())),
                ("additivity", Some(if *additive { "additive" } else { "non_additive" }.to_owned())),
                ("unit", unit.clone()),
                ("format", format.clone()),
                ("better", better.map(|better| better.word().to_owned())),
                ("error", error.map(str::to_owned)),
            ],
        };
        told.into_iter().filter_map(|(name, value)| Some((format!("starmart.{name}"), value?))).collect()
    }
}

/// The type of what a cube makes of a value: instants are wall clocks.
pub(super) fn on_the_wall(of: &DataType) -> DataType {
    match of {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, None),
        other => other.clone(),
    }
}

fn reference(table: &Table, join: &Join) -> Reference {
    Reference { name: join.name.clone(), from: table.name.clone(), to: join.table.clone(), keys: join.keys.clone() }
}
