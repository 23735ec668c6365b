//! A block over a cube: SELECT, WHERE, GROUP BY, HAVING, ORDER BY and LIMIT over one cube become an outer query over
//! an inner one that joins the star and aggregates.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Distinct, Expr, Function, LimitClause, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query,
    Select, SetExpr, TableWithJoins, Value,
};

use crate::error::{Error, Result};
use crate::model::{DimensionKind, Grain};

use super::super::ast;
use super::super::relation::Relation;
use super::beside::Beside;
use super::grouping::{describe, keys, refuse_two_meanings, written_as};
use super::instead;
use super::items::{Aliases, Item, ordinal};
use super::measure::{Evaluation, key_name, leaf_name, unwrapped};
use super::ordinary::refuse_windows_in_conditions;
use super::plain::Plain;
use super::rows::LazyRows;
use super::shown::shown;
use super::star::Star;
use super::{Binder, Place, explain, instant, joins, rows, sets};

/// What the inner query is called in the outer one.
pub(super) const BLOCK: &str = "$block";

/// A block's WHERE, split.
#[derive(Default)]
struct Where {
    rows: Vec<Expr>,
    groups: Vec<Expr>,
}

impl<'a> Binder<'a> {
    /// Binds a query whose body is a SELECT over a cube, or over a plain block that stays lazy, in place, and tells of it
    /// where it is to be explained.
    pub(super) fn cube_block(&mut self, query: &mut Query, over: Plain<'a>, place: Place) -> Result<Relation> {
        let cube = over.cube;
        let aliases = over.beside.iter().map(|beside| (beside.planned.clone(), beside.alias.clone())).collect();
        let (names, written, lazy) = (self.names(&over), query.clone(), over.keys.is_some());
        let bound = self.bound_block(query, over, place);
        let relation = bound.map_err(|error| instead::of_block(error, &names, &written, lazy))?;
        if let Some(told) = &mut self.told {
            told.extend(explain::lines(&cube.name, &cube.table, query, &relation, &aliases)?);
        }
        Ok(relation)
    }

    fn bound_block(&mut self, query: &mut Query, mut plain: Plain<'a>, place: Place) -> Result<Relation> {
        let SetExpr::Select(select) = query.body.as_mut() else {
            return Err(Error::internal("a block over a cube is a SELECT"));
        };
        let mut select = std::mem::replace(select.as_mut(), ast::empty_select()?);
        refuse_windows_in_conditions(&select)?;
        let names = self.names(&plain);
        self.outside.extend(names.relations());
        let marks = self.subqueries(&mut select, query, &names);
        self.outside.truncate(names.outside.len());
        let marks = marks?;
        self.put_beside(marks, &mut plain, &names)?;
        let mut block = Evaluation {
            context: self.context,
            star: Star::new(self.context, plain.cube),
            names: self.names(&plain),
            keys: Vec::new(),
            sets: None,
            fixed: Vec::new(),
            grouped_by_constant: false,
            leaves: Vec::new(),
            ties: Vec::new(),
            lazy: plain.keys.map(|keys| LazyRows::new(keys, plain.columns.iter().flatten())),
        };
        block.star.unread = reads_nothing(query, select.selection.iter().chain(&plain.conditions));
        block.join_beside(&plain.beside)?;
        if block.names.has_star(&select)? {
            if block.lazy.is_some() || !block.names.beside.iter().all(Beside::is_mark) {
                return Err(block.names.alone());
            }
            if place != Place::Exists {
                return block.detail(query, select, plain.conditions, place);
            }
            block.names.mere_existence(query, &mut select)?;
        }
        let mut items = block.names.items(&select.projection)?;
        for item in &mut items {
            block.on_the_wall(&mut item.expr)?;
        }
        let grouping = keys(&mut block, &select, &items, query)?;
        block.ties = block.keys_in_item_order(&items);
        let filter = block.where_clause(select.selection.as_ref(), plain.conditions, grouping.explicit)?;
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        let relation = describe(&block, &items, &select);
        let outer = block.outer(&select, &items, filter.groups)?;
        let order = block.order(query, &items, distinct)?;
        if query.order_by.is_none() {
            ast::mark_limit(query);
        }
        let from = block.sources(filter.rows, grouping.explicit)?;
        *query.body = SetExpr::Select(Box::new(Select { from: vec![from], ..outer }));
        query.order_by = order;
        Ok(relation)
    }
}

