//! Correlated subqueries (semantics, rule 7): what the WHERE of a subquery makes equal to names outside becomes a key of
//! it, so that it stands by itself and is joined where it stood, at most one row of it to each row outside.

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, LimitClause, Query, Select, SelectItem, SetExpr, TableFactor, WindowType,
};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::items::{members, ordinal};
use super::joins::{equality, is_null_safe};
use super::plain::Plain;
use super::shown::shown;
use super::subqueries::{has_stars, item_expr_mut};
use super::{Binder, Source, sets};

/// What stands around a subquery.
pub(super) struct Around<'n> {
    /// What the relations are called there.
    pub(super) relations: Vec<String>,
    /// Whether a bare name is a column of theirs.
    pub(super) knows: &'n dyn Fn(&str) -> bool,
    /// An expression with its names spelled out.
    pub(super) spelled: &'n dyn Fn(&Expr) -> Expr,
    /// Whether it is a block over a cube, in which nothing may name raw columns.
    pub(super) cube: bool,
}

/// What a subquery was correlated by, which now stands by itself.
pub(super) struct Correlation {
    /// Its keys.
    pub(super) keys: Vec<Equal>,
    /// Whether it has one row for each row outside, come what may: it aggregates without GROUP BY.
    pub(super) one_row: bool,
}

/// What is equal inside and outside.
#[derive(Clone)]
pub(super) struct Equal {
    pub(super) inside: Expr,
    pub(super) outside: Expr,
    /// Whether NULL is equal to NULL.
    pub(super) null_safe: bool,
}

/// What the relations of a subquery are called, and their columns where they can be told.
struct Within {
    relations: Vec<String>,
    columns: Option<Vec<String>>,
}

/// Whether an expression names what is inside, and what is outside.
#[derive(Default)]
struct Sides {
    inside: bool,
    outside: bool,
}

/// What a key of a correlated subquery is called.
pub(super) fn key_name(at: usize) -> String {
    format!("$k{at}")
}

impl<'a> Binder<'a> {
    /// Takes out of a subquery's WHERE what correlates it; none where nothing does, or where neither side is a cube, so
    /// that it is ordinary SQL. `existence`: only whether there are rows matters. `always`: where DataFusion plans no such
    /// subquery, so that one over tables is taken too, if it can be.
    pub(super) fn correlation(
        &mut self,
        query: &mut Query,
        around: &Around<'_>,
        existence: bool,
        always: bool,
    ) -> Result<Option<Correlation>> {
        self.in_scope_of(query.with.clone(), |binder| binder.correlation_in_scope(query, around, existence, always))
    }

    fn correlation_in_scope(
        &mut self,
        query: &mut Query,
        around: &Around<'_>,
        existence: bool,
        always: bool,
    ) -> Result<Option<Correlation>> {
        let SetExpr::Select(select) = query.body.as_ref() else { return Ok(None) };
        let Some(condition) = &select.selection else { return Ok(None) };
        // Columns of queries after FROM cost their binding, and matter only where a bare name could be outside.
        let bare = ast::any(condition, |one| matches!(one, Expr::Identifier(name) if (around.knows)(&fold(name))));
        let within = self.within(select, bare)?;
        let (correlated, own): (Vec<Expr>, Vec<Expr>) =
            ast::conjuncts(condition.clone()).into_iter().partition(|one| within.sides(one, around).outside);
        if correlated.is_empty() {
            return Ok(None);
        }
        let alone = Select { selection: ast::all(own), ..select.as_ref().clone() };
        let plain = self.block_over(&alone, None)?;
        let of_tables = plain.is_none() && !around.cube;
        if of_tables && !always {
            return Ok(None);
        }
        let keys = match correlated.iter().map(|one| within.equal(one, around)).collect::<Result<Vec<_>>>() {
            Err(_) if of_tables => return Ok(None),
            keys => keys?,
        };
        let one_row = self.has_one_row(&alone, plain.as_ref())?;
        if sets::spelled_out(&alone.group_by)?.is_some() || (select_groups_by_nothing(&alone) && alone.having.is_some())
        {
            return Err(Error::invalid(
                "a subquery that names what is outside takes neither grouping sets nor HAVING without GROUP BY",
            ));
        }
        if existence || one_row {
            without_limit(query);
        }
        if query.limit_clause.is_some() {
            return Err(Error::invalid("a LIMIT in a subquery that names what is outside is not supported"));
        }
        query.order_by = None;
        *query.body = SetExpr::Select(Box::new(alone));
        Ok(Some(Correlation { keys, one_row }))
    }

