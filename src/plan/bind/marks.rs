//! IN and EXISTS of queries outside WHERE and HAVING, where DataFusion plans none, and correlated subqueries anywhere: what
//! is looked for becomes a left join with the query's distinct values, whose mark says whether it was found, beside what
//! counts them. NULL is told from FALSE as SQL has it: nothing is in no rows, and what is not found among NULLs may be one
//! of them.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, OrderByExpr, Query, Select, TableFactor,
    TableWithJoins, UnaryOperator, Value,
};

use crate::error::{Error, Result};

use super::super::ast;
use super::Binder;
use super::beside::Beside;
use super::correlated::Around;
use super::found::exists;
use super::items::Names;
use super::plain::Plain;
use super::shown::{Marked, shown};
use super::subqueries::item_expr_mut;

/// The marks of one SELECT.
#[derive(Default)]
pub(super) struct Marks {
    /// What was written, spelled out, and what stands in its place; where only its truth matters it may be another.
    known: Vec<(Expr, bool, Expr)>,
    /// What is joined for it.
    pub(super) joined: Vec<Marking>,
}

/// What is joined for a mark.
pub(super) struct Marking {
    pub(super) factor: TableFactor,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// What its columns are equal to; none where it is a single row.
    pub(super) on: Option<Vec<Match>>,
    /// Whether a cube gives it.
    pub(super) cube: bool,
}

/// A column that is equal to what is sought.
pub(super) struct Match {
    pub(super) column: String,
    pub(super) sought: Expr,
    pub(super) null_safe: bool,
}

impl Match {
    fn condition(&self, relation: &str, sought: Expr) -> Expr {
        let column = ast::column_of(relation, &self.column);
        match self.null_safe {
            true => Expr::IsNotDistinctFrom(Box::new(Expr::Nested(Box::new(sought))), Box::new(column)),
            false => ast::binary(Expr::Nested(Box::new(sought)), BinaryOperator::Eq, column),
        }
    }
}

/// What was looked into for the marks of a SELECT: the relations that are joined, with what their columns are equal to, and
/// what stands in the place of each subquery, with the subquery as it was written.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) relations: Vec<(String, Vec<Expr>)>,
    pub(super) written: Vec<Marked>,
}

/// Which subqueries become marks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// All that DataFusion does not plan in items, keys and order.
    All,
    /// Those that name what is outside.
    Correlated,
}