impl Evaluation<'_> {
    /// Joins the star with what stands beside the cube.
    fn join_beside(&mut self, beside: &[Beside]) -> Result<()> {
        for beside in beside {
            let mut on = beside.on.clone();
            on.iter_mut().try_for_each(|condition| self.on_the_wall(condition))?;
            let on = on.iter().map(|condition| self.rows(condition)).collect::<Result<Vec<_>>>()?;
            self.star.beside.push(beside.join(on));
        }
        Ok(())
    }

    /// Splits WHERE at AND: conditions on dimensions choose rows; those on measures choose groups, where the block
    /// groups by implication, and are refused elsewhere, with both rewrites.
    fn where_clause(&mut self, selection: Option<&Expr>, inherited: Vec<Expr>, explicit: bool) -> Result<Where> {
        let mut split = Where::default();
        let own = selection.map(|selection| self.names.normalised(selection)).transpose()?;
        for mut condition in inherited.into_iter().chain(own.into_iter().flat_map(ast::conjuncts)) {
            self.on_the_wall(&mut condition)?;
            if self.holds_call(&condition) {
                return Err(Error::invalid(format!(
                    "the aggregate in '{}' belongs in HAVING",
                    self.names.shown(&condition)
                )));
            }
            if let Some(measure) = self.names.mentioned_measure(&condition) {
                if explicit {
                    return Err(self.measure_in_where(measure, &condition));
                }
                split.groups.push(self.output(&condition)?);
            } else {
                self.fixed.extend(joins::constant(&condition).map(unwrapped).cloned());
                split.rows.extend(self.pruning(&condition)?);
                split.rows.push(self.rows(&condition)?);
            }
        }
        Ok(split)
    }

    /// The UTC range that a condition on the axis implies.
    pub(super) fn pruning(&mut self, condition: &Expr) -> Result<Vec<Expr>> {
        let cube = self.names.cube;
        let Some(dimension) = self.names.mentioned_dimension(condition) else { return Ok(Vec::new()) };
        let Some(raw) = self.star.raw_instant(dimension) else { return Ok(Vec::new()) };
        let is_axis = |expr: &Expr| -> Option<Option<Grain>> {
            let Expr::Identifier(name) = expr else { return None };
            let mentioned = cube.dimension(&name.value)?;
            match &mentioned.kind {
                DimensionKind::Instant => Some(None),
                DimensionKind::Grain { grain, .. } => Some(Some(*grain)),
                DimensionKind::Plain => None,
            }
        };
        Ok(instant::utc_range(condition, &raw, self.context.query.timezone, &is_axis))
    }

    /// The outer SELECT without its FROM.
    fn outer(&mut self, select: &Select, items: &[Item], mut groups: Vec<Expr>) -> Result<Select> {
        let mut outer = ast::empty_select()?;
        outer.distinct = select.distinct.clone().filter(|distinct| matches!(distinct, Distinct::Distinct));
        for item in items {
            let expr = self.output(&item.expr)?;
            outer.projection.push(ast::named(expr, &item.name));
        }
        if let Some(written) = &select.having {
            refuse_two_meanings(&self.names, items, written)?;
            let mut having = self.names.normalised_with(written, Aliases { items, first: false })?;
            if ast::holds_window(&having) {
                return Err(Error::invalid(
                    "OVER cannot stand in HAVING; filter its column in a query around this one",
                ));
            }
            self.on_the_wall(&mut having)?;
            for condition in ast::conjuncts(having) {
                if !self.holds_for_every_group(&condition) {
                    groups.push(self.output(&condition)?);
                }
            }
        }
        outer.selection = ast::all(groups);
        Ok(outer)
    }

    /// ORDER BY over the outer query; where a LIMIT cuts, ties are broken by the keys.
    fn order(&mut self, query: &Query, items: &[Item], distinct: bool) -> Result<Option<OrderBy>> {
        let mut order = Vec::new();
        if let Some(OrderBy { kind: OrderByKind::Expressions(written), .. }) = &query.order_by {
            for item in written {
                let expr = self.ordered(&item.expr, items)?;
                let is_shown = |item: &Item| matches!(&expr, Expr::Identifier(name) if name.value == item.name);
                if distinct && !items.iter().any(is_shown) {
                    return Err(Error::invalid(format!(
                        "SELECT DISTINCT can be ordered by its own columns only; select '{}' too, or leave it out of ORDER BY",
                        shown(&item.expr)
                    )));
                }
                order.push(OrderByExpr { expr, options: item.options, with_fill: None });
            }
        }
        if query.limit_clause.is_some() {
            let columns: Vec<Expr> =
                if distinct { items.iter().map(|item| ast::column(&item.name)).collect() } else { self.own_ties() };
            order.extend(columns.into_iter().map(|expr| OrderByExpr {
                expr,
                options: OrderByOptions { asc: None, nulls_first: None },
                with_fill: None,
            }));
        }
        let kind = OrderByKind::Expressions(order);
        Ok(match &kind {
            OrderByKind::Expressions(order) if order.is_empty() => None,
            _ => Some(OrderBy { kind, interpolate: None }),
        })
    }

    /// The columns that tell the block's rows apart, in the order in which they break ties.
    pub(super) fn own_ties(&self) -> Vec<Expr> {
        let levels = self.sets.iter().flat_map(|_| (0..self.keys.len()).map(sets::grouping_name));
        let keys = self.ties.iter().map(|at| key_name(*at));
        keys.chain(levels).map(|name| ast::column(&name)).collect()
    }

    /// The keys' places: those that are items first, as the items stand.
    fn keys_in_item_order(&self, items: &[Item]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.keys.len()).collect();
        places.sort_by_key(|at| {
            let key = self.keys.get(*at);
            items.iter().position(|item| Some(unwrapped(&item.expr)) == key).unwrap_or(items.len())
        });
        places
    }

    /// An expression of ORDER BY: an ordinal, an alias, or an expression over the block.
    fn ordered(&mut self, expr: &Expr, items: &[Item]) -> Result<Expr> {
        if let Some(at) = ordinal(expr) {
            let item = at.checked_sub(1).and_then(|at| items.get(at));
            let item = item.ok_or_else(|| Error::invalid(format!("ORDER BY {at}: there are {} items", items.len())))?;
            return Ok(ast::column(&item.name));
        }
        if let Some(item) = written_as(&self.names, items, expr) {
            return Ok(ast::column(&item.name));
        }
        let mut expr = self.names.normalised_with(expr, Aliases { items, first: true })?;
        self.on_the_wall(&mut expr)?;
        let shown = items.iter().find(|item| unwrapped(&item.expr) == unwrapped(&expr));
        shown.map_or_else(|| self.output(&expr), |item| Ok(ast::column(&item.name)))
    }

    /// Whether a condition is that a group has rows, which every group with keys has: tools write it by default.
    fn holds_for_every_group(&self, condition: &Expr) -> bool {
        let Expr::BinaryOp { left, op: BinaryOperator::Gt, right } = unwrapped(condition) else { return false };
        let zero = matches!(unwrapped(right), Expr::Value(value) if value.value == Value::Number("0".into(), false));
        let counts = |function: &Function| {
            function.filter.is_none()
                && function.over.is_none()
                && ast::function_name(function).as_deref() == Some("count")
                && ast::arguments(function).is_none_or(|arguments| arguments.iter().all(|one| is_something(one)))
        };
        let grouped = match &self.sets {
            Some(sets) => sets.iter().all(|set| !set.is_empty()),
            None => !self.keys.is_empty(),
        };
        grouped && zero && matches!(unwrapped(left), Expr::Function(function) if counts(function))
    }

    /// What the outer query reads: the inner one, beside it the rows that a lazy block would have, where they are counted.
    fn sources(&mut self, mut rows: Vec<Expr>, explicit: bool) -> Result<TableWithJoins> {
        let counted = self.lazy.as_ref().is_some_and(LazyRows::are_counted);
        rows.extend(self.star.cube_filter()?);
        if counted && self.leaves.is_empty() {
            return Ok(table_of(self.counted_rows(rows, false)?));
        }
        if counted && self.has_level_twice() {
            return Err(Error::invalid(
                "rows are counted beside measures for each level of GROUP BY, and it names one level twice; name it once",
            ));
        }
        let beside = if counted { Some(self.counted_rows(rows.clone(), true)?) } else { None };
        let mut from = table_of(self.inner(rows, explicit)?);
        from.joins.extend(beside.map(|beside| rows::joined(beside, self.keys.len(), self.sets.is_some())));
        Ok(from)
    }

    /// The inner query: keys and leaves over the star.
    fn inner(&mut self, rows: Vec<Expr>, explicit: bool) -> Result<Query> {
        let mut inner = ast::empty_select()?;
        let mut group_by = Vec::new();
        for (at, key) in self.keys.clone().iter().enumerate() {
            let expr = self.rows(key)?;
            let expr = if self.sets.is_some() { sets::told_apart(expr, &group_by) } else { expr };
            group_by.push(expr.clone());
            inner.projection.push(ast::named(expr, &key_name(at)));
        }
        if self.sets.is_some() {
            for (at, key) in group_by.iter().enumerate() {
                inner.projection.push(ast::named(sets::grouping_of(key.clone()), &sets::grouping_name(at)));
            }
        }
        let constants = self.leaves.is_empty();
        if self.keys.is_empty() && ((constants && !explicit) || self.grouped_by_constant) {
            inner.having = Some(some_rows());
        }
        if self.keys.is_empty() && constants {
            self.leaves.push(Expr::Function(ast::count_of_rows()));
        }
        for (at, leaf) in self.leaves.iter().enumerate() {
            inner.projection.push(ast::named(leaf.clone(), &leaf_name(at)));
        }
        inner.selection = ast::all(rows);
        inner.group_by = self.group_by(group_by);
        inner.from = vec![self.star.from()?];
        Ok(ast::query_of(inner))
    }
}

