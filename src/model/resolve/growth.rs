//! How large an expression becomes as others are set in its place. Each may double the one before it, so what is set in
//! place is counted on the way; and trees are walked by recursion, so depth is bounded as well.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Visit, Visitor};

/// The most parts, names, values and operations, of one expression.
const LARGEST: usize = 10_000;
/// The most operations that may stand inside each other.
const DEEPEST: usize = 200;

/// How many parts an expression has.
pub(super) fn parts(expr: &Expr) -> usize {
    measured(expr).parts
}

/// Refuses parts beyond the limit.
pub(super) fn refuse_many(parts: usize) -> Result<(), String> {
    if parts > LARGEST {
        return Err(
            "it grows to more than 10,000 parts as what it names is set in place; name the same thing less often"
                .into(),
        );
    }
    Ok(())
}

/// Refuses an expression that is too deep.
pub(super) fn refuse_deep(expr: &Expr) -> Result<(), String> {
    if measured(expr).deepest > DEEPEST {
        return Err(format!("it nests more than {DEEPEST} operations, with those it is made of; flatten the chain"));
    }
    Ok(())
}

#[derive(Default)]
struct Extent {
    parts: usize,
    depth: usize,
    deepest: usize,
}

fn measured(expr: &Expr) -> Extent {
    let mut extent = Extent::default();
    let _: ControlFlow<()> = expr.visit(&mut extent);
    extent
}

impl Visitor for Extent {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.parts += 1;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}
