//! USING makes one column of two (SQL:2016, 7.7): its bare name is that of the side whose rows are all kept, or of either
//! where both are, and so is what a later USING compares. DataFusion 55 takes the left one whatever is kept, and does not
//! know the name beyond the SELECT list; so USING is written as ON, and its names as what they stand for.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, JoinConstraint, JoinOperator, OrderByExpr, Select, SelectItem,
};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::joins::{self, Joined};
use super::subqueries::item_expr_mut;
use super::{item_expr, valueless};

/// A column that USING made of several.
#[derive(Clone)]
pub(super) struct Merged {
    name: String,
    value: Expr,
    /// The places of the relations that it is a column of.
    places: BTreeSet<usize>,
}

impl Merged {
    /// The same, of relations that stand so many places further on.
    pub(super) fn moved(self, by: usize) -> Self {
        Self { places: self.places.into_iter().map(|place| place + by).collect(), ..self }
    }
}

/// Writes the condition of a join as the ON that it means: columns of an earlier USING as what they stand for, and its
/// own USING as equalities, of which it tells the columns. Queries without a name are left to DataFusion, where USING
/// means the same.
///
/// # Errors
/// Invalid: a side has no such column, or several; or a relation that has to be named has no name.
pub(super) fn as_on(operator: &mut JoinOperator, left: &Joined, right: &Joined) -> Result<Vec<Merged>> {
    if let Some(on) = joins::on_mut(operator) {
        let scope = [left, right];
        return spell_out(on, &|name| value_in(&scope, name)).map(|()| Vec::new());
    }
    let names = joins::using(operator);
    let kept_right = matches!(operator, JoinOperator::Right(_) | JoinOperator::RightOuter(_));
    let kept_both = matches!(operator, JoinOperator::FullOuter(_));
    let Some(constraint) = joins::constraint_mut(operator).filter(|_| !names.is_empty()) else { return Ok(Vec::new()) };
    let (mut merged, mut equal) = (Vec::new(), Vec::new());
    for name in names {
        let sides = (left.of_using(&name, "left")?, right.of_using(&name, "right")?.moved(left.sources.len()));
        let all = left.sources.iter().chain(&right.sources);
        let unnamed = all
            .enumerate()
            .any(|(at, (alias, _))| alias.is_empty() && (sides.0.places.contains(&at) || sides.1.places.contains(&at)));
        if unnamed && (kept_right || kept_both || sides.0.places.len() > 1 || sides.1.places.len() > 1) {
            return Err(Error::invalid(format!(
                "USING ({name}) needs a name for each query after FROM: (SELECT …) AS a"
            )));
        }
        if unnamed {
            return Ok(Vec::new());
        }
        let (left, right) = (sides.0.value, sides.1.value);
        equal.push(ast::binary(left.clone(), BinaryOperator::Eq, right.clone()));
        let value = match (kept_right, kept_both) {
            (true, _) => right,
            (_, true) => Expr::Function(ast::call("coalesce", vec![left, right])),
            _ => left,
        };
        merged.push(Merged { name, value, places: sides.0.places.into_iter().chain(sides.1.places).collect() });
    }
    if let Some(on) = ast::all(equal) {
        *constraint = JoinConstraint::On(on);
    }
    Ok(merged)
}

impl Joined {
    /// What one side of USING compares.
    fn of_using(&self, name: &str, side: &str) -> Result<Merged> {
        let places: BTreeSet<usize> = self.places(name).collect();
        for place in &places {
            valueless::refuse_column(self.sources[*place].1.column(name))?;
        }
        if let Some(merged) = self.merged.iter().find(|merged| merged.name == name && merged.places == places) {
            return Ok(merged.clone());
        }
        match (places.first(), places.len()) {
            (None, _) => {
                Err(Error::invalid(format!("USING ({name}) names a column of both sides, and the {side} one has none")))
            }
            (Some(place), 1) => {
                let value = ast::column_of(&self.sources[*place].0, name);
                Ok(Merged { name: name.to_owned(), value, places })
            }
            _ => Err(Error::invalid(format!(
                "USING ({name}) names one column of each side, and the {side} one has several; write ON"
            ))),
        }
    }

    /// The places of the relations that have a column of that name.
    fn places(&self, name: &str) -> impl Iterator<Item = usize> {
        let sources = self.sources.iter().enumerate();
        sources.filter(move |(_, (_, relation))| relation.column(name).is_some()).map(|(at, _)| at)
    }

    /// Notes what columns stand for since the last join.
    pub(super) fn merge(&mut self, merged: Vec<Merged>) {
        self.merged.retain(|known| merged.iter().all(|new| new.name != known.name));
        self.merged.extend(merged);
    }
}

/// What a bare name stands for among relations, where USING made it; it may name no other column of theirs.
fn value_in(scope: &[&Joined], name: &str) -> Result<Option<Expr>> {
    let Some(merged) = scope.iter().flat_map(|joined| &joined.merged).find(|merged| merged.name == name) else {
        return Ok(None);
    };
    let having = scope.iter().map(|joined| joined.places(name).count()).sum::<usize>();
    if having > merged.places.len() {
        return Err(Error::invalid(format!(
            "'{name}' may be the column of USING or that of another relation; write the relation before it"
        )));
    }
    Ok(Some(merged.value.clone()))
}

/// Writes the bare names of USING as what they stand for, in a SELECT over these relations.
pub(super) fn spelled_out(select: &mut Select, order: &mut [OrderByExpr], joined: &Joined) -> Result<()> {
    if joined.merged.is_empty() {
        return Ok(());
    }
    let value = |name: &str| value_in(&[joined], name);
    let stars = std::mem::take(&mut select.projection);
    for item in stars {
        select.projection.extend(joined.columns(item)?);
    }
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(Expr::Identifier(name)) = item
            && let Some(value) = value(&fold(name))?
        {
            *item = ast::named(value, &fold(name));
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
    exprs.into_iter().try_for_each(|expr| spell_out(expr, &value))
}

impl Joined {
    /// The columns that `*` stands for: those of USING once.
    fn columns(&self, item: SelectItem) -> Result<Vec<SelectItem>> {
        if item_expr(&item).is_some() || !matches!(item, SelectItem::Wildcard(_)) {
            return Ok(vec![item]);
        }
        if self.sources.iter().any(|(alias, _)| alias.is_empty()) {
            return Err(Error::invalid("* beside USING needs a name for each query after FROM: (SELECT …) AS a"));
        }
        let mut columns = Vec::new();
        for (place, (alias, relation)) in self.sources.iter().enumerate() {
            for column in &relation.columns {
                let of = |merged: &&Merged| merged.name == column.name && merged.places.contains(&place);
                match self.merged.iter().find(of) {
                    Some(merged) if merged.places.first() != Some(&place) => {}
                    Some(merged) => columns.push(ast::named(merged.value.clone(), &column.name)),
                    None => columns.push(SelectItem::UnnamedExpr(ast::column_of(alias, &column.name))),
                }
            }
        }
        Ok(columns)
    }
}

fn spell_out(expr: &mut Expr, value: &dyn Fn(&str) -> Result<Option<Expr>>) -> Result<()> {
    if let Expr::Identifier(name) = expr {
        if let Some(value) = value(&fold(name))? {
            *expr = value;
        }
        return Ok(());
    }
    ast::children(expr)?.into_iter().try_for_each(|child| spell_out(child, value))
}
