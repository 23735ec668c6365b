//! What the SELECT list and HAVING of ordinary SQL may name where it groups: DataFusion 55 believes that keys determine
//! columns where they do not (see `execute/dependencies.rs`), and would group by those too.

use datafusion::sql::sqlparser::ast::Expr;

use crate::error::{Error, Result};

use super::super::ast;
use super::items::ordinal;
use super::joins;
use super::measure::unwrapped;
use super::sums::Block;

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
    fn told_by_place(&self, expr: &Expr) -> Result<Expr> {
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
