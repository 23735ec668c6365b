//! The queries that stand in the expressions of a block over a cube.

use std::collections::HashMap;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{Cte, Expr, GroupByExpr, OrderBy, OrderByKind, Query, Select, SelectItem, With};

use crate::error::{Error, Result};
use crate::sql::{self, fold};

use super::super::ast;
use super::super::catalog::CatalogTables;
use super::super::relation::Relation;
use super::items::Names;
use super::marks::Marks;
use super::{Binder, Place, item_expr, valueless};

impl Binder<'_> {
    /// Binds the subqueries of a block. IN and EXISTS outside WHERE and HAVING become marks, and correlated subqueries.
    pub(super) fn subqueries(&mut self, select: &mut Select, query: &mut Query, names: &Names<'_>) -> Result<Marks> {
        let mut order = match query.order_by.take() {
            Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) => Some(order),
            _ => None,
        };
        for item in &mut select.projection {
            // It is called as it is written, not as what becomes of it.
            if let SelectItem::UnnamedExpr(expr) = item
                && ast::holds_query(expr)
            {
                *item = ast::named(expr.clone(), &expr.to_string());
            }
        }
        let marks = self.marks(
            select,
            order.as_deref_mut().unwrap_or_default(),
            &names.around(&|name| names.visible(name).is_some(), &|expr| {
                names.normalised(expr).unwrap_or_else(|_| expr.clone())
            }),
        )?;
        let mut exprs: Vec<&mut Expr> = select.projection.iter_mut().filter_map(item_expr_mut).collect();
        exprs.extend(order.iter_mut().flatten().map(|item| &mut item.expr));
        exprs.extend(select.having.iter_mut().chain(&mut select.selection));
        exprs.into_iter().try_for_each(|expr| self.bind_subqueries(expr))?;
        query.order_by = order.map(|order| OrderBy { kind: OrderByKind::Expressions(order), interpolate: None });
        if let GroupByExpr::Expressions(keys, _) = &select.group_by
            && keys.iter().any(ast::holds_query)
        {
            return Err(Error::invalid("a query in GROUP BY is not supported; put it into the SELECT list"));
        }
        Ok(marks)
    }

    /// Binds a query that stands in an expression and by itself: what its rows are.
    pub(super) fn subquery_relation(&mut self, subquery: &mut Query) -> Result<Relation> {
        self.place = Place::Within;
        let relation = self.query(subquery)?;
        valueless::refuse_columns(&relation)?;
        self.refuse_correlation(subquery)?;
        Ok(relation)
    }

    /// Refuses a subquery that does not stand by itself: what it names of the outer block would be the raw columns of
    /// the star, not the cube's dimensions.
    fn refuse_correlation(&self, subquery: &Query) -> Result<()> {
        let mut alone = subquery.clone();
        let mut visible: HashMap<String, Cte> = HashMap::new();
        let mut order = Vec::new();
        for cte in self.with.iter().chain(alone.with.iter().flat_map(|with| &with.cte_tables)) {
            let name = fold(&cte.alias.name);
            order.retain(|known| *known != name);
            order.push(name.clone());
            visible.insert(name, cte.clone());
        }
        let cte_tables: Vec<Cte> = order.iter().filter_map(|name| visible.remove(name)).collect();
        if !cte_tables.is_empty() {
            let with_token = alone.with.take().map_or_else(AttachedToken::empty, |with| with.with_token);
            alone.with = Some(With { with_token, recursive: false, cte_tables });
        }
        let tables = CatalogTables(self.context);
        sql::plan_query(alone, &tables, self.context.functions).map(drop).map_err(|error| {
            Error::new(
                error.kind(),
                format!(
                    "{error}; a subquery in a SELECT over a cube may name what is right outside it alone, in an equality of \
                     its WHERE"
                ),
            )
        })
    }

    pub(super) fn bind_subqueries(&mut self, expr: &mut Expr) -> Result<()> {
        self.subquery(expr)?;
        if let Some(subquery) = ast::subquery(expr) {
            self.refuse_correlation(subquery)?;
        }
        ast::children(expr)?.into_iter().try_for_each(|child| self.bind_subqueries(child))
    }
}

/// An item's expression, to be changed.
pub(super) fn item_expr_mut(item: &mut SelectItem) -> Option<&mut Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

/// Whether `*` is among the items of a SELECT.
pub(super) fn has_stars(select: &Select) -> bool {
    select.projection.iter().any(|item| item_expr(item).is_none())
}
