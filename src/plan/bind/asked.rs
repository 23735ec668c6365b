//! Whether a block that aggregates asks the rows of a plain block for their measures, so that it is evaluated first
//! (semantics, rule 3).

use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr, Select};

use crate::error::{Error, Result};

use super::super::ast;
use super::measure::is_distinct;
use super::plain::Plain;
use super::summand::looked_through;
use super::{Binder, item_expr, sets};

impl<'a> Binder<'a> {
    /// Whether a SELECT that aggregates asks the rows of the block for their measures: in GROUP BY, in WHERE, or in a
    /// FILTER or CASE beneath an aggregate. Then the block is evaluated first.
    pub(super) fn asks_rows_for_measures(&self, select: &Select, plain: &Plain<'a>) -> bool {
        let names = self.names(plain);
        let on_measure = |expr: &Expr| names.asks_for_measure(expr);
        if select.selection.as_ref().is_some_and(on_measure) {
            return true;
        }
        let items: Vec<&Expr> = select.projection.iter().filter_map(item_expr).collect();
        let keys = match (sets::spelled_out(&select.group_by), &select.group_by) {
            (Ok(Some(sets)), _) => sets.concat(),
            (_, GroupByExpr::Expressions(keys, _)) => keys.clone(),
            _ => Vec::new(),
        };
        for key in &keys {
            let key = names.written(key, select).unwrap_or(key);
            if !self.holds_aggregate(key) && on_measure(key) {
                return true;
            }
        }
        let mut found = false;
        for expr in items.into_iter().chain(&select.having) {
            ast::any(expr, |inner| {
                found = found || self.beneath_aggregate(inner).iter().any(&on_measure);
                found
            });
        }
        found
    }

    /// The conditions of FILTER and CASE within a call of an aggregate.
    fn beneath_aggregate(&self, expr: &Expr) -> Vec<Expr> {
        let Expr::Function(function) = expr else { return Vec::new() };
        if !self.is_aggregate(expr) {
            return Vec::new();
        }
        let mut conditions: Vec<Expr> = function.filter.iter().map(|filter| filter.as_ref().clone()).collect();
        for argument in ast::arguments(function).unwrap_or_default() {
            conditions.extend(ast::case_conditions(argument));
        }
        conditions
    }

    fn holds_aggregate(&self, expr: &Expr) -> bool {
        ast::any(expr, |inner| self.is_aggregate(inner))
    }

    /// Refuses to count the distinct values of a measure where only a condition on a measure makes a block evaluated: tools
    /// write such a condition beside every distinct count, and mean the measure.
    pub(super) fn refuse_distinct_values(&self, select: &Select, plain: &Plain<'a>) -> Result<()> {
        let names = self.names(plain);
        let counted = |expr: &Expr| match expr {
            Expr::Function(function) if is_distinct(function) && function.over.is_none() => {
                let counts = ast::function_name(function).as_deref() == Some("count");
                let arguments = ast::arguments(function).filter(|_| counts)?;
                let argument = names.normalised(arguments.first()?).ok()?;
                names.measure(looked_through(&argument)).map(|measure| measure.name.clone())
            }
            _ => None,
        };
        let exprs = select.projection.iter().filter_map(item_expr).chain(&select.having);
        for expr in exprs {
            let mut found = None;
            ast::any(expr, |inner| {
                found = counted(inner);
                found.is_some()
            });
            if let Some(measure) = found {
                return Err(Error::invalid(format!(
                    "COUNT(DISTINCT {measure}) beside a condition on a measure could mean the measure or its values; write \
                     MEASURE({measure}) without the condition, or count values of a query that groups: FROM (SELECT …, \
                     MEASURE({measure}) AS m FROM {} GROUP BY …)",
                    plain.cube.name
                )));
            }
        }
        Ok(())
    }
}
