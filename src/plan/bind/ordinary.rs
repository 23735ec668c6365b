//! A SELECT that is not over a cube: ordinary SQL, but for SUM over what cubes have computed (semantics, rule 4). Such
//! a sum is refused unless unique sets prove that each group holds one row, or the value adds up over every key dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Function, GroupByExpr, JoinConstraint, JoinOperator, OrderByExpr, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, TableFactor, TableWithJoins, Visit, Visitor, WindowType,
};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::super::relation::{Column, Lineage, Relation};
use super::measure::is_distinct;
use super::{Binder, Source, column_names, read_table};

/// A relation of FROM under the name it bears there.
type Named = (String, Relation);

/// What the expressions of a SELECT may name, and how its rows are grouped.
struct Block {
    sources: Vec<Named>,
    /// The grouping; none where nothing aggregates.
    keys: Option<Grouping>,
}

/// What a SELECT groups by.
struct Grouping {
    /// The columns that are keys by themselves.
    columns: BTreeSet<String>,
    /// Whether that is all of them.
    complete: bool,
}

impl Binder<'_> {
    /// Binds a SELECT in place.
    pub(super) fn ordinary(&mut self, select: &mut Select, order: &mut [OrderByExpr]) -> Result<Relation> {
        let mut sources = Vec::new();
        for from in &mut select.from {
            self.from(from, &mut sources)?;
        }
        let cube = sources.iter().any(|(_, relation)| relation.cube);
        if cube && sources.len() > 1 {
            return Err(Error::invalid(
                "a JOIN with a cube, or with a query over one, is not there yet; ask the cube alone, or join the \
                 tables of mart",
            ));
        }
        let aggregates = self.aggregates(select, order)?;
        if aggregates {
            refuse_beneath_aggregate(&sources)?;
        }
        let block = Block { sources, keys: None };
        let keys = if aggregates { Some(block.grouping(select)?) } else { None };
        let block = Block { keys, ..block };
        let outer = std::mem::replace(&mut self.wall, cube);
        let bound = self.expressions(select, order, &block);
        self.wall = outer;
        bound?;
        let mut columns = self.columns(select, &block)?;
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        if distinct && unique(&block, select, &columns, false).is_empty() {
            columns.iter_mut().for_each(Column::merge);
        }
        let plain = !aggregates && !distinct && block.sources.iter().all(|(_, relation)| relation.plain) && cube;
        Ok(Relation {
            unique: unique(&block, select, &columns, distinct),
            columns,
            cube,
            plain: plain && select.having.is_none(),
            cut: block.sources.iter().any(|(_, relation)| relation.cut),
        })
    }

    fn from(&mut self, from: &mut TableWithJoins, sources: &mut Vec<Named>) -> Result<()> {
        self.factor(&mut from.relation, sources)?;
        for join in &mut from.joins {
            self.factor(&mut join.relation, sources)?;
            if let JoinOperator::Join(JoinConstraint::On(on))
            | JoinOperator::Inner(JoinConstraint::On(on))
            | JoinOperator::Left(JoinConstraint::On(on))
            | JoinOperator::LeftOuter(JoinConstraint::On(on))
            | JoinOperator::Right(JoinConstraint::On(on))
            | JoinOperator::RightOuter(JoinConstraint::On(on))
            | JoinOperator::FullOuter(JoinConstraint::On(on)) = &mut join.join_operator
            {
                self.free_expr(on)?;
            }
        }
        Ok(())
    }

    fn factor(&mut self, factor: &mut TableFactor, sources: &mut Vec<Named>) -> Result<()> {
        match factor {
            TableFactor::Table { name, alias, version, .. } => {
                let renames = alias.as_ref().map(column_names).unwrap_or_default();
                let known = alias.as_ref().map(|alias| fold(&alias.name));
                match self.source(name, version.as_ref())? {
                    Source::Cube(cube) => Err(Error::invalid(format!(
                        "a JOIN with the cube '{}' is not there yet; ask it alone, or join the tables of mart",
                        cube.name
                    ))),
                    Source::Cte(relation) => {
                        let bare = name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default();
                        sources.push((known.unwrap_or(bare), relation.renamed(&renames)));
                        Ok(())
                    }
                    Source::Table { name, version } => {
                        let schema = self.context.catalog.table(&name, version).map(|table| table.schema());
                        let columns = schema
                            .iter()
                            .flat_map(|schema| schema.fields().iter())
                            .map(|field| Column { name: field.name().clone(), lineage: Lineage::Free });
                        let relation = Relation { columns: columns.collect(), ..Relation::default() };
                        sources.push((known.unwrap_or_else(|| name.clone()), relation.renamed(&renames)));
                        read_table(factor, &name, version);
                        Ok(())
                    }
                }
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let relation = self.query(subquery)?;
                let renames = alias.as_ref().map(column_names).unwrap_or_default();
                let known = alias.as_ref().map(|alias| fold(&alias.name)).unwrap_or_default();
                sources.push((known, relation.renamed(&renames)));
                Ok(())
            }
            TableFactor::NestedJoin { table_with_joins, .. } => self.from(table_with_joins, sources),
            other => Err(Error::invalid(format!("'{other}' is not supported after FROM"))),
        }
    }

    /// Whether the SELECT aggregates.
    fn aggregates(&self, select: &Select, order: &[OrderByExpr]) -> Result<bool> {
        let grouped = match &select.group_by {
            GroupByExpr::All(_) => true,
            GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
        };
        let items = select.projection.iter().filter_map(item_expr);
        let mut exprs = items.chain(select.having.iter()).chain(order.iter().map(|item| &item.expr));
        Ok(grouped || select.having.is_some() || exprs.any(|expr| ast::any(expr, |inner| self.is_aggregate(inner))))
    }

    /// Whether the expression is a call of an aggregate, not over a window.
    pub(super) fn is_aggregate(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Function(function) if function.over.is_none()
            && ast::function_name(function).is_some_and(|name| self.context.functions.aggregate.contains_key(&name)))
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
            exprs.extend(keys.iter_mut());
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
                    columns.push(Column { name: output_name(expr), lineage: self.lineage(expr, block)? });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    columns.push(Column { name: fold(alias), lineage: self.lineage(expr, block)? });
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

    fn lineage(&self, expr: &Expr, block: &Block) -> Result<Lineage> {
        let value = looked_through(expr);
        if let Some(column) = block.column(value) {
            let mut column = column.clone();
            if block.merges_rows() {
                column.merge();
            }
            return Ok(column.lineage);
        }
        if let Expr::Function(function) = value {
            match ast::function_name(function).as_deref() {
                Some("count") => return Ok(Lineage::Free),
                Some("sum") if function.over.is_none() && !is_distinct(function) => {
                    if let Some([argument]) = ast::arguments(function).as_deref() {
                        return Ok(match block.summand(argument) {
                            Lineage::Additive(measure) => Lineage::Additive(measure),
                            other => other,
                        });
                    }
                }
                _ => {}
            }
        }
        Ok(block.holds(expr))
    }
}

