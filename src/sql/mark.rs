//! Marks: what planning knows of an expression and must tell itself on the other side of `SqlToRel`. A marked expression
//! is a call that gives its first argument, and that the optimiser takes away.

use chrono::{DateTime, Utc};
use datafusion::logical_expr::Expr;
use datafusion::sql::sqlparser::ast;

use super::call;

/// The function that a mark is a call of; nobody else may call it.
pub const MARK: &str = "$mark";

/// The mark of a LIMIT whose rows nobody asked to be in an order.
const BY_CHANCE: &str = "by chance";

/// The mark of a wall clock that was written as an instant, before the microseconds since 1970.
const INSTANT: &str = "instant ";

/// The number of a LIMIT, marked: its rows are in an order so that answers repeat, but nobody asked for one.
pub fn marked_by_chance(limit: ast::Expr) -> ast::Expr {
    marked(limit, BY_CHANCE)
}

/// A wall clock, marked with the instant that was written: beside instants it is that, and not the clock.
pub fn marked_instant(clock: ast::Expr, at: DateTime<Utc>) -> ast::Expr {
    marked(clock, &format!("{INSTANT}{}", at.timestamp_micros()))
}

/// The instant that a wall clock is marked with.
pub(super) fn instant_of(expr: &Expr) -> Option<DateTime<Utc>> {
    let Expr::ScalarFunction(call) = expr else { return None };
    match call.args.get(1) {
        Some(Expr::Literal(mark, _)) if call.func.name() == MARK => {
            let micros = mark.try_as_str()??.strip_prefix(INSTANT)?.parse().ok()?;
            DateTime::from_timestamp_micros(micros)
        }
        _ => None,
    }
}

/// An expression with a mark.
pub(super) fn marked(expr: ast::Expr, mark: &str) -> ast::Expr {
    let mark = ast::Expr::value(ast::Value::SingleQuotedString(mark.to_owned()));
    ast::Expr::Function(call(MARK, vec![expr, mark]))
}

/// What is marked, if the expression is.
pub(super) fn unmarked(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::ScalarFunction(call) if call.func.name() == MARK => call.args.first(),
        _ => None,
    }
}
