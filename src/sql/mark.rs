//! Marks: what planning knows of an expression and must tell itself on the other side of `SqlToRel`. A marked expression
//! is a call that gives its first argument, and that the optimiser takes away.

use datafusion::logical_expr::Expr;
use datafusion::sql::sqlparser::ast;

use super::call;

/// The function that a mark is a call of; nobody else may call it.
pub const MARK: &str = "$mark";

/// The mark of a LIMIT whose rows nobody asked to be in an order.
const BY_CHANCE: &str = "by chance";

/// The number of a LIMIT, marked: its rows are in an order so that answers repeat, but nobody asked for one.
pub fn marked_by_chance(limit: ast::Expr) -> ast::Expr {
    marked(limit, BY_CHANCE)
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
