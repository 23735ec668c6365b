//! The rows that a lazy block would have (semantics, rule 2): COUNT(*), COUNT(x), and SUM and AVG of constants run over
//! them, and not over facts. They are counted in a query of their own, beside the one that evaluates the measures.

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Join, JoinConstraint, JoinOperator, Query, Select, SelectItem, TableWithJoins,
};

use crate::error::Result;
use crate::model::Aggregate;

use super::super::ast;
use super::cube::some_rows;
use super::measure::Evaluation;
use super::sets;
use super::star::aggregate;

/// What the query of the rows is called beside the other, and the distinct rows within it.
pub(super) const ROWS: &str = "$rows";

/// The rows of a lazy block, and what is counted of them.
pub(super) struct LazyRows {
    /// What tells them apart, over the cube.
    keys: Vec<Expr>,
    /// Whether the block has columns besides its keys that are no constants: then it has a row even where there are no
    /// facts, if it has no keys.
    measured: bool,
    /// What is counted of each row, over the star.
    values: Vec<Expr>,
    /// The counts over the values.
    calls: Vec<Expr>,
}

/// What the query of the rows calls its keys.
fn key_name(at: usize) -> String {
    format!("$j{at}")
}

/// What it calls GROUPING of a key, where the other query does too.
fn level_name(at: usize) -> String {
    format!("$h{at}")
}

fn value_name(at: usize) -> String {
    format!("$x{at}")
}

fn call_name(at: usize) -> String {
    format!("$c{at}")
}

impl LazyRows {
    pub(super) fn new<'e>(keys: Vec<Expr>, columns: impl Iterator<Item = &'e (String, Expr)>) -> Self {
        let mentions = |expr: &Expr| ast::any(expr, |inner| matches!(inner, Expr::Identifier(_)));
        let measured = columns.into_iter().any(|(_, expr)| mentions(expr) && !keys.contains(expr));
        Self { keys, measured, values: Vec::new(), calls: Vec::new() }
    }

    /// Whether anything is counted of them.
    pub(super) fn are_counted(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The column of an aggregate over them.
    pub(super) fn call(&mut self, kind: Aggregate, argument: Option<Expr>, filter: Option<Expr>) -> Expr {
        let argument = argument.map(|argument| self.value(argument));
        let mut call = aggregate(kind, argument);
        call.filter = filter.map(|filter| Box::new(self.value(filter)));
        let call = Expr::Function(call);
        let at = place(&mut self.calls, call);
        ast::column(&call_name(at))
    }

    fn value(&mut self, value: Expr) -> Expr {
        let at = place(&mut self.values, value);
        ast::column(&value_name(at))
    }
}

/// Where an expression stands in a list that it is entered into once.
fn place(list: &mut Vec<Expr>, expr: Expr) -> usize {
    list.iter().position(|known| *known == expr).unwrap_or_else(|| {
        list.push(expr);
        list.len() - 1
    })
}

impl Evaluation<'_> {
    /// The query that counts the rows of a lazy block at this block's keys. Beside the query of the leaves it calls them
    /// by names of its own.
    pub(super) fn counted_rows(&mut self, rows: Vec<Expr>, beside: bool) -> Result<Query> {
        let name = if beside { key_name } else { super::measure::key_name };
        let level = if beside { level_name } else { sets::grouping_name };
        let Some(lazy) = self.lazy.take() else { return Ok(ast::query_of(ast::empty_select()?)) };
        let mut each = ast::empty_select()?;
        let mut counted = ast::empty_select()?;
        let mut group_by = Vec::new();
        for (at, key) in self.keys.clone().iter().enumerate() {
            each.projection.push(ast::named(self.rows(key)?, &name(at)));
            counted.projection.push(SelectItem::UnnamedExpr(ast::column(&name(at))));
            group_by.push(ast::column(&name(at)));
        }
        for (at, key) in lazy.keys.iter().enumerate() {
            each.projection.push(ast::named(self.rows(key)?, &format!("$r{at}")));
        }
        each.projection
            .extend(lazy.values.iter().enumerate().map(|(at, value)| ast::named(value.clone(), &value_name(at))));
        if !lazy.keys.is_empty() || !lazy.measured {
            each.distinct = Some(Distinct::Distinct);
            each.selection = ast::all(rows);
            each.from = vec![self.star.from()?];
        }
        if each.projection.is_empty() {
            each.projection.push(ast::named(ast::number(1), &value_name(0)));
        }
        if self.sets.is_some() {
            for (at, key) in group_by.iter().enumerate() {
                counted.projection.push(ast::named(sets::grouping_of(key.clone()), &level(at)));
            }
        }
        counted
            .projection
            .extend(lazy.calls.iter().enumerate().map(|(at, call)| ast::named(call.clone(), &call_name(at))));
        counted.group_by = self.group_by(group_by);
        counted.having = (self.keys.is_empty() && self.grouped_by_constant).then(some_rows);
        counted.from = vec![derived(each)];
        Ok(ast::query_of(counted))
    }
}

fn derived(select: Select) -> TableWithJoins {
    TableWithJoins { relation: ast::derived(ast::query_of(select), ast::alias(ROWS)), joins: Vec::new() }
}

/// The query of the rows beside the other, group by group.
pub(super) fn joined(rows: Query, keys: usize, levels: bool) -> Join {
    let same = |left: String, right: String| {
        Expr::IsNotDistinctFrom(Box::new(ast::column(&left)), Box::new(ast::column(&right)))
    };
    let by_key = (0..keys).map(|at| same(super::measure::key_name(at), key_name(at)));
    let by_level = (0..keys).filter(|_| levels).map(|at| same(sets::grouping_name(at), level_name(at)));
    let join_operator = match ast::all(by_key.chain(by_level)) {
        Some(on) => JoinOperator::Inner(JoinConstraint::On(on)),
        None => JoinOperator::CrossJoin(JoinConstraint::None),
    };
    Join { relation: ast::derived(rows, ast::alias(ROWS)), global: false, join_operator }
}
