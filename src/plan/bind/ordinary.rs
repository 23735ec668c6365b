//! A SELECT that is not over a cube: ordinary SQL, but for SUM over what cubes have computed (semantics, rule 4). Such
//! a sum is refused unless unique sets prove that each group holds one row, or the value adds up over every key dropped.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, JoinOperator, ObjectName, OrderByExpr, Select, SelectItem,
    SelectItemQualifiedWildcardKind, TableFactor, TableWithJoins, Value, WildcardAdditionalOptions,
};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::super::catalog::KeyClaim;
use super::super::relation::{Column, Lineage, Relation};
use super::correlated::Around;
use super::instead;
use super::item_expr;
use super::items::{is_measure_call, numbered, ordinal};
use super::joins::{self, Joined};
use super::keyless::keyless;
use super::marks::Looked;
use super::subqueries::has_stars;
use super::sums::{Block, Named, unique};
use super::{Binder, Source, column_names, hidden, instant, read_table, ties, using, valueless};

impl Binder<'_> {
    /// Binds a SELECT in place.
    pub(super) fn ordinary(
        &mut self,
        select: &mut Select,
        order: &mut Vec<OrderByExpr>,
        limited: bool,
    ) -> Result<Relation> {
        let written = select.clone();
        let joined = self.joined(select)?;
        using::spelled_out(select, order, &joined)?;
        let looked = self.mark_searches(select, order, &joined.sources)?;
        let cube = joined.sources.iter().any(|(_, relation)| relation.cube);
        let fixed = joins::constants(&joined.sources, select.selection.as_ref());
        let aggregates = self.aggregates(select, order);
        let block = Block { sources: joined.sources, unique: joined.unique, fixed, keys: None };
        let keys = if aggregates { Some(block.grouping(select)?) } else { None };
        let block = Block { keys, ..block };
        refuse_windows_in_conditions(select)?;
        if block.keys.iter().flat_map(|grouping| &grouping.keys).flatten().any(ast::holds_window) {
            return Err(window_in("GROUP BY", "group by"));
        }
        if block.holds_valueless() {
            valueless::refuse(select, order, &block, &self.columns(select, &block)?, &looked)?;
        }
        let named = select.projection.iter().filter_map(item_expr).chain(&select.having);
        named.into_iter().try_for_each(|expr| block.check_grouped(expr, &|inner| self.is_aggregate(inner)))?;
        block.group_marks(select, order, &looked, &|inner| self.is_aggregate(inner))?;
        name_items(select, order);
        // What breaks ties in a window is no part of what the window is of.
        let mut columns = self.columns(select, &block)?;
        ties::break_ties(select, order, limited, &block)?;
        let outer = std::mem::replace(&mut self.wall, cube);
        let around = self.outside.len();
        self.outside.extend(block.sources.iter().map(|(name, _)| name.clone()));
        let bound = self.expressions(select, order, &block);
        self.outside.truncate(around);
        self.wall = outer;
        bound.map_err(|error| instead::of_sum(error, &written))?;
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        if distinct && unique(&block, select, &columns, false).is_empty() {
            columns.iter_mut().for_each(Column::merge);
        }
        let unique = unique(&block, select, &columns, distinct);
        hidden::put_beneath(select, order)?;
        Ok(Relation { unique, columns, cube })
    }

    /// Puts marks in the place of IN and EXISTS outside WHERE and HAVING, and of correlated subqueries over cubes.
    fn mark_searches(&mut self, select: &mut Select, order: &mut [OrderByExpr], sources: &[Named]) -> Result<Looked> {
        let knows = |name: &str| sources.iter().any(|(_, relation)| relation.column(name).is_some());
        let around = Around {
            relations: sources.iter().map(|(name, _)| name.clone()).collect(),
            knows: &knows,
            spelled: &Expr::clone,
            cube: false,
        };
        let keys = match &select.group_by {
            GroupByExpr::Expressions(keys, _) => keys.as_slice(),
            GroupByExpr::All(_) => &[],
        };
        let items = select.projection.iter().filter_map(item_expr);
        if items.chain(keys).chain(order.iter().map(|item| &item.expr)).any(ast::holds_query) {
            name_items(select, order);
        }
        let mut marks = self.marks(select, order, &around)?;
        if !marks.are_none() {
            spell_out_stars(select, &around.relations)?;
        }
        marks.refuse_instants(|sought| {
            ast::any(sought, |inner| joins::found(sources, inner).is_some_and(|(_, column)| column.clock))
        })?;
        let looked = marks.looked();
        marks.join(&mut select.from)?;
        Ok(looked)
    }

    /// What stands after FROM. What commas join is joined by WHERE.
    fn joined(&mut self, select: &mut Select) -> Result<Joined> {
        let conditions: Vec<Expr> = select.selection.iter().cloned().flat_map(ast::conjuncts).collect();
        let mut all: Option<Joined> = None;
        for from in &mut select.from {
            let next = self.from(from, &conditions)?;
            match &mut all {
                None => all = Some(next),
                Some(all) => all.join(next, None, &conditions),
            }
        }
        // Without FROM there is one row.
        Ok(all.unwrap_or_else(|| Joined { unique: vec![BTreeSet::new()], ..Joined::default() }))
    }

    /// Relations joined one after the other.
    fn from(&mut self, from: &mut TableWithJoins, filter: &[Expr]) -> Result<Joined> {
        let mut joined = self.factor(&mut from.relation, filter)?;
        for join in &mut from.joins {
            let next = self.factor(&mut join.relation, filter)?;
            let merged = using::as_on(&mut join.join_operator, &joined, &next)?;
            let mut conditions = joins::conditions(&join.join_operator);
            if matches!(join.join_operator, JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_))
            {
                conditions.extend_from_slice(filter);
            }
            if let Some(on) = joins::on_mut(&mut join.join_operator) {
                if ast::searches(on) {
                    return Err(Error::invalid(
                        "IN (SELECT …) and EXISTS do not stand in ON of a join that keeps rows that meet none",
                    ));
                }
                self.free_expr(on)?;
                let each = ast::conjuncts(on.clone()).into_iter().map(joins::looked_up);
                *on = ast::all(each).unwrap_or_else(|| Expr::value(Value::Boolean(true)));
            }
            joined.join(next, Some(&join.join_operator), &conditions);
            valueless::refuse_conditions(&conditions, &joined.sources)?;
            joined.merge(merged);
        }
        Ok(joined)
    }

    fn factor(&mut self, factor: &mut TableFactor, filter: &[Expr]) -> Result<Joined> {
        match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => self.from(table_with_joins, filter),
            relation => self.relation(relation).map(Joined::of),
        }
    }

    /// Binds one relation after FROM: what it is called, and what its rows are.
    pub(super) fn relation(&mut self, factor: &mut TableFactor) -> Result<Named> {
        match factor {
            TableFactor::Table { name, alias, version, .. } => {
                let renames = alias.as_ref().map(column_names).unwrap_or_default();
                let known = alias.as_ref().map(|alias| fold(&alias.name));
                match self.source(name, version.as_ref())? {
                    Source::Cube(cube) => Err(Error::invalid(format!(
                        "a JOIN with the cube '{}' is not there yet; ask it alone, or join the tables of mart",
                        cube.name
                    ))),
                    Source::Cte { planned, relation } => {
                        let bare = name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default();
                        if fold(&planned) != bare {
                            *name = ObjectName::from(vec![planned]);
                        }
                        alias.get_or_insert_with(|| ast::alias(&bare));
                        keyless(factor, &relation)?;
                        Ok((known.unwrap_or(bare), relation.renamed(&renames)))
                    }
                    Source::Plain { mut query, defined, name } => {
                        let relation = self.as_defined(defined, |binder| binder.query(&mut query))?;
                        let alias = alias.take().unwrap_or_else(|| ast::alias(&name));
                        *factor = ast::derived(*query, alias);
                        Ok((known.unwrap_or(name), relation.renamed(&renames)))
                    }
                    Source::Table { schema, name, version } => {
                        let found = match schema {
                            "mart" => self.context.catalog.table(&name, version),
                            _ => self.context.catalog.describing(schema, &name),
                        };
                        let held = found.map(|table| table.schema());
                        let columns = held.iter().flat_map(|schema| schema.fields().iter()).map(|field| Column {
                            date: *field.data_type() == DataType::Date32,
                            ..Column::new(field.name(), Lineage::Free)
                        });
                        let unique = if schema == "mart" { self.declared_key(&name, version) } else { Vec::new() };
                        let relation = Relation { columns: columns.collect(), unique, cube: false };
                        read_table(factor, schema, &name, version);
                        Ok((known.unwrap_or(name), relation.renamed(&renames)))
                    }
                }
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let relation = self.query(subquery)?;
                let renames = alias.as_ref().map(column_names).unwrap_or_default();
                let known = alias.as_ref().map(|alias| fold(&alias.name)).unwrap_or_default();
                keyless(factor, &relation)?;
                Ok((known, relation.renamed(&renames)))
            }
            other => Err(Error::invalid(format!("'{other}' is not supported after FROM"))),
        }
    }

    /// The key that a table declares, where the last load found that it tells rows apart.
    fn declared_key(&self, table: &str, version: Option<u64>) -> Vec<BTreeSet<String>> {
        let Some(known) = self.context.model.tables.get(table).filter(|_| version.is_none()) else { return Vec::new() };
        let holds = matches!(self.context.catalog.key_claim(table, &known.primary_key), KeyClaim::Holds);
        let key = known.primary_key.iter().cloned().collect();
        if holds && !known.primary_key.is_empty() { vec![key] } else { Vec::new() }
    }

    /// Whether the SELECT aggregates.
    pub(super) fn aggregates(&self, select: &Select, order: &[OrderByExpr]) -> bool {
        let grouped = match &select.group_by {
            GroupByExpr::All(_) => true,
            GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
        };
        let items = select.projection.iter().filter_map(item_expr);
        let mut exprs = items.chain(select.having.iter()).chain(order.iter().map(|item| &item.expr));
        grouped || select.having.is_some() || exprs.any(|expr| ast::any(expr, |inner| self.is_aggregate(inner)))
    }

    /// Whether the expression calls an aggregate or evaluates a measure, not over a window.
    pub(super) fn is_aggregate(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Function(function) if function.over.is_none()
            && ast::function_name(function)
                .is_some_and(|name| is_measure_call(&name) || self.context.functions.aggregate.contains_key(&name)))
    }

    /// Checks every sum, then binds what stands in the expressions.
    fn expressions(&mut self, select: &mut Select, order: &mut [OrderByExpr], block: &Block) -> Result<()> {
        let mut exprs: Vec<&mut Expr> = Vec::new();
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                exprs.push(expr);
            }
        }
        exprs.extend(select.selection.iter_mut());
        exprs.extend(select.having.iter_mut());
        exprs.extend(order.iter_mut().map(|item| &mut item.expr));
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            for key in keys {
                match key {
                    Expr::GroupingSets(sets) => exprs.extend(sets.iter_mut().flatten()),
                    key => exprs.push(key),
                }
            }
        }
        for expr in exprs {
            let mut refusal = None;
            ast::any(expr, |inner| {
                if let Expr::Function(function) = inner
                    && let Err(error) = block.check_sum(function)
                {
                    refusal = Some(error);
                }
                refusal.is_some()
            });
            if let Some(error) = refusal {
                return Err(error);
            }
            self.free_expr(expr)?;
        }
        Ok(())
    }

    /// What the columns of the result hold.
    fn columns(&self, select: &Select, block: &Block) -> Result<Vec<Column>> {
        let mut columns = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    columns.push(self.column(output_name(expr), expr, block));
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    columns.push(self.column(fold(alias), expr, block));
                }
                SelectItem::Wildcard(_) => {
                    columns.extend(block.sources.iter().flat_map(|(_, relation)| relation.columns.clone()));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let bare = name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default();
                    let source = block.sources.iter().find(|(alias, _)| *alias == bare);
                    columns.extend(source.iter().flat_map(|(_, relation)| relation.columns.clone()));
                }
                other => return Err(Error::invalid(format!("'{other}' is not supported"))),
            }
        }
        Ok(columns)
    }

    fn column(&self, name: String, expr: &Expr, block: &Block) -> Column {
        let member = block.column(expr).and_then(|column| column.member.clone());
        let clock = instant::may_show(expr, |inner| block.column(inner).is_some_and(|column| column.clock));
        let date = block.column(expr).is_some_and(|column| column.date);
        Column { name, lineage: block.lineage(expr), member, clock, date }
    }
}

