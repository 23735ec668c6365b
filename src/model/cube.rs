//! Cubes: dimensions and measures over a fact table, with their expressions typed and names resolved.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast;

use super::{Labels, Order, Text};

/// Dimensions and measures over one fact table.
#[derive(Debug, Clone, PartialEq)]
pub struct Cube {
    /// Its name, as a table of the schema `cubes`.
    pub name: String,
    /// Its title.
    pub title: Option<Text>,
    /// What it answers.
    pub description: Option<Text>,
    /// The fact table.
    pub table: String,
    /// The dimension that is its axis of time.
    pub time: Option<String>,
    /// The rows that count at all.
    pub filter: Option<RowExpr>,
    /// Its dimensions as written, the grains of time after the dimension they belong to.
    pub dimensions: Vec<Dimension>,
    /// Its measures as written.
    pub measures: Vec<Measure>,
    /// What people drill down: that of time, then those of the tables, in the order of their names.
    pub hierarchies: Vec<Hierarchy>,
}

/// Dimensions of a cube, each read within the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// Its name; the path of joins stands before it, with dots, where the cube reaches several of that name.
    pub name: String,
    /// The dimensions, the coarsest first.
    pub levels: Vec<String>,
}

impl Cube {
    /// The dimension of this name.
    pub fn dimension(&self, name: &str) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.name == name)
    }

    /// The measure of this name.
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.name == name)
    }
}

/// An expression over one row of the fact table and the rows that it joins.
#[derive(Debug, Clone, PartialEq)]
pub struct RowExpr {
    /// The expression as it is now, as SQL.
    pub sql: String,
    /// The expression. A column of the fact is the identifier `column`; a column of a joined table is the compound
    /// identifier of the whole path and the column: `products.department`, `store.region.name`.
    pub ast: ast::Expr,
    /// The join paths that it uses, each a list of names of joins.
    pub paths: BTreeSet<Vec<String>>,
    /// Its type, as the mart's types.
    pub data_type: DataType,
}

/// A dimension of a cube.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its title, or that of the column which it plainly is.
    pub title: Option<Text>,
    /// What it means, or what the column does which it plainly is.
    pub description: Option<Text>,
    /// Its value. For an instant, and for the grains of one, the instant itself in UTC.
    pub expr: RowExpr,
    /// Its type as announced.
    pub data_type: DataType,
    /// How its value is made of its expression.
    pub kind: DimensionKind,
    /// The column that it plainly is.
    pub origin: Option<Origin>,
    /// What its values are called: what the column says which it plainly is.
    pub labels: Option<Arc<Labels>>,
    /// The order in which its values are shown, from there too.
    pub order: Option<Order>,
}

/// A column that a dimension plainly is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The joins that lead to its table from the facts.
    pub path: Vec<String>,
    /// Its table.
    pub table: String,
    /// Its name there.
    pub column: String,
}

/// How a dimension's value is made of its expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DimensionKind {
    /// It is the expression.
    Plain,
    /// The expression is a timestamp (µs, UTC); the value is its naive wall clock in the session's zone.
    Instant,
    /// The first moment or day of the period that the value of the time dimension `of` lies in.
    Grain {
        /// The time dimension.
        of: String,
        /// The period.
        grain: Grain,
    },
}

/// Periods of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// Hours of wall clock, as timestamps.
    Hour,
    /// Days.
    Day,
    /// ISO weeks, by their Monday.
    Week,
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
}

impl Grain {
    /// Every grain, finest first.
    pub const ALL: [Self; 6] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// Its name, as `date_trunc` takes it and as it ends the dimension's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// Which way a measure should move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

impl Better {
    /// The words for both.
    pub const WORDS: &'static [&'static str] = &["higher", "lower"];

    /// What a word says.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "higher" => Some(Self::Higher),
            "lower" => Some(Self::Lower),
            _ => None,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }
}

/// A measure of a cube: arithmetic over leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<Text>,
    /// What it means.
    pub description: Option<Text>,
    /// What it counts in, `USD` for one.
    pub unit: Option<String>,
    /// How it is shown, `#,##0` for one.
    pub format: Option<String>,
    /// Which way it should move; none where neither is better.
    pub better: Option<Better>,
    /// Its expression as written.
    pub written: String,
    /// The aggregates that it is made of, each different.
    pub leaves: Vec<Leaf>,
    /// The arithmetic; the leaf i is the quoted identifier `"$i"`.
    pub value: ast::Expr,
    /// Its type as announced.
    pub data_type: DataType,
}

