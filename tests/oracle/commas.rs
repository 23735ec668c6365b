//! Inner joins whose equalities stand in WHERE, as those of commas do (rule 5), as the joins that they mean.

use super::meaning::Oracle;
use super::names::{called, output_name};
use super::tree::{Body, Expr, From, Item, On, Select};

impl Oracle<'_> {
    /// The same SELECT with joins in the place of commas.
    pub(crate) fn commas_joined(&self, select: &Select) -> Select {
        let mut conditions: Vec<Expr> = select.filter.iter().flat_map(conjuncts).cloned().collect();
        let from = self.comma_joined(&select.from, &mut conditions);
        if from == select.from {
            return select.clone();
        }
        let filter = conditions.into_iter().reduce(|all, one| Expr::binary("AND", all, one));
        Select { from, filter, ..select.clone() }
    }

    fn comma_joined(&self, from: &From, conditions: &mut Vec<Expr>) -> From {
        let From::Join(kind, left, right, on) = from else { return from.clone() };
        if *kind == "LEFT JOIN" {
            return self.beneath_left(left, right, on, conditions);
        }
        if !matches!((*kind, on), ("," | "CROSS JOIN", _) | ("JOIN", On::Condition(_) | On::Using(..))) {
            return from.clone();
        }
        let (theirs, columns) = (called(right).to_owned(), self.columns(right));
        let of_theirs = |expr: &Expr| match expr {
            Expr::Name(parts) if parts.len() == 2 => parts[0] == theirs,
            Expr::Name(parts) => columns.contains(&parts[0]),
            _ => false,
        };
        let of_others = |expr: &Expr| !expr.any(&mut |part| of_theirs(part));
        let meets = |condition: &Expr| match condition {
            Expr::Binary("=" | "IS NOT DISTINCT FROM", one, other) => {
                of_theirs(one) && of_others(other) || of_theirs(other) && of_others(one)
            }
            _ => false,
        };
        // Of a table or a query that stands first, a constant may leave one row.
        let first = matches!(**left, From::Table(..) | From::Block(..));
        let leaves_one = |condition: &Expr| made_constant(condition).is_some_and(|of| first && of_others(of));
        // A bare name of USING means both sides' columns, once they are joined.
        let shared: &[String] = if let On::Using(names, _) = on { names } else { &[] };
        let is_shared =
            |part: &Expr| matches!(part, Expr::Name(parts) if parts.len() == 1 && shared.contains(&parts[0]));
        let joins = |condition: &Expr| {
            !condition.any(&mut |part| is_shared(part)) && (meets(condition) || leaves_one(condition))
        };
        let (met, rest): (Vec<Expr>, Vec<Expr>) = std::mem::take(conditions).into_iter().partition(joins);
        *conditions = rest;
        let left = self.comma_joined(left, conditions);
        let both = |all, one| Expr::binary("AND", all, one);
        let (kind, on) = match (on, met.into_iter().reduce(both)) {
            (On::Using(names, _), met) => ("JOIN", On::Using(names.clone(), met)),
            (On::Condition(on), met) => ("JOIN", On::Condition(met.into_iter().fold(on.clone(), both))),
            (On::Nothing, Some(met)) => ("JOIN", On::Condition(met)),
            (On::Nothing, None) => ("CROSS JOIN", On::Nothing),
        };
        From::Join(kind, Box::new(left), right.clone(), on)
    }

    /// An outer join that keeps the rows of its left side, beneath which WHERE may fix that side's columns.
    fn beneath_left(&self, left: &From, right: &From, on: &On, conditions: &mut Vec<Expr>) -> From {
        let (theirs, columns) = (called(right).to_owned(), self.columns(right));
        let is_theirs = |part: &Expr| match part {
            Expr::Name(parts) if parts.len() == 2 => parts[0] == theirs,
            Expr::Name(parts) => columns.contains(&parts[0]),
            _ => false,
        };
        let fixes = |condition: &Expr| made_constant(condition).is_some_and(|of| !of.any(&mut |part| is_theirs(part)));
        let (mut fixed, rest): (Vec<Expr>, Vec<Expr>) = std::mem::take(conditions).into_iter().partition(fixes);
        let left = self.comma_joined(left, &mut fixed);
        *conditions = rest.into_iter().chain(fixed).collect();
        From::Join("LEFT JOIN", Box::new(left), Box::new(right.clone()), on.clone())
    }

    /// The names of a relation's columns, of a cube's none: they are bare more often than those beside it.
    fn columns(&self, from: &From) -> Vec<String> {
        match from {
            From::Table(name, _) => {
                let table = self.star.tables.iter().find(|table| table.name == *name);
                table.iter().flat_map(|table| &table.columns).map(|(name, _)| name.clone()).collect()
            }
            From::Block(query, _) => match &query.body {
                Body::Select(select) => {
                    let named = select.items.iter().filter_map(|item| match item {
                        Item::Expr(expr, alias) => Some(output_name(expr, alias.as_ref())),
                        Item::Star => None,
                    });
                    named.collect()
                }
                Body::Set(..) => Vec::new(),
            },
            From::Name(..) | From::Join(..) => Vec::new(),
        }
    }
}

/// The conditions that all have to hold.
pub(crate) fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Binary("AND", left, right) => [conjuncts(left), conjuncts(right)].concat(),
        other => vec![other],
    }
}

/// What a condition makes equal to a constant.
pub(crate) fn made_constant(condition: &Expr) -> Option<&Expr> {
    match condition {
        Expr::Binary("=" | "IS NOT DISTINCT FROM", of, by) if is_constant(by) => Some(of),
        Expr::Binary("=" | "IS NOT DISTINCT FROM", by, of) if is_constant(by) => Some(of),
        Expr::In(of, list) => list.first().filter(|only| list.len() == 1 && is_constant(only)).map(|_| of.as_ref()),
        _ => None,
    }
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(_) | Expr::Zoned(..) => true,
        Expr::Cast(inner, _) => is_constant(inner),
        _ => false,
    }
}
