//! Which shapes of SQL a statement has, to see that each is asked.

use std::collections::BTreeSet;

use super::tree::{Body, Expr, From, Groups, Item, On, Query, Select};
use super::value::Value;

/// The shapes of a statement, wherever in it they are.
pub(crate) fn shapes(statement: &Query) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    of_query(statement, true, &mut found);
    found
}

fn of_query(query: &Query, outermost: bool, found: &mut BTreeSet<&'static str>) {
    query.with.iter().for_each(|(_, named)| of_query(named, false, found));
    match &query.body {
        Body::Select(select) => of_select(select, found),
        Body::Set(op, left, right) => {
            found.insert(op);
            if !outermost {
                found.insert("set beneath a block");
            }
            if matches!(left.body, Body::Set(..)) {
                found.insert("three sides");
            }
            of_query(left, false, found);
            of_query(right, false, found);
        }
    }
    query.order.iter().for_each(|item| of_expr(&item.expr, found));
    if query.offset > 0 {
        found.insert("OFFSET");
    }
    if query.limit.is_some() && !outermost {
        found.insert(if query.order.is_empty() { "LIMIT alone beneath" } else { "LIMIT beneath" });
    }
}

fn of_select(select: &Select, found: &mut BTreeSet<&'static str>) {
    of_from(&select.from, found);
    for item in &select.items {
        match item {
            Item::Star if !matches!(select.from, From::Block(..)) => drop(found.insert("*")),
            Item::Star => {}
            Item::Expr(expr, _) => of_expr(expr, found),
        }
    }
    select.filter.iter().chain(&select.having).for_each(|expr| of_expr(expr, found));
    if matches!(select.from, From::Join(..)) {
        if select.distinct {
            found.insert("DISTINCT of a join");
        }
        if select.groups != Groups::Implied {
            found.insert("GROUP BY of a join");
        }
    }
}

fn of_from(from: &From, found: &mut BTreeSet<&'static str>) {
    match from {
        From::Name(..) => {}
        From::Table(..) => drop(found.insert("table")),
        From::Block(query, _) => of_query(query, false, found),
        From::Join(kind, left, right, on) => {
            found.insert(if *kind == "," { "comma" } else { kind });
            if matches!(**left, From::Join(..)) {
                found.insert("three joined");
            }
            if matches!(on, On::Using(..)) {
                found.insert("USING");
            }
            of_from(left, found);
            of_from(right, found);
        }
    }
}

fn of_expr(expr: &Expr, found: &mut BTreeSet<&'static str>) {
    match expr {
        Expr::Call(call) => {
            if let Some(over) = &call.over {
                found.insert(if over.frame.is_some() { "frame" } else { "window" });
                if matches!(call.function, "lag" | "lead" | "ntile" | "first_value" | "last_value") {
                    found.insert("LAG and the like");
                }
            }
        }
        Expr::Zoned(..) => drop(found.insert("literal with an offset")),
        Expr::Literal(Value::Instant(_)) => drop(found.insert("wall clock")),
        Expr::InQuery(_, query, _) | Expr::Exists(query) | Expr::Scalar(query) => of_query(query, false, found),
        _ => {}
    }
    expr.parts().into_iter().for_each(|part| of_expr(part, found));
}
