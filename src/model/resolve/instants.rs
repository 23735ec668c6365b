//! Instants in expressions: what may be done with a moment whose day and hour depend on the session's zone.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, VisitMut, VisitorMut};

use super::rows::Flatten;

/// Whether values of a type are instants, not wall clocks.
pub(super) fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, Some(_)))
}

/// An instant has a day and an hour only in a zone, which a session chooses: so it may stand alone, be compared with
/// another and be tested for NULL, and nothing else.
pub(super) fn refuse_computed_instants(ast: &Expr, columns: &BTreeMap<String, DataType>) -> Result<(), String> {
    if !columns.values().any(is_instant) {
        return Ok(());
    }
    let mut rest = ast.clone();
    let _: ControlFlow<()> = VisitMut::visit(&mut rest, &mut Flatten);
    let mut settle = Settle { columns };
    let _: ControlFlow<()> = VisitMut::visit(&mut rest, &mut settle);
    if settle.is_instant(&rest) {
        return Ok(());
    }
    let mut find = Find { settle: &settle };
    match VisitMut::visit(&mut rest, &mut find) {
        ControlFlow::Break(name) => Err(format!(
            "'{name}' is an instant, whose day and hour depend on the session's zone; here it may stand alone, be \
             compared with another column, or be tested for NULL"
        )),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Replaces what may be done with instants by a literal.
struct Settle<'a> {
    columns: &'a BTreeMap<String, DataType>,
}

impl Settle<'_> {
    fn is_instant(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Identifier(ident) => self.columns.get(&ident.value).is_some_and(is_instant),
            Expr::Nested(inner) => self.is_instant(inner),
            _ => false,
        }
    }
}

impl VisitorMut for Settle<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        let settled = match expr {
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => self.is_instant(inner),
            Expr::BinaryOp { left, op: Eq | NotEq | Lt | LtEq | Gt | GtEq, right } => {
                self.is_instant(left) && self.is_instant(right)
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.is_instant(left) && self.is_instant(right)
            }
            Expr::Between { expr, low, high, .. } => [expr, low, high].iter().all(|each| self.is_instant(each)),
            _ => false,
        };
        if settled {
            *expr = Expr::Tuple(Vec::new());
        }
        ControlFlow::Continue(())
    }
}

/// Finds an instant that is left.
struct Find<'a> {
    settle: &'a Settle<'a>,
}

impl VisitorMut for Find<'_> {
    type Break = String;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        match expr {
            Expr::Identifier(ident) if self.settle.is_instant(&Expr::Identifier(ident.clone())) => {
                ControlFlow::Break(ident.value.clone())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
