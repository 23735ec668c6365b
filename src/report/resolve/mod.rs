//! A spec looked up in a model: every cube and measure that a [`Report`] names is there, every word in every language.

mod layout;
mod members;
mod names;
mod tiles;
mod visitors;

pub use layout::{Area, BARS, CONTRIBUTIONS, DRIVERS, LISTING, LISTING_MOST, PAGE};
pub use members::{Bars, Contributions, Dimension, Lead, Table};
pub use visitors::{Concentration, Flow, Heat};

use crate::model::{Better, Model, Parts, Text};
use crate::yaml::Faults;

use super::spec::{AsOf, ChartKind, ChartMark, Comparison, Finding, ReportSpec, TimeSpec};
use names::Resolver;

/// A report that can be run.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Text,
    /// The languages that it comes in.
    pub locales: Vec<String>,
    /// Up to when facts are read, unless the caller says it.
    pub as_of: AsOf,
    /// The cube whose facts say which weeks are complete: the first tile's.
    pub lead: Source,
    /// The model's zone, of which the wall clocks are.
    pub timezone: String,
    /// What the foot of each page counts, and how it says so.
    pub counts: Option<(Measured, Text)>,
    /// What is said of days without facts: in a sentence, and where there is little room.
    pub no_facts: Option<(Text, Text)>,
    /// Its pages.
    pub pages: Vec<Page>,
    /// SHA-256, in hex, of the file that it stands in.
    pub hash: String,
}

/// A cube and its axis of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The cube.
    pub cube: String,
    /// The dimension of time.
    pub time: String,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its title, in its head.
    pub title: Text,
    /// Its headline; what the first finding is without it.
    pub headline: Option<Text>,
    /// The line below; what the others are without it.
    pub deck: Option<Text>,
    /// Its tiles.
    pub tiles: Vec<Tile>,
}

/// A tile.
#[derive(Debug, Clone)]
pub struct Tile {
    /// Its name in files, its page's own.
    pub name: String,
    /// Where it stands.
    pub area: Area,
    /// Its title; what was found without it.
    pub title: Option<Text>,
    /// The line below; what is shown without it.
    pub subtitle: Option<Text>,
    /// Whether its author says that its SQL leaves out no facts.
    pub is_whole: bool,
    /// What it shows.
    pub body: Body,
}

/// What a tile shows.
#[derive(Debug, Clone)]
pub enum Body {
    /// Measures, each with its value, comparisons and last weeks.
    Kpis(Kpis),
    /// A chart over time.
    Chart(Chart),
    /// A change by its drivers.
    Waterfall(Box<Waterfall>),
    /// What members contributed to a change.
    Contributions(Contributions),
    /// Members as bars, each with its last four weeks.
    Bars(Bars),
    /// What a base of four weeks gained and lost.
    Flow(Box<Flow>),
    /// How much the largest parts of a sum have.
    Concentration(Box<Concentration>),
    /// A measure by weekday and hour.
    Heat(Box<Heat>),
    /// Members with measures.
    Table(Table),
    /// Words.
    Text(Text),
}

/// A row of measures.
#[derive(Debug, Clone)]
pub struct Kpis {
    /// Their cube.
    pub source: Source,
    /// The measures.
    pub items: Vec<Item>,
    /// What they are compared with.
    pub compare: Vec<Comparison>,
    /// How many weeks the small line spans.
    pub spark: Option<u64>,
}

/// A measure as it is called here.
#[derive(Debug, Clone)]
pub struct Item {
    /// The measure.
    pub measure: Measured,
    /// What it is called.
    pub title: Text,
    /// What it counts in, beside the number.
    pub unit: Option<Text>,
    /// What it should have come to.
    pub target: Option<f64>,
}

/// A measure as numbers of it are computed and shown.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Its name in its cube.
    pub name: String,
    /// What it is made of, of which averages are computed; unknown of what SQL computes.
    pub parts: Option<Parts>,
    /// How its numbers are written.
    pub kind: NumberKind,
    /// The currency that it counts in, an ISO 4217 code.
    pub currency: Option<String>,
    /// Which way it should move.
    pub better: Option<Better>,
    /// Whether its values add up.
    pub is_additive: bool,
}

/// How the numbers of a measure are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// A sum or a count: large ones are abbreviated.
    Amount,
    /// A quotient, with so many decimals.
    PerUnit(u32),
    /// A share, in percent.
    Rate,
}

/// Where the values of a chart or a table come from.
#[derive(Debug, Clone)]
pub enum Values {
    /// A cube, of facts that satisfy a condition.
    Query(Source, Option<Filter>),
    /// A SELECT with `$start`, `$end` and `$as_of`: for a chart of a day and a number, for a table of its columns.
    Sql(String),
}

/// What facts must satisfy.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The condition, in SQL.
    pub sql: String,
    /// What it is called; the condition itself without it.
    pub says: Option<Text>,
}

/// A chart over time.
#[derive(Debug, Clone)]
pub struct Chart {
    /// How it is drawn.
    pub kind: ChartKind,
    /// Where its values come from.
    pub values: Values,
    /// The measure.
    pub item: Item,
    /// The points of time.
    pub time: TimeSpec,
    /// Whether the week before stands behind.
    pub behind: bool,
    /// What is marked.
    pub mark: Option<ChartMark>,
    /// What is said of it.
    pub finding: Option<Finding>,
    /// What its sentences say of it.
    pub phrases: Phrases,
}

/// What the sentences of a chart say of its measure.
#[derive(Debug, Clone, Default)]
pub struct Phrases {
    /// What days did.
    pub verb: Option<Text>,
    /// What is shown, with `{weeks}` for how many there are.
    pub about: Option<Text>,
    /// What rose or fell.
    pub subject: Option<Text>,
    /// A value in a sentence, with `{n}` for the number.
    pub value: Option<Text>,
    /// Several, one and none of it, with `{n}` for the number.
    pub counted: Option<[Text; 3]>,
}

/// A change by its drivers.
#[derive(Debug, Clone)]
pub struct Waterfall {
    /// The cube.
    pub source: Source,
    /// The measure that changed.
    pub item: Item,
    /// The part of it that the drivers do not make.
    pub apart: Option<Item>,
    /// The drivers.
    pub drivers: Vec<Driver>,
}

/// A driver.
#[derive(Debug, Clone)]
pub struct Driver {
    /// The measure.
    pub item: Item,
    /// What is said of it.
    pub says: Directions,
    /// The same as who did it.
    pub subject: Directions,
    /// Other words, where this total went the other way.
    pub against: Option<(Measured, Directions, Directions)>,
    /// Other words, right behind the driver of this measure.
    pub after: Option<(String, Directions)>,
}

/// Words for either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directions {
    /// It rose.
    pub up: Text,
    /// It fell.
    pub down: Text,
}

/// Looks a report up in a model.
///
/// # Errors
/// Every fault: a cube or measure that is not there, words that lack a language, tiles that do not fit their page.
pub fn resolve(spec: &ReportSpec, model: &Model) -> Result<Report, Faults> {
    let mut resolver = Resolver::new(spec, model);
    let report = resolver.report();
    match report {
        Some(report) if resolver.faults.is_empty() => Ok(report),
        _ => Err(resolver.faults.sorted()),
    }
}
