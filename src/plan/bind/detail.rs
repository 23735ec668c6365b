//! Detail (semantics, rule 6): `*` over a cube is its fact rows: the dimensions, each additive measure's value for the
//! row, and NULL for every other measure.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    CaseWhen, Distinct, Expr, GroupByExpr, LimitClause, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query,
    Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Value,
};

use crate::error::{Error, Result};
use crate::model::{Aggregate, Leaf, Measure};
use crate::sql::fold;

use super::super::ast;
use super::super::catalogue::on_the_wall;
use super::super::relation::{Column, Lineage, Relation};
use super::Place;
use super::beside::Beside;
use super::cube::table_of;
use super::items::{Aliases, Item, Names, members, numbered, ordinal};
use super::measure::{Evaluation, unwrapped};

impl Evaluation<'_> {
    /// Binds a query whose body is `SELECT *` over one cube, in place.
    pub(super) fn detail(
        mut self,
        query: &mut Query,
        mut select: Select,
        inherited: Vec<Expr>,
        place: Place,
    ) -> Result<Relation> {
        self.refuse_grouping(&select)?;
        self.beside_members(&mut select)?;
        let conditions = self.detail_conditions(&select, inherited)?;
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        let plain =
            !distinct && conditions.measures.is_empty() && query.order_by.is_none() && query.limit_clause.is_none();
        if plain && place != Place::Outermost {
            return Err(self.names.is_the_cube_itself());
        }
        let items = self.beside_star(&select.projection)?;
        let mut inner = ast::empty_select()?;
        let mut columns = Vec::new();
        for (column, expr) in self.columns_of_detail(&select.projection, &items)? {
            inner.projection.push(SelectItem::ExprWithAlias { expr, alias: ast::ident(&column.name) });
            columns.push(column);
        }
        let mut outer = ast::empty_select()?;
        outer.distinct = select.distinct.filter(|_| distinct);
        outer.projection = columns.iter().map(|column| SelectItem::UnnamedExpr(ast::column(&column.name))).collect();
        outer.selection = ast::all(conditions.measures);
        if query.order_by.is_some() {
            let mut order = self.detail_order(query, &columns, &items)?;
            if query.limit_clause.is_some() {
                let ties = self.tie_breakers(&mut inner, &columns, distinct);
                order.extend(ties.into_iter().map(ascending));
            }
            query.order_by = Some(OrderBy { kind: OrderByKind::Expressions(order), interpolate: None });
        } else {
            ast::mark_limit(query);
        }
        let mut rows = conditions.rows;
        rows.extend(self.star.cube_filter()?);
        inner.selection = ast::all(rows);
        inner.from = vec![self.star.from()?];
        outer.from = vec![table_of(ast::query_of(inner))];
        *query.body = SetExpr::Select(Box::new(outer));
        if distinct {
            columns.iter_mut().for_each(Column::merge);
        }
        Ok(Relation { columns, unique: Vec::new(), cube: true })
    }

    /// The columns that a subquery has put beside the cube's own, as items behind `*`.
    fn beside_members(&self, select: &mut Select) -> Result<()> {
        let at = self.names.star_at(&select.projection)?.unwrap_or_default();
        let further = self.names.columns().into_iter().filter(|name| self.names.known(name).is_none());
        let further: Vec<SelectItem> = further.map(|name| SelectItem::UnnamedExpr(ast::column(name))).collect();
        select.projection.splice(at + 1..at + 1, further);
        Ok(())
    }

    /// The items beside `*`, which are expressions of dimensions under names of their own.
    fn beside_star(&self, projection: &[SelectItem]) -> Result<Vec<Item>> {
        let mut others = projection.to_vec();
        others.remove(self.names.star_at(projection)?.unwrap_or_default());
        let mut items = self.names.items(&others)?;
        let mut taken: BTreeSet<String> = items.iter().map(|item| item.name.clone()).collect();
        taken.extend(members(self.names.cube).map(str::to_owned));
        for item in &mut items {
            self.on_the_wall(&mut item.expr)?;
            if self.holds_call(&item.expr) || self.names.mentioned_measure(&item.expr).is_some() {
                return Err(self.names.alone());
            }
            if self.names.known(&item.name).is_none() {
                continue;
            }
            if item.aliased {
                return Err(Error::invalid(format!(
                    "'{name}' is a column of the cube '{}', which * names too; give the other '{name}' another alias",
                    self.names.cube.name,
                    name = item.name
                )));
            }
            item.name = numbered(&item.name, &taken);
            taken.insert(item.name.clone());
        }
        Ok(items)
    }

    /// The columns as they are written, each with its value over the star.
    fn columns_of_detail(&mut self, projection: &[SelectItem], items: &[Item]) -> Result<Vec<(Column, Expr)>> {
        let mut columns = Vec::new();
        for item in items {
            let column = self.column(item);
            columns.push((column, self.rows(&item.expr)?));
        }
        let cube = self.names.cube;
        let mut all = Vec::with_capacity(cube.dimensions.len() + cube.measures.len());
        for dimension in &cube.dimensions {
            let member = Some(self.names.member(&dimension.name));
            let clock = self.names.is_clock(&ast::column(&dimension.name));
            let column = Column { member, clock, ..Column::new(&dimension.name, Lineage::Free) };
            all.push((column, self.star.dimension(dimension)?));
        }
        for measure in &cube.measures {
            let of = measure.name.clone();
            let lineage = if row_leaf(measure).is_some() { Lineage::Additive(of) } else { Lineage::Valueless(of) };
            let member = Some(self.names.member(&measure.name));
            let clock = self.names.is_clock(&ast::column(&measure.name));
            all.push((Column { member, clock, ..Column::new(&measure.name, lineage) }, self.value_of_a_row(measure)?));
        }
        let at = self.names.star_at(projection)?.unwrap_or_default();
        columns.splice(at..at, all);
        Ok(columns)
    }

    fn detail_conditions(&mut self, select: &Select, inherited: Vec<Expr>) -> Result<Conditions> {
        let mut conditions = Conditions { rows: Vec::new(), measures: Vec::new() };
        let own = select.selection.as_ref().map(|selection| self.names.normalised(selection)).transpose()?;
        for mut condition in inherited.into_iter().chain(own.into_iter().flat_map(ast::conjuncts)) {
            self.on_the_wall(&mut condition)?;
            self.refuse_valueless(&condition)?;
            if self.names.mentioned_measure(&condition).is_some() {
                conditions.measures.push(condition);
            } else {
                conditions.rows.extend(self.pruning(&condition)?);
                conditions.rows.push(self.rows(&condition)?);
            }
        }
        Ok(conditions)
    }

    /// ORDER BY over the rows: ordinals, aliases, and expressions of dimensions and additive measures.
    fn detail_order(&self, query: &Query, columns: &[Column], items: &[Item]) -> Result<Vec<OrderByExpr>> {
        let written = match &query.order_by {
            Some(OrderBy { kind: OrderByKind::Expressions(written), .. }) => written.as_slice(),
            _ => &[],
        };
        let mut order = Vec::with_capacity(written.len());
        for item in written {
            let expr = match ordinal(&item.expr) {
                Some(at) => {
                    let column = at.checked_sub(1).and_then(|at| columns.get(at));
                    let missing = || Error::invalid(format!("ORDER BY {at}: there are {} columns", columns.len()));
                    ast::column(&column.ok_or_else(missing)?.name)
                }
                None => {
                    let mut expr = self.names.normalised_with(&item.expr, Aliases { items, first: true })?;
                    self.on_the_wall(&mut expr)?;
                    let shown = items.iter().find(|item| unwrapped(&item.expr) == unwrapped(&expr));
                    shown.map_or(expr, |item| ast::column(&item.name))
                }
            };
            self.refuse_valueless(&expr)?;
            order.push(OrderByExpr { expr, options: item.options, with_fill: None });
        }
        Ok(order)
    }

    /// What tells apart the rows that ORDER BY leaves equal where a LIMIT cuts, or one page follows another: the fact's
    /// key, carried unnamed, or else all that is shown.
    fn tie_breakers(&self, inner: &mut Select, columns: &[Column], distinct: bool) -> Vec<Expr> {
        match self.star.key().filter(|_| !distinct) {
            Some(key) => {
                let mut ties = Vec::with_capacity(key.len());
                for (at, expr) in key.into_iter().enumerate() {
                    let name = format!("$r{at}");
                    inner.projection.push(SelectItem::ExprWithAlias { expr, alias: ast::ident(&name) });
                    ties.push(ast::column(&name));
                }
                ties
            }
            None => {
                let held = columns.iter().filter(|column| column.lineage.valueless().is_none());
                held.map(|column| ast::column(&column.name)).collect()
            }
        }
    }

    /// Refuses what has no value in a row: aggregates, and measures that do not add up.
    fn refuse_valueless(&self, expr: &Expr) -> Result<()> {
        if self.holds_call(expr) {
            return Err(Error::invalid(format!(
                "* over the cube '{}' means its fact rows, and '{}' aggregates; name what you want and GROUP BY",
                self.names.cube.name,
                self.names.shown(expr)
            )));
        }
        let mut valueless = None;
        ast::any(expr, |inner| {
            valueless = self.names.measure(inner).filter(|measure| row_leaf(measure).is_none());
            valueless.is_some()
        });
        match valueless {
            Some(measure) => Err(Error::invalid(format!(
                "the measure '{}' has no value in a single row; name what you want instead of *: SELECT …, {} FROM {}",
                measure.name, measure.name, self.names.cube.name
            ))),
            None => Ok(()),
        }
    }

    /// A measure's value in a row of the star, in the measure's type.
    fn value_of_a_row(&mut self, measure: &Measure) -> Result<Expr> {
        let value = match row_leaf(measure) {
            None => Expr::value(Value::Null),
            Some(leaf) => {
                let argument = leaf.argument.as_ref().map(|argument| self.star.row(argument)).transpose()?;
                let own = leaf.filter.as_ref().map(|filter| self.star.row(filter)).transpose()?;
                match (leaf.aggregate, argument) {
                    (Aggregate::Sum, Some(argument)) => case(own, argument, Expr::value(Value::Null)),
                    (_, argument) => {
                        let there = argument.map(|argument| Expr::IsNotNull(Box::new(argument)));
                        case(ast::all(own.into_iter().chain(there)), integer(1), integer(0))
                    }
                }
            }
        };
        let announced = on_the_wall(&measure.data_type);
        Ok(Expr::Function(ast::call("arrow_cast", vec![value, ast::text(&announced.to_string())])))
    }

    fn refuse_grouping(&self, select: &Select) -> Result<()> {
        let grouped = match &select.group_by {
            GroupByExpr::All(_) => true,
            GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
        };
        if grouped || select.having.is_some() {
            return Err(Error::invalid(format!(
                "* over the cube '{}' means its fact rows, which are not grouped; name what you want beside GROUP BY",
                self.names.cube.name
            )));
        }
        Ok(())
    }
}