/// Refuses windows where rows or groups are chosen, which comes before them.
pub(super) fn refuse_windows_in_conditions(select: &Select) -> Result<()> {
    for (clause, condition) in [("WHERE", &select.selection), ("HAVING", &select.having)] {
        if condition.as_ref().is_some_and(ast::holds_window) {
            return Err(window_in(clause, "filter"));
        }
    }
    Ok(())
}

fn window_in(clause: &str, around: &str) -> Error {
    Error::invalid(format!(
        "OVER cannot stand in {clause}; name it in SELECT, and {around} its column in a query around this one"
    ))
}

/// Gives items that are not named the name that they are written as, before binding rewrites them; a second one of that
/// name is told apart by its number. ORDER BY of the same expression means the item.
fn name_items(select: &mut Select, order: &mut [OrderByExpr]) {
    let starred = has_stars(select);
    for (at, item) in select.projection.iter().enumerate().filter(|_| !starred) {
        let Some(expr) = item_expr(item) else { continue };
        // A number in ORDER BY counts items, whatever they are.
        let other = |expr: &Expr| matches!(expr, Expr::Identifier(_)) || ordinal(expr).is_some();
        for ordered in order.iter_mut().filter(|ordered| ordered.expr == *expr && !other(&ordered.expr)) {
            ordered.expr = Expr::value(Value::Number((at + 1).to_string(), false));
        }
    }
    let mut taken: BTreeSet<String> = select.projection.iter().filter_map(alias_of).collect();
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let written = output_name(expr);
        let name = numbered(&written, &taken);
        taken.insert(name.clone());
        let plain = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        if !plain || name != written {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: ast::ident(&name) };
        }
    }
}

/// Writes `*` as the `*` of each relation, so that what is joined for marks is no part of it.
fn spell_out_stars(select: &mut Select, relations: &[String]) -> Result<()> {
    if !select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_))) {
        return Ok(());
    }
    let mut joins = select.from.iter().flat_map(|from| &from.joins);
    if relations.iter().any(String::is_empty) || joins.any(|join| !joins::using(&join.join_operator).is_empty()) {
        return Err(Error::invalid("* does not stand beside IN (SELECT …) and EXISTS here; name the columns"));
    }
    let every = |relation: &String| {
        let name = SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(vec![ast::ident(relation)]));
        SelectItem::QualifiedWildcard(name, WildcardAdditionalOptions::default())
    };
    let spelled = |item: SelectItem| match item {
        SelectItem::Wildcard(_) => relations.iter().map(every).collect(),
        other => vec![other],
    };
    select.projection = std::mem::take(&mut select.projection).into_iter().flat_map(spelled).collect();
    Ok(())
}

fn alias_of(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(fold(alias)),
        _ => None,
    }
}

pub(super) fn output_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => fold(name),
        Expr::CompoundIdentifier(parts) => parts.last().map(fold).unwrap_or_default(),
        other => other.to_string(),
    }
}
