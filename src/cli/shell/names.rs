//! What there is to ask, as the shell needs it: the same from the project's mart and from a server.

use std::collections::HashMap;

use arrow::datatypes::{Field, Schema};

use crate::error::Result;
use crate::flight::browse::Listed;
use crate::mart::Vocabulary;
use crate::mart::catalogue::{self, Catalogue, Words};
use crate::model::type_name;

use super::super::door::Door;

/// Begins the names of metadata that our servers give.
const OURS: &str = "starmart.";
/// A title and a description together, as any server gives them.
const REMARKS: &str = "ARROW:FLIGHT:SQL:REMARKS";
/// The schema whose relations are named without it.
pub(super) const CUBES: &str = "cubes";
/// The schema of the mart's own tables.
pub(super) const TABLES: &str = "mart";

/// Names to complete and to describe.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Names {
    /// Cubes first, then tables, then the rest.
    pub(super) relations: Vec<Relation>,
    /// Functions, in small letters.
    pub(super) functions: Vec<String>,
    /// Words that are quoted when they are names, in capitals.
    pub(super) reserved: Vec<&'static str>,
}

/// A cube or a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Relation {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) columns: Vec<Column>,
}

/// A column; what is not said of it is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) data_type: String,
    /// `dimension` or `measure` in a cube.
    pub(super) role: String,
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) format: String,
    pub(super) description: String,
}

impl Column {
    pub(super) fn is_measure(&self) -> bool {
        self.role == "measure"
    }
}

impl Relation {
    /// What stands for it in SQL: a cube's name alone, else with its schema.
    pub(super) fn is_cube(&self) -> bool {
        self.schema == CUBES
    }
}

impl Names {
    /// What there is behind a door.
    ///
    /// # Errors
    /// As [`crate::mart::Session::catalogue`] and [`crate::flight::client::Client::browse`].
    pub(super) async fn fetch(door: &Door) -> Result<Self> {
        let relations = match door {
            Door::Here(session) => here(&*session.catalogue().await?),
            Door::There(client) => client.browse().await?.into_iter().map(there).collect(),
        };
        Ok(Self::new(relations, &Vocabulary::of_dialect()))
    }

    pub(super) fn new(mut relations: Vec<Relation>, vocabulary: &Vocabulary) -> Self {
        let place = |schema: &str| [CUBES, TABLES].iter().position(|known| *known == schema).unwrap_or(2);
        relations.sort_by(|a, b| (place(&a.schema), &a.schema, &a.name).cmp(&(place(&b.schema), &b.schema, &b.name)));
        Self { relations, functions: vocabulary.callable.clone(), reserved: vocabulary.keywords.clone() }
    }

    /// The relation of a name that may have a schema; without one a cube is meant before a table.
    pub(super) fn relation(&self, schema: Option<&str>, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|known| known.name == name && schema.is_none_or(|schema| known.schema == schema))
    }
}

fn here(catalogue: &Catalogue) -> Vec<Relation> {
    let column = |column: &catalogue::Column| {
        let (title, description) = said(&column.words);
        let (role, unit, format) = match &column.role {
            None => ("", &None, &None),
            Some(catalogue::Role::Dimension) => ("dimension", &None, &None),
            Some(catalogue::Role::Measure { unit, format, .. }) => ("measure", unit, format),
        };
        Column {
            name: column.name.clone(),
            data_type: type_name(&column.data_type),
            role: role.to_owned(),
            title,
            unit: unit.clone().unwrap_or_default(),
            format: format.clone().unwrap_or_default(),
            description,
        }
    };
    let relation = |relation: &catalogue::Relation| {
        let (title, description) = said(&relation.words);
        Relation {
            schema: relation.schema.name().to_owned(),
            name: relation.name.clone(),
            title,
            description,
            columns: relation.columns.iter().map(column).collect(),
        }
    };
    catalogue.relations.iter().map(relation).collect()
}

fn said(words: &Words) -> (String, String) {
    (words.title.clone().unwrap_or_default(), words.description.clone().unwrap_or_default())
}

fn there(Listed { schema, name, columns }: Listed) -> Relation {
    let column = |field: &Field| {
        let (title, description) = told(field.metadata());
        let ours = |key: &str| field.metadata().get(&format!("{OURS}{key}")).cloned().unwrap_or_default();
        Column {
            name: field.name().clone(),
            data_type: type_name(field.data_type()),
            role: ours("role"),
            title,
            unit: ours("unit"),
            format: ours("format"),
            description,
        }
    };
    let Schema { fields, metadata } = columns;
    let (title, description) = told(&metadata);
    Relation { schema, name, title, description, columns: fields.iter().map(|field| column(field)).collect() }
}

/// A title and a description; a server that is not ours gives them together.
fn told(metadata: &HashMap<String, String>) -> (String, String) {
    let ours = |key: &str| metadata.get(&format!("{OURS}{key}"));
    match (ours("title"), ours("description")) {
        (None, None) => (String::new(), metadata.get(REMARKS).cloned().unwrap_or_default()),
        (title, description) => (title.cloned().unwrap_or_default(), description.cloned().unwrap_or_default()),
    }
}
