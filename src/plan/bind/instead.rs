//! The statement to send instead of one that is refused: a SELECT of it is written otherwise, and the whole is printed.

use std::fmt;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, FunctionArguments, GroupByExpr, Query, Select, SelectItem, SetExpr,
    TableFactor, TableWithJoins, VisitMut, VisitorMut,
};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::items::{Names, is_measure_call};
use super::measure::{is_distinct, is_own};
use super::ordinary::output_name;
use super::subqueries::item_expr_mut;
use super::summand::{is_null, is_zero, looked_through, yields_constants};

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

/// Adds what could be sent to an error of a block over a cube.
pub(super) fn of_block(error: Error, names: &Names<'_>, query: &Query) -> Error {
    let SetExpr::Select(select) = query.body.as_ref() else { return error };
    let by = match misuse(&error) {
        Some(Misuse::Aggregate) => evaluated(names, select).into_iter().collect(),
        Some(Misuse::Condition) => conditions(names, select).unwrap_or_default(),
        Some(Misuse::Sum) | None => Vec::new(),
    };
    with(error, select, by)
}

/// Adds what could be sent to an error of ordinary SQL over a query.
pub(super) fn of_sum(error: Error, select: &Select) -> Error {
    match misuse(&error) {
        Some(Misuse::Sum) => with(error, select, flattened(select).into_iter().collect()),
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

/// MEASURE in the place of aggregates that measures do not have.
fn evaluated(names: &Names<'_>, written: &Select) -> Option<Select> {
    let mut select = written.clone();
    let mut exprs = select.projection.iter_mut().filter_map(item_expr_mut).chain(&mut select.having);
    exprs.try_for_each(|expr| evaluate(names, expr)).ok()?;
    (select != *written).then_some(select)
}

fn evaluate(names: &Names<'_>, expr: &mut Expr) -> Result<()> {
    if let Expr::Function(function) = expr
        && function.over.is_none()
        && let Some(name) = ast::function_name(function)
        && names.functions.aggregate.contains_key(&name)
        && let Some([argument]) = ast::arguments(function).as_deref()
    {
        let meant = names.normalised(argument)?;
        let distinct = is_distinct(function);
        match names.measure(looked_through(&meant)) {
            Some(measure) if !is_own(&name, distinct, measure) => {
                let filter = function.filter.clone();
                *function = ast::call("MEASURE", vec![(*argument).clone()]);
                function.filter = filter;
            }
            None if name == "sum" && !distinct => {
                if let Some(otherwise) = otherwise(names, argument, function)? {
                    *expr = otherwise;
                } else if function.filter.is_none() && adds_measures(names, &meant) {
                    let mut arithmetic = (*argument).clone();
                    measure_names(names, &mut arithmetic)?;
                    *expr = Expr::Nested(Box::new(arithmetic));
                }
            }
            _ => {}
        }
        return Ok(());
    }
    ast::children(expr)?.into_iter().try_for_each(|child| evaluate(names, child))
}

/// `SUM(CASE WHEN p THEN 0 ELSE m END)` as the measure m with the filter that p is not true.
fn otherwise(names: &Names<'_>, argument: &Expr, function: &Function) -> Result<Option<Expr>> {
    let Expr::Case { operand: None, conditions, else_result: Some(value), .. } = argument else { return Ok(None) };
    let [CaseWhen { condition, result }] = conditions.as_slice() else { return Ok(None) };
    if function.filter.is_some() || names.measure(&names.normalised(value)?).is_none() {
        return Ok(None);
    }
    let mut call = ast::call("MEASURE", vec![value.as_ref().clone()]);
    call.filter = Some(Box::new(Expr::IsNotTrue(Box::new(Expr::Nested(Box::new(condition.clone()))))));
    let measure = Expr::Function(call);
    Ok(match result {
        zero if is_zero(zero) => Some(Expr::Function(ast::call("COALESCE", vec![measure, ast::number(0)]))),
        null if is_null(null) => Some(measure),
        _ => None,
    })
}

/// Whether an expression is measures added to and subtracted from each other: the sums of that are that of the sums.
fn adds_measures(names: &Names<'_>, expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => adds_measures(names, inner),
        Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right } => {
            adds_measures(names, left) && adds_measures(names, right)
        }
        other => names.measure(other).is_some(),
    }
}

/// MEASURE around every measure in an expression.
fn measure_names(names: &Names<'_>, expr: &mut Expr) -> Result<()> {
    if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
        if names.measure(&names.normalised(expr)?).is_some() {
            *expr = Expr::Function(ast::call("MEASURE", vec![expr.clone()]));
        }
        return Ok(());
    }
    ast::children(expr)?.into_iter().try_for_each(|child| measure_names(names, child))
}

