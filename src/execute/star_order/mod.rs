//! The joins of a star in the order in which they leave the fewest rows: a fact that meets a few households first goes
//! through its other joins with a few rows. SQL and cubes name dimensions in any order, and DataFusion joins them in the
//! order named.
//!
//! Only the spine of a plan is looked at: a fact with inner and left joins, one dimension after the other. Where it is
//! safe to swap two of them, the swap changes neither rows nor values: an inner join moves before any join whose columns it
//! does not need, and takes a key of the fact's for the equal one of a dimension's that it has been moved before.

mod estimate;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, ExprSchema, JoinConstraint, JoinType, NullEquality, Result};
use datafusion::logical_expr::logical_plan::{Join, Projection};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::OptimizerConfig;
use datafusion::optimizer::optimizer::{ApplyOrder, OptimizerRule};

use super::guarded;
use super::sort_keys::SortKeys;
use estimate::Leaf;

/// The rule after which this one comes: dimensions then have their own conditions, and no columns are left out yet.
const AFTER: &str = "push_down_filter";
/// How many times fewer rows than the fact a dimension has.
const FEWER: f64 = 4.0;

/// DataFusion's logical rules, guarded, with ours among them.
pub(super) fn rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules: Vec<_> = guarded::rules().collect();
    let after = rules.iter().position(|rule| rule.name() == AFTER).map_or(rules.len(), |at| at + 1);
    rules.insert(after, Arc::new(StarOrder));
    rules.insert(0, Arc::new(SortKeys));
    rules
}

#[derive(Debug)]
struct StarOrder;

impl OptimizerRule for StarOrder {
    fn name(&self) -> &str {
        "star_order"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let reordered = Spine::of(&plan).map(|spine| spine.reordered(plan.schema())).transpose()?.flatten();
        Ok(reordered.map_or_else(|| Transformed::no(plan), Transformed::yes))
    }
}

/// What is joined, one after the other.
struct Spine {
    fact: Arc<LogicalPlan>,
    joins: Vec<Join>,
    /// For each column of an inner join's right side the first that it equals.
    equal: HashMap<Column, Column>,
}

impl Spine {
    /// The spine with two joins or more that ends at `plan`.
    fn of(plan: &LogicalPlan) -> Option<Self> {
        let mut joins = Vec::new();
        let mut fact = plan;
        while let LogicalPlan::Join(join) = fact {
            let known = matches!(join.join_type, JoinType::Inner | JoinType::Left);
            if !known || join.null_aware || join.null_equality != NullEquality::NullEqualsNothing {
                break;
            }
            joins.push(join.clone());
            fact = &join.left;
        }
        joins.reverse();
        let fact = Arc::clone(&joins.first()?.left);
        let equal = equal_columns(&joins);
        (joins.len() > 1).then_some(Self { fact, joins, equal })
    }

    /// The same in another order, with the columns of `schema`; none where the order is good.
    fn reordered(self, schema: &DFSchema) -> Result<Option<LogicalPlan>> {
        let Some(shares) = self.shares() else { return Ok(None) };
        let joins: Vec<Join> = self.joins.iter().map(|join| self.on_first(join)).collect::<Result<_>>()?;
        let needed: Vec<Vec<usize>> = joins.iter().map(needs(&joins)).collect();
        let order = order(&shares, &needed);
        if order.is_sorted() {
            return Ok(None);
        }
        let mut plan = self.fact;
        for at in order {
            let Join { right, on, filter, join_type, .. } = joins[at].clone();
            let equality = NullEquality::NullEqualsNothing;
            let join = Join::try_new(plan, right, on, filter, join_type, JoinConstraint::On, equality, false)?;
            plan = Arc::new(LogicalPlan::Join(join));
        }
        let columns = schema.columns().into_iter().map(Expr::Column).collect();
        Ok(Some(LogicalPlan::Projection(Projection::try_new(columns, plan)?)))
    }

