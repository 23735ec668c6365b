//! How large a plan may become. The optimizer puts an expression in place of the column that it computes wherever a
//! filter names that column, so that filters over chains of `SELECT a + a AS a` double with every link.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DataFusionError, JoinType};
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::error::{Error, Result};
use crate::sql;

/// By how many terms a filter may grow when it is spelled out down to the tables' columns.
const GROWTH_LIMIT: u64 = 20_000;

/// Refuses a plan with a filter that would become too large.
///
/// # Errors
/// Invalid, for such a plan.
pub(super) fn bounded(plan: &LogicalPlan) -> Result<()> {
    sizes(plan).map(drop)
}

/// How many terms each column of a plan has, spelled out.
fn sizes(plan: &LogicalPlan) -> Result<Vec<u64>> {
    sql::deep(|| {
        let inputs = plan.inputs().into_iter().map(sizes).collect::<Result<Vec<_>>>()?;
        let spelled = Spelled { plan, inputs: &inputs };
        let filters = match plan {
            LogicalPlan::Filter(filter) => vec![&filter.predicate],
            LogicalPlan::Join(join) => {
                join.filter.iter().chain(join.on.iter().flat_map(|(left, right)| [left, right])).collect()
            }
            _ => Vec::new(),
        };
        for filter in filters {
            if spelled.growth(filter) > GROWTH_LIMIT {
                return Err(Error::invalid(format!(
                    "a filter grows by more than {GROWTH_LIMIT} terms once the columns that it names are spelled out; \
                     filter earlier, or on columns computed more directly"
                )));
            }
        }
        within(plan)?;
        Ok(spelled.columns())
    })
}

/// Looks into the subqueries of a plan's expressions.
fn within(plan: &LogicalPlan) -> Result<()> {
    let looked = plan.apply_subqueries(|subquery| match sizes(subquery) {
        Ok(_) => Ok(TreeNodeRecursion::Jump),
        Err(error) => Err(DataFusionError::External(Box::new(error))),
    });
    looked.map(drop).map_err(sql::planning_error)
}

/// A plan above inputs whose columns' sizes are known.
struct Spelled<'a> {
    plan: &'a LogicalPlan,
    inputs: &'a [Vec<u64>],
}

impl Spelled<'_> {
    /// The sizes of the plan's own columns. What is computed from many rows is never put in place.
    fn columns(&self) -> Vec<u64> {
        let first = || self.inputs.first().cloned().unwrap_or_default();
        let mut columns = match self.plan {
            LogicalPlan::Projection(projection) => projection.expr.iter().map(|expr| self.size(expr)).collect(),
            LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.iter().map(|expr| self.size(expr)).collect(),
            LogicalPlan::Join(join) => match join.join_type {
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => {
                    self.inputs.last().cloned().unwrap_or_default()
                }
                _ => self.inputs.concat(),
            },
            LogicalPlan::Union(_) => self.inputs.iter().fold(Vec::new(), |most: Vec<u64>, input| {
                let most = most.into_iter().chain(std::iter::repeat(0));
                input.iter().zip(most).map(|(one, other)| other.max(*one)).collect()
            }),
            LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Subquery(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::Window(_) => first(),
            _ => Vec::new(),
        };
        columns.resize(self.plan.schema().fields().len(), 1);
        columns
    }

    /// The terms of an expression, spelled out.
    fn size(&self, expr: &Expr) -> u64 {
        self.sum(expr, |column| column.map_or(1, |column| self.column(column)))
    }

    /// By how many terms an expression grows when it is spelled out.
    fn growth(&self, expr: &Expr) -> u64 {
        self.sum(expr, |column| column.map_or(0, |column| self.column(column).saturating_sub(1)))
    }

    /// The sum over the terms of an expression, as they are written.
    fn sum(&self, expr: &Expr, weight: impl Fn(Option<&Column>) -> u64) -> u64 {
        let mut sum: u64 = 0;
        // The closure never fails.
        let _ = expr.apply(|term| {
            sum = sum.saturating_add(weight(term.try_as_col()));
            Ok(TreeNodeRecursion::Continue)
        });
        sum
    }

    fn column(&self, column: &Column) -> u64 {
        let found = self.plan.inputs().into_iter().zip(self.inputs).find_map(|(input, sizes)| {
            let at = input.schema().maybe_index_of_column(column)?;
            sizes.get(at).copied()
        });
        found.unwrap_or(1)
    }
}
