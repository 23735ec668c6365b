//! What is written otherwise than it is read: brackets and `SELECT *` around queries, and what inner joins look for in ON.

use datafusion::sql::sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins, Value,
};

use crate::error::Result;

use super::super::ast;
use super::plain::is_plain;

/// Takes away brackets around a whole query: what stands behind them belongs to what stands in them.
pub(super) fn without_brackets(query: &mut Query) -> Result<()> {
    while let SetExpr::Query(inner) = query.body.as_mut()
        && is_bare(inner)
    {
        let nothing = SetExpr::Select(Box::new(ast::empty_select()?));
        let body = std::mem::replace(inner.body.as_mut(), nothing);
        *query.body = body;
    }
    Ok(())
}

/// Takes away a `SELECT *` around an ordered query, whose rows it would give in any order: what tools wrap to cut it at a
/// LIMIT is cut in its order.
pub(super) fn without_wraps(query: &mut Query) -> Result<()> {
    while query.order_by.is_none()
        && let SetExpr::Select(select) = query.body.as_mut()
        && let Some(inner) = wrapped(select)
        && (inner.with.is_none() || query.with.is_none())
        && inner.order_by.is_some()
        && (inner.limit_clause.is_none() || query.limit_clause.is_none())
    {
        let inner = std::mem::replace(inner, ast::query_of(ast::empty_select()?));
        query.with = query.with.take().or(inner.with);
        query.limit_clause = inner.limit_clause.or_else(|| query.limit_clause.take());
        query.order_by = inner.order_by;
        query.body = inner.body;
        without_brackets(query)?;
    }
    Ok(())
}

/// The query of which a SELECT is nothing but `SELECT *`.
fn wrapped(select: &mut Select) -> Option<&mut Query> {
    let all = matches!(select.projection.as_slice(), [SelectItem::Wildcard(_)]);
    if !all || select.distinct.is_some() || select.selection.is_some() || !is_plain(select) {
        return None;
    }
    match select.from.as_mut_slice() {
        [TableWithJoins { relation: TableFactor::Derived { lateral: false, subquery, alias, .. }, joins }]
            if joins.is_empty() && alias.as_ref().is_none_or(|alias| alias.columns.is_empty()) =>
        {
            Some(subquery)
        }
        _ => None,
    }
}

/// Whether a query is its SELECT and nothing more.
fn is_bare(query: &Query) -> bool {
    query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none()
}

/// Puts what an inner join looks for by IN and EXISTS in ON into WHERE, where it means the same and is planned.
pub(super) fn searches_in_where(select: &mut Select) {
    let keeps_right = |join: &Join| {
        matches!(join.join_operator, JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_))
    };
    if select.from.iter().flat_map(|from| &from.joins).any(keeps_right) {
        return;
    }
    let mut moved: Vec<Expr> = Vec::new();
    for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
        let (JoinOperator::Join(JoinConstraint::On(on)) | JoinOperator::Inner(JoinConstraint::On(on))) =
            &mut join.join_operator
        else {
            continue;
        };
        if !ast::searches(on) {
            continue;
        }
        let (found, own): (Vec<Expr>, Vec<Expr>) = ast::conjuncts(on.clone()).into_iter().partition(ast::searches);
        *on = ast::all(own).unwrap_or_else(|| Expr::value(Value::Boolean(true)));
        moved.extend(found);
    }
    if !moved.is_empty() {
        select.selection = ast::all(select.selection.take().into_iter().chain(moved));
    }
}
