//! Joins in ordinary SQL, for whoever adds up what cubes have computed (semantics, rule 4): which rows a join may have
//! multiplied, and what tells the joined rows apart.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, JoinOperator};

use crate::sql::{self, fold};

use super::super::ast;
use super::super::relation::Column;
use super::instant;
use super::measure::unwrapped;
use super::summand::is_constant;
use super::sums::Named;
use super::using::Merged;

/// How many unique sets of a join are kept.
const SETS: usize = 16;

/// The relations after FROM as far as they are joined.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) sources: Vec<Named>,
    /// Sets of columns that tell the rows apart.
    pub(super) unique: Vec<BTreeSet<Identity>>,
    /// What columns that USING made one stand for.
    pub(super) merged: Vec<Merged>,
}

/// What a column is: the place of its relation among those at hand, and its name.
pub(super) type Identity = (usize, String);

/// The place of a relation and the column of it that an expression plainly names.
pub(super) fn found<'s>(sources: &'s [Named], expr: &Expr) -> Option<(usize, &'s Column)> {
    let mut places = sources.iter().enumerate();
    match expr {
        Expr::Nested(inner) => found(sources, inner),
        Expr::Identifier(name) => {
            let name = fold(name);
            places.find_map(|(at, (_, relation))| Some((at, relation.column(&name)?)))
        }
        Expr::CompoundIdentifier(parts) => {
            let [.., relation, name] = parts.as_slice() else { return None };
            let (relation, name) = (fold(relation), fold(name));
            let (at, (_, relation)) = places.find(|(_, (alias, _))| *alias == relation)?;
            Some((at, relation.column(&name)?))
        }
        _ => None,
    }
}

/// Which rows a kind of join keeps although they meet none.
struct Kept {
    left: bool,
    right: bool,
}

impl Joined {
    /// One relation.
    pub(super) fn of(source: Named) -> Self {
        let sets = source.1.unique.iter().map(|set| set.iter().map(|name| (0, name.clone())).collect());
        Self { unique: sets.collect(), sources: vec![source], merged: Vec::new() }
    }

    /// Joins what stands further on, `conditions` among which hold for every pair that meets.
    pub(super) fn join(&mut self, mut right: Self, operator: Option<&JoinOperator>, conditions: &[Expr]) {
        let kept = match operator {
            Some(JoinOperator::Left(_) | JoinOperator::LeftOuter(_)) => Kept { left: true, right: false },
            Some(JoinOperator::Right(_) | JoinOperator::RightOuter(_)) => Kept { left: false, right: true },
            Some(JoinOperator::FullOuter(_)) => Kept { left: true, right: true },
            _ => Kept { left: false, right: false },
        };
        let middle = self.sources.len();
        let own = std::mem::take(&mut self.unique);
        let mut all = std::mem::take(&mut self.sources);
        all.append(&mut right.sources);
        let moved = |set: BTreeSet<Identity>| set.into_iter().map(|(place, name)| (place + middle, name)).collect();
        right.unique = right.unique.into_iter().map(moved).collect();
        self.merged.extend(right.merged.into_iter().map(|merged| merged.moved(middle)));
        let fixed = |side: &dyn Fn(usize) -> bool| -> BTreeSet<Identity> {
            conditions.iter().flat_map(|condition| fixed_columns(&all, condition, side)).collect()
        };
        let met = |sets: &[BTreeSet<Identity>], fixed: &BTreeSet<Identity>| sets.iter().any(|set| set.is_subset(fixed));
        let right_once = met(&right.unique, &fixed(&|place| place >= middle));
        let left_once = met(&own, &fixed(&|place| place < middle));
        let pairs = own.iter().flat_map(|one| right.unique.iter().map(move |other| one | other)).collect::<Vec<_>>();
        self.unique.extend(own.into_iter().filter(|_| right_once && !kept.right));
        self.unique.extend(right.unique.into_iter().filter(|_| left_once && !kept.left));
        // A row whose left key is NULL, and that has no right side, may be as one that has no left side.
        self.unique.extend(pairs.into_iter().filter(|_| !(kept.left && kept.right)));
        self.unique.truncate(SETS);
        for (at, (_, relation)) in all.iter_mut().enumerate() {
            let once = if at < middle { right_once } else { left_once };
            relation.columns.iter_mut().filter(|_| !once).for_each(Column::merge);
        }
        self.sources = all;
    }
}

/// The conditions of a join's ON.
pub(super) fn conditions(operator: &JoinOperator) -> Vec<Expr> {
    match sql::constraint(operator) {
        Some(JoinConstraint::On(on)) => ast::conjuncts(on.clone()),
        _ => Vec::new(),
    }
}

