//! What the files under `reports/` say: text → [`Spec::decode`] → [`super::resolve`], which looks the names up in a model.

mod decode;
mod shape;

pub use shape::shape;

use crate::model::{Better, Place, Text, Written};
use crate::yaml::Faults;

/// The decoded files, and what is wrong with them so far.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The reports in the order of files and lines.
    pub reports: Vec<ReportSpec>,
    /// What is wrong with the files.
    pub faults: Faults,
}

/// A report as written.
#[derive(Debug, Clone)]
pub struct ReportSpec {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// Its title.
    pub title: Words,
    /// The languages that it comes in; the model's own without any.
    pub locales: Vec<Written<String>>,
    /// Up to when facts are read, unless the caller says it.
    pub as_of: AsOf,
    /// What the foot of each page counts.
    pub counts: Option<CountSpec>,
    /// What is said of days without facts: in a sentence, and where there is little room.
    pub no_facts: Option<(Words, Words)>,
    /// Its pages.
    pub pages: Vec<PageSpec>,
    /// SHA-256, in hex, of the file that it stands in.
    pub hash: String,
}

/// Up to when facts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// The day of the last fact.
    Data,
    /// Today, in the model's zone.
    Now,
}

/// What the foot of each page counts, and how it says so.
#[derive(Debug, Clone)]
pub struct CountSpec {
    /// The measure, of the report's first cube.
    pub measure: Written<String>,
    /// The sentence, with `{n}` for the count.
    pub says: Words,
}

/// Words in the languages of a report. What is written bare stands in all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// The words.
    pub text: Text,
    /// Where they are written.
    pub place: Place,
}

/// Words, or none: what is found is said then.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Said {
    /// The findings say it.
    #[default]
    Auto,
    /// These words.
    Words(Words),
}

/// A page as written.
#[derive(Debug, Clone)]
pub struct PageSpec {
    /// Where it is written.
    pub place: Place,
    /// Its title, in its head.
    pub title: Words,
    /// Its headline.
    pub headline: Said,
    /// The line below.
    pub deck: Said,
    /// Its tiles, from left to right and from top to bottom.
    pub tiles: Vec<TileSpec>,
}

/// A tile as written.
#[derive(Debug, Clone)]
pub struct TileSpec {
    /// Where it is written.
    pub place: Place,
    /// Its name in files; its kind's and number without it.
    pub name: Option<Written<String>>,
    /// How many of the twelve columns it takes.
    pub span: u64,
    /// Its height in mm; the kind's own without it.
    pub height: Option<f64>,
    /// Its title.
    pub title: Said,
    /// The line below.
    pub subtitle: Said,
    /// What it shows.
    pub body: BodySpec,
}

/// What a tile shows, as written.
#[derive(Debug, Clone)]
pub enum BodySpec {
    /// Measures, each with its value, comparisons and last weeks.
    Kpis(KpisSpec),
    /// A chart over time.
    Chart(ChartSpec),
    /// A change by its drivers.
    Waterfall(Box<WaterfallSpec>),
    /// Members of dimensions with measures.
    Table(TableSpec),
    /// Words.
    Text(Words),
}

/// A row of measures as written.
#[derive(Debug, Clone)]
pub struct KpisSpec {
    /// Their cube.
    pub cube: Written<String>,
    /// The measures.
    pub items: Vec<ItemSpec>,
    /// What they are compared with.
    pub compare: Vec<Comparison>,
    /// How many weeks the small line spans; none without it.
    pub spark: Option<u64>,
}

/// A measure and how it is called here.
#[derive(Debug, Clone)]
pub struct ItemSpec {
    /// The measure.
    pub measure: Written<String>,
    /// What it is called; the measure's title without it.
    pub title: Option<Words>,
    /// What it counts in, beside the number where the currency does not say it.
    pub unit: Option<Words>,
    /// What it should have come to.
    pub target: Option<f64>,
}

/// With what a measure is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The week before.
    Previous,
    /// The average of the four weeks before.
    AverageOfFour,
}