/// A block's WHERE, split: what chooses rows of the star, and what is asked of a row's measures.
struct Conditions {
    rows: Vec<Expr>,
    measures: Vec<Expr>,
}

/// The one sum or count that a measure is.
fn row_leaf(measure: &Measure) -> Option<&Leaf> {
    measure.leaves.first().filter(|_| measure.is_additive())
}

/// `value` where the condition holds, if there is one.
fn case(condition: Option<Expr>, value: Expr, otherwise: Expr) -> Expr {
    match condition {
        None => value,
        Some(condition) => Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![CaseWhen { condition, result: value }],
            else_result: Some(Box::new(otherwise)),
        },
    }
}

fn integer(value: i64) -> Expr {
    Expr::value(Value::Number(value.to_string(), false))
}

fn ascending(expr: Expr) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc: None, nulls_first: None }, with_fill: None }
}

impl Names<'_> {
    /// Whether an item is `*`, of all or of the cube under its name here.
    pub(super) fn is_star(&self, item: &SelectItem) -> Result<bool> {
        match item {
            SelectItem::Wildcard(_) => Ok(true),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(fold).collect();
                match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    [relation] | ["cubes", relation] | ["starmart", "cubes", relation] if *relation == self.alias => {
                        Ok(true)
                    }
                    [relation] if self.beside.iter().any(|beside| beside.alias == *relation) => {
                        Err(Error::invalid(format!("'{relation}.*' does not stand beside a cube; name its columns")))
                    }
                    _ => Err(self.unknown(&format!("{}.*", parts.join(".")), &parts.join("."))),
                }
            }
            _ => Ok(false),
        }
    }

    /// The refusal of what cannot stand beside `*`.
    pub(super) fn alone(&self) -> Error {
        let dimension = self.cube.dimensions.first().map_or("DIMENSION", |dimension| dimension.name.as_str());
        let measure = self.cube.measures.first().map_or("MEASURE", |measure| measure.name.as_str());
        if !self.beside.iter().all(Beside::is_mark) {
            return Error::invalid(format!(
                "* does not stand over a join with the cube '{}'; name the columns",
                self.cube.name
            ));
        }
        Error::invalid(format!(
            "* over the cube '{cube}' means its fact rows; it stands once, and beside it only expressions of dimensions; \
             name what you want: SELECT {dimension}, {measure} FROM {cube} GROUP BY {dimension}",
            cube = self.cube.name
        ))
    }

    /// Where `*` stands among the items.
    fn star_at(&self, projection: &[SelectItem]) -> Result<Option<usize>> {
        for (at, item) in projection.iter().enumerate() {
            if self.is_star(item)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Whether a SELECT asks for `*`.
    pub(super) fn has_star(&self, select: &Select) -> Result<bool> {
        Ok(self.star_at(&select.projection)?.is_some())
    }

    /// Refuses `*` of a SELECT within EXISTS that could mean rows or groups, or counts rows.
    pub(super) fn refuse_vague_existence(&self, query: &Query, select: &Select) -> Result<()> {
        let condition = select.selection.as_ref().map(|condition| self.normalised(condition)).transpose()?;
        let measure = condition.as_ref().and_then(|condition| self.mentioned_measure(condition));
        let cube = &self.cube.name;
        if let Some(measure) = measure {
            return Err(Error::invalid(format!(
                "EXISTS (SELECT * FROM {cube} …) asks for fact rows, and a condition on '{m}' could mean rows or groups; \
                 write EXISTS (SELECT 1 FROM {cube} GROUP BY … HAVING …) for groups, or EXISTS (SELECT 1 FROM (SELECT * \
                 FROM {cube} WHERE …) t) for rows",
                m = measure.name
            )));
        }
        let skips = match &query.limit_clause {
            Some(LimitClause::LimitOffset { offset, .. }) => offset.is_some(),
            Some(LimitClause::OffsetCommaLimit { .. }) => true,
            None => false,
        };
        if skips {
            return Err(Error::invalid(format!(
                "EXISTS (SELECT * FROM {cube} … OFFSET …) counts rows; compare (SELECT COUNT(*) FROM {cube} …) instead"
            )));
        }
        Ok(())
    }

    /// Makes a SELECT of `*` within EXISTS ask for nothing but whether there are fact rows.
    pub(super) fn mere_existence(&self, query: &mut Query, select: &mut Select) -> Result<()> {
        self.refuse_vague_existence(query, select)?;
        if let Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) = query.order_by.take() {
            order.iter().try_for_each(|item| self.normalised(&item.expr).map(drop))?;
        }
        select.projection = vec![SelectItem::UnnamedExpr(integer(1))];
        Ok(())
    }

    fn is_the_cube_itself(&self) -> Error {
        let cube = &self.cube.name;
        Error::invalid(format!(
            "SELECT * FROM {cube} stands for the cube itself here, and where that is not a subquery after FROM it is not \
             there yet; name what you want: SELECT …, or ask for the rows in some order: ORDER BY"
        ))
    }
}
