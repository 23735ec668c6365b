//! A block over a cube: SELECT, WHERE, GROUP BY, HAVING, ORDER BY and LIMIT over one cube become an outer query over
//! an inner one that joins the star and aggregates.

use std::collections::HashMap;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Cte, Distinct, Expr, Function, GroupByExpr, OrderBy, OrderByExpr, OrderByKind, OrderByOptions,
    Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins, Value, With,
};

use crate::error::{Error, Result};
use crate::model::{Cube, DimensionKind, Grain};
use crate::sql::{self, fold};

use super::super::ast;
use super::super::catalog::CatalogTables;
use super::super::relation::Relation;
use super::grouping::{aliases, describe, keys, refuse_two_meanings};
use super::items::{Item, Names, ordinal};
use super::measure::{Evaluation, key_name, leaf_name};
use super::star::Star;
use super::{Binder, Place, explain, instant};

/// What the inner query is called in the outer one.
pub(super) const BLOCK: &str = "$block";

/// A block's WHERE, split.
#[derive(Default)]
struct Where {
    rows: Vec<Expr>,
    groups: Vec<Expr>,
}

impl<'a> Binder<'a> {
    /// Binds a query whose body is a SELECT over one cube, in place, and tells of it where it is to be explained.
    pub(super) fn cube_block(
        &mut self,
        query: &mut Query,
        cube: &'a Cube,
        alias: &str,
        place: Place,
    ) -> Result<Relation> {
        let relation = self.bound_block(query, cube, alias, place)?;
        if let Some(told) = &mut self.told {
            told.extend(explain::lines(&cube.name, &cube.table, query, &relation)?);
        }
        Ok(relation)
    }

    fn bound_block(&mut self, query: &mut Query, cube: &'a Cube, alias: &str, place: Place) -> Result<Relation> {
        let SetExpr::Select(select) = query.body.as_mut() else {
            return Err(Error::internal("a block over a cube is a SELECT"));
        };
        let mut select = std::mem::replace(select.as_mut(), ast::empty_select()?);
        self.outside.push(alias.to_owned());
        let bound = self.subqueries(&mut select, query);
        self.outside.pop();
        bound?;
        refuse_windows(&select, query)?;
        let names = Names { cube, alias: alias.to_owned(), outside: self.outside.clone() };
        let mut block = Evaluation {
            context: self.context,
            star: Star::new(self.context, cube),
            keys: Vec::new(),
            grouped_by_constant: false,
            leaves: Vec::new(),
            names,
        };
        if block.names.has_star(&select)? {
            if place != Place::Exists {
                return block.detail(query, select, place);
            }
            block.names.mere_existence(query, &mut select)?;
        }
        let mut items = block.names.items(&select.projection)?;
        for item in &mut items {
            block.on_the_wall(&mut item.expr)?;
        }
        let grouping = keys(&mut block, &select, &items, query)?;
        let filter = block.where_clause(select.selection.as_ref(), grouping.explicit)?;
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        let relation = describe(&block, &items, &select, query, grouping.explicit);
        let outer = block.outer(&select, &items, filter.groups)?;
        let order = block.order(query, &items, distinct)?;
        if query.order_by.is_none() {
            ast::mark_limit(query);
        }
        let inner = block.inner(filter.rows, grouping.explicit)?;
        *query.body = SetExpr::Select(Box::new(over(outer, inner)));
        query.order_by = order;
        Ok(relation)
    }