impl<'a> Binder<'a> {
    /// Puts marks in the place of IN and EXISTS in the items, keys and order of a SELECT, and of correlated subqueries
    /// in its conditions too.
    pub(super) fn marks(
        &mut self,
        select: &mut Select,
        order: &mut [OrderByExpr],
        around: &Around<'_>,
    ) -> Result<Marks> {
        let mut marks = Marks::default();
        for expr in select.projection.iter_mut().filter_map(item_expr_mut) {
            self.mark(expr, &mut marks, around, Which::All, false)?;
        }
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            for key in keys {
                match key {
                    Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                        let mut keys = sets.iter_mut().flatten();
                        keys.try_for_each(|key| self.mark(key, &mut marks, around, Which::All, false))?;
                    }
                    key => self.mark(key, &mut marks, around, Which::All, false)?,
                }
            }
        }
        order.iter_mut().try_for_each(|item| self.mark(&mut item.expr, &mut marks, around, Which::All, false))?;
        if let Some(condition) = &mut select.selection {
            self.mark_where(condition, &mut marks, around)?;
        }
        if let Some(condition) = &mut select.having {
            self.mark(condition, &mut marks, around, Which::Correlated, true)?;
        }
        Ok(marks)
    }

    /// Puts marks in the place of IN and EXISTS in the items of a plain block, and of correlated subqueries in its WHERE too.
    pub(super) fn plain_block_marks(&mut self, select: &mut Select, around: &Around<'_>) -> Result<Marks> {
        let mut marks = Marks::default();
        for expr in select.projection.iter_mut().filter_map(item_expr_mut) {
            self.mark(expr, &mut marks, around, Which::All, false)?;
        }
        if let Some(condition) = &mut select.selection {
            self.mark_where(condition, &mut marks, around)?;
        }
        Ok(marks)
    }

    fn mark(
        &mut self,
        expr: &mut Expr,
        marks: &mut Marks,
        around: &Around<'_>,
        which: Which,
        truth: bool,
    ) -> Result<()> {
        if !ast::holds_query(expr) {
            return Ok(());
        }
        let written = (around.spelled)(expr);
        if let Some((.., value)) = marks.known.iter().find(|(known, of, _)| *known == written && *of == truth) {
            *expr = value.clone();
            return Ok(());
        }
        let existence = matches!(expr, Expr::Exists { .. });
        let correlation = match ast::subquery(expr) {
            Some(query) => self.correlation(query, around, existence, which == Which::All)?,
            None => None,
        };
        let marked = match (&mut *expr, correlation) {
            (Expr::Exists { subquery, negated }, Some(correlation)) => {
                let found = self.exists_for(taken(subquery)?, correlation, marks)?;
                not(found, *negated)
            }
            (Expr::InSubquery { expr: sought, subquery, negated }, Some(correlation)) => {
                self.mark(sought, marks, around, which, false)?;
                let sought = sought.as_ref().clone();
                let found = match correlation.one_row {
                    true => {
                        let value = self.value_for(taken(subquery)?, correlation, marks)?;
                        Expr::Nested(Box::new(ast::binary(bracketed(sought), BinaryOperator::Eq, value)))
                    }
                    false => self.found(sought, taken(subquery)?, correlation.keys, marks, truth && !*negated)?,
                };
                not(found, *negated)
            }
            (Expr::Subquery(_), Some(correlation)) if !correlation.one_row => {
                return Err(Error::invalid(format!(
                    "the subquery {written} may have several rows for one outside; let it aggregate, without GROUP BY and \
                     HAVING"
                )));
            }
            (Expr::Subquery(subquery), Some(correlation)) => self.value_for(taken(subquery)?, correlation, marks)?,
            (Expr::Exists { subquery, negated }, None) if which == Which::All => {
                self.refuse_vague_existence(subquery)?;
                exists(taken(subquery)?, *negated)?
            }
            (Expr::InSubquery { expr: sought, subquery, negated }, None) if which == Which::All => {
                self.mark(sought, marks, around, which, false)?;
                let found =
                    self.found(sought.as_ref().clone(), taken(subquery)?, Vec::new(), marks, truth && !*negated)?;
                not(found, *negated)
            }
            (other, _) => return self.mark_parts(other, marks, around, which, truth),
        };
        *expr = marked.clone();
        marks.known.push((written, truth, marked));
        Ok(())
    }

    /// Puts what marks are joined with beside a cube, and tells its block what they stand for.
    pub(super) fn put_beside(&self, marks: Marks, plain: &mut Plain<'a>, names: &Names<'_>) -> Result<()> {
        marks.refuse_instants(|sought| names.normalised(sought).is_ok_and(|sought| names.is_clock(&sought)))?;
        for Marking { factor, name, columns, on, .. } in marks.joined {
            let mut conditions = Vec::new();
            for one in on.iter().flatten() {
                conditions.push(one.condition(&name, names.normalised(&one.sought)?));
            }
            plain.beside.push(Beside::mark(factor, name, columns, on.map(|_| conditions)));
        }
        let names = self.names(plain);
        for (written, _, value) in marks.known {
            plain.marked.push((names.normalised(&value)?, written));
        }
        Ok(())
    }

    /// Puts marks into a WHERE. Of a block over a cube, IN becomes one wherever it does not stand beside AND alone, where
    /// DataFusion joins what it finds.
    fn mark_where(&mut self, condition: &mut Expr, marks: &mut Marks, around: &Around<'_>) -> Result<()> {
        match condition {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.mark_where(left, marks, around)?;
                self.mark_where(right, marks, around)
            }
            Expr::Nested(inner) => self.mark_where(inner, marks, around),
            alone @ (Expr::InSubquery { .. } | Expr::Exists { .. }) => {
                self.mark(alone, marks, around, Which::Correlated, true)
            }
            other if around.cube && ast::searches(other) => self.mark(other, marks, around, Which::All, true),
            other => self.mark(other, marks, around, Which::Correlated, true),
        }
    }

    /// Puts marks into the parts of an expression.
    fn mark_parts(
        &mut self,
        expr: &mut Expr,
        marks: &mut Marks,
        around: &Around<'_>,
        which: Which,
        truth: bool,
    ) -> Result<()> {
        match expr {
            Expr::Case { operand: None, conditions, else_result, .. } => {
                for when in conditions {
                    self.mark(&mut when.condition, marks, around, which, true)?;
                    self.mark(&mut when.result, marks, around, which, false)?;
                }
                else_result.iter_mut().try_for_each(|value| self.mark(value, marks, around, which, false))
            }
            Expr::Nested(_) | Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. } => {
                ast::children(expr)?.into_iter().try_for_each(|child| self.mark(child, marks, around, which, truth))
            }
            other => {
                ast::children(other)?.into_iter().try_for_each(|child| self.mark(child, marks, around, which, false))
            }
        }
    }
}

