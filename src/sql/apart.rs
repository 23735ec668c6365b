//! IN lists of one value that DataFusion 55 would merge: `x NOT IN (1) OR x NOT IN (2)` becomes TRUE, and `x IN (1) AND x IN
//! (2)` FALSE, where x is NULL too. A call that gives what it is given keeps them apart.

use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::Functions;

/// The function that keeps its argument apart; nobody else may call it.
pub const APART: &str = "$apart";
/// Functions that tell whether a list holds a value, which DataFusion writes as IN.
const HOLDING: [&str; 3] = ["array_has", "array_contains", "list_has"];

/// The expression with its second side kept apart, where the two would be merged.
pub(super) fn kept_apart(expr: Expr, functions: &Functions) -> Expr {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = &expr else { return expr };
    let merged = match (op, Search::of(left), Search::of(right)) {
        // Beneath NOT the one becomes the other.
        (Operator::And, Some(one), Some(other)) => one.sought == other.sought && !(one.negated && other.negated),
        (Operator::Or, Some(one), Some(other)) => one.sought == other.sought && (one.negated || other.negated),
        // What stands around a list may be gone once constants are computed.
        (Operator::And | Operator::Or, ..) => {
            // Chains lean to the left: what is short is looked through first.
            let right = searched(right);
            !right.is_empty() && searched(left).iter().any(|sought| right.contains(sought))
        }
        _ => false,
    };
    match functions.scalar.get(APART) {
        Some(apart) if merged => {
            let kept = ScalarFunction { func: Arc::clone(apart), args: vec![right.as_ref().clone()] };
            Expr::BinaryExpr(BinaryExpr { left: left.clone(), op: *op, right: Box::new(Expr::ScalarFunction(kept)) })
        }
        _ => expr,
    }
}

/// What lists anywhere within an expression look for.
fn searched(expr: &Expr) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        match expr {
            Expr::InList(list) => found.push(list.expr.as_ref()),
            Expr::ScalarFunction(call) if HOLDING.contains(&call.func.name()) => found.extend(&call.args),
            other => {
                found.extend(Search::of(other).map(|search| search.sought));
                let _ = other.apply_children(|child| {
                    stack.push(child);
                    Ok(TreeNodeRecursion::Continue)
                });
            }
        }
    }
    found
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