    /// What a subquery reads.
    fn within(&mut self, select: &Select, bare: bool) -> Result<Within> {
        let mut within = Within { relations: Vec::new(), columns: Some(Vec::new()) };
        for factor in select.from.iter().flat_map(ast::factors) {
            let (name, columns) = match factor {
                TableFactor::Table { name, alias, version, .. } => {
                    let own = || name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default();
                    let columns = match self.source(name, version.as_ref())? {
                        Source::Cube(cube) => Some(members(cube).map(str::to_owned).collect()),
                        Source::Cte { relation, .. } => {
                            Some(relation.columns.into_iter().map(|column| column.name).collect())
                        }
                        Source::Table { schema: "mart", name, version } => self
                            .context
                            .catalog
                            .table(&name, version)
                            .map(|table| table.schema().fields().iter().map(|field| field.name().clone()).collect()),
                        Source::Plain { .. } if bare => self.columns_after_from(factor),
                        Source::Table { .. } | Source::Plain { .. } => None,
                    };
                    let renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
                    let name = alias.as_ref().map_or_else(own, |alias| fold(&alias.name));
                    (name, columns.filter(|_: &Vec<String>| !renamed))
                }
                TableFactor::Derived { alias, .. } => {
                    let name = alias.as_ref().map(|alias| fold(&alias.name)).unwrap_or_default();
                    (name, if bare { self.columns_after_from(factor) } else { None })
                }
                TableFactor::NestedJoin { alias: Some(alias), .. } => (fold(&alias.name), None),
                _ => (String::new(), None),
            };
            within.relations.push(name);
            match (&mut within.columns, columns) {
                (Some(all), Some(columns)) => all.extend(columns),
                (all, _) => *all = None,
            }
        }
        Ok(within)
    }

    /// The columns of a query after FROM, if it can stand there.
    fn columns_after_from(&mut self, factor: &TableFactor) -> Option<Vec<String>> {
        let told = self.told.take();
        let columns = match self.plain_factor(factor, true) {
            Ok(Some(plain)) => Some(self.names(&plain).all().into_iter().map(|(name, _)| name).collect()),
            Ok(None) => self
                .relation(&mut factor.clone())
                .ok()
                .map(|(_, relation)| relation.columns.into_iter().map(|column| column.name).collect()),
            Err(_) => None,
        };
        self.told = told;
        columns
    }

    /// Whether a subquery has one row however many facts there are.
    fn has_one_row(&self, select: &Select, plain: Option<&Plain<'a>>) -> Result<bool> {
        if !select_groups_by_nothing(select) || select.having.is_some() {
            return Ok(false);
        }
        let names = plain.map(|plain| self.names(plain));
        let conditional = match (&names, &select.selection) {
            (Some(names), Some(condition)) => names.asks_for_measure(condition),
            _ => false,
        };
        if self.aggregates(select, &[]) {
            return if conditional { Err(conditional_row()) } else { Ok(true) };
        }
        let Some(names) = names else { return Ok(false) };
        if names.has_star(select)? {
            return Ok(false);
        }
        let items = select.projection.iter().map(|item| names.item(item)).collect::<Result<Vec<_>>>()?;
        let one = items.iter().any(|(_, item)| names.mentioned_measure(item).is_some())
            && !items.iter().any(|(_, item)| names.is_of_dimensions(item));
        if one && conditional { Err(conditional_row()) } else { Ok(one) }
    }

