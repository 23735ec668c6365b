//! Orders of joined rows. DataFusion 55 takes rows that a hash join gives for ordered by what the probe side is ordered by
//! and then by what the build side is (apache/datafusion#25052). They are not where rows of the probe side are equal in
//! what orders it: each meets the rows of the build side from the first on. Sorts would be left out, and groups told apart
//! that are one. And it takes what is constant on a side for constant in the rows that an outer join fills up with NULL.
//! Such joins are not told of either here. And of a union whose one side is constant where the other is sorted it says that
//! nothing is sorted, so that its own check refuses the plan: unions are not told of constants, nor are grouping sets, whose
//! totals have NULL in their place. And a window that runs above one in the other direction may take its sort away and turn it
//! round, though the rows are sorted by the first key alone; so the one above is not told how rows come. And of what a
//! filter makes equal to a constant, sorts are left out, though once common expressions have names it is not known for one
//! any more, and the check refuses the plan: only plain columns are told to be constant.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use super::passing::{Passing, Watch};

/// The rule after which it is decided which side is built.
pub(super) const AFTER: &str = "join_selection";

/// Nodes whose rows are in an order, or may be once requirements are enforced.
const ORDERED: [&str; 5] =
    ["SortExec", "SortPreservingMergeExec", "WindowAggExec", "BoundedWindowAggExec", "PartialSortExec"];

/// Hides from joins what they would tell wrongly of their rows.
#[derive(Debug)]
pub(super) struct Sides;

impl PhysicalOptimizerRule for Sides {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let sorts = may_be_ordered(&plan)?;
        let optimized = plan.transform_up(|node| {
            if sorts && node.is::<UnionExec>() {
                return united(node);
            }
            if sorts && node.is::<FilterExec>() && !constants_are_columns(&node) {
                return Ok(Transformed::yes(side(&node, true)));
            }
            if let Some(sets) = node.downcast_ref::<AggregateExec>().filter(|sets| !sets.group_expr().is_single()) {
                let input = Arc::clone(sets.input());
                return match constant(&input) {
                    true => of_sides(&node, vec![side(&input, true)]),
                    false => Ok(Transformed::no(node)),
                };
            }
            if let Some(beneath) = turned(&node) {
                return of_sides(&node, vec![side(&beneath, true)]);
            }
            let Some((join_type, left, right)) = joined(&node) else { return Ok(Transformed::no(node)) };
            let ordered = node.is::<HashJoinExec>() && may_be_ordered(left)? && may_be_ordered(right)?;
            let (hide_left, hide_right) = match join_type {
                JoinType::Inner => (ordered, false),
                JoinType::Right => (ordered || constant(left), false),
                JoinType::Left => (false, constant(right)),
                JoinType::Full => (constant(left), constant(right)),
                _ => (false, false),
            };
            if !hide_left && !hide_right {
                return Ok(Transformed::no(node));
            }
            let sides = vec![side(left, hide_left), side(right, hide_right)];
            of_sides(&node, sides)
        })?;
        Ok(optimized.data)
    }

    fn name(&self) -> &str {
        "sides_of_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// What a window reads, if the next one beneath that has an order goes in another direction.
fn turned(node: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
    let own = directions(node).filter(|own| !own.is_empty())?;
    let [input] = node.children()[..] else { return None };
    let mut beneath = input;
    loop {
        match directions(beneath) {
            Some(other) if !other.is_empty() => return (own != other).then(|| Arc::clone(input)),
            _ => match beneath.children()[..] {
                [next] => beneath = next,
                _ => return None,
            },
        }
    }
}

/// The directions that a window's rows are ordered in; none where it is no window.
fn directions(node: &Arc<dyn ExecutionPlan>) -> Option<BTreeSet<bool>> {
    let windows = match (node.downcast_ref::<WindowAggExec>(), node.downcast_ref::<BoundedWindowAggExec>()) {
        (Some(window), _) => window.window_expr(),
        (_, Some(window)) => window.window_expr(),
        _ => return None,
    };
    Some(windows.iter().flat_map(|window| window.order_by()).map(|key| key.options.descending).collect())
}

/// A union that is not told what is constant on its sides.
fn united(union: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let sides: Vec<_> = union.children().into_iter().map(|child| (constant(child), child)).collect();
    if !sides.iter().any(|(constant, _)| *constant) {
        return Ok(Transformed::no(union));
    }
    let sides = sides.into_iter().map(|(constant, child)| side(child, constant)).collect();
    of_sides(&union, sides)
}

fn of_sides(
    node: &Arc<dyn ExecutionPlan>,
    sides: Vec<Arc<dyn ExecutionPlan>>,
) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    Arc::clone(node).replace_children(sides, options).map(Transformed::yes)
}

fn side(plan: &Arc<dyn ExecutionPlan>, hide: bool) -> Arc<dyn ExecutionPlan> {
    match hide {
        true => Passing::above(Arc::clone(plan), Untold),
        false => Arc::clone(plan),
    }
}

fn constants_are_columns(filter: &Arc<dyn ExecutionPlan>) -> bool {
    filter.equivalence_properties().constants().iter().all(|constant| constant.expr.is::<Column>())
}

fn constant(side: &Arc<dyn ExecutionPlan>) -> bool {
    !side.equivalence_properties().constants().is_empty()
}

/// The kind of a join and its sides.
type Joined<'p> = (JoinType, &'p Arc<dyn ExecutionPlan>, &'p Arc<dyn ExecutionPlan>);

fn joined(node: &Arc<dyn ExecutionPlan>) -> Option<Joined<'_>> {
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        return Some((*join.join_type(), join.left(), join.right()));
    }
    let join = node.downcast_ref::<NestedLoopJoinExec>()?;
    Some((*join.join_type(), join.left(), join.right()))
}

fn may_be_ordered(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut ordered = false;
    plan.apply(|node| {
        ordered = ORDERED.contains(&node.name()) || node.output_ordering().is_some();
        Ok(if ordered { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(ordered)
}

/// Rows as they come, of which nothing is told.
#[derive(Debug)]
struct Untold;

impl Watch for Untold {
    fn name(&self) -> &'static str {
        "Untold"
    }

    fn tells(&self) -> bool {
        false
    }
}
