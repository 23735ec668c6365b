//! Casts among what a SELECT groups by or aggregates. `SqlToRel` names a cast by what it casts, so that to it
//! `GROUP BY CAST(x AS DOUBLE), x` or `max(CAST(x AS INT)), max(x)` are two columns of one name. Where there are such
//! names, casts are marked with their types, which tells them apart.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, GroupByExpr, Ident, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, Visit,
    VisitMut, Visitor, VisitorMut, visit_expressions,
};

use super::mark::marked;
use super::{Functions, fold, function_name};

/// Marks the casts of every SELECT in which two expressions would have one name.
pub(super) fn told_apart(query: &mut Query, functions: &Functions) {
    let _: ControlFlow<()> = VisitMut::visit(query, &mut Selects { functions });
}

struct Selects<'a> {
    functions: &'a Functions,
}

impl VisitorMut for Selects<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = query.body.as_mut() {
            let ordered = match &mut query.order_by {
                Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) => order.as_mut_slice(),
                _ => &mut [],
            };
            tell_apart(select, ordered.iter_mut().map(|item| &mut item.expr).collect(), self.functions);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        // One that is the body of a query has been marked already, and marked casts are alike no more.
        tell_apart(select, Vec::new(), self.functions);
        ControlFlow::Continue(())
    }
}

fn tell_apart(select: &mut Select, ordered: Vec<&mut Expr>, functions: &Functions) {
    let mut exprs = ordered;
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            exprs.push(expr);
        }
    }
    exprs.extend(&mut select.having);
    exprs.extend(&mut select.qualify);
    let grouped = match &mut select.group_by {
        GroupByExpr::Expressions(keys, _) => {
            let before = exprs.len();
            exprs.extend(keys);
            exprs.len() > before
        }
        GroupByExpr::All(_) => true,
    };
    let cast = |expr: &Expr| {
        visit_expressions(expr, |inner| match inner {
            Expr::Cast { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    };
    if !exprs.iter().any(|expr| cast(expr).is_break()) {
        return;
    }
    let mut names = Names { functions, of: BTreeMap::new(), subqueries: 0 };
    for expr in &exprs {
        // A key may be written as the number or the alias of an item.
        if grouped {
            names.add(expr);
        }
        let _: ControlFlow<()> = Visit::visit(&**expr, &mut names);
    }
    if names.alike() {
        for expr in exprs {
            let _: ControlFlow<()> = VisitMut::visit(expr, &mut Casts { subqueries: 0 });
        }
    }
}

/// The expressions that become columns beneath the items, by the names that `SqlToRel` gives them: what is grouped by,
/// aggregates and windows.
struct Names<'a> {
    functions: &'a Functions,
    of: BTreeMap<String, BTreeSet<String>>,
    subqueries: usize,
}

impl Names<'_> {
    fn add(&mut self, expr: &Expr) {
        let (mut name, mut written) = (expr.clone(), expr.clone());
        let _: ControlFlow<()> = VisitMut::visit(&mut name, &mut Plain { casts: false });
        let _: ControlFlow<()> = VisitMut::visit(&mut written, &mut Plain { casts: true });
        self.of.entry(name.to_string()).or_default().insert(written.to_string());
    }

    fn alike(&self) -> bool {
        self.of.values().any(|written| written.len() > 1)
    }
}

impl Visitor for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.subqueries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.subqueries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.subqueries == 0
            && let Expr::Function(call) = expr
            && (call.over.is_some()
                || function_name(call).is_some_and(|name| self.functions.aggregate.contains_key(&name)))
        {
            self.add(expr);
        }
        ControlFlow::Continue(())
    }
}

/// Writes an expression so that the same columns look the same, with its casts or without.
struct Plain {
    casts: bool,
}

impl VisitorMut for Plain {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let plain = match expr {
            Expr::Nested(inner) => inner.as_ref().clone(),
            Expr::Cast { expr: inner, .. } if !self.casts => inner.as_ref().clone(),
            Expr::Cast { expr: inner, kind, data_type, .. } => marked(inner.as_ref().clone(), &mark(kind, data_type)),
            Expr::Identifier(name) => Expr::Identifier(Ident::new(fold(name))),
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(name) => Expr::Identifier(Ident::new(fold(name))),
                None => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        *expr = plain;
        ControlFlow::Continue(())
    }
}

/// Marks casts with their types.
struct Casts {
    subqueries: usize,
}

impl VisitorMut for Casts {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.subqueries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.subqueries -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.subqueries == 0
            && let Expr::Cast { kind, data_type, .. } = expr
        {
            let mark = mark(kind, data_type);
            *expr = marked(expr.clone(), &mark);
        }
        ControlFlow::Continue(())
    }
}

/// Types that have several names, by their first.
const SYNONYMS: [(&str, &str); 9] = [
    ("INTEGER", "INT"),
    ("INT4", "INT"),
    ("INT8", "BIGINT"),
    ("DOUBLE PRECISION", "DOUBLE"),
    ("FLOAT8", "DOUBLE"),
    ("VARCHAR", "TEXT"),
    ("STRING", "TEXT"),
    ("BOOL", "BOOLEAN"),
    ("TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP"),
];

/// What tells a cast from others of the same value.
fn mark(kind: &CastKind, data_type: &DataType) -> String {
    let written = data_type.to_string().to_uppercase().replace("NUMERIC", "DECIMAL");
    let of = SYNONYMS.iter().find(|(name, _)| *name == written).map_or(written.as_str(), |(_, of)| of);
    match kind {
        CastKind::Cast | CastKind::DoubleColon => of.to_owned(),
        CastKind::TryCast | CastKind::SafeCast => format!("TRY {of}"),
    }
}
