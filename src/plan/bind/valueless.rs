//! Measures that detail leaves NULL (semantics, rule 6): they may be shown, renamed and cast, and nothing may be computed
//! of them, since that would pass for a number.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Distinct, Expr, GroupByExpr, OrderByExpr, Query, Select, Visit, Visitor};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::relation::{Column, Relation};
use super::item_expr;
use super::items::ordinal;
use super::joins::found;
use super::marks::Looked;
use super::sums::{Block, Named};

/// Refuses every use of such a column in a SELECT, of whose result `columns` are the columns, and into which was `looked`.
pub(super) fn refuse(
    select: &Select,
    order: &[OrderByExpr],
    block: &Block,
    columns: &[Column],
    looked: &Looked,
) -> Result<()> {
    let sources = block.sources.as_slice();
    // `*` compares whole rows, in which what is NULL everywhere tells nothing.
    let distinct = matches!(select.distinct, Some(Distinct::Distinct));
    for expr in select.projection.iter().filter_map(item_expr) {
        if distinct || block.column(shown(expr)).is_none() {
            refuse_within(expr, sources)?;
        }
    }
    let keys = match &select.group_by {
        GroupByExpr::Expressions(keys, _) => keys.as_slice(),
        GroupByExpr::All(_) => &[],
    };
    for expr in keys.iter().chain(order.iter().map(|item| &item.expr)) {
        let place = ordinal(expr).map(|at| at.checked_sub(1));
        let column = match (place, expr) {
            (Some(place), _) => place.and_then(|place| columns.get(place)),
            (None, Expr::Identifier(name)) => columns.iter().find(|column| column.name == fold(name)),
            _ => None,
        };
        refuse_column(column)?;
        refuse_within(expr, sources)?;
    }
    let sought = looked.relations.iter().flat_map(|(_, sought)| sought);
    refuse_conditions(select.selection.iter().chain(&select.having).chain(sought), sources)
}

/// Refuses such columns in conditions on joined relations.
pub(super) fn refuse_conditions<'e>(conditions: impl IntoIterator<Item = &'e Expr>, sources: &[Named]) -> Result<()> {
    conditions.into_iter().try_for_each(|condition| refuse_within(condition, sources))
}

/// Refuses a set operation that compares such a column, or puts other values beneath it.
pub(super) fn refuse_sides(left: &Relation, right: &Relation, is_compared: bool) -> Result<()> {
    let valueless = |column: &Column| column.lineage.valueless().is_some();
    for (one, other) in left.columns.iter().zip(&right.columns) {
        if is_compared || valueless(one) != valueless(other) {
            refuse_column(Some(one))?;
            refuse_column(Some(other))?;
        }
    }
    Ok(())
}

/// Refuses a relation that would be compared, if it holds such a column.
pub(super) fn refuse_columns(relation: &Relation) -> Result<()> {
    relation.columns.iter().try_for_each(|column| refuse_column(Some(column)))
}

/// Refuses to compute of a column, if it is such a one.
pub(super) fn refuse_column(column: Option<&Column>) -> Result<()> {
    match column.and_then(|column| column.lineage.valueless()) {
        Some(measure) => Err(refused(measure)),
        None => Ok(()),
    }
}

fn refused(measure: &str) -> Error {
    Error::invalid(format!(
        "the measure '{measure}' has no value in a single row, so that * leaves it NULL and nothing can be asked of it; \
         ask the cube: SELECT …, MEASURE({measure}) FROM the cube GROUP BY …"
    ))
}

/// What brackets and casts stand around: NULL stays NULL in them.
fn shown(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => shown(inner),
        other => other,
    }
}

/// Refuses such a column anywhere in an expression; in a query within it, under its relation's name.
fn refuse_within(expr: &Expr, sources: &[Named]) -> Result<()> {
    match expr.visit(&mut Search { sources, depth: 0 }) {
        ControlFlow::Break(measure) => Err(refused(&measure)),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Search<'a> {
    sources: &'a [Named],
    depth: usize,
}

impl Visitor for Search<'_> {
    type Break = String;

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<String> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<String> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        if self.depth > 0 && matches!(expr, Expr::Identifier(_)) {
            return ControlFlow::Continue(());
        }
        match found(self.sources, expr).and_then(|(_, column)| column.lineage.valueless()) {
            Some(measure) => ControlFlow::Break(measure.to_owned()),
            None => ControlFlow::Continue(()),
        }
    }
}