/// A chart as written.
#[derive(Debug, Clone)]
pub struct ChartSpec {
    /// How it is drawn.
    pub kind: ChartKind,
    /// Where the values come from.
    pub values: ValuesSpec,
    /// The points of time.
    pub time: TimeSpec,
    /// Whether the period before stands behind.
    pub behind: bool,
    /// Whether a line goes through at the last value.
    pub mark: bool,
    /// What is said of it.
    pub finding: Option<Finding>,
    /// What days did, in sentences: "sold".
    pub verb: Option<Words>,
}

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// A line.
    Line,
    /// Columns.
    Columns,
}

/// What is said of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Where a period splits into days above and days below those of the week before.
    Split,
    /// Where the last week stands among those of its year.
    Rank,
}

/// Where the values of a chart come from, as written.
#[derive(Debug, Clone)]
pub enum ValuesSpec {
    /// A measure of a cube.
    Query(QuerySpec),
    /// A SELECT over cubes of a day, or of the Monday of a week, and a number.
    Sql(Written<String>, ColumnSpec),
}

/// What a column of a SELECT is, as written.
#[derive(Debug, Clone)]
pub struct ColumnSpec {
    /// What it is called.
    pub title: Words,
    /// What it counts in, beside the number.
    pub unit: Option<Words>,
    /// The currency that it counts in, an ISO 4217 code.
    pub currency: Option<String>,
    /// How many decimals it has; large numbers are abbreviated without it.
    pub decimals: Option<u64>,
    /// Whether it is a share, shown in percent.
    pub percent: bool,
    /// Whether its values add up over days and weeks.
    pub is_additive: bool,
    /// Which way it should move.
    pub better: Option<Better>,
}

/// A question over time, as written.
#[derive(Debug, Clone)]
pub struct QuerySpec {
    /// The cube.
    pub cube: Written<String>,
    /// The measure.
    pub measure: Written<String>,
    /// What the facts must satisfy.
    pub filter: Option<FilterSpec>,
}

/// What facts must satisfy, as written.
#[derive(Debug, Clone)]
pub struct FilterSpec {
    /// The condition, as SQL over the cube's dimensions.
    pub sql: Written<String>,
    /// What it is called below the title; the condition itself without it.
    pub says: Option<Words>,
}

/// Points of time, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSpec {
    /// The days of the week.
    Days,
    /// The weeks since the year began, up to the report's.
    WeeksOfYear,
    /// So many weeks up to the report's.
    LastWeeks(u64),
}

/// A change by its drivers, as written.
#[derive(Debug, Clone)]
pub struct WaterfallSpec {
    /// The cube.
    pub cube: Written<String>,
    /// The measure that changed.
    pub measure: Written<String>,
    /// The part of it that the drivers do not make.
    pub apart: Option<ItemSpec>,
    /// The drivers; the measure without what stands apart is their product.
    pub drivers: Vec<DriverSpec>,
}

/// A driver as written.
#[derive(Debug, Clone)]
pub struct DriverSpec {
    /// The measure.
    pub item: ItemSpec,
    /// What is said of it.
    pub says: Directions,
    /// The same as who did it: "bigger baskets added …".
    pub subject: Option<Directions>,
    /// Other words, where a total went the other way.
    pub against: Option<AgainstSpec>,
    /// Other words, right behind another driver.
    pub after: Option<AfterSpec>,
}

/// Words for either direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Directions {
    /// It rose.
    pub up: Words,
    /// It fell.
    pub down: Words,
}

/// Words where a total went the other way.
#[derive(Debug, Clone)]
pub struct AgainstSpec {
    /// The measure that is the total.
    pub total: Written<String>,
    /// What is said then.
    pub says: Directions,
    /// The same as who did it.
    pub subject: Option<Directions>,
}

/// Words right behind another driver.
#[derive(Debug, Clone)]
pub struct AfterSpec {
    /// The other driver's measure.
    pub driver: Written<String>,
    /// What is said then.
    pub says: Directions,
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
        /// What the columns of names are called.
        names: Vec<Words>,
        /// The columns of numbers.
        numbers: Vec<ColumnSpec>,
    },
}

impl Spec {
    /// Decodes the files, each given by the path to show and its text, and notes every fault.
    pub fn decode(files: &[(String, String)]) -> Self {
        decode::files(files)
    }
}
