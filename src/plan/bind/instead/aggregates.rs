//! Aggregates that measures do not have, written otherwise: as the measure, or over the groups that were meant.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, GroupByExpr, Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
    Value,
};

use crate::error::Result;
use crate::sql::fold;

use super::super::super::ast;
use super::super::item_expr;
use super::super::items::Names;
use super::super::measure::{is_distinct, is_own, may_mean};
use super::super::ordinary::output_name;
use super::super::subqueries::item_expr_mut;
use super::super::summand::{is_null, is_zero, looked_through, yields_constants};

/// MEASURE in the place of aggregates that measures do not have.
pub(super) fn evaluated(names: &Names<'_>, written: &Select) -> Option<Select> {
    let mut select = written.clone();
    let mut exprs = select.projection.iter_mut().filter_map(item_expr_mut).chain(&mut select.having);
    exprs.try_for_each(|expr| evaluate(names, expr)).ok()?;
    (select != *written).then_some(select)
}

/// Whether a SELECT asks a measure for an aggregate that is not its own.
pub(super) fn holds_another(names: &Names<'_>, select: &Select) -> bool {
    let another = |expr: &Expr| match expr {
        Expr::Function(function) => {
            let name = ast::function_name(function).filter(|name| names.functions.aggregate.contains_key(name));
            let arguments = ast::arguments(function).unwrap_or_default();
            let meant = arguments.first().and_then(|argument| names.normalised(argument).ok());
            let measure = meant.as_ref().and_then(|meant| names.mentioned_measure(meant));
            name.zip(measure).is_some_and(|(name, measure)| !is_own(&name, is_distinct(function), measure))
        }
        _ => false,
    };
    select.projection.iter().filter_map(item_expr).chain(&select.having).any(|expr| ast::any(expr, another))
}

/// The query of a cube in FROM grouped by what of it holds no measure, so that its rows are there before they are
/// aggregated.
pub(super) fn of_grouped_query(names: &Names<'_>, written: &Select) -> Option<Select> {
    let mut select = written.clone();
    let [TableWithJoins { relation: TableFactor::Derived { subquery, alias, .. }, joins }] = select.from.as_mut_slice()
    else {
        return None;
    };
    let renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
    let SetExpr::Select(inner) = subquery.body.as_mut() else { return None };
    let of_cube = |from: &TableWithJoins| match &from.relation {
        TableFactor::Table { name, .. } => {
            name.0.last().and_then(|part| part.as_ident()).is_some_and(|name| fold(name) == names.cube.name)
        }
        _ => false,
    };
    if !matches!(inner.from.as_slice(), [from] if of_cube(from)) {
        return None;
    }
    let mut keys = Vec::new();
    for item in &inner.projection {
        let name = match item {
            SelectItem::UnnamedExpr(expr) => output_name(expr),
            SelectItem::ExprWithAlias { alias, .. } => fold(alias),
            _ => return None,
        };
        let meant = names.normalised(&ast::column(&name)).ok()?;
        if names.mentioned_measure(&meant).is_none() && !yields_constants(&meant) {
            keys.push(item_expr(item)?.clone());
        }
    }
    let plain = joins.is_empty() && !renamed && !keys.is_empty();
    inner.group_by = GroupByExpr::Expressions(keys, Vec::new());
    plain.then_some(select)
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
            Some(measure) if !is_own(&name, distinct, measure) && may_mean(&name, measure) => {
                let filter = function.filter.clone();
                *function = ast::call("MEASURE", vec![(*argument).clone()]);
                function.filter = filter;
            }
            None if name == "sum" && !distinct => {
                if let Some(otherwise) = otherwise(names, argument, function)? {
                    *expr = otherwise;
                } else if function.filter.is_none() && adds_measures(names, argument) {
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

/// Whether an expression is measures added to and subtracted from each other, or so many times that: the sums of it are
/// the same of the sums.
fn adds_measures(names: &Names<'_>, expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => adds_measures(names, inner),
        Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right } => {
            adds_measures(names, left) && adds_measures(names, right)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => match (is_number(left), is_number(right)) {
            (false, true) => adds_measures(names, left),
            (true, false) => adds_measures(names, right),
            _ => false,
        },
        other => names.normalised(other).is_ok_and(|meant| names.measure(&meant).is_some()),
    }
}

fn is_number(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::Number(..)))
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
