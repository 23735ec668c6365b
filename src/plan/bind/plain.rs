//! Plain blocks over cubes (semantics, rule 3): a SELECT with only items and a WHERE over dimensions is no query of its own
//! to a block that aggregates above it. Its names are spelled out there, its conditions join the others, and its measures
//! are evaluated at that block's grouping. `(SELECT * FROM cube [WHERE …])` is the cube itself, wherever it stands.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
};

use crate::error::{Error, Result};
use crate::model::Cube;
use crate::sql::{self, fold};

use super::super::ast;
use super::beside::Beside;
use super::items::{Names, members, ordinal};
use super::shown::Marked;
use super::{Binder, Source, column_names, item_expr};

/// A cube, or a plain block over one.
#[derive(Debug, Clone)]
pub(super) struct Plain<'a> {
    pub(super) cube: &'a Cube,
    /// What it is called.
    pub(super) alias: String,
    /// Its columns over the cube's dimensions and measures; none where they are the cube's own.
    pub(super) columns: Option<Vec<(String, Expr)>>,
    /// The conditions on dimensions that its facts fulfil.
    pub(super) conditions: Vec<Expr>,
    /// What tells apart the rows that the block would have, apart from its measures; none where it is the cube itself.
    pub(super) keys: Option<Vec<Expr>>,
    /// What it is joined with.
    pub(super) beside: Vec<Beside>,
    /// How many of those are joined within it, where only its columns name them.
    pub(super) within: usize,
    /// What stands in the place of subqueries.
    pub(super) marked: Vec<Marked>,
}

impl<'a> Binder<'a> {
    /// The cube, or the plain block that stays lazy, that a SELECT is a block over; none where it is ordinary SQL.
    pub(super) fn block_over(&mut self, select: &Select, query: Option<&Query>) -> Result<Option<Plain<'a>>> {
        let asked = self.aggregates(select, query.map(ordered).unwrap_or_default());
        let Some(plain) = self.plain(select, asked)? else { return Ok(None) };
        let Some(keys) = &plain.keys else { return Ok(Some(plain)) };
        // A block without keys has its one row whatever a WHERE above it says of the facts.
        let one_row_filtered = keys.is_empty() && select.selection.is_some();
        if !asked || one_row_filtered {
            return Ok(None);
        }
        if self.asks_rows_for_measures(select, &plain) {
            self.refuse_distinct_values(select, &plain)?;
            return Ok(None);
        }
        Ok(Some(plain))
    }

    /// What stands after FROM, as a cube or a plain block over one. Unless a block that aggregates asks, only the cube
    /// itself matters, and nothing else is looked into.
    fn plain(&mut self, select: &Select, asked: bool) -> Result<Option<Plain<'a>>> {
        match select.from.as_slice() {
            [TableWithJoins { relation, joins }] if joins.is_empty() => self.plain_factor(relation, asked),
            [] => Ok(None),
            _ => self.plain_in_join(select, asked),
        }
    }

    /// One relation after FROM, as a cube or a plain block over one.
    pub(super) fn plain_factor(&mut self, factor: &TableFactor, asked: bool) -> Result<Option<Plain<'a>>> {
        match factor {
            TableFactor::Table { name, alias, version, .. } => match self.source(name, version.as_ref())? {
                Source::Cube(cube) => {
                    if version.is_some() {
                        return Err(Error::invalid(format!(
                            "VERSION AS OF goes with tables of mart; for the cube '{}' send SET mart_version first",
                            cube.name
                        )));
                    }
                    if alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) {
                        return Err(Error::invalid(format!(
                            "an alias of the cube '{}' cannot rename its columns; rename the items of SELECT",
                            cube.name
                        )));
                    }
                    let alias = alias.as_ref().map_or_else(|| cube.name.clone(), |alias| fold(&alias.name));
                    Ok(Some(Plain {
                        cube,
                        alias,
                        columns: None,
                        conditions: Vec::new(),
                        keys: None,
                        beside: Vec::new(),
                        within: 0,
                        marked: Vec::new(),
                    }))
                }
                Source::Plain { query, defined, name } => {
                    let renames = alias.as_ref().map(column_names).unwrap_or_default();
                    let alias = alias.as_ref().map_or(name, |alias| fold(&alias.name));
                    let plain = self.as_defined(defined, |binder| binder.plain_query(&query, asked))?;
                    Ok(plain.map(|plain| plain.called(alias, &renames)))
                }
                Source::Cte { .. } | Source::Table { .. } => Ok(None),
            },
            TableFactor::Derived { lateral: false, subquery, alias, .. } => {
                let renames = alias.as_ref().map(column_names).unwrap_or_default();
                let plain = self.plain_query(subquery, asked)?;
                Ok(plain.map(|plain| match alias {
                    Some(alias) => plain.called(fold(&alias.name), &renames),
                    None => plain,
                }))
            }
            _ => Ok(None),
        }
    }

    /// A query as a plain block.
    pub(super) fn plain_query(&mut self, query: &Query, asked: bool) -> Result<Option<Plain<'a>>> {
        if query.order_by.is_some() || query.limit_clause.is_some() {
            return Ok(None);
        }
        self.looked_into += 1;
        self.within_limits()?;
        self.ctes.push(Vec::new());
        let plain = sql::deep(|| match (self.plain_with(query)?, query.body.as_ref()) {
            (true, SetExpr::Select(select)) => self.plain_select(select, asked),
            (true, SetExpr::Query(inner)) => self.plain_query(inner, asked),
            _ => Ok(None),
        });
        self.ctes.pop();
        plain
    }

    fn plain_select(&mut self, select: &Select, asked: bool) -> Result<Option<Plain<'a>>> {
        if !asked && select.projection.iter().all(|item| item_expr(item).is_some()) {
            return Ok(None);
        }
        if !is_plain(select) || self.aggregates(select, &[]) || select.projection.iter().any(holds_window) {
            return Ok(None);
        }
        let Some(mut plain) = self.plain(select, asked)? else { return Ok(None) };
        if plain.keys.as_ref().is_some_and(Vec::is_empty) && select.selection.is_some() {
            return Ok(None);
        }
        if self.names(&plain).has_star(select)? && plain.keys.is_none() && !plain.beside.is_empty() {
            return Ok(None);
        }
        let select = self.plain_marks(select, &mut plain)?;
        let names = self.names(&plain);
        let condition = select.selection.as_ref().map(|filter| names.normalised(filter)).transpose()?;
        if condition.as_ref().is_some_and(|condition| names.mentioned_measure(condition).is_some()) {
            return Ok(None);
        }
        let (mut columns, mut starred) = (Vec::new(), false);
        for item in &select.projection {
            if names.is_star(item)? {
                starred = true;
                columns.extend(names.all());
                continue;
            }
            let (name, expr) = names.item(item)?;
            columns.push((name, expr));
        }
        let mut names_taken = BTreeSet::new();
        if !columns.iter().all(|(name, _)| names_taken.insert(name.as_str())) {
            return Ok(None);
        }
        let itself = starred && plain.keys.is_none();
        if plain.keys.is_none() && !itself {
            let keys = columns.iter().map(|(_, expr)| expr).filter(|expr| names.is_of_dimensions(expr));
            plain.keys = Some(keys.cloned().collect());
        }
        let own = itself && select.projection.len() == 1;
        if !own || plain.columns.is_some() {
            plain.columns = Some(columns);
        }
        plain.within = plain.beside.len();
        plain.conditions.extend(condition.into_iter().flat_map(ast::conjuncts));
        self.outside.push(plain.alias.clone());
        let bound = self.bind_plain(&mut plain);
        self.outside.pop();
        bound.map(|()| Some(plain))
    }

    /// A plain block with marks in the place of subqueries in its items, and of correlated ones in its WHERE, and what they
    /// are joined with put beside it.
    fn plain_marks<'s>(&mut self, select: &'s Select, plain: &mut Plain<'a>) -> Result<Cow<'s, Select>> {
        let mut exprs = select.projection.iter().filter_map(item_expr).chain(&select.selection);
        if !exprs.any(ast::holds_query) {
            return Ok(Cow::Borrowed(select));
        }
        let mut select = select.clone();
        let names = self.names(plain);
        self.outside.extend(names.relations());
        let knows = |name: &str| names.visible(name).is_some();
        let marks = self.plain_block_marks(&mut select, &names.around(&knows, &Expr::clone));
        self.outside.truncate(names.outside.len());
        let marks = marks?;
        self.put_beside(marks, plain, &names)?;
        Ok(Cow::Owned(select))
    }

    /// Binds the subqueries of a plain block.
    fn bind_plain(&mut self, plain: &mut Plain<'a>) -> Result<()> {
        let told = self.told.take();
        let columns = plain.columns.iter_mut().flatten().map(|(_, expr)| expr);
        let keys = plain.keys.iter_mut().flatten();
        let mut exprs = columns.chain(keys).chain(&mut plain.conditions);
        let bound = exprs.try_for_each(|expr| self.bind_subqueries(expr));
        self.told = told;
        bound
    }

    /// The names that a block over it sees.
    pub(super) fn names(&self, plain: &Plain<'a>) -> Names<'a> {
        Names {
            cube: plain.cube,
            alias: plain.alias.clone(),
            outside: self.outside.clone(),
            block: plain.columns.clone(),
            beside: plain.beside.iter().skip(plain.within).cloned().collect(),
            within: plain.beside.iter().take(plain.within).cloned().collect(),
            marked: plain.marked.clone(),
            functions: self.context.functions,
            spelled_out: Cell::new(0),
        }
    }
}

