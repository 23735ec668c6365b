//! Tiles about who comes, how much they bring and when, as written.

use super::{ColumnSpec, FilterSpec, Words};
use crate::model::Written;

/// What a base of four weeks gained and lost, as written.
#[derive(Debug, Clone)]
pub struct FlowSpec {
    /// The SELECT: a Monday, the base, those of the week, new ones, returned ones, lapsed ones.
    pub sql: Written<String>,
    /// How many weeks are shown.
    pub last: u64,
    /// The base in a sentence, with `{n}` for the number.
    pub base: Words,
    /// Those of the week alone in a sentence, with `{n}`, where there are not four weeks.
    pub own: Words,
    /// What a difference counts in, behind the number.
    pub unit: Option<Words>,
    /// New, returned and lapsed ones in a sentence, with `{new}`, `{returned}` and `{lapsed}`.
    pub moves: Words,
    /// The same with `{gained}` and `{lost}`, as a title.
    pub title: Words,
    /// What stands beside the columns: gained, lost, and in the row of the base.
    pub names: [Words; 3],
    /// What is shown, below the title.
    pub about: Words,
}

/// How much the largest parts of a sum have, as written.
#[derive(Debug, Clone)]
pub struct ConcentrationSpec {
    /// The SELECT: the number of a part from 1, its sum, and how many make it.
    pub sql: Written<String>,
    /// How many parts there are.
    pub parts: u64,
    /// How many of the first are told.
    pub top: u64,
    /// What the sum is.
    pub column: ColumnSpec,
    /// What the first parts have, in a sentence, with `{share}`; and as a title.
    pub says: (Words, Words),
    /// What stands below the columns: the numbers of parts, and the means.
    pub names: [Words; 2],
    /// What is shown, below the title.
    pub about: Words,
}

/// A measure by weekday and hour, as written.
#[derive(Debug, Clone)]
pub struct HeatSpec {
    /// The cube.
    pub cube: Written<String>,
    /// The measure.
    pub measure: Written<String>,
    /// The hours before this one are shown as one.
    pub night: u64,
    /// What the facts must satisfy.
    pub filter: Option<FilterSpec>,
    /// What it counts, behind a number: "trips"; what it is called below the title; and what stands above the bars of days.
    pub names: [Words; 3],
    /// What is said of hours in which it all but stopped, with `{weekday}` and `{hours}`.
    pub lull: Words,
}