/// The columns of USING.
pub(super) fn using(operator: &JoinOperator) -> Vec<String> {
    match sql::constraint(operator) {
        Some(JoinConstraint::Using(columns)) => {
            columns.iter().filter_map(|name| name.0.last().and_then(|part| part.as_ident())).map(fold).collect()
        }
        _ => Vec::new(),
    }
}

/// What pairs the rows of a join, to be changed.
pub(super) fn constraint_mut(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) => Some(constraint),
        _ => None,
    }
}

/// The condition of a join, to be changed.
pub(super) fn on_mut(operator: &mut JoinOperator) -> Option<&mut Expr> {
    match constraint_mut(operator) {
        Some(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// The columns of one side that a condition fixes, once the other side's are: by an equality with what names none of
/// theirs.
pub(super) fn fixed_columns(sources: &[Named], condition: &Expr, side: &dyn Fn(usize) -> bool) -> Vec<Identity> {
    let Some((left, right)) = equality(condition) else { return Vec::new() };
    let fixes = |column: &Expr, by: &Expr| {
        let (place, column) = found(sources, column).filter(|(place, _)| side(*place))?;
        let names_it = |inner: &Expr| match inner {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                found(sources, inner).is_none_or(|(place, _)| side(place))
            }
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => true,
            _ => false,
        };
        // Two instants of a table may show one wall clock of a cube.
        let clock = |inner: &Expr| found(sources, inner).is_some_and(|(_, column)| column.clock);
        let of_table = sources.get(place).is_some_and(|(_, relation)| !relation.cube);
        let clocks = || ast::any(by, clock) || instant::computes_clock(by);
        let twice = ast::any(by, names_it) || (of_table && !column.date && clocks());
        (!twice).then(|| (place, column.name.clone()))
    };
    [fixes(left, right), fixes(right, left)].into_iter().flatten().collect()
}

/// The sides of `a = b`, `a IS NOT DISTINCT FROM b`, and `a = b OR a IS NULL AND b IS NULL`; beside `a = b` it may be said
/// that the sides are not NULL.
pub(super) fn equality(condition: &Expr) -> Option<(&Expr, &Expr)> {
    match condition {
        Expr::Nested(inner) => equality(inner),
        Expr::BinaryOp { left: equal, op: BinaryOperator::And, right: not_null } => {
            let (left, right) = equality(equal)?;
            let of = |side: &Expr, known: &Expr| unwrapped(side) == unwrapped(known);
            match unwrapped(not_null) {
                Expr::IsNotNull(side) if of(side, left) || of(side, right) => Some((left, right)),
                _ => None,
            }
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => Some((left, right)),
        Expr::IsNotDistinctFrom(left, right) => Some((left, right)),
        Expr::BinaryOp { left: equal, op: BinaryOperator::Or, right: both_null } => {
            let (left, right) = equality(equal)?;
            let null = |expr: &Expr, of: &Expr| matches!(unwrapped(expr), Expr::IsNull(inner) if unwrapped(inner) == unwrapped(of));
            match unwrapped(both_null) {
                Expr::BinaryOp { left: one, op: BinaryOperator::And, right: other }
                    if (null(one, left) && null(other, right)) || (null(one, right) && null(other, left)) =>
                {
                    Some((left, right))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether an equality makes NULL equal to NULL.
pub(super) fn is_null_safe(equality: &Expr) -> bool {
    match equality {
        Expr::Nested(inner) => is_null_safe(inner),
        Expr::IsNotDistinctFrom(..) | Expr::BinaryOp { op: BinaryOperator::Or, .. } => true,
        _ => false,
    }
}

/// A condition with its equalities in the form by which rows are looked up, and not compared each with each.
pub(super) fn looked_up(condition: Expr) -> Expr {
    match equality(&condition) {
        Some((left, right)) if is_null_safe(&condition) => {
            let side = |side: &Expr| Box::new(Expr::Nested(Box::new(side.clone())));
            Expr::IsNotDistinctFrom(side(left), side(right))
        }
        _ => condition,
    }
}

/// What a condition makes equal to a constant.
pub(super) fn constant(condition: &Expr) -> Option<&Expr> {
    if let Expr::InList { expr, list, negated: false } = unwrapped(condition)
        && let [only] = list.as_slice()
    {
        return is_constant(only).then_some(expr);
    }
    let (left, right) = equality(condition)?;
    [(left, right), (right, left)].into_iter().find(|(_, by)| is_constant(by)).map(|(of, _)| of)
}

/// The columns that a WHERE makes equal to constants.
pub(super) fn constants(sources: &[Named], selection: Option<&Expr>) -> BTreeSet<Identity> {
    let mut fixed = BTreeSet::new();
    for condition in selection.cloned().into_iter().flat_map(ast::conjuncts) {
        if let Some((place, column)) = constant(&condition).and_then(|of| found(sources, of)) {
            fixed.insert((place, column.name.clone()));
        }
    }
    fixed
}