impl Block {
    /// The column that an expression plainly names.
    fn column(&self, expr: &Expr) -> Option<&Column> {
        match expr {
            Expr::Identifier(name) => self.sources.iter().find_map(|(_, relation)| relation.column(&fold(name))),
            Expr::CompoundIdentifier(parts) => {
                let [.., relation, name] = parts.as_slice() else { return None };
                let relation = fold(relation);
                self.sources.iter().find(|(alias, _)| *alias == relation)?.1.column(&fold(name))
            }
            _ => None,
        }
    }

    /// Whether a row of the result may stand for several.
    fn merges_rows(&self) -> bool {
        let one = |keys: &Grouping| matches!(self.sources.as_slice(), [(_, relation)] if relation.is_unique_on(&keys.columns));
        self.keys.as_ref().is_some_and(|keys| !one(keys))
    }

    /// What the SELECT groups by.
    fn grouping(&self, select: &Select) -> Result<Grouping> {
        let GroupByExpr::Expressions(keys, _) = &select.group_by else {
            return Ok(Grouping { columns: BTreeSet::new(), complete: false });
        };
        let mut grouping = Grouping { columns: BTreeSet::new(), complete: true };
        for key in keys {
            let item = super::items::ordinal(key).and_then(|at| item_expr(select.projection.get(at.checked_sub(1)?)?));
            let alias = aliased(select, key);
            if let (Some(alias), Some(_)) = (alias, self.column(key))
                && alias != key
            {
                return Err(Error::invalid(format!(
                    "'{key}' in GROUP BY is a column and the alias of '{alias}'; give the alias another name"
                )));
            }
            match self.column(item.or(alias).unwrap_or(key)) {
                Some(column) => drop(grouping.columns.insert(column.name.clone())),
                None => grouping.complete = false,
            }
        }
        Ok(grouping)
    }