    /// Binds the subqueries of a block; IN and EXISTS stand in WHERE only.
    fn subqueries(&mut self, select: &mut Select, query: &mut Query) -> Result<()> {
        let mut exprs: Vec<&mut Expr> = select.projection.iter_mut().filter_map(item_expr_mut).collect();
        exprs.extend(select.having.iter_mut());
        if let Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) = &mut query.order_by {
            exprs.extend(order.iter_mut().map(|item| &mut item.expr));
        }
        for expr in exprs {
            if ast::any(expr, |inner| matches!(inner, Expr::InSubquery { .. } | Expr::Exists { .. })) {
                return Err(Error::invalid("IN (SELECT …) and EXISTS stand in WHERE only, so far"));
            }
            self.bind_subqueries(expr)?;
        }
        if let GroupByExpr::Expressions(keys, _) = &select.group_by
            && keys.iter().any(holds_query)
        {
            return Err(Error::invalid("a query in GROUP BY is not supported; put it into the SELECT list"));
        }
        select.selection.iter_mut().try_for_each(|expr| self.bind_subqueries(expr))
    }

    /// Refuses a subquery that does not stand by itself: what it names of the outer block would be the raw columns of
    /// the star, not the cube's dimensions.
    fn refuse_correlation(&self, subquery: &Query) -> Result<()> {
        let mut alone = subquery.clone();
        let mut visible: HashMap<String, Cte> = HashMap::new();
        let mut order = Vec::new();
        for cte in self.with.iter().chain(alone.with.iter().flat_map(|with| &with.cte_tables)) {
            let name = fold(&cte.alias.name);
            order.retain(|known| *known != name);
            order.push(name.clone());
            visible.insert(name, cte.clone());
        }
        let cte_tables: Vec<Cte> = order.iter().filter_map(|name| visible.remove(name)).collect();
        if !cte_tables.is_empty() {
            let with_token = alone.with.take().map_or_else(AttachedToken::empty, |with| with.with_token);
            alone.with = Some(With { with_token, recursive: false, cte_tables });
        }
        let tables = CatalogTables(self.context);
        sql::plan_query(alone, &tables, self.context.functions).map(drop).map_err(|error| {
            Error::new(
                error.kind(),
                format!("{error}; a subquery in a SELECT over a cube cannot name what is outside it, so far"),
            )
        })
    }

    fn bind_subqueries(&mut self, expr: &mut Expr) -> Result<()> {
        self.subquery(expr)?;
        if let Some(subquery) = ast::subquery(expr) {
            self.refuse_correlation(subquery)?;
        }
        ast::children(expr)?.into_iter().try_for_each(|child| self.bind_subqueries(child))
    }
}

fn holds_query(expr: &Expr) -> bool {
    ast::any(expr, |inner| matches!(inner, Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. }))
}

/// An item's expression.
pub(super) fn item_expr(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

fn item_expr_mut(item: &mut SelectItem) -> Option<&mut Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

fn refuse_windows(select: &Select, query: &Query) -> Result<()> {
    let is_window = |expr: &Expr| matches!(expr, Expr::Function(function) if function.over.is_some());
    let mut items = select.projection.iter().filter_map(item_expr);
    let order = match &query.order_by {
        Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) => order.as_slice(),
        _ => &[],
    };
    if items.any(|expr| ast::any(expr, is_window)) || order.iter().any(|item| ast::any(&item.expr, is_window)) {
        return Err(Error::invalid(
            "OVER in a SELECT over a cube is not there yet; put the window over the evaluated block: SELECT …, f(…) \
             OVER (…) FROM (SELECT … FROM the cube GROUP BY …) t",
        ));
    }
    Ok(())
}

