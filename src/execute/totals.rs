//! Filters above totals. DataFusion 55's `push_down_filter` puts a condition that names no column beneath an aggregate
//! without keys, as if it named one of the keys: `WHERE 1 = 0` then keeps rows from being counted, and the total's one row
//! is answered all the same. So it does with grouping sets, one of which may be the total. Nothing may pass such an
//! aggregate, and here nothing does.

use datafusion::common::Result;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::optimizer::ApplyOrder;

use super::guarded::Given;

/// The rule that is guarded.
pub(super) const GUARDED: &str = "push_down_filter";

/// Spares filters above totals.
pub(super) fn spared(plan: LogicalPlan, _order: Option<ApplyOrder>) -> Result<Given> {
    let above_total = match &plan {
        LogicalPlan::Filter(filter) => {
            matches!(filter.input.as_ref(), LogicalPlan::Aggregate(aggregate) if may_be_total(&aggregate.group_expr))
        }
        _ => false,
    };
    Ok(if above_total { Given::Spared(plan) } else { Given::Plan(plan) })
}

/// Whether an aggregate by these keys may have a row where there are none to aggregate.
fn may_be_total(keys: &[Expr]) -> bool {
    keys.iter().all(|key| matches!(key, Expr::GroupingSet(_)))
}