impl Measure {
    /// Whether its values add up over any grouping: it is one sum or count, and nothing is done to it.
    pub fn is_additive(&self) -> bool {
        self.own_leaf().is_some_and(|leaf| leaf.aggregate.is_additive())
    }

    /// The one aggregate that it is, where nothing is done to that.
    pub fn own_leaf(&self) -> Option<&Leaf> {
        let mut value = &self.value;
        while let ast::Expr::Nested(inner) = value {
            value = inner;
        }
        match self.leaves.as_slice() {
            [leaf] if matches!(value, ast::Expr::Identifier(_)) => Some(leaf),
            _ => None,
        }
    }
}

/// An aggregate over fact rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// The function.
    pub aggregate: Aggregate,
    /// What is aggregated; none for `count(*)`.
    pub argument: Option<RowExpr>,
    /// The rows that count; all without it.
    pub filter: Option<RowExpr>,
    /// The place of a percentile, from 0 to 1, as it is written.
    pub fraction: Option<String>,
    /// Its type.
    pub data_type: DataType,
}

/// The functions that make a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// `sum(x)`: Int64, decimal(38, s) or Float64.
    Sum,
    /// `count(x)` and `count(*)`: Int64.
    Count,
    /// `count(distinct x)`: Int64.
    CountDistinct,
    /// `min(x)`: the type of x.
    Min,
    /// `max(x)`: the type of x.
    Max,
    /// `avg(x)`: Float64.
    Avg,
    /// `median(x)`: Float64, exact.
    Median,
    /// `percentile_cont(x, p)`: Float64, exact, between two values as far as p lies between their places.
    PercentileCont,
    /// `percentile_disc(x, p)`: the type of x, exact: the first value whose part of all, with those before it, is p or more.
    PercentileDisc,
    /// `approx_percentile_cont(x, p)`: Float64, of a t-digest (Dunning, Ertl: Computing extremely accurate quantiles using
    /// t-digests, 2019).
    ApproxPercentileCont,
    /// `stddev(x)`, of a sample: Float64.
    Stddev,
    /// `stddev_pop(x)`, of all: Float64.
    StddevPop,
    /// `variance(x)`, of a sample: Float64.
    Variance,
    /// `var_pop(x)`, of all: Float64.
    VarPop,
    /// `hll(x)`: Int64, about how many different values there are (Flajolet and others: HyperLogLog, 2007).
    Hll,
}

impl Aggregate {
    /// What a measure calls them by.
    pub const CALLS: [&str; 14] = [
        "sum",
        "count",
        "min",
        "max",
        "avg",
        "median",
        "percentile_cont",
        "percentile_disc",
        "approx_percentile_cont",
        "stddev",
        "stddev_pop",
        "variance",
        "var_pop",
        "hll",
    ];

    /// The name of its SQL function; a distinct count is `count` too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Count | Self::CountDistinct => "count",
            Self::Min => "min",
            Self::Max => "max",
            Self::Avg => "avg",
            Self::Median => "median",
            Self::PercentileCont => "percentile_cont",
            Self::PercentileDisc => "percentile_disc",
            Self::ApproxPercentileCont => "approx_percentile_cont",
            Self::Stddev => "stddev",
            Self::StddevPop => "stddev_pop",
            Self::Variance => "var_samp",
            Self::VarPop => "var_pop",
            Self::Hll => "approx_distinct",
        }
    }

    /// How far its values may be from the truth, where they are not exact.
    pub fn error(self) -> Option<&'static str> {
        match self {
            // 2^14 registers: 1.04 / sqrt(2^14).
            Self::Hll => Some("relative standard error 0.0081"),
            Self::ApproxPercentileCont => {
                Some("t-digest of 100 centroids: the rank within about 0.01, less at the ends")
            }
            _ => None,
        }
    }

    /// Whether its values add up over any split of the rows.
    pub fn is_additive(self) -> bool {
        matches!(self, Self::Sum | Self::Count)
    }
}
