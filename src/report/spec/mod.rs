//! What the files under `reports/` say: text → [`Spec::decode`] → [`super::resolve`], which looks the names up in a model.

mod decode;
mod members;
mod shape;
mod visitors;

pub use members::{BarsSpec, ContributionsSpec, LeadSpec, NamesSpec, RowsSpec, TableSpec};
pub use shape::shape;
pub use visitors::{ConcentrationSpec, FlowSpec, HeatSpec};

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
    /// Its cells, from left to right and from top to bottom.
    pub cells: Vec<CellSpec>,
}

/// A cell of a page as written: a tile, or several below one another.
#[derive(Debug, Clone)]
pub struct CellSpec {
    /// How many of the twelve columns it takes.
    pub span: u64,
    /// Its tiles, from top to bottom.
    pub tiles: Vec<TileSpec>,
}

/// A tile as written.
#[derive(Debug, Clone)]
pub struct TileSpec {
    /// Where it is written.
    pub place: Place,
    /// Its name in files; its kind's and number without it.
    pub name: Option<Written<String>>,
    /// Its height in mm; the kind's own without it.
    pub height: Option<f64>,
    /// Its title.
    pub title: Said,
    /// The line below.
    pub subtitle: Said,
    /// Whether its author says that its SQL leaves out no facts.
    pub is_whole: bool,
    /// What it shows.
    pub body: BodySpec,
}

/// What a tile shows, as written.
#[derive(Debug, Clone)]
pub enum BodySpec {
    /// Measures, each with its value, comparisons and last weeks.
    Kpis(KpisSpec),
    /// A chart over time.
    Chart(Box<ChartSpec>),
    /// A change by its drivers.
    Waterfall(Box<WaterfallSpec>),
    /// What members contributed to a change.
    Contributions(Box<ContributionsSpec>),
    /// Members as bars, each with its last four weeks.
    Bars(Box<BarsSpec>),
    /// What a base of four weeks gained and lost.
    Flow(Box<FlowSpec>),
    /// How much the largest parts of a sum have.
    Concentration(Box<ConcentrationSpec>),
    /// A measure by weekday and hour.
    Heat(Box<HeatSpec>),
    /// Members of dimensions with measures.
    Table(Box<TableSpec>),
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
    /// What is marked.
    pub mark: Option<ChartMark>,
    /// What is said of it.
    pub finding: Option<Finding>,
    /// What its sentences say of it.
    pub phrases: PhrasesSpec,
}

/// What the sentences of a chart say of its measure, as written.
#[derive(Debug, Clone, Default)]
pub struct PhrasesSpec {
    /// What days did: "sold".
    pub verb: Option<Words>,
    /// What is shown, below the title, with `{weeks}` for how many: "share of revenue, {weeks}".
    pub about: Option<Words>,
    /// What rose or fell: "private label".
    pub subject: Option<Words>,
    /// A value in a sentence, with `{n}` for the number: "{n} of sales".
    pub value: Option<Words>,
    /// So many of it, with `{n}` for the number: "{n} coupons redeemed"; of one, and of none.
    pub counted: Option<CountedSpec>,
}

/// A phrase about a number of things, as written.
#[derive(Debug, Clone)]
pub struct CountedSpec {
    /// Of several.
    pub many: Words,
    /// Of one.
    pub one: Words,
    /// Of none.
    pub none: Words,
}

/// What is marked in a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartMark {
    /// A line through columns at the last one's value.
    Last,
    /// The average of the four weeks before.
    AverageOfFour,
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
    /// How far the last week moved, and since when no week was as high or as low.
    Record,
    /// How many more or fewer there were in the last week.
    Count,
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

impl Spec {
    /// Decodes the files, each given by the path to show and its text, and notes every fault.
    pub fn decode(files: &[(String, String)]) -> Self {
        decode::files(files)
    }
}