    /// Which share of rows each join leaves, as far as that is known; none where nothing is known of the fact.
    fn shares(&self) -> Option<Vec<f64>> {
        let fact_rows = Leaf::of(&self.fact)?.rows;
        let leaves: Vec<Option<Leaf>> = self.joins.iter().map(|join| Leaf::of(&join.right)).collect();
        let keys: Vec<Option<&Column>> = self.joins.iter().map(|join| self.key(join)).collect();
        let share = |(at, leaf): (usize, &Option<Leaf>)| match leaf {
            Some(leaf) if is_plain(&self.joins[at]) && leaf.rows * FEWER <= fact_rows => {
                // All members that there are: those of the largest table with this key.
                let alike = leaves.iter().zip(&keys).filter(|(_, key)| key.is_some() && **key == keys[at]);
                let members =
                    alike.filter_map(|(leaf, _)| leaf.as_ref()).map(|leaf| leaf.rows).fold(leaf.rows, f64::max);
                (leaf.kept / members.max(1.0)).min(1.0)
            }
            _ => 1.0,
        };
        Some(leaves.iter().enumerate().map(share).collect())
    }

    /// The first column that a join's only key equals.
    fn key<'a>(&'a self, join: &'a Join) -> Option<&'a Column> {
        match join.on.as_slice() {
            [(Expr::Column(left), _)] => Some(self.equal.get(left).unwrap_or(left)),
            _ => None,
        }
    }

    /// The join by the first columns that its keys equal.
    fn on_first(&self, join: &Join) -> Result<Join> {
        let mut join = join.clone();
        for (left, _) in &mut join.on {
            let first = left.clone().transform(|expr| {
                let first = match &expr {
                    Expr::Column(column) => self.equal.get(column).cloned().map(Expr::Column),
                    _ => None,
                };
                Ok(first.map_or_else(|| Transformed::no(expr), Transformed::yes))
            })?;
            *left = first.data;
        }
        Ok(join)
    }
}

/// Whether an inner join compares columns and nothing else: what is computed may fail on rows that another join drops.
fn is_plain(join: &Join) -> bool {
    let columns = |(left, right): &(Expr, Expr)| matches!((left, right), (Expr::Column(_), Expr::Column(_)));
    join.join_type == JoinType::Inner && join.filter.is_none() && join.on.iter().all(columns)
}

/// For each column of an inner join's right side the first that it equals, where both have the same values: of some types
/// equal values are not the same, as 0 and −0 are not.
fn equal_columns(joins: &[Join]) -> HashMap<Column, Column> {
    let mut equal = HashMap::new();
    for join in joins.iter().filter(|join| join.join_type == JoinType::Inner) {
        for (left, right) in &join.on {
            let (Expr::Column(left), Expr::Column(right)) = (left, right) else { continue };
            let types = (join.left.schema().data_type(left), join.right.schema().data_type(right));
            if let (Ok(left_type), Ok(right_type)) = types
                && left_type == right_type
                && (left_type.is_integer() || left_type.is_string() || left_type.is_temporal())
            {
                let first = equal.get(left).unwrap_or(left).clone();
                equal.insert(right.clone(), first);
            }
        }
    }
    equal
}

/// Which joins must come before a join: those whose columns its condition names.
fn needs(joins: &[Join]) -> impl Fn(&Join) -> Vec<usize> {
    move |join| {
        let named = join.on.iter().map(|(left, _)| left).chain(&join.filter).flat_map(Expr::column_refs);
        let named: Vec<&Column> = named.filter(|column| !join.right.schema().has_column(column)).collect();
        let gives = |other: &Join| named.iter().any(|column| other.right.schema().has_column(column));
        joins.iter().enumerate().filter(|(_, other)| gives(other)).map(|(at, _)| at).collect()
    }
}

/// The order: of the joins that have what they need, always the one that leaves the smallest share, else as they stood.
fn order(shares: &[f64], needed: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(shares.len());
    while order.len() < shares.len() {
        let ready = (0..shares.len())
            .filter(|at| !order.contains(at) && needed[*at].iter().all(|before| order.contains(before)))
            .min_by(|one, other| shares[*one].total_cmp(&shares[*other]));
        match ready {
            Some(at) => order.push(at),
            // Each needs another, which no plan that has been made can say; it stays as it is.
            None => return (0..shares.len()).collect(),
        }
    }
    order
}

#[cfg(test)]
mod tests;
