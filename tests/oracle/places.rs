//! Names of ordinary SQL: columns by their place in the source, `#0` and on, and aliases.

use super::meaning::{Rows, holds_call, holds_window};
use super::scalar::{Answer, Refusal, refuse};
use super::tree::{Expr, Query};
use super::value::Value;

pub(super) fn placed(at: usize) -> Expr {
    Expr::Name(vec![format!("#{at}")])
}

/// The place of a column in the source.
pub(super) fn place(expr: &Expr, alias: &str, source: &Rows) -> Option<usize> {
    let Expr::Name(parts) = expr else { return None };
    let name = match parts.as_slice() {
        [name] => name,
        [relation, name] if relation == alias || source.relations.contains(relation) => name,
        _ => return None,
    };
    if let [name] = parts.as_slice()
        && let Some((_, at)) = source.merged.iter().find(|(known, _)| known == name)
    {
        return Some(*at);
    }
    let relation = parts.first().filter(|_| parts.len() == 2);
    let of = |at: usize| relation.is_none_or(|relation| source.relations.get(at).is_none_or(|own| own == relation));
    let mut found = (0..source.columns.len()).filter(|at| source.columns[*at].0 == *name && of(*at));
    let first = found.next()?;
    // A bare name may not name a column of another relation as well.
    let ambiguous = relation.is_none() && found.any(|at| source.relations.get(at) != source.relations.get(first));
    (!ambiguous).then_some(first)
}

pub(super) fn resolved(
    expr: &Expr,
    place: &dyn Fn(&Expr) -> Option<usize>,
    aliases: &[(String, Expr)],
) -> Answer<Expr> {
    fn walk(
        expr: &Expr,
        place: &dyn Fn(&Expr) -> Option<usize>,
        aliases: &[(String, Expr)],
        wrong: &mut Option<Refusal>,
    ) -> Expr {
        if let Expr::Name(parts) = expr {
            let alias = || aliases.iter().find(|(name, _)| parts.len() == 1 && *name == parts[0]);
            return match (place(expr), alias()) {
                (Some(at), _) => placed(at),
                (None, Some((_, expr))) => expr.clone(),
                (None, None) => {
                    *wrong = refuse::<()>("SQL", format!("unknown name {expr}")).err();
                    expr.clone()
                }
            };
        }
        expr.map(&mut |part| walk(part, place, aliases, wrong))
    }
    let mut wrong = None;
    let expr = walk(expr, place, aliases, &mut wrong);
    wrong.map_or(Ok(expr), Err)
}

pub(super) fn keys(
    written: &[Expr],
    exprs: &[Expr],
    names: &[String],
    aliases: &[(String, Expr)],
    source: &Rows,
    place: &dyn Fn(&Expr) -> Option<usize>,
) -> Answer<Vec<Expr>> {
    let mut keys = Vec::new();
    for key in written {
        let found = match key {
            Expr::Literal(Value::Integer(at)) => match exprs.get(usize::try_from(*at - 1).unwrap_or(usize::MAX)) {
                Some(expr) => expr.clone(),
                None => return refuse("SQL", format!("GROUP BY {at} of {}", names.len())),
            },
            other => resolved(other, place, aliases)?,
        };
        let two_meanings = |(name, expr): &(String, Expr)| {
            Expr::name(name) == *key && source.columns.iter().any(|(known, _)| known == name) && *expr != found
        };
        if aliases.iter().any(two_meanings) {
            return refuse("9", format!("{key} means two things"));
        }
        if holds_call(&found) || holds_window(&found) {
            return refuse("SQL", format!("{found} in GROUP BY"));
        }
        keys.push(found);
    }
    Ok(keys)
}

pub(super) fn order(
    query: &Query,
    exprs: &[Expr],
    aliases: &[(String, Expr)],
    place: &dyn Fn(&Expr) -> Option<usize>,
) -> Answer<Vec<(Expr, bool, Option<bool>)>> {
    let mut order = Vec::new();
    for item in &query.order {
        let alias = aliases.iter().find(|(name, _)| Expr::name(name) == item.expr);
        let expr = match (&item.expr, alias) {
            (Expr::Literal(Value::Integer(at)), _) => match exprs.get(usize::try_from(*at - 1).unwrap_or(usize::MAX)) {
                Some(expr) => expr.clone(),
                None => return refuse("SQL", format!("ORDER BY {at}")),
            },
            (_, Some((_, expr))) => expr.clone(),
            (other, None) => resolved(other, place, aliases)?,
        };
        order.push((expr, item.descending, item.nulls_first));
    }
    Ok(order)
}
