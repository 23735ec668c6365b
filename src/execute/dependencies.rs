//! Functional dependencies, which are not to be trusted. Above a join DataFusion 55 takes what tells apart the rows of one
//! side for what tells apart the groups of an aggregate (`aggregate_functional_dependencies` forgets that a dependency has
//! become `Multi`): a join with a query that groups by a, grouped by a and b, is said to have one row for each a. Then
//! ORDER BY a, b is sorted by a alone, GROUP BY a, b above it groups by a, and DISTINCT keeps equal rows. The rules that
//! ask for dependencies get plans without any: what they would have saved is little.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchemaRef, FunctionalDependencies, Result};
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::optimizer::ApplyOrder;

use super::guarded::Given;

/// The rules that ask for them.
pub(super) const ASKING: [&str; 4] =
    ["eliminate_duplicated_expr", "eliminate_join", "optimize_projections", "replace_distinct_aggregate"];

/// The plan without what such a rule would ask for.
pub(super) fn forgotten(plan: LogicalPlan, order: Option<ApplyOrder>) -> Result<Given> {
    let plan = match order {
        // It is given the plan node by node, and looks at what is beneath.
        Some(_) => plan.map_children(forgotten_beneath)?.data,
        None => plan.transform_down(|node| Ok(Transformed::yes(without(node)?.0)))?.data,
    };
    Ok(Given::Plan(plan))
}

/// The plan without dependencies in the first nodes that have schemas of their own.
fn forgotten_beneath(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    match without(plan)? {
        (node, true) => Ok(Transformed::yes(node)),
        (node, false) => node.map_children(forgotten_beneath),
    }
}

/// A node without dependencies, and whether its schema is its own.
fn without(mut node: LogicalPlan) -> Result<(LogicalPlan, bool)> {
    let schema = match &mut node {
        LogicalPlan::Projection(projection) => &mut projection.schema,
        LogicalPlan::Window(window) => &mut window.schema,
        LogicalPlan::Aggregate(aggregate) => &mut aggregate.schema,
        LogicalPlan::Join(join) => &mut join.schema,
        LogicalPlan::SubqueryAlias(alias) => &mut alias.schema,
        LogicalPlan::TableScan(scan) => &mut scan.projected_schema,
        _ => return Ok((node, false)),
    };
    forget(schema)?;
    Ok((node, true))
}

fn forget(schema: &mut DFSchemaRef) -> Result<()> {
    if !schema.functional_dependencies().is_empty() {
        let none = FunctionalDependencies::empty();
        *schema = Arc::new(schema.as_ref().clone().with_functional_dependencies(none)?);
    }
    Ok(())
}
