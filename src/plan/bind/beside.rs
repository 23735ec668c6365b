//! A cube in a JOIN (semantics, rule 5): what stands beside it is joined to its facts, at most one row to each, and its
//! columns are dimensions of the block. Whatever could multiply the facts is no such join.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, Select, TableFactor, TableWithJoins, Value,
    visit_expressions,
};

use crate::error::{Error, Result};
use crate::sql::{self, fold};

use super::super::ast;
use super::super::relation::{Lineage, Relation};
use super::Binder;
use super::instant;
use super::items::Names;
use super::joins::{equality, looked_up, using};
use super::measure::unwrapped;
use super::plain::Plain;

/// A relation beside a cube.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    /// What it is called.
    pub(super) alias: String,
    /// What it is planned as; the columns of no other relation are called so.
    pub(super) planned: String,
    /// The names of its columns.
    pub(super) columns: Vec<String>,
    /// Those of them that USING makes one with the cube's.
    pub(super) shared: Vec<String>,
    /// What those of them hold that a cube has computed.
    held: Vec<(String, Lineage)>,
    /// What is joined, bound.
    factor: TableFactor,
    /// Whether facts that meet no row stay.
    left: bool,
    /// The conditions, over the cube and what stands beside it.
    pub(super) on: Vec<Expr>,
}

impl Beside {
    /// A part of a mark: with a condition, facts that meet nothing stay; without one it is a single row.
    pub(super) fn mark(factor: TableFactor, name: String, columns: Vec<String>, on: Option<Vec<Expr>>) -> Self {
        Self {
            alias: name.clone(),
            planned: name,
            // No bare name means them.
            shared: columns.clone(),
            columns,
            held: Vec::new(),
            factor,
            left: on.is_some(),
            on: on.unwrap_or_default(),
        }
    }

    /// What one of its columns holds. Many facts may meet a row of it, so that sums add up no more.
    pub(super) fn holds(&self, column: &str) -> Lineage {
        let found = self.held.iter().find(|(name, _)| name == column);
        found.map_or(Lineage::Free, |(_, lineage)| lineage.clone())
    }

    /// Whether it is a part of a mark, which no name means.
    pub(super) fn is_mark(&self) -> bool {
        self.columns.iter().all(|column| self.shared.contains(column))
    }

    /// What its columns are equal to.
    pub(super) fn sought(&self) -> Vec<Expr> {
        let own = |expr: &Expr| matches!(expr, Expr::CompoundIdentifier(parts) if parts.first().is_some_and(|name| name.value == self.planned));
        let sides = self.on.iter().filter_map(equality);
        sides.map(|(left, right)| if own(left) { right.clone() } else { left.clone() }).collect()
    }

    /// A column of it.
    pub(super) fn column(&self, name: &str) -> Option<Expr> {
        self.columns.iter().any(|known| known == name).then(|| ast::column_of(&self.planned, name))
    }

    /// The join of the star's facts to it.
    pub(super) fn join(&self, on: Vec<Expr>) -> Join {
        let join_operator = match (ast::all(on), self.left) {
            (Some(on), true) => JoinOperator::Left(JoinConstraint::On(on)),
            (Some(on), false) => JoinOperator::Inner(JoinConstraint::On(on)),
            (None, true) => JoinOperator::Left(JoinConstraint::On(Expr::value(Value::Boolean(true)))),
            (None, false) => JoinOperator::CrossJoin(JoinConstraint::None),
        };
        Join { relation: self.factor.clone(), global: false, join_operator }
    }
}

/// What a relation after FROM is joined by; none where a comma, or nothing, stands before it.
type Place<'s> = (&'s TableFactor, Option<&'s JoinOperator>);