impl Evaluation<'_> {
    /// Splits WHERE at AND: conditions on dimensions choose rows; those on measures choose groups, where the block
    /// groups by implication, and are refused elsewhere, with both rewrites.
    fn where_clause(&mut self, selection: Option<&Expr>, explicit: bool) -> Result<Where> {
        let mut split = Where::default();
        let Some(selection) = selection else { return Ok(split) };
        let mut selection = self.names.normalised(selection, &[])?;
        self.on_the_wall(&mut selection)?;
        for condition in ast::conjuncts(selection) {
            if let Some(measure) = self.names.mentioned_measure(&condition) {
                if explicit {
                    let condition = condition.to_string().replace('"', "");
                    return Err(Error::invalid(format!(
                        "'{condition}' in WHERE beside GROUP BY or an aggregate could mean groups or rows of '{}'; \
                         write HAVING {condition} to choose groups, or FROM (SELECT * FROM {} WHERE {condition}) to \
                         choose rows",
                        measure.name, self.names.cube.name
                    )));
                }
                split.groups.push(self.output(&condition)?);
            } else if self.holds_call(&condition) {
                return Err(Error::invalid(format!(
                    "the aggregate in '{}' belongs in HAVING",
                    condition.to_string().replace('"', "")
                )));
            } else {
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
            outer.projection.push(SelectItem::ExprWithAlias { expr, alias: ast::ident(&item.name) });
        }
        if let Some(having) = &select.having {
            let aliases = aliases(&self.names, items, true)?;
            let mut having = self.names.normalised(having, &aliases)?;
            refuse_two_meanings(&self.names, items, &having)?;
            self.on_the_wall(&mut having)?;
            self.replace_aliases(&mut having, items, &aliases)?;
            groups.push(self.output(&having)?);
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
                order.push(OrderByExpr { expr, options: item.options, with_fill: None });
            }
        }
        if query.limit_clause.is_some() {
            let columns: Vec<Expr> = if distinct {
                items.iter().map(|item| ast::column(&item.name)).collect()
            } else {
                self.keys_in_item_order(items).map(|at| ast::column(&key_name(at))).collect()
            };
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

    /// The keys' places: those that are items first, as the items stand.
    fn keys_in_item_order(&self, items: &[Item]) -> impl Iterator<Item = usize> {
        let mut places: Vec<usize> = (0..self.keys.len()).collect();
        places.sort_by_key(|at| {
            let key = self.keys.get(*at);
            items.iter().position(|item| Some(&item.expr) == key).unwrap_or(items.len())
        });
        places.into_iter()
    }

    /// An expression of ORDER BY: an ordinal, an alias, or an expression over the block.
    fn ordered(&mut self, expr: &Expr, items: &[Item]) -> Result<Expr> {
        if let Some(at) = ordinal(expr) {
            let item = at.checked_sub(1).and_then(|at| items.get(at));
            let item = item.ok_or_else(|| Error::invalid(format!("ORDER BY {at}: there are {} items", items.len())))?;
            return Ok(ast::column(&item.name));
        }
        let aliases = aliases(&self.names, items, false)?;
        let mut expr = self.names.normalised(expr, &aliases)?;
        if let Expr::Identifier(name) = &expr
            && aliases.contains(&name.value.as_str())
        {
            return Ok(expr);
        }
        self.on_the_wall(&mut expr)?;
        let item = |expr: &Expr| items.iter().find(|item| item.expr == *expr).map(|item| ast::column(&item.name));
        if let Some(column) = item(&expr) {
            return Ok(column);
        }
        self.replace_aliases(&mut expr, items, &aliases)?;
        item(&expr).map_or_else(|| self.output(&expr), Ok)
    }

    /// Aliases as what they stand for; within an aggregate names are the cube's.
    fn replace_aliases(&self, expr: &mut Expr, items: &[Item], aliases: &[&str]) -> Result<()> {
        match expr {
            Expr::Identifier(name) => {
                if aliases.contains(&name.value.as_str())
                    && let Some(item) = items.iter().find(|item| item.aliased && item.name == name.value)
                {
                    *expr = Expr::Nested(Box::new(item.expr.clone()));
                }
                Ok(())
            }
            Expr::Function(function) if self.is_call(function) => Ok(()),
            other => {
                ast::children(other)?.into_iter().try_for_each(|child| self.replace_aliases(child, items, aliases))
            }
        }
    }

    /// The inner query: keys and leaves over the star.
    fn inner(&mut self, mut rows: Vec<Expr>, explicit: bool) -> Result<Query> {
        let mut inner = ast::empty_select()?;
        let mut group_by = Vec::new();
        for (at, key) in self.keys.clone().iter().enumerate() {
            let expr = self.rows(key)?;
            group_by.push(expr.clone());
            inner.projection.push(SelectItem::ExprWithAlias { expr, alias: ast::ident(&key_name(at)) });
        }
        let constants = self.leaves.is_empty();
        if self.keys.is_empty() && ((constants && !explicit) || self.grouped_by_constant) {
            // The one group exists where a fact does.
            let some = Expr::value(Value::Number("0".into(), false));
            inner.having = Some(ast::binary(Expr::Function(count_of_rows()), BinaryOperator::Gt, some));
        }
        if self.keys.is_empty() && constants {
            self.leaves.push(Expr::Function(count_of_rows()));
        }
        for (at, leaf) in self.leaves.iter().enumerate() {
            let alias = ast::ident(&leaf_name(at));
            inner.projection.push(SelectItem::ExprWithAlias { expr: leaf.clone(), alias });
        }
        rows.extend(self.star.cube_filter()?);
        inner.selection = ast::all(rows);
        inner.group_by = GroupByExpr::Expressions(group_by, Vec::new());
        inner.from = vec![self.star.from()?];
        Ok(ast::query_of(inner))
    }
}

fn count_of_rows() -> Function {
    super::star::aggregate(crate::model::Aggregate::Count, None)
}

/// The outer query over the inner one.
pub(super) fn over(mut outer: Select, inner: Query) -> Select {
    outer.from = vec![TableWithJoins {
        relation: TableFactor::Derived {
            lateral: false,
            subquery: Box::new(inner),
            alias: Some(ast::alias(BLOCK)),
            sample: None,
        },
        joins: Vec::new(),
    }];
    outer
}
