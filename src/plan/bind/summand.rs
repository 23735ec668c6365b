//! What is summed, seen through what stands around it.

use std::borrow::Cow;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, CaseWhen, Expr, Query, TableFactor, Value, Visit, Visitor};

use crate::sql::fold;

use super::super::ast;
use super::super::catalog::DESCRIBING;

/// What casts, brackets and `coalesce(x, 0)` stand around, and `coalesce(x, NULL)`, which is x.
pub(super) fn looked_through(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => looked_through(inner),
        Expr::Function(function) if ast::function_name(function).as_deref() == Some("coalesce") => {
            match ast::arguments(function).as_deref() {
                Some([inner, default]) if is_zero(default) || is_null(default) => looked_through(inner),
                _ => expr,
            }
        }
        other => other,
    }
}

/// `CASE WHEN p THEN x [ELSE 0] END`, or `CASE a WHEN b THEN x [ELSE 0] END`: a value that is chosen.
pub(super) struct Chosen<'e> {
    /// Whether it is.
    pub(super) when: Cow<'e, Expr>,
    /// The value.
    pub(super) then: &'e Expr,
    /// Whether 0 stands where it is not, or NULL.
    pub(super) zero: bool,
}

/// A value that a CASE chooses, if an expression is one.
pub(super) fn chosen(expr: &Expr) -> Option<Chosen<'_>> {
    let Expr::Case { operand, conditions, else_result, .. } = expr else { return None };
    let [CaseWhen { condition, result: then }] = conditions.as_slice() else { return None };
    let zero = match else_result.as_deref() {
        None => false,
        Some(otherwise) if is_null(otherwise) => false,
        Some(otherwise) if is_zero(otherwise) => true,
        Some(_) => return None,
    };
    let when = match operand {
        Some(operand) => Cow::Owned(ast::binary(operand.as_ref().clone(), BinaryOperator::Eq, condition.clone())),
        None => Cow::Borrowed(condition),
    };
    Some(Chosen { when, then, zero })
}

/// What is summed: what stands within casts, `coalesce(x, 0)`, and a CASE that chooses it.
pub(super) fn summed(expr: &Expr) -> &Expr {
    let value = looked_through(expr);
    match chosen(value) {
        Some(Chosen { then, .. }) if !yields_constants(value) => summed(then),
        _ => value,
    }
}

pub(super) fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == Value::Null)
}

pub(super) fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::Number(text, _) if text.parse::<f64>() == Ok(0.0)))
}

/// Whether an expression is the same in every row.
pub(super) fn is_constant(expr: &Expr) -> bool {
    match ast::unmarked(expr) {
        Expr::Value(_) | Expr::TypedString(_) => true,
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => is_constant(inner),
        _ => false,
    }
}

/// A constant, or a CASE that yields only constants, which one may be another in every row.
pub(super) fn yields_constants(expr: &Expr) -> bool {
    match ast::unmarked(expr) {
        Expr::Value(_) | Expr::TypedString(_) => true,
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
            yields_constants(inner)
        }
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().all(|when| yields_constants(&when.result))
                && else_result.as_deref().is_none_or(yields_constants)
        }
        _ => false,
    }
}

/// Whether a query reads a cube, or what may be one, before or after it is bound.
pub(super) fn reads_cube(query: &Query) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            let cube = match factor {
                TableFactor::Table { name, .. } => {
                    let schema = name.0.iter().rev().nth(1).and_then(|part| part.as_ident()).map(fold);
                    schema.is_none_or(|schema| schema != "mart" && !DESCRIBING.contains(&schema.as_str()))
                }
                TableFactor::Derived { alias: Some(alias), .. } => alias.name.value == super::cube::BLOCK,
                _ => false,
            };
            if cube { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    query.visit(&mut Search).is_break()
}