impl Marks {
    /// What was looked into.
    pub(super) fn looked(&mut self) -> Looked {
        let sought = |one: &Marking| one.on.iter().flatten().map(|of| of.sought.clone()).collect();
        Looked {
            relations: self.joined.iter().map(|one| (one.name.clone(), sought(one))).collect(),
            written: std::mem::take(&mut self.known).into_iter().map(|(written, _, value)| (value, written)).collect(),
        }
    }

    /// Joins them to what stands after FROM.
    pub(super) fn join(self, from: &mut Vec<TableWithJoins>) -> Result<()> {
        if self.joined.is_empty() {
            return Ok(());
        }
        // What commas join is crossed, so that what is sought may stand in any of them.
        let mut all = from.drain(..);
        let Some(mut last) = all.next() else {
            return Err(Error::invalid("IN (SELECT …) without FROM is not supported; write it in WHERE"));
        };
        last.joins.extend(all.by_ref().map(crossed));
        drop(all);
        for Marking { factor, name, on, .. } in self.joined {
            let conditions = on.map(|on| {
                let each = on.iter().map(|one| one.condition(&name, one.sought.clone()));
                ast::all(each.collect::<Vec<_>>()).unwrap_or_else(|| Expr::value(Value::Boolean(true)))
            });
            let join_operator = match conditions {
                Some(on) => JoinOperator::Left(JoinConstraint::On(on)),
                None => JoinOperator::CrossJoin(JoinConstraint::None),
            };
            last.joins.push(Join { relation: factor, global: false, join_operator });
        }
        from.push(last);
        Ok(())
    }

    /// Refuses what is sought by a wall clock among a table's instants, two of which it may be.
    pub(super) fn refuse_instants(&self, is_clock: impl Fn(&Expr) -> bool) -> Result<()> {
        let mut sought = self.joined.iter().filter(|one| !one.cube).flat_map(|one| one.on.iter().flatten());
        match sought.find(|one| is_clock(&one.sought)) {
            Some(one) => Err(Error::invalid(format!(
                "'{}' is wall clock, and two instants of a table may show the same; compare it with a cube's, or cast both \
                 to dates",
                shown(&one.sought)
            ))),
            None => Ok(()),
        }
    }

    /// Whether there are none.
    pub(super) fn are_none(&self) -> bool {
        self.joined.is_empty()
    }
}

/// What stands behind a comma, as a join.
fn crossed(from: TableWithJoins) -> Join {
    let relation = match from.joins.is_empty() {
        true => from.relation,
        false => TableFactor::NestedJoin { table_with_joins: Box::new(from), alias: None },
    };
    Join { relation, global: false, join_operator: JoinOperator::CrossJoin(JoinConstraint::None) }
}

/// A query taken out of an expression.
fn taken(query: &mut Query) -> Result<Query> {
    Ok(std::mem::replace(query, ast::query_of(ast::empty_select()?)))
}

fn not(condition: Expr, negated: bool) -> Expr {
    match negated {
        true => Expr::Nested(Box::new(Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(condition) })),
        false => condition,
    }
}

pub(super) fn bracketed(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}
