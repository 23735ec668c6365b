//! Commas after FROM, whose equalities stand in WHERE (rule 5), as the joins that they mean.

use super::names::called;
use super::tree::{Expr, From, On, Select};

/// The same SELECT with joins in the place of commas.
pub(crate) fn commas_joined(select: &Select) -> Select {
    let mut conditions: Vec<Expr> = select.filter.iter().flat_map(conjuncts).cloned().collect();
    let from = joined(&select.from, &mut conditions);
    if from == select.from {
        return select.clone();
    }
    let filter = conditions.into_iter().reduce(|all, one| Expr::binary("AND", all, one));
    Select { from, filter, ..select.clone() }
}

fn joined(from: &From, conditions: &mut Vec<Expr>) -> From {
    let From::Join(kind, left, right, on) = from else { return from.clone() };
    if *kind != "," {
        return from.clone();
    }
    let theirs = called(right).to_owned();
    let of_theirs = |expr: &Expr| matches!(expr, Expr::Name(parts) if parts.len() == 2 && parts[0] == theirs);
    let of_others = |expr: &Expr| matches!(expr, Expr::Name(parts) if parts.len() == 2 && parts[0] != theirs);
    let meets = |condition: &Expr| match condition {
        Expr::Binary("=", one, other) => of_theirs(one) && of_others(other) || of_theirs(other) && of_others(one),
        _ => false,
    };
    let (met, rest): (Vec<Expr>, Vec<Expr>) = std::mem::take(conditions).into_iter().partition(meets);
    *conditions = rest;
    let left = joined(left, conditions);
    match met.into_iter().reduce(|all, one| Expr::binary("AND", all, one)) {
        Some(on) => From::Join("JOIN", Box::new(left), right.clone(), On::Condition(on)),
        None => From::Join("CROSS JOIN", Box::new(left), right.clone(), on.clone()),
    }
}

/// The conditions that all have to hold.
pub(crate) fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Binary("AND", left, right) => [conjuncts(left), conjuncts(right)].concat(),
        other => vec![other],
    }
}
