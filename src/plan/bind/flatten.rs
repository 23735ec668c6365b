//! `(SELECT * FROM cube [WHERE over dimensions])` after FROM is the cube itself (semantics, rule 3): tools wrap so. The
//! SELECT above reads the cube under the subquery's name, and its WHERE takes in the subquery's.

use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr, Query, Select, SetExpr, TableFactor, TableWithJoins};

use crate::error::Result;

use super::super::ast;
use super::Binder;
use super::items::Names;

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

impl Binder<'_> {
    /// Puts a cube in the place of a subquery that is the cube itself, however deep.
    pub(super) fn flatten(&self, select: &mut Select) -> Result<()> {
        while let Some((mut cube, filter)) = self.cube_within(select)? {
            let [TableWithJoins { relation: TableFactor::Derived { alias: outer, .. }, .. }] = &select.from[..] else {
                return Ok(());
            };
            if let (TableFactor::Table { alias, .. }, Some(_)) = (&mut cube, outer) {
                alias.clone_from(outer);
            }
            select.from = vec![TableWithJoins { relation: cube, joins: Vec::new() }];
            select.selection = ast::all(filter.into_iter().chain(select.selection.take()));
        }
        Ok(())
    }

    /// The cube that the one subquery after FROM is, and its filter with bare names.
    fn cube_within(&self, select: &Select) -> Result<Option<(TableFactor, Option<Expr>)>> {
        let [TableWithJoins { relation: TableFactor::Derived { lateral: false, subquery, alias, .. }, joins }] =
            &select.from[..]
        else {
            return Ok(None);
        };
        if !joins.is_empty() || alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) || !is_bare(subquery) {
            return Ok(None);
        }
        let SetExpr::Select(inner) = subquery.body.as_ref() else { return Ok(None) };
        let mut inner = inner.as_ref().clone();
        self.flatten(&mut inner)?;
        let Some((cube, name)) = self.only_cube(&inner)? else { return Ok(None) };
        let names = Names { cube, alias: name, outside: self.outside.clone() };
        let [item] = inner.projection.as_slice() else { return Ok(None) };
        if !names.is_star(item)? || !is_plain(&inner) {
            return Ok(None);
        }
        let filter = inner.selection.as_ref().map(|filter| names.normalised(filter, &[])).transpose()?;
        if filter.as_ref().is_some_and(|filter| names.mentioned_measure(filter).is_some()) {
            return Ok(None);
        }
        let cube = inner.from.into_iter().next().map(|from| from.relation);
        Ok(cube.map(|cube| (cube, filter)))
    }
}

/// Whether a query is its SELECT and nothing more.
fn is_bare(query: &Query) -> bool {
    query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none()
}

/// Whether a SELECT neither groups nor leaves rows out but by WHERE.
fn is_plain(select: &Select) -> bool {
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
    };
    !grouped && select.having.is_none() && select.distinct.is_none() && select.named_window.is_empty()
}