impl Plain<'_> {
    /// The same under another name, its first columns renamed.
    fn called(mut self, alias: String, renames: &[String]) -> Self {
        self.alias = alias;
        if !renames.is_empty() {
            self.columns
                .get_or_insert_with(|| members(self.cube).map(|name| (name.to_owned(), ast::column(name))).collect());
        }
        for ((name, _), new) in self.columns.iter_mut().flatten().zip(renames) {
            name.clone_from(new);
        }
        self
    }
}

impl Names<'_> {
    /// The expression that a key of GROUP BY is written for: the item of an ordinal or of an alias.
    pub(super) fn written<'s>(&self, key: &Expr, select: &'s Select) -> Option<&'s Expr> {
        if let Some(at) = ordinal(key) {
            return item_expr(select.projection.get(at.checked_sub(1)?)?);
        }
        let Expr::Identifier(name) = key else { return None };
        let name = fold(name);
        if self.visible(&name).is_some() {
            return None;
        }
        select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if fold(alias) == name => Some(expr),
            _ => None,
        })
    }
}

/// Whether a SELECT neither groups nor leaves rows out but by WHERE.
pub(super) fn is_plain(select: &Select) -> bool {
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
    };
    let distinct = matches!(select.distinct, Some(Distinct::Distinct | Distinct::On(_)));
    !grouped && select.having.is_none() && !distinct && select.named_window.is_empty()
}

fn holds_window(item: &SelectItem) -> bool {
    item_expr(item).is_some_and(ast::holds_window)
}

/// What a query is ordered by.
fn ordered(query: &Query) -> &[datafusion::sql::sqlparser::ast::OrderByExpr] {
    match &query.order_by {
        Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) => order.as_slice(),
        _ => &[],
    }
}
