//! Joins of evaluated rows: ordinary SQL, and what a join may have multiplied adds up no more (rule 4).

use std::collections::BTreeSet;

use super::commas::conjuncts;
use super::joined::{Join, fixed};
use super::meaning::{Holds, Oracle, Rows};
use super::names::called;
use super::places::{place, resolved};
use super::scalar::{Answer, evaluate};
use super::tree::{Expr, From};
use super::value::Value;

impl Oracle<'_> {
    /// Evaluated rows joined.
    pub(crate) fn rows_joined(&self, join: &Join<'_>, one: Rows, other: Rows) -> Answer<Rows> {
        let middle = one.columns.len();
        let names = |rows: &Rows, from: &From| match rows.relations.is_empty() {
            true => vec![called(from).to_owned(); rows.columns.len()],
            false => rows.relations.clone(),
        };
        let mut all = Rows {
            columns: [one.columns.clone(), other.columns.clone()].concat(),
            relations: [names(&one, join.left), names(&other, join.right)].concat(),
            merged: one
                .merged
                .iter()
                .cloned()
                .chain(other.merged.iter().map(|(name, at)| (name.clone(), at + middle)))
                .collect(),
            chance: one.chance || other.chance,
            cut: one.cut || other.cut,
            ..Rows::default()
        };
        let on = join.on.as_ref();
        let on = on.map(|on| resolved(on, &|expr| place(expr, called(join.left), &all), &[])).transpose()?;
        all.refuse_absent(&[], &on.iter().collect::<Vec<_>>())?;
        all.told_apart(join.kind, on.as_ref(), &one, &other);
        all.rows = pairs(join.kind, on.as_ref(), &one, &other)?;
        all.merge(join, middle);
        Ok(all)
    }
}

fn at(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Name(parts) => parts[0].strip_prefix('#').and_then(|at| at.parse().ok()),
        _ => None,
    }
}

/// The rows that meet, and those that meet none where the join keeps them.
fn pairs(kind: &str, on: Option<&Expr>, one: &Rows, other: &Rows) -> Answer<Vec<Vec<Value>>> {
    let mut pairs = Vec::new();
    let mut met_on_right = BTreeSet::new();
    for row in &one.rows {
        let mut met = false;
        for (place, other) in other.rows.iter().enumerate() {
            let pair = [row.as_slice(), other].concat();
            let value = on
                .map_or(Ok(Value::Boolean(true)), |on| evaluate(on, &|part| at(part).map(|at| Ok(pair[at].clone()))))?;
            if value == Value::Boolean(true) {
                met = true;
                met_on_right.insert(place);
                pairs.push(pair);
            }
        }
        if matches!(kind, "LEFT JOIN" | "FULL JOIN") && !met {
            pairs.push([row.clone(), vec![Value::Null; other.columns.len()]].concat());
        }
    }
    if matches!(kind, "RIGHT JOIN" | "FULL JOIN") {
        let alone = other.rows.iter().enumerate().filter(|(place, _)| !met_on_right.contains(place));
        pairs.extend(alone.map(|(_, row)| [vec![Value::Null; one.columns.len()], row.clone()].concat()));
    }
    Ok(pairs)
}

impl Rows {
    /// What tells joined rows apart, and what they hold.
    fn told_apart(&mut self, kind: &str, on: Option<&Expr>, one: &Rows, other: &Rows) {
        let middle = one.columns.len();
        let side = |is_right: bool| -> BTreeSet<usize> {
            let column = |expr: &Expr| at(expr).filter(|at| (*at >= middle) == is_right);
            let mine = |expr: &Expr| expr.any(&mut |part| column(part).is_some());
            on.into_iter().flat_map(conjuncts).filter_map(|condition| fixed(condition, &column, &mine)).collect()
        };
        let theirs: Vec<BTreeSet<usize>> =
            other.unique.iter().map(|set| set.iter().map(|at| at + middle).collect()).collect();
        let right_once = theirs.iter().any(|set| set.is_subset(&side(true)));
        let left_once = one.unique.iter().any(|set| set.is_subset(&side(false)));
        // Where a side is NULL beside the rows of the other that meet none, its keys tell nothing apart.
        let (left_is_there, right_is_there) =
            (!matches!(kind, "RIGHT JOIN" | "FULL JOIN"), !matches!(kind, "LEFT JOIN" | "FULL JOIN"));
        self.unique.extend(one.unique.iter().filter(|_| right_once && left_is_there).cloned());
        self.unique.extend(theirs.iter().filter(|_| left_once && right_is_there).cloned());
        let pairs = one.unique.iter().flat_map(|mine| theirs.iter().map(move |other| mine | other));
        match kind {
            // The rows of either side are told apart, but one that has no left side may be as one that has no right side.
            "FULL JOIN" => self.perhaps.extend(pairs),
            _ => self.unique.extend(pairs),
        }
        for (at, (_, holds)) in self.columns.iter_mut().enumerate() {
            let once = if at < middle { right_once } else { left_once };
            if !once && *holds == Holds::Sum {
                *holds = Holds::Other;
            }
        }
    }

    /// What the bare names of USING stand for: in a FULL JOIN the value of the side that is there.
    fn merge(&mut self, join: &Join<'_>, middle: usize) {
        for name in join.using {
            let place =
                |from: usize| self.columns[from..].iter().position(|(known, _)| known == name).map(|at| from + at);
            let (Some(mine), Some(theirs)) = (place(0), place(middle)) else { continue };
            let merged = match join.kind {
                "FULL JOIN" => self.columns.len(),
                "RIGHT JOIN" => theirs,
                _ => mine,
            };
            if merged == self.columns.len() {
                let holds = self.columns[mine].1;
                self.columns.push((name.clone(), holds));
                self.relations.push(String::new());
                for row in &mut self.rows {
                    let value = if row[mine].is_null() { row[theirs].clone() } else { row[mine].clone() };
                    row.push(value);
                }
            }
            self.merged.push((name.clone(), merged));
        }
    }
}