    /// Refuses EXISTS (SELECT * …) that could mean rows or groups.
    pub(super) fn refuse_vague_existence(&mut self, query: &Query) -> Result<()> {
        match query.body.as_ref() {
            SetExpr::Select(select) if has_stars(select) => match self.starred(query, select)? {
                Some(plain) => self.names(&plain).refuse_vague_existence(query, select),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// The cube of whose fact rows a SELECT asks by `*`.
    fn starred(&mut self, query: &Query, select: &Select) -> Result<Option<Plain<'a>>> {
        let Some(plain) = self.in_scope_of(query.with.clone(), |binder| binder.block_over(select, None))? else {
            return Ok(None);
        };
        Ok(self.names(&plain).has_star(select)?.then_some(plain))
    }

    /// Gives a subquery its keys as items before its own, and groups by them where it groups. `*` asks for nothing more
    /// than whether there are rows.
    pub(super) fn keyed(&mut self, query: &mut Query, keys: &[Equal], grouped: bool) -> Result<()> {
        let SetExpr::Select(mut select) =
            std::mem::replace(query.body.as_mut(), SetExpr::Select(Box::new(ast::empty_select()?)))
        else {
            return Err(Error::internal("a correlated subquery is a SELECT"));
        };
        if has_stars(&select) {
            match self.starred(query, &select)? {
                Some(plain) => self.names(&plain).mere_existence(query, &mut select)?,
                None => select.projection = vec![SelectItem::UnnamedExpr(ast::number(1))],
            }
        }
        let named = keys.iter().enumerate().map(|(at, key)| ast::named(key.inside.clone(), &key_name(at)));
        let mut written = std::mem::take(&mut select.projection);
        written.iter_mut().filter_map(item_expr_mut).try_for_each(|item| parted(item, keys))?;
        select.projection = named.chain(written).collect();
        if let GroupByExpr::Expressions(by, _) = &mut select.group_by
            && (grouped || !by.is_empty())
        {
            // Ordinals count the items, before which the keys stand now.
            for key in by.iter_mut() {
                if let Some(at) = ordinal(key) {
                    *key = ast::number(i64::try_from(at + keys.len()).unwrap_or(i64::MAX));
                }
            }
            by.extend(keys.iter().map(|key| key.inside.clone()));
        }
        *query.body = SetExpr::Select(select);
        Ok(())
    }
}

impl Within {
    /// What an expression names.
    fn sides(&self, expr: &Expr, around: &Around<'_>) -> Sides {
        let mut sides = Sides::default();
        ast::any(expr, |inner| {
            let outside = match inner {
                Expr::CompoundIdentifier(parts) => {
                    let [.., relation, _] = parts.as_slice() else { return false };
                    let relation = fold(relation);
                    !self.relations.contains(&relation) && around.relations.contains(&relation)
                }
                Expr::Identifier(name) => {
                    let name = fold(name);
                    self.columns.as_ref().is_some_and(|own| !own.contains(&name)) && (around.knows)(&name)
                }
                _ => return false,
            };
            sides.outside |= outside;
            sides.inside |= !outside;
            false
        });
        sides
    }

    /// The sides of an equality between what is inside and what is outside.
    fn equal(&self, condition: &Expr, around: &Around<'_>) -> Result<Equal> {
        let is = |expr: &Expr, outside: bool| {
            let sides = self.sides(expr, around);
            sides.outside == outside && sides.inside != outside && !ast::holds_query(expr)
        };
        let found = equality(condition).and_then(|(left, right)| match (is(left, true), is(right, true)) {
            (true, false) if is(right, false) => Some((right, left)),
            (false, true) if is(left, false) => Some((left, right)),
            _ => None,
        });
        let Some((inside, outside)) = found else {
            return Err(Error::invalid(format!(
                "'{}' names what is outside the subquery, which over a cube goes only by an equality with a dimension: \
                 WHERE DIMENSION = {}.COLUMN; join a query that groups by what is compared instead",
                shown(condition),
                around.relations.first().map_or("OUTER", String::as_str),
            )));
        };
        Ok(Equal { inside: inside.clone(), outside: outside.clone(), null_safe: is_null_safe(condition) })
    }
}

/// The refusal of a condition on a measure where there is one row.
fn conditional_row() -> Error {
    Error::invalid(
        "a condition on a measure in WHERE of a subquery that has one row, and names what is outside, is not supported; \
         compare the value itself: (SELECT …) > 1000",
    )
}

/// Makes the windows of an expression run within what is equal outside.
fn parted(expr: &mut Expr, keys: &[Equal]) -> Result<()> {
    if let Expr::Function(function) = expr {
        match &mut function.over {
            Some(WindowType::WindowSpec(spec)) if spec.window_name.is_none() => {
                spec.partition_by.extend(keys.iter().map(|key| key.inside.clone()));
            }
            Some(_) => {
                return Err(Error::invalid(
                    "a window with a name in a subquery that names what is outside is not supported; write it out",
                ));
            }
            None => {}
        }
    }
    ast::children(expr)?.into_iter().try_for_each(|child| parted(child, keys))
}

fn select_groups_by_nothing(select: &Select) -> bool {
    matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty())
}

/// Takes away a LIMIT that leaves a row where there is one.
fn without_limit(query: &mut Query) {
    if let Some(LimitClause::LimitOffset { limit: Some(limit), offset: None, .. }) = &query.limit_clause
        && ordinal(limit).is_some_and(|most| most > 0)
    {
        query.limit_clause = None;
    }
}
