//! Grouping sets (semantics, rule 8): ROLLUP, CUBE and GROUPING SETS spelled out as the sets of keys that they stand for.
//! Each level is computed from the facts, never from another level; its rows are told apart by the keys together with
//! GROUPING(), and nothing in them adds up.

use datafusion::sql::sqlparser::ast::{DataType, Expr, Function, GroupByExpr};

use crate::error::{Error, Result};
use crate::sql::APART;

use super::super::ast;
use super::measure::{Evaluation, unwrapped};

/// How many levels a statement may ask for at once.
const LEVELS: usize = 256;

/// The sets of keys, as they are written, that a GROUP BY stands for; none where it is a plain one.
///
/// # Errors
/// Invalid: too many levels, or sets within sets.
pub(super) fn spelled_out(group_by: &GroupByExpr) -> Result<Option<Vec<Vec<Expr>>>> {
    let GroupByExpr::Expressions(written, _) = group_by else { return Ok(None) };
    if !written.iter().any(is_sets) {
        return Ok(None);
    }
    let mut all: Vec<Vec<Expr>> = vec![Vec::new()];
    for part in written {
        let levels = match part {
            Expr::Rollup(parts) => (0..=parts.len()).rev().map(|length| parts[..length].concat()).collect(),
            Expr::Cube(parts) => subsets(parts)?,
            Expr::GroupingSets(sets) => sets.clone(),
            Expr::Tuple(none) if none.is_empty() => vec![Vec::new()],
            plain => vec![vec![plain.clone()]],
        };
        refuse_many(all.len() * levels.len())?;
        all = all.iter().flat_map(|set| levels.iter().map(|level| [set.as_slice(), level].concat())).collect();
    }
    if all.iter().flatten().any(|key| ast::any(key, is_sets)) {
        return Err(Error::invalid(
            "grouping sets within grouping sets; write out the sets: GROUPING SETS ((a, b), (a), ())",
        ));
    }
    Ok(Some(all))
}

fn is_sets(expr: &Expr) -> bool {
    match expr {
        Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_) => true,
        // The one level of all rows.
        Expr::Tuple(parts) => parts.is_empty(),
        _ => false,
    }
}

fn subsets(parts: &[Vec<Expr>]) -> Result<Vec<Vec<Expr>>> {
    refuse_many(1_usize.checked_shl(u32::try_from(parts.len()).unwrap_or(u32::MAX)).unwrap_or(usize::MAX))?;
    let of = |mask: usize| {
        let chosen = parts.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
        chosen.flat_map(|(_, part)| part.clone()).collect()
    };
    Ok((0..1_usize << parts.len()).rev().map(of).collect())
}

fn refuse_many(levels: usize) -> Result<()> {
    if levels > LEVELS {
        return Err(Error::invalid(format!(
            "GROUP BY asks for more than {LEVELS} levels at once; name those that you need: GROUPING SETS ((a, b), (a), ())"
        )));
    }
    Ok(())
}

/// A key of levels, after others. DataFusion takes keys that are one expression for one key, so that a level with the one
/// would be a level with the other; they may become one when expressions are simplified.
pub(super) fn told_apart(key: Expr, others: &[Expr]) -> Expr {
    let plain = |expr: &Expr| matches!(unwrapped(expr), Expr::CompoundIdentifier(_));
    let may_be_one = |other: &Expr| *other == key || !(plain(other) || plain(&key));
    match others.iter().any(may_be_one) {
        true => Expr::Function(ast::call(APART, vec![key])),
        false => key,
    }
}

/// What the inner query calls GROUPING of a key.
pub(super) fn grouping_name(at: usize) -> String {
    format!("$g{at}")
}

/// `GROUPING(key)`.
pub(super) fn grouping_of(key: Expr) -> Expr {
    whole(Expr::Function(ast::call("grouping", vec![key])))
}

/// GROUPING as every other count: DataFusion's is of 32 bits.
pub(super) fn whole(grouping: Expr) -> Expr {
    ast::cast(grouping, DataType::BigInt(None))
}

/// Whether a call is GROUPING.
pub(super) fn is_grouping(function: &Function) -> bool {
    function.over.is_none() && ast::function_name(function).as_deref() == Some("grouping")
}

impl Evaluation<'_> {
    /// GROUP BY the block's keys as they are called in some query, or its sets of them.
    pub(super) fn group_by(&self, keys: Vec<Expr>) -> GroupByExpr {
        let keys = match &self.sets {
            Some(sets) => {
                let keys_of = |set: &Vec<usize>| set.iter().filter_map(|at| keys.get(*at).cloned()).collect();
                vec![Expr::GroupingSets(sets.iter().map(keys_of).collect())]
            }
            None => keys,
        };
        GroupByExpr::Expressions(keys, Vec::new())
    }

    /// Whether two levels are the same, so that their rows are told apart by nothing.
    pub(super) fn has_level_twice(&self) -> bool {
        let same =
            |one: &[usize], other: &[usize]| one.len() == other.len() && one.iter().all(|key| other.contains(key));
        self.sets.iter().any(|sets| (1..sets.len()).any(|at| sets[..at].iter().any(|set| same(set, &sets[at]))))
    }

    /// `GROUPING(k, …)` of the block's keys: a bit for each, 1 where the row is of a level without it.
    pub(super) fn grouping(&self, function: &Function) -> Result<Expr> {
        let arguments = ast::arguments(function).filter(|arguments| !arguments.is_empty()).unwrap_or_default();
        let mut bits = ast::number(0);
        for argument in &arguments {
            let at = self.keys.iter().position(|key| unwrapped(key) == unwrapped(argument)).ok_or_else(|| {
                Error::invalid(format!(
                    "GROUPING() takes keys of GROUP BY, and '{}' is none",
                    self.names.shown(argument)
                ))
            })?;
            let bit = if self.sets.is_some() { ast::column(&grouping_name(at)) } else { ast::number(0) };
            bits = match arguments.len() {
                1 => bit,
                _ => ast::doubled_and(bits, bit),
            };
        }
        if arguments.is_empty() {
            return Err(Error::invalid("GROUPING() takes keys of GROUP BY"));
        }
        Ok(bits)
    }

    /// Whether an expression is GROUPING of the key alone.
    pub(super) fn is_grouping_of(expr: &Expr, key: &Expr) -> bool {
        let Expr::Function(function) = unwrapped(expr) else { return false };
        let arguments = ast::arguments(function).unwrap_or_default();
        is_grouping(function) && matches!(arguments.as_slice(), [argument] if unwrapped(argument) == unwrapped(key))
    }
}
