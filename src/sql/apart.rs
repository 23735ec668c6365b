//! IN lists of one value that DataFusion 55 would merge: `x NOT IN (1) OR x NOT IN (2)` becomes TRUE, and `x IN (1) AND x IN
//! (2)` FALSE, where x is NULL too. A call that gives what it is given keeps them apart.

use std::sync::Arc;

use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::Functions;

/// The function that keeps its argument apart; nobody else may call it.
pub const APART: &str = "$apart";

/// The expression with its second side kept apart, where the two would be merged.
pub(super) fn kept_apart(expr: Expr, functions: &Functions) -> Expr {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = &expr else { return expr };
    let (Some(one), Some(other)) = (Search::of(left), Search::of(right)) else { return expr };
    // Beneath NOT the one becomes the other.
    let merged = match op {
        Operator::And => !(one.negated && other.negated),
        Operator::Or => one.negated || other.negated,
        _ => false,
    };
    match functions.scalar.get(APART) {
        Some(apart) if merged && one.sought == other.sought => {
            let kept = ScalarFunction { func: Arc::clone(apart), args: vec![right.as_ref().clone()] };
            Expr::BinaryExpr(BinaryExpr { left: left.clone(), op: *op, right: Box::new(Expr::ScalarFunction(kept)) })
        }
        _ => expr,
    }
}

/// What is looked for in a list, or may be once equalities have become one.
struct Search<'e> {
    sought: &'e Expr,
    negated: bool,
}

impl<'e> Search<'e> {
    fn of(expr: &'e Expr) -> Option<Self> {
        match expr {
            Expr::InList(InList { expr, negated, .. }) => Some(Self { sought: expr, negated: *negated }),
            Expr::Not(inner) => Self::of(inner).map(|search| Self { negated: !search.negated, ..search }),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => Self::both(left, right, false),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => Self::both(left, right, true),
            _ => None,
        }
    }

    /// Both sides as one search.
    fn both(left: &'e Expr, right: &'e Expr, negated: bool) -> Option<Self> {
        let side = |side: &'e Expr| Self::of(side).or_else(|| Self::of_equality(side));
        let (one, other) = (side(left)?, side(right)?);
        (one.sought == other.sought && one.negated == negated && other.negated == negated).then_some(one)
    }

    fn of_equality(expr: &'e Expr) -> Option<Self> {
        let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::NotEq, right }) = expr else {
            return None;
        };
        let negated = matches!(expr, Expr::BinaryExpr(BinaryExpr { op: Operator::NotEq, .. }));
        match (left.as_ref(), right.as_ref()) {
            (Expr::Literal(..), sought) | (sought, Expr::Literal(..)) => Some(Self { sought, negated }),
            _ => None,
        }
    }
}