impl<'a> Binder<'a> {
    /// The cube, or plain block, among several relations after FROM, with what stands beside it; none where nothing is
    /// one, or where it has to be evaluated first.
    pub(super) fn plain_in_join(&mut self, select: &Select, asked: bool) -> Result<Option<Plain<'a>>> {
        let mut places: Vec<Place<'_>> = Vec::new();
        for TableWithJoins { relation, joins } in &select.from {
            places.push((relation, None));
            places.extend(joins.iter().map(|join| (&join.relation, Some(&join.join_operator))));
        }
        let mut found: Option<(usize, Plain<'a>)> = None;
        for (at, (factor, _)) in places.iter().enumerate() {
            let Some(plain) = self.plain_factor(factor, asked)? else { continue };
            let better = found.as_ref().is_none_or(|(_, known)| known.keys.is_some() && plain.keys.is_none());
            if let Some((_, known)) = found.as_ref().filter(|(_, known)| known.keys.is_none() && plain.keys.is_none()) {
                return Err(Error::invalid(format!(
                    "the cubes '{}' and '{}' cannot be joined row by row; ask each at the grouping you need, and join \
                     the results: FROM (SELECT … FROM {} GROUP BY …) a JOIN (SELECT … FROM {} GROUP BY …) b ON …",
                    known.cube.name, plain.cube.name, known.cube.name, plain.cube.name
                )));
            }
            if better {
                found = Some((at, plain));
            }
        }
        let Some((at, mut plain)) = found else { return Ok(None) };
        let itself = plain.keys.is_none();
        if !itself && !asked {
            return Ok(None);
        }
        let told = self.told.take();
        let beside = self.beside(&mut plain, at, &places, select);
        self.told = told;
        match beside? {
            None => Ok(Some(plain)),
            Some(why) if itself => Err(why),
            Some(_) => Ok(None),
        }
    }

    /// Puts the other relations beside the one at a place, or tells why they cannot stand there.
    fn beside(
        &mut self,
        plain: &mut Plain<'a>,
        at: usize,
        places: &[Place<'_>],
        select: &Select,
    ) -> Result<Option<Error>> {
        let cube = plain.cube.name.clone();
        let kept = |operator: &Option<&JoinOperator>| {
            !matches!(
                operator,
                None | Some(JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_))
            )
        };
        let mut uniques = Vec::new();
        for (place, (factor, operator)) in places.iter().enumerate().filter(|(place, _)| *place != at) {
            let left = matches!(operator, Some(JoinOperator::Left(_) | JoinOperator::LeftOuter(_)));
            if kept(operator) && (!left || place < at) {
                return Ok(Some(refused(&cube, Some(&known_as(factor)), "it keeps rows that meet no fact", false)));
            }
            let mut factor = (*factor).clone();
            if matches!(factor, TableFactor::NestedJoin { .. }) {
                let why = "joins in brackets cannot stand there";
                return Ok(Some(refused(&cube, Some(&known_as(&factor)), why, false)));
            }
            let (alias, relation) = self.relation(&mut factor)?;
            self.planned += 1;
            plain.beside.push(Beside {
                alias,
                planned: format!("$b{}", self.planned),
                columns: relation.columns.iter().map(|column| column.name.clone()).collect(),
                shared: operator.map(using).unwrap_or_default(),
                held: held(&relation),
                factor: ast::renamed(factor, &format!("$b{}", self.planned)),
                left,
                on: Vec::new(),
            });
            uniques.push((place, relation));
        }
        for name in places[at].1.map(using).unwrap_or_default() {
            let mut before =
                plain.beside.iter_mut().skip(plain.within).zip(&uniques).filter(|(_, (place, _))| *place < at);
            if let Some((beside, _)) = before.find(|(beside, _)| beside.columns.contains(&name)) {
                beside.shared.push(name);
            }
        }
        if kept(&places[at].1) {
            return Ok(Some(refused(&cube, None, "rows that meet no fact would be kept", false)));
        }
        self.conditions(plain, at, places, select, &uniques)
    }

