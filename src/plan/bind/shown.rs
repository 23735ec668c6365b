//! Expressions of a block as people read them in errors and in lineage: what planning has put into them is taken out again.

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query};

use super::super::ast;
use super::cube::BLOCK;
use super::items::Names;

/// What stands in the place of a subquery, over the cube, and the subquery as it was written.
pub(super) type Marked = (Expr, Expr);

impl Names<'_> {
    /// An expression over the cube with its subqueries as they were written, and what stands beside the cube called as it is
    /// in FROM.
    pub(super) fn shown(&self, expr: &Expr) -> String {
        let mut told = expr.clone();
        self.unmark(&mut told);
        shown(&told)
    }

    /// The names of the cube's first measures.
    pub(super) fn some_measures(&self) -> String {
        let names: Vec<&str> = self.cube.measures.iter().take(5).map(|measure| measure.name.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    fn unmark(&self, expr: &mut Expr) {
        if let Some((_, written)) = self.marked.iter().find(|(value, _)| value == expr) {
            *expr = written.clone();
            return;
        }
        if let Expr::CompoundIdentifier(parts) = expr
            && let Some(relation) = parts.first_mut()
            && let Some(beside) = self.planned(&relation.value)
        {
            *relation = ast::ident(&beside.alias);
        }
        // What cannot be walked has no subqueries in it.
        for child in ast::children(expr).unwrap_or_default() {
            self.unmark(child);
        }
    }
}

/// The subquery in whose place a column stands.
pub(super) fn subquery_of(marked: &[Marked], column: &Expr) -> Option<String> {
    let of = |(value, _): &&Marked| ast::any(value, |inner| inner == column);
    marked.iter().find(of).map(|(_, written)| shown(written))
}

/// An expression as it is written, without quotes around its names. What a query over a cube has become is left out.
pub(super) fn shown(expr: &Expr) -> String {
    let mut told = expr.clone();
    leave_out(&mut told);
    ast::unmark(&mut told);
    told.to_string().replace('"', "")
}

fn leave_out(expr: &mut Expr) {
    let bound = |query: &Query| query.to_string().contains(BLOCK);
    match expr {
        Expr::Subquery(query) if bound(query) => *expr = Expr::Identifier(Ident::new("(SELECT …)")),
        Expr::Exists { subquery, .. } if bound(subquery) => *expr = Expr::Identifier(Ident::new("EXISTS (SELECT …)")),
        _ => ast::children(expr).unwrap_or_default().into_iter().for_each(leave_out),
    }
}
