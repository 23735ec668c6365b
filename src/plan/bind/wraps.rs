//! What is written otherwise than it is read: brackets and `SELECT *` around queries, and what inner joins look for in ON.

use datafusion::sql::sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, LimitClause, Offset, OffsetRows, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins, Value,
};

use crate::error::Result;
use crate::sql::{self, fold};

use super::super::ast;
use super::items::ordinal;
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

/// Takes away `SELECT *` around an ordered query, however often, whose rows it would give in any order: what tools wrap to
/// cut it at a LIMIT is cut in its order.
pub(super) fn without_wraps(query: &mut Query) -> Result<()> {
    sql::deep(|| {
        last_of_with_in_place(query);
        if query.order_by.is_none()
            && let SetExpr::Select(select) = query.body.as_mut()
            && let Some(inner) = wrapped(select)
        {
            without_brackets(inner)?;
            without_wraps(inner)?;
            let apart = inner.with.is_none() || query.with.is_none();
            let limit = limit_of_both(inner.limit_clause.as_ref(), query.limit_clause.as_ref());
            if inner.order_by.is_some()
                && apart
                && let Some(limit) = limit
            {
                let inner = std::mem::replace(inner, ast::query_of(ast::empty_select()?));
                query.with = query.with.take().or(inner.with);
                query.limit_clause = limit;
                query.order_by = inner.order_by;
                query.body = inner.body;
            }
        }
        Ok(())
    })
}

/// What LIMIT and OFFSET leave of what others have left; none where they are no numbers.
fn limit_of_both(inner: Option<&LimitClause>, outer: Option<&LimitClause>) -> Option<Option<LimitClause>> {
    let (Some(first), Some(then)) = (inner, outer) else { return Some(inner.or(outer).cloned()) };
    let ((limit, offset), (then_limit, then_offset)) = (numbers(first)?, numbers(then)?);
    let left = limit.map(|limit| limit.saturating_sub(then_offset));
    let limit = [left, then_limit].into_iter().flatten().min();
    let number = |rows: usize| Expr::value(Value::Number(rows.to_string(), false));
    let offset = Offset { value: number(offset.checked_add(then_offset)?), rows: OffsetRows::None };
    Some(Some(LimitClause::LimitOffset { limit: limit.map(number), offset: Some(offset), limit_by: Vec::new() }))
}

/// The numbers of a LIMIT and of an OFFSET.
fn numbers(clause: &LimitClause) -> Option<(Option<usize>, usize)> {
    let LimitClause::LimitOffset { limit, offset, .. } = clause else { return None };
    let limit = limit.as_ref().map(|limit| ordinal(limit).ok_or(())).transpose().ok()?;
    let offset = offset.as_ref().map(|offset| ordinal(&offset.value).ok_or(())).transpose().ok()?;
    Some((limit, offset.unwrap_or(0)))
}

/// Puts an ordered query, the last of WITH, where a `SELECT *` of it alone names it.
fn last_of_with_in_place(query: &mut Query) {
    let Some(with) = query.with.as_mut().filter(|with| !with.recursive) else { return };
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let (Some(factor), Some(last)) = (starred(select), with.cte_tables.last()) else { return };
    let TableFactor::Table { name, alias, version: None, args: None, .. } = &*factor else { return };
    let [part] = name.0.as_slice() else { return };
    let named = part.as_ident().is_some_and(|name| fold(name) == fold(&last.alias.name));
    let ordered = last.query.order_by.is_some() && last.alias.columns.is_empty();
    if named && ordered && alias.as_ref().is_none_or(|alias| alias.columns.is_empty()) {
        let called = alias.clone().unwrap_or_else(|| last.alias.clone());
        *factor = ast::derived(last.query.as_ref().clone(), called);
        with.cte_tables.pop();
        if with.cte_tables.is_empty() {
            query.with = None;
        }
    }
}

/// The query of which a SELECT is nothing but `SELECT *`.
fn wrapped(select: &mut Select) -> Option<&mut Query> {
    match starred(select)? {
        TableFactor::Derived { lateral: false, subquery, alias, .. }
            if alias.as_ref().is_none_or(|alias| alias.columns.is_empty()) =>
        {
            Some(subquery)
        }
        _ => None,
    }
}

/// The one relation of which a SELECT is nothing but `SELECT *`.
fn starred(select: &mut Select) -> Option<&mut TableFactor> {
    let of = match select.projection.as_slice() {
        [SelectItem::Wildcard(_)] => None,
        [SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _)] => Some(name.clone()),
        _ => return None,
    };
    if select.distinct.is_some() || select.selection.is_some() || !is_plain(select) {
        return None;
    }
    let [TableWithJoins { relation, joins }] = select.from.as_mut_slice() else { return None };
    let is_meant = of.is_none_or(|name| matches!((name.0.as_slice(), called(relation)), ([part], Some(called)) if part.as_ident().is_some_and(|name| fold(name) == called)));
    (joins.is_empty() && is_meant).then_some(relation)
}

/// What a relation after FROM is called.
fn called(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Derived { alias, .. } | TableFactor::Table { alias: alias @ Some(_), .. } => {
            alias.as_ref().map(|alias| fold(&alias.name))
        }
        TableFactor::Table { name, .. } => name.0.last()?.as_ident().map(fold),
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