    /// Reads the conditions of the joins, and sees that each lets a fact meet one row at most.
    fn conditions(
        &self,
        plain: &mut Plain<'a>,
        at: usize,
        places: &[Place<'_>],
        select: &Select,
        uniques: &[(usize, Relation)],
    ) -> Result<Option<Error>> {
        let names = self.names(plain);
        let mut on: Vec<Vec<Expr>> = vec![Vec::new(); uniques.len()];
        for (place, (_, operator)) in places.iter().enumerate() {
            let Some(operator) = operator else { continue };
            // The condition before the cube itself belongs to what stands before it.
            let of =
                uniques.iter().position(|(other, _)| *other == if place == at { at.saturating_sub(1) } else { place });
            let Some(list) = of.and_then(|of| on.get_mut(of)) else { continue };
            for condition in written(&names, operator)? {
                if let Some(measure) = names.mentioned_measure(&condition) {
                    let why = format!("a condition asks for the measure '{}'", measure.name);
                    return Ok(Some(refused(&plain.cube.name, None, &why, false)));
                }
                list.push(looked_up(condition));
            }
        }
        let filter: Vec<Expr> = match &select.selection {
            Some(selection) => ast::conjuncts(names.normalised(selection)?),
            None => Vec::new(),
        };
        let own: &[Beside] = plain.beside.get(plain.within..).unwrap_or_default();
        let inner: Vec<&Expr> = own.iter().zip(&on).filter(|(beside, _)| !beside.left).flat_map(|(_, of)| of).collect();
        // What the facts determine determines others in turn, but nothing determines itself in a circle.
        let mut open: Vec<usize> = (0..own.len()).collect();
        loop {
            let unknown: Vec<&str> = open.iter().map(|at| own[*at].planned.as_str()).collect();
            let is_open = |at: &usize| {
                let (beside, (_, relation)) = (&own[*at], &uniques[*at]);
                // Of an inner join WHERE leaves what ON would.
                let of_filter = if beside.left { &[] } else { filter.as_slice() };
                let others = inner.iter().copied().filter(|_| !beside.left);
                let asked =
                    |condition: &Expr| open.iter().any(|at| asks_for(condition, &own[*at].alias, &uniques[*at].1));
                let named =
                    own.iter().map(|beside| beside.planned.as_str()).zip(uniques.iter().map(|(_, known)| known));
                let clock = |one: &Expr| {
                    let sides = equality(one).map_or([one, one], |(left, right)| [left, right]);
                    sides.into_iter().any(|side| names.is_clock(side)) || shows_clock(one, named.clone())
                };
                let fixed: Vec<&str> = on[*at]
                    .iter()
                    .chain(of_filter)
                    .chain(others)
                    .filter(|one| !asked(one))
                    .filter_map(|one| {
                        let name = fixed_column(one, &beside.planned, &unknown)?;
                        let dated = || relation.column(name).is_some_and(|column| column.date);
                        // Two instants of a table may show one wall clock.
                        (relation.cube || !clock(one) || dated()).then_some(name)
                    })
                    .collect();
                !relation.unique.iter().any(|set| set.iter().all(|name| fixed.contains(&name.as_str())))
            };
            let left: Vec<usize> = open.iter().copied().filter(is_open).collect();
            match left.first() {
                None => break,
                Some(first) if left.len() == open.len() => {
                    let why = "nothing says that a fact meets no more than one of its rows";
                    return Ok(Some(refused(&plain.cube.name, Some(&own[*first].alias), why, true)));
                }
                Some(_) => open = left,
            }
        }
        for (beside, own) in plain.beside.iter_mut().skip(plain.within).zip(on) {
            beside.on = own;
        }
        Ok(None)
    }
}

/// The conditions of a join, spelled out.
fn written(names: &Names<'_>, operator: &JoinOperator) -> Result<Vec<Expr>> {
    match sql::constraint(operator) {
        Some(JoinConstraint::On(on)) => {
            let conditions = ast::conjuncts(names.normalised(on)?);
            if conditions.iter().any(ast::holds_query) {
                return Err(Error::invalid("a query in ON of a join with a cube is not supported; write it in WHERE"));
            }
            Ok(conditions)
        }
        Some(JoinConstraint::Using(_)) => {
            let equal = |name: String| {
                let theirs = names
                    .beside
                    .iter()
                    .find(|beside| beside.shared.contains(&name))
                    .and_then(|beside| beside.column(&name));
                let missing = || Error::invalid(format!("USING ({name}) names a column that one side lacks"));
                let ours = names.visible(&name).ok_or_else(missing)?;
                Ok(ast::binary(ours, BinaryOperator::Eq, theirs.ok_or_else(missing)?))
            };
            using(operator).into_iter().map(equal).collect()
        }
        _ => Ok(Vec::new()),
    }
}

/// Whether an equality holds a clock of what stands beside the cube, or one that it computes itself.
fn shows_clock<'r>(condition: &Expr, beside: impl Iterator<Item = (&'r str, &'r Relation)> + Clone) -> bool {
    let column = |inner: &Expr| match inner {
        Expr::CompoundIdentifier(parts) => {
            let [of, name] = parts.as_slice() else { return false };
            let clock = |relation: &Relation| relation.column(&name.value).is_some_and(|column| column.clock);
            beside.clone().any(|(planned, relation)| planned == of.value && clock(relation))
        }
        _ => false,
    };
    let Some((left, right)) = equality(condition) else { return ast::any(condition, column) };
    [left, right].into_iter().any(|side| instant::computes_clock(side) || instant::may_show(side, column))
}