/// The conditions on measures in HAVING, and where the cube itself is read, in a query of its rows.
fn conditions(names: &Names<'_>, written: &Select) -> Option<Vec<Select>> {
    let all = ast::conjuncts(written.selection.clone()?);
    let (of_measures, others): (Vec<Expr>, Vec<Expr>) = all.into_iter().partition(|one| names.asks_for_measure(one));
    let mut groups = written.clone();
    groups.selection = joined(others.clone());
    groups.having = joined(of_measures.iter().cloned().chain(written.having.clone()));
    let mut both = vec![groups];
    if let [TableWithJoins { relation: TableFactor::Table { name, alias: None, .. }, joins }] = written.from.as_slice()
        && joins.is_empty()
    {
        let mut within = ast::empty_select().ok()?;
        within.projection = vec![SelectItem::Wildcard(Default::default())];
        within.from = written.from.clone();
        within.selection = joined(of_measures);
        let mut rows = written.clone();
        let called = name.0.last().and_then(|part| part.as_ident())?;
        let relation = ast::derived(ast::query_of(within), ast::alias(&fold(called)));
        rows.from = vec![TableWithJoins { relation, joins: Vec::new() }];
        rows.selection = joined(others);
        both.push(rows);
    }
    Some(both)
}

fn joined(conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(|left, right| ast::binary(left, BinaryOperator::And, right))
}

/// A sum over a grouped query of a cube as one query at the grouping that is asked.
fn flattened(outer: &Select) -> Option<Select> {
    let [TableWithJoins { relation: TableFactor::Derived { subquery, alias, .. }, joins }] = outer.from.as_slice()
    else {
        return None;
    };
    let SetExpr::Select(inner) = subquery.body.as_ref() else { return None };
    let bare = subquery.with.is_none() && subquery.order_by.is_none() && subquery.limit_clause.is_none();
    let renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
    let simple = bare && !renamed && joins.is_empty() && inner.having.is_none() && inner.distinct.is_none();
    if !simple || outer.selection.is_some() || !is_one_level(&inner.group_by) || !is_one_level(&outer.group_by) {
        return None;
    }
    let mut select = outer.clone();
    let wrapped = std::mem::take(&mut select.projection);
    for item in wrapped {
        let (mut expr, name) = match item {
            SelectItem::UnnamedExpr(expr) => (expr.clone(), None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
            _ => return None,
        };
        let written = expr.clone();
        substitute(&mut expr, inner)?;
        let name = name.or_else(|| (written != expr).then(|| ast::ident(&output_name(&written))));
        select.projection.push(match name {
            Some(alias) => SelectItem::ExprWithAlias { expr, alias },
            None => SelectItem::UnnamedExpr(expr),
        });
    }
    if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
        keys.iter_mut().try_for_each(|key| substitute(key, inner))?;
    }
    if let Some(having) = &mut select.having {
        substitute(having, inner)?;
    }
    select.from = inner.from.clone();
    select.selection = inner.selection.clone();
    Some(select)
}

fn is_one_level(keys: &GroupByExpr) -> bool {
    let level = |key: &Expr| !matches!(key, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_));
    matches!(keys, GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() && keys.iter().all(level))
}

/// The items of a query in the place of their names; a sum of an item that aggregates is that item.
fn substitute(expr: &mut Expr, inner: &Select) -> Option<()> {
    if let Expr::Function(function) = expr
        && ast::function_name(function).as_deref() == Some("sum")
        && matches!(function.args, FunctionArguments::List(_))
        && let Some([argument]) = ast::arguments(function).as_deref()
        && !yields_constants(argument)
    {
        let meant = item(argument, inner)?;
        let plain = function.filter.is_none() && function.over.is_none();
        *expr = match &meant {
            _ if !plain => return None,
            // A sum of maxima or means is neither.
            Expr::Function(call)
                if call.over.is_none() && ast::function_name(call).is_some_and(|name| sums_up(&name)) =>
            {
                meant
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Expr::Function(ast::call("MEASURE", vec![meant])),
            _ => return None,
        };
        return Some(());
    }
    if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
        *expr = item(expr, inner)?;
        return Some(());
    }
    // Another aggregate would count other rows.
    if matches!(expr, Expr::Function(_)) {
        return None;
    }
    ast::children(expr).ok()?.into_iter().try_for_each(|child| substitute(child, inner))
}

/// Whether what a call gives of parts is asked of the whole, where it is summed.
fn sums_up(name: &str) -> bool {
    is_measure_call(name) || ["sum", "count"].contains(&name)
}

/// The expression of the item that a name means.
fn item(name: &Expr, inner: &Select) -> Option<Expr> {
    let name = match looked_through(name) {
        Expr::Identifier(name) => fold(name),
        Expr::CompoundIdentifier(parts) => fold(parts.last()?),
        _ => return None,
    };
    inner.projection.iter().find_map(|item| match item {
        SelectItem::UnnamedExpr(expr) if output_name(expr) == name => Some(expr.clone()),
        SelectItem::ExprWithAlias { expr, alias } if fold(alias) == name => Some(expr.clone()),
        _ => None,
    })
}
