//! Joins: of a cube with rows that are dimensions to it (rule 5), and of evaluated rows (rule 4).

use std::collections::{BTreeMap, BTreeSet};

use super::meaning::{Beside, Holds, Lazy, Names, Oracle, Rows, Scope, Source, called};
use super::places::{place, resolved};
use super::scalar::{Answer, evaluate, refuse};
use super::tree::{Expr, From};
use super::value::Value;

impl<'a> Oracle<'a> {
    /// Two relations joined.
    pub(crate) fn joined(
        &self,
        kind: &'static str,
        left: &From,
        right: &From,
        on: Option<&Expr>,
        scope: &Scope,
        lazy: bool,
    ) -> Answer<Source<'a>> {
        let theirs = match self.from(right, scope, false)? {
            Source::Rows(rows) => rows,
            Source::Lazy(_) => return refuse("5", "a cube on the right of a join"),
        };
        match self.from(left, scope, lazy)? {
            Source::Rows(rows) => self.rows_joined(kind, left, right, (rows, theirs), on).map(Source::Rows),
            Source::Lazy(block) => {
                let itself = block.keys.is_none();
                match self.beside((kind, left, right), block, &theirs, on, scope)? {
                    Some(block) => Ok(Source::Lazy(block)),
                    None if itself => refuse("5", "a fact may meet several rows"),
                    None => match self.from(left, scope, false)? {
                        Source::Rows(rows) => self.rows_joined(kind, left, right, (rows, theirs), on).map(Source::Rows),
                        Source::Lazy(_) => refuse("5", "a fact may meet several rows"),
                    },
                }
            }
        }
    }

    /// A lazy block beside rows, of which a fact meets one at most.
    fn beside(
        &self,
        (kind, left, right): (&str, &From, &From),
        block: Lazy<'a>,
        rows: &Rows,
        on: Option<&Expr>,
        scope: &Scope,
    ) -> Answer<Option<Lazy<'a>>> {
        let at = block.beside.len();
        let mut joined = block;
        joined.beside.push(Beside { alias: called(right).to_owned(), rows: rows.clone(), met: BTreeMap::new() });
        let on = match on {
            Some(on) => Some(Names::of(left, &joined).resolved(on)?),
            None => None,
        };
        if on.as_ref().is_some_and(|on| joined.mentions_measure(on)) {
            return Ok(None);
        }
        let own = format!("${at}");
        let mine = |expr: &Expr| expr.any(&mut |part| matches!(part, Expr::Name(parts) if parts[0] == own));
        let column = |expr: &Expr| match expr {
            Expr::Name(parts) if parts.len() == 2 && parts[0] == own => {
                rows.columns.iter().position(|(name, _)| *name == parts[1])
            }
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
        if kind != "LEFT JOIN" {
            let met = &joined.beside[at].met;
            joined.facts.retain(|fact| met.contains_key(fact));
        }
        Ok(Some(joined))
    }

    /// Evaluated rows joined: what a join may have multiplied adds up no more.
    fn rows_joined(
        &self,
        kind: &str,
        left: &From,
        right: &From,
        (one, other): (Rows, Rows),
        on: Option<&Expr>,
    ) -> Answer<Rows> {
        let middle = one.columns.len();
        let names = |rows: &Rows, from: &From| match rows.relations.is_empty() {
            true => vec![called(from).to_owned(); rows.columns.len()],
            false => rows.relations.clone(),
        };
        let mut all = Rows {
            columns: [one.columns.clone(), other.columns.clone()].concat(),
            relations: [names(&one, left), names(&other, right)].concat(),
            chance: one.chance || other.chance,
            cut: one.cut || other.cut,
            ..Rows::default()
        };
        let on = on.map(|on| resolved(on, &|expr| place(expr, called(left), &all), &[])).transpose()?;
        let at = |expr: &Expr| match expr {
            Expr::Name(parts) => parts[0].strip_prefix('#').and_then(|at| at.parse::<usize>().ok()),
            _ => None,
        };
        let side = |is_right: bool| -> BTreeSet<usize> {
            let column = |expr: &Expr| at(expr).filter(|at| (*at >= middle) == is_right);
            let mine = |expr: &Expr| expr.any(&mut |part| column(part).is_some());
            on.iter().flat_map(conjuncts).filter_map(|condition| fixed(condition, &column, &mine)).collect()
        };
        let shifted = |set: &BTreeSet<usize>| set.iter().map(|at| at + middle).collect::<BTreeSet<usize>>();
        let theirs: Vec<BTreeSet<usize>> = other.unique.iter().map(shifted).collect();
        let right_once = theirs.iter().any(|set| set.is_subset(&side(true)));
        let left_once = one.unique.iter().any(|set| set.is_subset(&side(false)));
        let outer = kind == "LEFT JOIN";
        all.unique.extend(one.unique.iter().filter(|_| right_once).cloned());
        all.unique.extend(theirs.iter().filter(|_| left_once && !outer).cloned());
        all.unique.extend(one.unique.iter().flat_map(|mine| theirs.iter().map(move |other| mine | other)));
        for (at, (_, holds)) in all.columns.iter_mut().enumerate() {
            let once = if at < middle { right_once } else { left_once };
            if !once && *holds == Holds::Sum {
                *holds = Holds::Other;
            }
        }
        for row in &one.rows {
            let mut met = false;
            for other in &other.rows {
                let pair = [row.as_slice(), other].concat();
                let value = on.as_ref().map_or(Ok(Value::Boolean(true)), |on| {
                    evaluate(on, &|part| at(part).map(|at| Ok(pair[at].clone())))
                })?;
                if value == Value::Boolean(true) {
                    met = true;
                    all.rows.push(pair);
                }
            }
            if outer && !met {
                all.rows.push([row.clone(), vec![Value::Null; other.columns.len()]].concat());
            }
        }
        Ok(all)
    }
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Binary("AND", left, right) => [conjuncts(left), conjuncts(right)].concat(),
        other => vec![other],
    }
}

/// The column that an equality fixes, if what stands on its other side names nothing of the same rows.
fn fixed(condition: &Expr, column: &dyn Fn(&Expr) -> Option<usize>, mine: &dyn Fn(&Expr) -> bool) -> Option<usize> {
    let Expr::Binary("=", left, right) = condition else { return None };
    column(left).filter(|_| !mine(right)).or_else(|| column(right).filter(|_| !mine(left)))
}

impl Lazy<'_> {
    /// A column of what a fact meets; NULL where it meets nothing.
    pub(crate) fn column_beside(&self, fact: usize, parts: &[String]) -> Value {
        let beside = parts[0].strip_prefix('$').and_then(|at| at.parse::<usize>().ok()).map(|at| &self.beside[at]);
        let found = beside.and_then(|beside| {
            let column = beside.rows.columns.iter().position(|(name, _)| *name == parts[1])?;
            Some(beside.rows.rows[*beside.met.get(&fact)?][column].clone())
        });
        found.unwrap_or(Value::Null)
    }
}
