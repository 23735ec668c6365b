//! What the SELECT list and HAVING of ordinary SQL may name where it groups: DataFusion 55 believes that keys determine
//! columns where they do not (see `execute/dependencies.rs`), and would group by those too.

use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr, OrderByExpr, Select};

use crate::error::{Error, Result};

use super::super::ast;
use super::item_expr;
use super::items::ordinal;
use super::joins;
use super::marks::Looked;
use super::measure::unwrapped;
use super::shown::subquery_of;
use super::sums::Block;

impl Looked {
    /// Gathers the columns of what was looked into that an expression names, keys and aggregates apart.
    fn columns(
        &self,
        expr: &mut Expr,
        keys: &[Expr],
        is_aggregate: &dyn Fn(&Expr) -> bool,
        found: &mut Vec<Expr>,
    ) -> Result<()> {
        if keys.iter().any(|key| unwrapped(key) == unwrapped(expr)) || is_aggregate(expr) {
            return Ok(());
        }
        if self.relation(expr).is_some() {
            if !found.contains(expr) {
                found.push(expr.clone());
            }
            return Ok(());
        }
        ast::children(expr)?.into_iter().try_for_each(|child| self.columns(child, keys, is_aggregate, found))
    }

    fn relation(&self, column: &Expr) -> Option<&(String, Vec<Expr>)> {
        let Expr::CompoundIdentifier(parts) = column else { return None };
        let [relation, _] = parts.as_slice() else { return None };
        self.relations.iter().find(|(name, _)| *name == relation.value)
    }

    /// What the rows in which a column stands are looked up by.
    fn sought(&self, column: &Expr) -> &[Expr] {
        self.relation(column).map(|(_, sought)| sought.as_slice()).unwrap_or_default()
    }
}

impl Block {
    /// Refuses a column that is neither grouped by nor aggregated, unless each group holds one row.
    pub(super) fn check_grouped(&self, expr: &Expr, is_aggregate: &dyn Fn(&Expr) -> bool) -> Result<()> {
        let Some(keys) = self.keys.as_ref().and_then(|grouping| grouping.keys.as_ref()) else { return Ok(()) };
        if keys.is_empty() || self.groups_hold_one_row() {
            return Ok(());
        }
        let keys = keys.iter().map(|key| self.told_by_place(key)).collect::<Result<Vec<_>>>()?;
        // A key that is wrong by itself is told as that: an unknown name, a number that counts no item, an aggregate.
        let wrong = |inner: &Expr| matches!(inner, Expr::Identifier(_)) || is_aggregate(inner);
        let unknown = |key: &Expr| ast::any(key, wrong) || ordinal(key).is_some();
        if keys.iter().any(unknown) {
            return Ok(());
        }
        self.check(&mut self.told_by_place(expr)?, &keys, is_aggregate)
    }

    /// Groups by what was found for subqueries too, as what they are looked up by determines it.
    pub(super) fn group_marks(
        &self,
        select: &mut Select,
        order: &[OrderByExpr],
        looked: &Looked,
        is_aggregate: &dyn Fn(&Expr) -> bool,
    ) -> Result<()> {
        let Some(grouping) = self.keys.as_ref().filter(|_| !looked.relations.is_empty()) else { return Ok(()) };
        let Some(keys) = &grouping.keys else { return Ok(()) };
        let items = select.projection.iter().filter_map(item_expr);
        let mut named: Vec<Expr> = Vec::new();
        for expr in items.chain(&select.having).chain(order.iter().map(|item| &item.expr)) {
            looked.columns(&mut expr.clone(), keys, is_aggregate, &mut named)?;
        }
        let Some(first) = named.first() else { return Ok(()) };
        if grouping.levels || keys.is_empty() {
            let beside = if keys.is_empty() { "aggregates without GROUP BY" } else { "grouping sets" };
            return Err(Error::invalid(format!(
                "{} beside {beside} is not supported; ask it of their result: SELECT … FROM (SELECT …) AS t",
                subquery_of(&looked.written, first).unwrap_or_default()
            )));
        }
        let told: Vec<Expr> = keys.iter().map(|key| self.told_by_place(key)).collect::<Result<_>>()?;
        for sought in named.iter().flat_map(|column| looked.sought(column)) {
            self.check(&mut self.told_by_place(sought)?, &told, is_aggregate)?;
        }
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            keys.extend(named);
        }
        Ok(())
    }

    fn check(&self, expr: &mut Expr, keys: &[Expr], is_aggregate: &dyn Fn(&Expr) -> bool) -> Result<()> {
        if keys.iter().any(|key| unwrapped(key) == unwrapped(expr)) || is_aggregate(expr) {
            return Ok(());
        }
        match expr {
            Expr::CompoundIdentifier(parts) if parts.first().is_some_and(|place| place.value.is_empty()) => {
                let name = parts.last().map(|name| name.value.clone()).unwrap_or_default();
                Err(Error::invalid(format!("'{name}' is neither in GROUP BY nor in an aggregate; put it into one")))
            }
            other => ast::children(other)?.into_iter().try_for_each(|child| self.check(child, keys, is_aggregate)),
        }
    }

    /// An expression with its columns told by the places of their relations, behind a name that nobody writes.
    pub(super) fn told_by_place(&self, expr: &Expr) -> Result<Expr> {
        let mut told = expr.clone();
        self.tell_by_place(&mut told)?;
        Ok(told)
    }

    fn tell_by_place(&self, expr: &mut Expr) -> Result<()> {
        if let Some((place, column)) = joins::found(&self.sources, expr) {
            let parts = ["".to_owned(), place.to_string(), column.name.clone()];
            *expr = Expr::CompoundIdentifier(parts.iter().map(|part| ast::ident(part)).collect());
            return Ok(());
        }
        ast::children(expr)?.into_iter().try_for_each(|child| self.tell_by_place(child))
    }
}
