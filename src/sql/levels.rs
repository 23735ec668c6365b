//! Keys of grouping sets that are no columns: DataFusion 55 knows such a key by how it is written, and no longer once types
//! have been decided in it. They are computed before, and sets are of columns.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::logical_plan::{Aggregate, Projection};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// The aggregate over a plan that computes its keys, whose types `decide` decides, where it has grouping sets.
pub(super) fn of_columns(
    aggregate: Aggregate,
    decide: impl FnOnce(LogicalPlan) -> Result<LogicalPlan>,
) -> Result<Aggregate> {
    let [Expr::GroupingSet(sets)] = aggregate.group_expr.as_slice() else { return Ok(aggregate) };
    let keys = sets.distinct_expr().into_iter().filter(|key| !matches!(key, Expr::Column(_)));
    let computed: Vec<(Expr, String)> = keys.map(|key| (key.clone(), key.schema_name().to_string())).collect();
    if computed.is_empty() {
        return Ok(aggregate);
    }
    let columns = aggregate.input.schema().columns().into_iter().map(Expr::Column);
    let all = columns.chain(computed.iter().map(|(key, name)| key.clone().alias(name))).collect();
    let input = decide(LogicalPlan::Projection(Projection::try_new(all, aggregate.input)?))?;
    let by_column = |expr: Expr| {
        let changed = expr.transform_down(|inner| {
            Ok(match computed.iter().find(|(key, _)| *key == inner) {
                Some((_, name)) => {
                    let column = Expr::Column(Column::new_unqualified(name));
                    Transformed::new(column, true, TreeNodeRecursion::Jump)
                }
                None => Transformed::no(inner),
            })
        })?;
        Result::Ok(changed.data)
    };
    let group = aggregate.group_expr.into_iter().map(by_column).collect::<Result<Vec<_>>>()?;
    let called = |expr: Expr| {
        let name = expr.schema_name().to_string();
        let changed = by_column(expr)?;
        Ok(if changed.schema_name().to_string() == name { changed } else { changed.alias(name) })
    };
    let aggregates = aggregate.aggr_expr.into_iter().map(called).collect::<Result<Vec<_>>>()?;
    Aggregate::try_new(Arc::new(input), group, aggregates)
}
