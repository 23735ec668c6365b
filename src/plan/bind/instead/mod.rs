//! The statement to send instead of one that is refused: a SELECT of it is written otherwise, and the whole is printed.

mod aggregates;
mod sums;

use std::fmt;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins, VisitMut, VisitorMut,
};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::item_expr;
use super::items::Names;

/// Longer statements are not sent along.
const LONGEST: usize = 2_000;

/// How hints begin that a whole statement takes the place of.
const HINTS: [&str; 2] = ["; write SELECT …", ": SELECT …"];

/// What is wrong with a SELECT, where it could be written otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misuse {
    /// An aggregate that a measure does not have.
    Aggregate,
    /// A measure in WHERE beside GROUP BY.
    Condition,
    /// A sum of what does not add up.
    Sum,
    /// A name that no column has.
    Name,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?} of a measure")
    }
}

impl std::error::Error for Misuse {}

/// A SELECT as it was written, and how it could be.
#[derive(Debug)]
struct Instead {
    written: Box<Select>,
    by: Vec<Select>,
}

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instead of {}", self.written)
    }
}

impl std::error::Error for Instead {}

fn misuse(error: &Error) -> Option<Misuse> {
    std::error::Error::source(error)?.downcast_ref().copied()
}

fn with(error: Error, written: &Select, by: Vec<Select>) -> Error {
    if by.is_empty() { error } else { error.with_source(Instead { written: Box::new(written.clone()), by }) }
}

/// Adds what could be sent to an error of a block over a cube, or over a plain block that stays lazy.
pub(super) fn of_block(error: Error, names: &Names<'_>, query: &Query, lazy: bool) -> Error {
    let SetExpr::Select(select) = query.body.as_ref() else { return error };
    let by = match misuse(&error) {
        // A mean of a query's column is the mean of its rows.
        Some(Misuse::Aggregate) if lazy && aggregates::holds_another(names, select) => {
            aggregates::of_grouped_query(names, select).into_iter().collect()
        }
        Some(Misuse::Aggregate) => aggregates::evaluated(names, select).into_iter().collect(),
        Some(Misuse::Condition) => conditions(names, select).unwrap_or_default(),
        Some(Misuse::Name) => aliased(names, select).into_iter().collect(),
        Some(Misuse::Sum) | None => Vec::new(),
    };
    with(error, select, by)
}

/// Adds what could be sent to an error of ordinary SQL over a query.
pub(super) fn of_sum(error: Error, select: &Select) -> Error {
    match misuse(&error) {
        Some(Misuse::Sum) => with(error, select, sums::flattened(select).into_iter().collect()),
        _ => error,
    }
}

/// The error with the whole statements that could be sent, of which it knows the SELECT.
pub(super) fn told(error: Error, statement: &Query, is_bound: impl Fn(&Query) -> bool) -> Error {
    let Some(Instead { written, by }) = std::error::Error::source(&error).and_then(|source| source.downcast_ref())
    else {
        return error;
    };
    let message = error.to_string();
    let why = HINTS.iter().find_map(|hint| message.split_once(hint)).map_or(message.as_str(), |(why, _)| why);
    let mut texts = Vec::new();
    for by in by {
        let mut statement = statement.clone();
        let mut put = Put { written, by, done: false, values: 0 };
        let _ = statement.visit(&mut put);
        if put.values > 0
            && by.from == written.from
            && let Some(of_groups) = over_groups(written)
        {
            return Error::new(error.kind(), format!("{why}; over groups it is ({of_groups}), and of all ({by})"));
        }
        let text = statement.to_string();
        if put.done && text.len() <= LONGEST && !texts.contains(&text) && is_bound(&statement) {
            texts.push(text);
        }
    }
    match texts.is_empty() {
        true => error,
        false => Error::new(error.kind(), format!("{why}; send: {}", texts.join("; or: "))),
    }
}

/// A mean or the like as it would be over groups, where a SELECT asks for it alone.
fn over_groups(written: &Select) -> Option<String> {
    let [SelectItem::UnnamedExpr(of @ Expr::Function(call))] = written.projection.as_slice() else { return None };
    let counts = ast::function_name(call).is_none_or(|name| name == "count");
    let arguments = ast::arguments(call).filter(|_| !counts)?;
    let mut rows = written.clone();
    rows.projection = vec![SelectItem::UnnamedExpr((*arguments.first()?).clone())];
    let rows = rows.to_string();
    Some(format!("SELECT {of} FROM (SELECT …, {} GROUP BY …) AS t", rows.strip_prefix("SELECT ")?))
}

/// Puts one SELECT in the place of another.
struct Put<'a> {
    written: &'a Select,
    by: &'a Select,
    done: bool,
    /// How many queries whose value is asked stand around the place.
    values: usize,
}

impl VisitorMut for Put<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.values += usize::from(matches!(expr, Expr::Subquery(_)));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.values -= usize::from(matches!(expr, Expr::Subquery(_)));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        if !self.done && select == self.written {
            *select = self.by.clone();
            self.done = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// What aliases of items stand for in the place of those that WHERE names.
fn aliased(names: &Names<'_>, written: &Select) -> Option<Select> {
    let mut select = written.clone();
    put_items(names, &written.projection, select.selection.as_mut()?).ok()?;
    (select != *written).then_some(select)
}

fn put_items(names: &Names<'_>, items: &[SelectItem], expr: &mut Expr) -> Result<()> {
    let Expr::Identifier(name) = &*expr else {
        return ast::children(expr)?.into_iter().try_for_each(|child| put_items(names, items, child));
    };
    let is_named =
        |item: &&SelectItem| matches!(item, SelectItem::ExprWithAlias { alias, .. } if fold(alias) == fold(name));
    let item = items.iter().find(is_named).and_then(item_expr).filter(|_| names.normalised(expr).is_err());
    match item.cloned() {
        Some(column @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_))) => *expr = column,
        Some(other) => *expr = Expr::Nested(Box::new(other)),
        None => {}
    }
    Ok(())
}

/// The conditions on measures in HAVING, and where the cube itself is read, in a query of its rows.
fn conditions(names: &Names<'_>, written: &Select) -> Option<Vec<Select>> {
    let all = ast::conjuncts(written.selection.clone()?);
    let (of_measures, others): (Vec<Expr>, Vec<Expr>) = all.into_iter().partition(|one| names.asks_for_measure(one));
    let mut groups = written.clone();
    groups.selection = joined(others.clone());
    groups.having = joined(of_measures.iter().cloned().chain(written.having.clone()));
    let mut both = vec![groups];
    if let [TableWithJoins { relation: TableFactor::Table { name, alias, .. }, joins }] = written.from.as_slice()
        && joins.is_empty()
    {
        let mut within = ast::empty_select().ok()?;
        within.projection = vec![SelectItem::Wildcard(Default::default())];
        within.from = written.from.clone();
        within.selection = joined(of_measures);
        let mut rows = written.clone();
        let called = name.0.last().and_then(|part| part.as_ident())?;
        let alias = alias.clone().unwrap_or_else(|| ast::alias(&fold(called)));
        let relation = ast::derived(ast::query_of(within), alias);
        rows.from = vec![TableWithJoins { relation, joins: Vec::new() }];
        rows.selection = joined(others);
        both.push(rows);
    }
    Some(both)
}

fn joined(conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    let side = |expr: Expr| match expr {
        either @ Expr::BinaryOp { op: BinaryOperator::Or | BinaryOperator::Xor, .. } => Expr::Nested(Box::new(either)),
        other => other,
    };
    conditions.into_iter().reduce(|left, right| ast::binary(side(left), BinaryOperator::And, side(right)))
}
