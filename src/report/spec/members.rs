//! Tiles of members of dimensions, as written.

use super::{ColumnSpec, FilterSpec, ItemSpec, Words};
use crate::model::Written;

/// What the members of a dimension contributed to a change, as written.
#[derive(Debug, Clone)]
pub struct ContributionsSpec {
    /// The cube.
    pub cube: Written<String>,
    /// The measure that changed.
    pub measure: Written<String>,
    /// The dimension.
    pub by: Written<String>,
    /// What one member is called, and what several are.
    pub nouns: (Words, Words),
    /// What all together are called: "total".
    pub whole: Option<Words>,
    /// What a member did: "sold".
    pub verb: Option<Words>,
    /// What the facts must satisfy.
    pub filter: Option<FilterSpec>,
    /// How many of those that gained most are shown.
    pub top: u64,
    /// How many of those that lost most are shown.
    pub bottom: u64,
}

/// A measure by the members of a dimension that matter, as written.
#[derive(Debug, Clone)]
pub struct BarsSpec {
    /// The cube.
    pub cube: Written<String>,
    /// The measure.
    pub measure: Written<String>,
    /// The dimension.
    pub by: Written<String>,
    /// What one member is called, and what several are.
    pub nouns: (Words, Words),
    /// What all together are called: "total".
    pub whole: Option<Words>,
    /// What is measured, as a sentence says it: "private label".
    pub subject: Words,
    /// Of which measure a member must come to so many hundredths.
    pub least: Option<(Written<String>, u32)>,
    /// What the facts must satisfy.
    pub filter: Option<FilterSpec>,
    /// How many members are shown at most.
    pub top: u64,
    /// Whether the member that moved most is told behind what is said of all of them.
    pub explains: bool,
}

/// A table as written.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// What is in it.
    pub rows: RowsSpec,
    /// How many rows there are at most.
    pub top: u64,
    /// Whether what is not shown stands in a row of its own.
    pub others: bool,
    /// Whether there is a row for all.
    pub total: bool,
}

/// What is in a table, as written.
#[derive(Debug, Clone)]
pub enum RowsSpec {
    /// Members of a cube's dimensions with measures.
    Members {
        /// The cube.
        cube: Written<String>,
        /// The dimensions.
        by: Vec<Written<String>>,
        /// The measures; the first one orders the rows.
        items: Vec<ItemSpec>,
        /// What the facts must satisfy.
        filter: Option<FilterSpec>,
    },
    /// A SELECT over cubes: columns of names, then columns of numbers.
    Sql {
        /// The SELECT.
        sql: Written<String>,
        /// The columns of names.
        names: Vec<NamesSpec>,
        /// The columns of numbers.
        numbers: Vec<ColumnSpec>,
        /// A SELECT of one row: the numbers of all.
        total: Option<Written<String>>,
        /// What is said of the rows.
        lead: Option<LeadSpec>,
    },
}

/// A column of names, as written.
#[derive(Debug, Clone)]
pub struct NamesSpec {
    /// What it is called.
    pub title: Words,
    /// Whether it is from a day to another, of two columns of the SELECT.
    pub are_days: bool,
    /// The dimension, with its cube before a dot, whose labels its values have.
    pub labels: Option<Written<String>>,
}

/// What is said of the row with the largest number, as written. Each sentence may name columns of numbers in braces.
#[derive(Debug, Clone)]
pub struct LeadSpec {
    /// The column, as the SELECT calls it.
    pub by: Written<String>,
    /// Of the row with the most: `{member}`, and `{share}`, its part of the total.
    pub says: Words,
    /// Where there is nothing in that column, of the total.
    pub none: Words,
    /// Where there are no rows.
    pub empty: Words,
}