/// Whether a query within a condition may name columns of a relation around it.
fn asks_for(condition: &Expr, alias: &str, relation: &Relation) -> bool {
    let named = visit_expressions(condition, |inner| {
        let names = match inner {
            Expr::CompoundIdentifier(parts) => parts.iter().rev().nth(1).is_some_and(|part| fold(part) == alias),
            Expr::Identifier(name) => relation.column(&fold(name)).is_some(),
            _ => false,
        };
        if names { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    ast::holds_query(condition) && named.is_break()
}

/// The column of a relation that a condition fixes by what names nothing of those that are not determined.
fn fixed_column<'e>(condition: &'e Expr, planned: &str, unknown: &[&str]) -> Option<&'e str> {
    let (left, right) = equality(condition)?;
    let column = |expr: &'e Expr| match unwrapped(expr) {
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [relation, name] if relation.value == planned => Some(name.value.as_str()),
            _ => None,
        },
        _ => None,
    };
    let free = |expr: &Expr| {
        !ast::any(
            expr,
            |inner| matches!(inner, Expr::CompoundIdentifier(parts) if parts.first().is_some_and(|first| unknown.contains(&first.value.as_str()))),
        )
    };
    column(left).filter(|_| free(right)).or_else(|| column(right).filter(|_| free(left)))
}

/// What people call a relation after FROM.
fn known_as(factor: &TableFactor) -> String {
    match factor {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            fold(&alias.name)
        }
        other => other.to_string(),
    }
}

/// The refusal of a join; another block may help where it is only its keys that are not told.
fn refused(cube: &str, other: Option<&str>, why: &str, keyless: bool) -> Error {
    let what = match other {
        Some(other) => format!("be joined with '{}'", other.chars().take(60).collect::<String>()),
        None => "be joined like that".to_owned(),
    };
    let keyed = match keyless {
        true => "join a block that has one row for each key: JOIN (SELECT … GROUP BY the keys) AS t ON …, or ",
        false => "",
    };
    Error::invalid(format!(
        "the cube '{cube}' cannot {what}: {why}, and its measures would count facts twice or not at all; {keyed}ask the \
         cube first: FROM (SELECT … FROM {cube} GROUP BY …) AS c JOIN …"
    ))
}

/// What the columns of a relation hold that a cube has computed, once facts have met its rows.
fn held(relation: &Relation) -> Vec<(String, Lineage)> {
    let met = relation.columns.iter().cloned().map(|mut column| {
        column.merge();
        (column.name, column.lineage)
    });
    met.filter(|(_, lineage)| lineage.measure().is_some()).collect()
}
