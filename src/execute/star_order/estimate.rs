//! How many rows a side of a join has, and how many its conditions keep.

use datafusion::common::stats::Precision;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan};

/// The share of rows that a condition keeps, of which nothing else is known; as DataFusion takes it to be.
const KEPT: f64 = 0.2;

/// One side of a join: a table, perhaps with conditions.
pub(super) struct Leaf {
    /// The rows of the table.
    pub(super) rows: f64,
    /// The rows that the conditions keep.
    pub(super) kept: f64,
}

impl Leaf {
    /// What is known of `plan`; none where it is more than a table, or its rows have not been counted.
    pub(super) fn of(plan: &LogicalPlan) -> Option<Self> {
        match plan {
            LogicalPlan::SubqueryAlias(alias) => Self::of(&alias.input),
            LogicalPlan::Projection(projection) => Self::of(&projection.input),
            LogicalPlan::Filter(filter) => {
                let leaf = Self::of(&filter.input)?;
                let conditions = split_conjunction(&filter.predicate);
                let choosing = conditions.iter().filter(|condition| !matches!(condition, Expr::IsNotNull(_))).count();
                Some(Self { kept: leaf.kept * KEPT.powi(choosing.min(3) as i32), ..leaf })
            }
            LogicalPlan::TableScan(scan) => {
                let statistics = source_as_provider(&scan.source).ok()?.statistics()?;
                let (Precision::Exact(rows) | Precision::Inexact(rows)) = statistics.num_rows else { return None };
                Some(Self { rows: rows as f64, kept: rows as f64 })
            }
            _ => None,
        }
    }
}
