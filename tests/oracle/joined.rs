//! A cube, or a block that stays lazy, in a join: what it is joined with are dimensions to it (rule 5).

use std::collections::{BTreeMap, BTreeSet};

use super::commas::conjuncts;
use super::meaning::{Beside, Lazy, Oracle, Rows, Scope, Source};
use super::names::{Names, called};
use super::scalar::{Answer, MAY, Refusal, refuse};
use super::tree::{Expr, From, On};
use super::value::Value;

/// A join, as it is written.
pub(crate) struct Join<'j> {
    pub(crate) kind: &'static str,
    pub(crate) left: &'j From,
    pub(crate) right: &'j From,
    /// The condition, that of USING too.
    pub(crate) on: Option<Expr>,
    /// The names of USING.
    pub(crate) using: &'j [String],
}

impl<'j> Join<'j> {
    pub(crate) fn of(kind: &'static str, left: &'j From, right: &'j From, on: &'j On) -> Self {
        let using = match on {
            On::Using(names, _) => names.as_slice(),
            _ => &[],
        };
        let of = |side: &From, name: &String| Expr::Name(vec![called(side).to_owned(), name.clone()]);
        let equal = |name: &String| Expr::binary("=", of(left, name), of(right, name));
        let on = match on {
            On::Condition(on) => Some(on.clone()),
            On::Using(_, more) => {
                using.iter().map(equal).chain(more.clone()).reduce(|all, one| Expr::binary("AND", all, one))
            }
            On::Nothing => None,
        };
        Self { kind, left, right, on, using }
    }
}

impl<'a> Oracle<'a> {
    /// Two relations joined: either stays lazy in an inner join, the left one in a LEFT JOIN.
    pub(crate) fn joined(&self, join: &Join<'_>, scope: &Scope, lazy: bool) -> Answer<Source<'a>> {
        let Join { kind, left, right, .. } = *join;
        let inner = matches!(kind, "JOIN" | "CROSS JOIN");
        // Equalities of a further inner join may show that a fact meets one row of all of them together.
        if inner
            && matches!(left, From::Join("JOIN" | "CROSS JOIN", ..))
            && let Err(Refusal { rule: "5", why }) = self.from(left, scope, lazy)
        {
            return refuse(MAY, why);
        }
        let mut is_lazy = false;
        if (inner || kind == "LEFT JOIN")
            && let Source::Lazy(block) = self.from(left, scope, lazy)?
        {
            is_lazy = true;
            if let Source::Rows(rows) = self.from(right, scope, false)?
                && let Some(block) = self.beside(join, (left, block), (right, &rows), scope)?
            {
                return Ok(Source::Lazy(block));
            }
        }
        // Of two blocks that could stay lazy it is the first that does, or none.
        if inner
            && let Source::Lazy(block) = self.from(right, scope, lazy)?
            && (!is_lazy || block.keys.is_none())
            && let Source::Rows(rows) = self.from(left, scope, false)?
            && let Some(block) = self.beside(join, (right, block), (left, &rows), scope)?
        {
            return Ok(Source::Lazy(Lazy { called: Some(called(right).to_owned()), ..block }));
        }
        match (self.from(left, scope, false)?, self.from(right, scope, false)?) {
            (Source::Rows(one), Source::Rows(other)) => self.rows_joined(join, one, other).map(Source::Rows),
            _ => refuse("5", "a cube in a join in which a fact may meet several rows"),
        }
    }

    /// A lazy block beside rows, of which a fact meets one at most.
    fn beside(
        &self,
        join: &Join<'_>,
        (own, block): (&From, Lazy<'a>),
        (other, rows): (&From, &Rows),
        scope: &Scope,
    ) -> Answer<Option<Lazy<'a>>> {
        let at = block.beside.len();
        let mut joined = block;
        let (alias, using) = (called(other).to_owned(), join.using.to_vec());
        joined.beside.push(Beside { alias, rows: rows.clone(), using, met: BTreeMap::new() });
        let on = join.on.as_ref().map(|on| Names::of(own, &joined).resolved(on)).transpose()?;
        if on.as_ref().is_some_and(|on| joined.mentions_measure(on)) {
            return Ok(None);
        }
        let theirs = format!("${at}");
        let mine = |expr: &Expr| expr.any(&mut |part| matches!(part, Expr::Name(parts) if parts[0] == theirs));
        let column = |expr: &Expr| match expr {
            Expr::Name(parts) if parts.len() == 2 && parts[0] == theirs => parts[1].parse().ok(),
            _ => None,
        };
        let fixed: BTreeSet<usize> =
            on.iter().flat_map(conjuncts).filter_map(|condition| fixed(condition, &column, &mine)).collect();
        if !rows.unique.iter().any(|set| set.is_subset(&fixed)) {
            return Ok(None);
        }
        for fact in joined.facts.clone() {
            for row in 0..rows.rows.len() {
                joined.beside[at].met.insert(fact, row);
                let meets = on.as_ref().map_or(Ok(Value::Boolean(true)), |on| self.fact(&joined, fact, on, scope))?;
                if meets == Value::Boolean(true) {
                    break;
                }
                joined.beside[at].met.remove(&fact);
            }
        }
        if join.kind != "LEFT JOIN" {
            let met = &joined.beside[at].met;
            joined.facts.retain(|fact| met.contains_key(fact));
        }
        Ok(Some(joined))
    }
}

/// The column that an equality fixes, if what stands on its other side names nothing of the same rows.
pub(crate) fn fixed(
    condition: &Expr,
    column: &dyn Fn(&Expr) -> Option<usize>,
    mine: &dyn Fn(&Expr) -> bool,
) -> Option<usize> {
    let Expr::Binary("=" | "IS NOT DISTINCT FROM", left, right) = condition else { return None };
    column(left).filter(|_| !mine(right)).or_else(|| column(right).filter(|_| !mine(left)))
}

impl Lazy<'_> {
    /// A column of what a fact meets; NULL where it meets nothing.
    pub(crate) fn column_beside(&self, fact: usize, parts: &[String]) -> Value {
        let beside = parts[0].strip_prefix('$').and_then(|at| at.parse::<usize>().ok()).map(|at| &self.beside[at]);
        let found = beside.and_then(|beside| {
            let column: usize = parts[1].parse().ok()?;
            Some(beside.rows.rows[*beside.met.get(&fact)?][column].clone())
        });
        found.unwrap_or(Value::Null)
    }
}