    /// The names in the result of the columns that are plainly in it.
    fn output_names(&self, select: &Select) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    if let Some(column) = self.column(expr) {
                        names.insert(column.name.clone(), column.name.clone());
                    }
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    if let Some(column) = self.column(expr) {
                        names.insert(column.name.clone(), fold(alias));
                    }
                }
                _ => {
                    let all = self.sources.iter().flat_map(|(_, relation)| &relation.columns);
                    names.extend(all.map(|column| (column.name.clone(), column.name.clone())));
                }
            }
        }
        names
    }

    /// What an expression holds that is no plain column: nothing of a cube, or something that does not add up.
    fn holds(&self, expr: &Expr) -> Lineage {
        let mut measure = None;
        ast::any(expr, |inner| {
            measure = self.column(inner).and_then(|column| column.lineage.measure()).map(str::to_owned);
            if matches!(inner, Expr::Subquery(query) if reads_cube(query)) {
                measure = Some("a query over a cube".to_owned());
            }
            measure.is_some()
        });
        measure.map_or(Lineage::Free, Lineage::Fixed)
    }

    /// What is summed.
    fn summand(&self, argument: &Expr) -> Lineage {
        let value = looked_through(argument);
        match self.column(value) {
            Some(column) => column.lineage.clone(),
            None if yields_constants(value) => Lineage::Free,
            None => self.holds(value),
        }
    }

    /// Refuses a SUM over a cube's values that nothing proves right.
    fn check_sum(&self, function: &Function) -> Result<()> {
        if ast::function_name(function).as_deref() != Some("sum") {
            return Ok(());
        }
        let arguments = ast::arguments(function).unwrap_or_default();
        let [argument] = arguments.as_slice() else { return Ok(()) };
        match self.summand(argument) {
            Lineage::Free => Ok(()),
            Lineage::Additive(_) if !is_distinct(function) => Ok(()),
            Lineage::Additive(measure) | Lineage::Fixed(measure) if self.groups_are_rows(function) => {
                tracing::trace!(measure, "each group holds one row");
                Ok(())
            }
            Lineage::Additive(measure) => Err(Error::invalid(format!(
                "SUM(DISTINCT …) over '{measure}' would leave out values that happen to be equal; write SUM without \
                 DISTINCT"
            ))),
            Lineage::Fixed(measure) => Err(Error::invalid(format!(
                "SUM over '{measure}' would be wrong: its values do not add up, and nothing proves that each group \
                 holds one row; ask for it at the grouping you need: SELECT …, MEASURE({measure}) FROM the cube GROUP \
                 BY …"
            ))),
        }
    }

    /// Whether each group (or partition) of a sum holds one row of the one relation.
    fn groups_are_rows(&self, function: &Function) -> bool {
        let [(_, relation)] = self.sources.as_slice() else { return false };
        match &function.over {
            None => self.keys.as_ref().is_some_and(|keys| relation.is_unique_on(&keys.columns)),
            Some(WindowType::WindowSpec(spec)) => {
                let keys = spec.partition_by.iter().filter_map(|key| self.column(key)).map(|key| key.name.clone());
                relation.is_unique_on(&keys.collect())
            }
            Some(WindowType::NamedWindow(_)) => false,
        }
    }
}

/// Whether a query reads a cube, or what may be one, before or after it is bound.
fn reads_cube(query: &Query) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            let cube = match factor {
                TableFactor::Table { name, .. } => {
                    let schema = name.0.iter().rev().nth(1).and_then(|part| part.as_ident()).map(fold);
                    schema.as_deref() != Some("mart")
                }
                TableFactor::Derived { alias: Some(alias), .. } => alias.name.value == super::cube::BLOCK,
                _ => false,
            };
            if cube { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    query.visit(&mut Search).is_break()
}

/// Refuses what an aggregate would be wrong over.
fn refuse_beneath_aggregate(sources: &[Named]) -> Result<()> {
    for (name, relation) in sources {
        if relation.plain {
            return Err(Error::invalid(format!(
                "an aggregate over '{name}', a plain query over a cube, is not there yet: the cube's measures would \
                 have to be evaluated at the outer grouping; group the cube itself, or add GROUP BY to the inner query \
                 to evaluate it there"
            )));
        }
        if relation.cut {
            return Err(Error::invalid(format!(
                "an aggregate over '{name}', which a LIMIT without ORDER BY cuts, would depend on chance; add ORDER BY"
            )));
        }
    }
    Ok(())
}

/// The item whose alias a key is.
fn aliased<'a>(select: &'a Select, key: &Expr) -> Option<&'a Expr> {
    let Expr::Identifier(name) = key else { return None };
    select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if fold(alias) == fold(name) => Some(expr),
        _ => None,
    })
}

/// The unique sets of the result, under the names that its columns bear.
fn unique(block: &Block, select: &Select, columns: &[Column], distinct: bool) -> Vec<BTreeSet<String>> {
    let sets = match (&block.keys, block.sources.as_slice()) {
        (Some(keys), _) if keys.complete => vec![keys.columns.clone()],
        (None, [(_, relation)]) => relation.unique.clone(),
        _ => Vec::new(),
    };
    let names = block.output_names(select);
    let renamed = |set: &BTreeSet<String>| set.iter().map(|column| names.get(column).cloned()).collect();
    let mut sets: Vec<BTreeSet<String>> = sets.iter().filter_map(renamed).collect();
    if distinct {
        sets.push(columns.iter().map(|column| column.name.clone()).collect());
    }
    sets
}

fn item_expr(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

fn output_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => fold(name),
        Expr::CompoundIdentifier(parts) => parts.last().map(fold).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// What casts, brackets and `coalesce(x, 0)` stand around.
pub(super) fn looked_through(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => looked_through(inner),
        Expr::Function(function) if ast::function_name(function).as_deref() == Some("coalesce") => {
            match ast::arguments(function).as_deref() {
                Some([inner, zero]) if is_zero(zero) => looked_through(inner),
                _ => expr,
            }
        }
        other => other,
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value,
        datafusion::sql::sqlparser::ast::Value::Number(text, _) if text.parse::<f64>() == Ok(0.0)))
}

/// A constant, or a CASE that yields only constants.
pub(super) fn yields_constants(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) => true,
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
            yields_constants(inner)
        }
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().all(|when| yields_constants(&when.result))
                && else_result.as_deref().is_none_or(yields_constants)
        }
        _ => false,
    }
}