/// Whether a query is asked for its columns alone: `LIMIT 0`, `WHERE 1 = 0`.
fn reads_nothing<'e>(query: &Query, conditions: impl IntoIterator<Item = &'e Expr>) -> bool {
    let never = |condition: &Expr| match unwrapped(condition) {
        Expr::Value(value) => value.value == Value::Boolean(false),
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            matches!((ordinal(left), ordinal(right)), (Some(one), Some(other)) if one != other)
        }
        _ => false,
    };
    let limited = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit: Some(limit), .. }) => ordinal(limit) == Some(0),
        _ => false,
    };
    limited || conditions.into_iter().cloned().flat_map(ast::conjuncts).any(|condition| never(&condition))
}

/// Whether an expression is a literal other than NULL, of which a count counts rows.
fn is_something(expr: &Expr) -> bool {
    matches!(unwrapped(expr), Expr::Value(value) if value.value != Value::Null)
}

/// That there is a row: the one group of a query without keys exists where a fact does.
pub(super) fn some_rows() -> Expr {
    let zero = Expr::value(Value::Number("0".into(), false));
    ast::binary(Expr::Function(ast::count_of_rows()), BinaryOperator::Gt, zero)
}

/// A query as the block that an outer one reads.
pub(super) fn table_of(inner: Query) -> TableWithJoins {
    TableWithJoins { relation: ast::derived(inner, ast::alias(BLOCK)), joins: Vec::new() }
}
