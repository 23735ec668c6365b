//! LIMITs without ORDER BY beneath aggregates: which rows they let through is chance, so they may not cut any. Whether
//! they do is known only when they have run; a node above each watches.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchemaRef, DataFusionError, Result as PlanResult, internal_err};
use datafusion::logical_expr::logical_plan::{FetchType, SkipType};
use datafusion::logical_expr::{
    Expr, Extension, Limit, LogicalPlan, LogicalPlanBuilder, Subquery, UserDefinedLogicalNodeCore, lit,
};

use crate::error::{Error, Result};

use super::mark::unmarked;
use super::{deep, planning_error};

/// Rows of which there must be `limit` at most; the input gives one more if there is one.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Whole {
    /// The number of a LIMIT.
    pub limit: usize,
    input: LogicalPlan,
}

impl PartialOrd for Whole {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.limit.partial_cmp(&other.limit).filter(|order| *order != Ordering::Equal || self == other)
    }
}

impl UserDefinedLogicalNodeCore for Whole {
    fn name(&self) -> &str {
        "Whole"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Whole: at most {} rows", self.limit)
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> PlanResult<Self> {
        match inputs.into_iter().next() {
            Some(input) => Ok(Self { limit: self.limit, input }),
            None => internal_err!("Whole has no input"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output_columns.to_vec()])
    }
}

/// The plan with such nodes where they belong.
///
/// # Errors
/// Invalid: a LIMIT beneath an aggregate that passes over rows, whichever come first.
pub(super) fn watched(plan: LogicalPlan) -> Result<LogicalPlan> {
    watch(plan, false).map(|watched| watched.data).map_err(planning_error)
}

fn watch(plan: LogicalPlan, beneath: bool) -> PlanResult<Transformed<LogicalPlan>> {
    deep(|| {
        let beneath = beneath || matches!(plan, LogicalPlan::Aggregate(_));
        plan.map_expressions(|expr| expr.transform_down(|expr| watch_within(expr, beneath)))?
            .transform_data(|plan| plan.map_children(|input| watch(input, beneath)))?
            .transform_data(|plan| match plan {
                LogicalPlan::Limit(limit) => limited(limit, beneath).map(Transformed::yes),
                other => Ok(Transformed::no(other)),
            })
    })
}

/// The queries within an expression: whether there are rows is no matter of which, values are.
fn watch_within(expr: Expr, beneath: bool) -> PlanResult<Transformed<Expr>> {
    let watched = |subquery: Subquery, beneath: bool| -> PlanResult<Subquery> {
        let plan = watch(Arc::unwrap_or_clone(subquery.subquery), beneath)?.data;
        // What IN compares with is looked for in a projection.
        let plan = match &plan {
            LogicalPlan::Extension(_) => {
                let columns = plan.schema().columns().into_iter().map(Expr::Column).collect::<Vec<_>>();
                LogicalPlanBuilder::from(plan).project(columns)?.build()?
            }
            _ => plan,
        };
        Ok(Subquery { subquery: Arc::new(plan), ..subquery })
    };
    Ok(Transformed::yes(match expr {
        Expr::Exists(mut exists) => {
            exists.subquery = watched(exists.subquery, false)?;
            Expr::Exists(exists)
        }
        Expr::InSubquery(mut within) => {
            within.subquery = watched(within.subquery, beneath)?;
            Expr::InSubquery(within)
        }
        Expr::ScalarSubquery(subquery) => Expr::ScalarSubquery(watched(subquery, beneath)?),
        other => return Ok(Transformed::no(other)),
    }))
}

/// A LIMIT, watched where it takes rows by chance beneath an aggregate.
fn limited(mut limit: Limit, beneath: bool) -> PlanResult<LogicalPlan> {
    let marked = limit.fetch.as_deref().and_then(unmarked).cloned();
    let skipped = limit.skip.as_deref().and_then(unmarked).cloned();
    let by_chance = marked.is_some() || skipped.is_some() || !is_ordered(&limit.input);
    limit.fetch = marked.map(Box::new).or(limit.fetch);
    limit.skip = skipped.map(Box::new).or(limit.skip);
    if !beneath || !by_chance {
        return Ok(LogicalPlan::Limit(limit));
    }
    match (limit.get_skip_type()?, limit.get_fetch_type()?) {
        (_, FetchType::Literal(Some(0))) | (SkipType::Literal(0), FetchType::Literal(None)) => {
            Ok(LogicalPlan::Limit(limit))
        }
        (SkipType::Literal(0), FetchType::Literal(Some(rows))) => {
            let more = i64::try_from(rows).unwrap_or(i64::MAX).saturating_add(1);
            let input = LogicalPlan::Limit(Limit { fetch: Some(Box::new(lit(more))), ..limit });
            Ok(LogicalPlan::Extension(Extension { node: Arc::new(Whole { limit: rows, input }) }))
        }
        _ => Err(DataFusionError::External(Box::new(Error::invalid(
            "an OFFSET without ORDER BY beneath an aggregate passes over rows by chance; add ORDER BY, or leave it out",
        )))),
    }
}

fn is_ordered(plan: &LogicalPlan) -> bool {
    match plan {
        // A constant orders nothing.
        LogicalPlan::Sort(sort) => {
            sort.expr.iter().any(|key| !matches!(key.expr, Expr::Literal(..))) || is_ordered(&sort.input)
        }
        // One row is in order.
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => plan.inputs().into_iter().any(is_ordered),
        _ => false,
    }
}
