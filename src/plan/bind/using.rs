//! USING makes one column of two (SQL:2016, 7.7): its bare name is that of the side whose rows are all kept, or of either
//! where both are. DataFusion 55 takes the left one whatever is kept, and does not know the name beyond the SELECT list.

use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr, JoinOperator, OrderByExpr, Select, SelectItem};

use crate::error::Result;
use crate::sql::fold;

use super::super::ast;
use super::subqueries::item_expr_mut;
use super::sums::Named;
use super::{item_expr, joins};

/// What the bare names of USING stand for.
struct Merged<'s> {
    names: Vec<(String, Expr)>,
    sources: &'s [Named],
}

/// Writes the bare names of USING as what they stand for, in a SELECT over these relations.
pub(super) fn spelled_out(select: &mut Select, order: &mut [OrderByExpr], sources: &[Named]) -> Result<()> {
    let Some(merged) = Merged::of(select, sources) else { return Ok(()) };
    let stars = std::mem::take(&mut select.projection);
    select.projection = stars.into_iter().flat_map(|item| merged.columns(item)).collect();
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(Expr::Identifier(name)) = item
            && let Some(value) = merged.value(&fold(name))
        {
            *item = ast::named(value.clone(), &fold(name));
        }
    }
    let named = |name: &Expr| {
        let Expr::Identifier(name) = name else { return false };
        let alias =
            |item: &SelectItem| matches!(item, SelectItem::ExprWithAlias { alias, .. } if fold(alias) == fold(name));
        select.projection.iter().any(alias)
    };
    let by_items: Vec<bool> = order.iter().map(|item| named(&item.expr)).collect();
    let ordered = order.iter_mut().zip(by_items).filter(|(_, by_item)| !by_item).map(|(item, _)| &mut item.expr);
    let mut exprs: Vec<&mut Expr> = select.projection.iter_mut().filter_map(item_expr_mut).chain(ordered).collect();
    exprs.extend(select.selection.iter_mut().chain(&mut select.having));
    if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
        for key in keys {
            match key {
                Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                    exprs.extend(sets.iter_mut().flatten())
                }
                key => exprs.push(key),
            }
        }
    }
    exprs.into_iter().try_for_each(|expr| merged.spell_out(expr))
}

impl<'s> Merged<'s> {
    /// The columns of USING in the joins of a SELECT; none where there are none, or not all relations have names.
    fn of(select: &Select, sources: &'s [Named]) -> Option<Self> {
        let [from] = select.from.as_slice() else { return None };
        if sources.len() != from.joins.len() + 1 || sources.iter().any(|(alias, _)| alias.is_empty()) {
            return None;
        }
        let mut merged = Self { names: Vec::new(), sources };
        for (at, join) in from.joins.iter().enumerate() {
            let operator = &join.join_operator;
            let right = matches!(operator, JoinOperator::Right(_) | JoinOperator::RightOuter(_));
            let full = matches!(operator, JoinOperator::FullOuter(_));
            for name in joins::using(operator) {
                let of_left = || {
                    let (alias, _) = sources[..=at].iter().find(|(_, relation)| relation.column(&name).is_some())?;
                    Some(ast::column_of(alias, &name))
                };
                let left = merged.value(&name).cloned().or_else(of_left)?;
                let other = ast::column_of(&sources[at + 1].0, &name);
                let value = match (right, full) {
                    (true, _) => other,
                    (_, true) => Expr::Function(ast::call("coalesce", vec![left, other])),
                    _ => left,
                };
                merged.names.retain(|(known, _)| *known != name);
                merged.names.push((name, value));
            }
        }
        (!merged.names.is_empty()).then_some(merged)
    }

    fn value(&self, name: &str) -> Option<&Expr> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The columns that `*` stands for: those of USING once.
    fn columns(&self, item: SelectItem) -> Vec<SelectItem> {
        if item_expr(&item).is_some() || !matches!(item, SelectItem::Wildcard(_)) {
            return vec![item];
        }
        let mut columns = Vec::new();
        let mut shown: Vec<&str> = Vec::new();
        for (alias, relation) in self.sources {
            for column in &relation.columns {
                match self.value(&column.name) {
                    Some(_) if shown.contains(&column.name.as_str()) => {}
                    Some(value) => {
                        shown.push(&column.name);
                        columns.push(ast::named(value.clone(), &column.name));
                    }
                    None => columns.push(SelectItem::UnnamedExpr(ast::column_of(alias, &column.name))),
                }
            }
        }
        columns
    }

    fn spell_out(&self, expr: &mut Expr) -> Result<()> {
        if let Expr::Identifier(name) = expr {
            if let Some(value) = self.value(&fold(name)) {
                *expr = value.clone();
            }
            return Ok(());
        }
        ast::children(expr)?.into_iter().try_for_each(|child| self.spell_out(child))
    }
}
