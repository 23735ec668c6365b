//! The binder: names after FROM, scopes, lineage. A SELECT over one cube becomes a query over its star (`cube`);
//! everything else stays ordinary SQL, watched for sums that the data alone could make right (`ordinary`).

mod asked;
mod beside;
mod correlated;
mod cube;
mod detail;
mod explain;
mod found;
mod grouped;
mod grouping;
mod hidden;
mod instant;
mod instead;
mod items;
mod joins;
mod keyless;
mod lineage;
mod marks;
mod measure;
mod ordinary;
mod plain;
mod refusals;
mod rows;
mod sets;
mod shown;
mod star;
mod subqueries;
mod summand;
mod sums;
mod ties;
mod using;
mod valueless;
mod windows;
mod with;
mod wraps;

use datafusion::sql::sqlparser::ast::{
    Cte, Expr, Ident, ObjectName, OrderBy, OrderByKind, Query, SelectItem, SetExpr, SetOperator, SetQuantifier,
    TableAlias, TableFactor, TableVersion,
};

use crate::error::{Error, Result};
use crate::model::Cube;
use crate::sql::{self, fold, version_number};
use crate::yaml::nearest;

use super::catalog::{DESCRIBING, NotLoaded, unknown_description, unknown_table, versioned};
use super::relation::{Column, Lineage, Relation};
use super::{Context, ast};
use with::{Defined, NamedQuery};

/// Binds a whole query in place: what its rows are, and lines that tell how its blocks over cubes were read, where it is to
/// be explained.
pub(super) fn bind(query: &mut Query, context: &Context<'_>, explain: bool) -> Result<(Relation, Vec<String>)> {
    let written = query.clone();
    let mut binder = Binder::of(context, explain);
    // What is sent instead of one that is refused must not be refused too.
    let is_bound = |statement: &Query| Binder::of(context, false).query(&mut statement.clone()).is_ok();
    let relation = binder.query(query).map_err(|error| instead::told(error, &written, is_bound))?;
    Ok((relation, binder.told.unwrap_or_default()))
}

/// How many queries may be bound for one statement. One beside a cube is bound to see whether it can stand there, and once
/// more where it cannot, so that nesting such joins doubles the work.
const QUERY_LIMIT: usize = 2_000;

/// How many queries may be looked into for whether they are plain blocks. One of WITH is looked into where it is defined and
/// where it is named, so that nesting WITH doubles the work.
const LOOK_LIMIT: usize = 20_000;

/// Where a query stands, as far as `*` over a cube goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is the statement's own.
    Outermost,
    /// In EXISTS, which asks whether there are rows, not what they hold.
    Exists,
    /// Anywhere else.
    Within,
}

/// The binder of one statement.
struct Binder<'a> {
    context: &'a Context<'a>,
    /// What WITH has named, innermost last.
    ctes: Vec<Vec<(String, NamedQuery)>>,
    /// The same queries, bound, in the order in which they were written.
    with: Vec<Cte>,
    /// What the SELECTs read in whose expressions the query at hand stands.
    outside: Vec<String>,
    /// How many relations have been planned under names of their own.
    planned: usize,
    /// How many queries have been bound, or looked into for whether they are plain blocks.
    bound: usize,
    looked_into: usize,
    /// Where the next query stands.
    place: Place,
    /// Whether the expressions at hand stand over what a cube has computed, where time is wall clock.
    wall: bool,
    /// How the blocks over cubes were read, where somebody asks.
    told: Option<Vec<String>>,
}

/// What a name after FROM means.
enum Source<'a> {
    Cube(&'a Cube),
    Cte {
        planned: Ident,
        relation: Relation,
    },
    /// A query of WITH that is a plain block, and where it was defined.
    Plain {
        query: Box<Query>,
        defined: Defined,
        name: String,
    },
    Table {
        schema: &'static str,
        name: String,
        version: Option<u64>,
    },
}

impl<'a> Binder<'a> {
    fn of(context: &'a Context<'a>, explain: bool) -> Self {
        Self {
            context,
            ctes: Vec::new(),
            with: Vec::new(),
            outside: Vec::new(),
            planned: 0,
            bound: 0,
            looked_into: 0,
            place: Place::Outermost,
            wall: false,
            told: explain.then(Vec::new),
        }
    }

    /// Binds a query, at any depth: what its rows are.
    fn query(&mut self, query: &mut Query) -> Result<Relation> {
        self.bound += 1;
        self.within_limits()?;
        sql::deep(|| {
            self.ctes.push(Vec::new());
            let outer = std::mem::replace(&mut self.wall, false);
            let place = std::mem::replace(&mut self.place, Place::Within);
            let visible = self.with.len();
            let bound = self.query_in_scope(query, place);
            self.with.truncate(visible);
            self.wall = outer;
            self.ctes.pop();
            bound
        })
    }

    /// Refuses a statement that is looked into too often.
    fn within_limits(&self) -> Result<()> {
        if self.bound > QUERY_LIMIT || self.looked_into > LOOK_LIMIT {
            return Err(Error::invalid(
                "the statement nests joins, WITH and subqueries too deeply to be read; ask for parts of it alone",
            ));
        }
        Ok(())
    }

    /// Binds a query that stands in an expression.
    fn subquery(&mut self, expr: &mut Expr) -> Result<()> {
        let exists = matches!(expr, Expr::Exists { .. });
        let Some(subquery) = ast::subquery(expr) else { return Ok(()) };
        self.place = if exists { Place::Exists } else { Place::Within };
        let relation = self.query(subquery)?;
        if exists { Ok(()) } else { valueless::refuse_columns(&relation) }
    }

    fn query_in_scope(&mut self, query: &mut Query, place: Place) -> Result<Relation> {
        wraps::without_brackets(query)?;
        wraps::without_wraps(query)?;
        self.with_queries(query)?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            wraps::searches_in_where(select);
        }
        if let SetExpr::Select(select) = query.body.as_ref()
            && let Some(plain) = self.block_over(select, Some(query))?
        {
            return self.cube_block(query, plain, place);
        }
        let (ordered, limited) = (query.order_by.is_some(), query.limit_clause.is_some());
        let mut order = match query.order_by.take() {
            Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) => order,
            _ => Vec::new(),
        };
        let relation = match query.body.as_mut() {
            SetExpr::Select(select) => self.ordinary(select, &mut order, limited)?,
            body => {
                order.iter_mut().try_for_each(|item| self.free_expr(&mut item.expr))?;
                self.set_expr(body)?
            }
        };
        query.order_by =
            (!order.is_empty()).then_some(OrderBy { kind: OrderByKind::Expressions(order), interpolate: None });
        if !ordered && (relation.cube || query.order_by.is_some()) {
            ast::mark_limit(query);
        }
        Ok(relation)
    }

    fn set_expr(&mut self, body: &mut SetExpr) -> Result<Relation> {
        match body {
            SetExpr::Select(select) => {
                wraps::searches_in_where(select);
                if self.block_over(select, None)?.is_some() {
                    let mut query = ast::query_of(std::mem::replace(select.as_mut(), ast::empty_select()?));
                    let relation = self.query(&mut query)?;
                    *body = SetExpr::Query(Box::new(query));
                    return Ok(relation);
                }
                self.ordinary(select, &mut Vec::new(), false)
            }
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { op, set_quantifier, left, right } => {
                let left = sql::deep(|| self.set_expr(left))?;
                let right = self.set_expr(right)?;
                let all = matches!((op, set_quantifier), (SetOperator::Union, SetQuantifier::All));
                valueless::refuse_sides(&left, &right, !all)?;
                Ok(left.united(&right))
            }
            SetExpr::Values(values) => {
                for expr in values.rows.iter_mut().flat_map(|row| row.content.iter_mut()) {
                    self.free_expr(expr)?;
                }
                let exprs = || values.rows.iter().flat_map(|row| row.content.iter());
                if exprs().any(|expr| ast::any(expr, |inner| matches!(inner, Expr::Subquery(_) | Expr::Exists { .. })))
                {
                    return Err(Error::invalid("a query in VALUES is not supported; join it instead"));
                }
                let width = values.rows.first().map_or(0, |row| row.content.len());
                let column = |at| Column::new(format!("column{at}"), Lineage::Free);
                Ok(Relation { columns: (1..=width).map(column).collect(), ..Relation::default() })
            }
            other => Err(Error::invalid(format!("'{other}' is not supported"))),
        }
    }

    /// What a name after FROM means.
    fn source(&self, name: &ObjectName, version: Option<&TableVersion>) -> Result<Source<'a>> {
        let version = version.map(version_number).transpose()?;
        let idents: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
        let parts: Vec<String> = idents.iter().map(|ident| fold(ident)).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let model = self.context.model;
        match parts.as_slice() {
            [name] => {
                if let Some((defined, named)) = self.named(name) {
                    if version.is_some() {
                        return Err(Error::invalid(format!(
                            "VERSION AS OF goes with tables of mart; '{name}' is a query of WITH"
                        )));
                    }
                    return Ok(match named.clone() {
                        NamedQuery::Bound { planned, relation } => Source::Cte { planned, relation },
                        NamedQuery::Plain(query) => Source::Plain { query, defined, name: (*name).to_owned() },
                    });
                }
                model.cubes.get(*name).map(Source::Cube).ok_or_else(|| self.unknown(name))
            }
            ["cubes", name] | ["starmart", "cubes", name] => {
                model.cubes.get(*name).map(Source::Cube).ok_or_else(|| self.unknown(name))
            }
            ["mart", name] | ["starmart", "mart", name] => {
                if self.context.catalog.table(name, version).is_none() {
                    return Err(unknown_table(self.context, name, version));
                }
                Ok(Source::Table { schema: "mart", name: (*name).to_owned(), version })
            }
            [schema, name] | ["starmart", schema, name] if DESCRIBING.contains(schema) => {
                if version.is_some() {
                    return Err(Error::invalid(
                        "VERSION AS OF goes with tables of mart; SET mart_version pins the rest",
                    ));
                }
                let known = DESCRIBING.into_iter().find(|known| known == schema);
                match known.filter(|schema| self.context.catalog.describing(schema, name).is_some()) {
                    Some(schema) => Ok(Source::Table { schema, name: (*name).to_owned(), version }),
                    None => Err(unknown_description(schema, name)),
                }
            }
            _ => Err(Error::not_found(format!(
                "unknown table '{name}'; cubes are named bare, tables as mart.NAME (catalog starmart)"
            ))),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let cubes = self.context.model.cubes.keys().map(String::as_str);
        if let Some(why) = self.context.model.left_out.cubes.get(name) {
            return NotLoaded::because(format!("cube '{name}' needs a table that has not been loaded: {why}"));
        }
        if self.context.catalog.names().iter().any(|table| table == name) {
            return Error::not_found(format!("unknown cube '{name}'; the table of that name is mart.{name}"));
        }
        match nearest(name, cubes.clone()) {
            Some(meant) => Error::not_found(format!("unknown cube '{name}'; did you mean '{meant}'?")),
            None => {
                let all: Vec<&str> = cubes.collect();
                Error::not_found(format!("unknown cube '{name}'; there are {}", all.join(", ")))
            }
        }
    }

    /// Binds what stands in an expression of ordinary SQL: its subqueries, the time, and names with a schema.
    fn free_expr(&mut self, expr: &mut Expr) -> Result<()> {
        sql::deep(|| {
            if let Expr::Function(function) = expr
                && let Some(name) = ast::function_name(function)
                && items::is_measure_call(&name)
            {
                return Err(Error::invalid(format!(
                    "{}() evaluates a measure in a SELECT over its cube; here there is none, and what is already \
                     evaluated is added up by SUM()",
                    name.to_uppercase()
                )));
            }
            if let Expr::CompoundIdentifier(parts) = expr {
                without_schema(parts);
            }
            if let Expr::Function(function) = expr
                && sets::is_grouping(function)
            {
                ast::children(expr)?.into_iter().try_for_each(|child| self.free_expr(child))?;
                *expr = sets::whole(expr.clone());
                return Ok(());
            }
            self.subquery(expr)?;
            let literal = match self.wall {
                true => instant::on_the_wall(expr, self.context.query),
                false => instant::clock_call(expr, self.context.query, false),
            };
            if let Some(literal) = literal {
                *expr = literal;
                return Ok(());
            }
            ast::children(expr)?.into_iter().try_for_each(|child| self.free_expr(child))
        })
    }
}

/// `mart.lines.amount` is `lines.amount`: a relation bears its bare name.
fn without_schema(parts: &mut Vec<Ident>) {
    let names: Vec<String> = parts.iter().map(fold).collect();
    let skip = match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["starmart", schema, _, _] if is_schema(schema) => 2,
        [schema, _, _] if is_schema(schema) => 1,
        _ => 0,
    };
    parts.drain(..skip);
}

fn is_schema(name: &str) -> bool {
    ["mart", "cubes"].contains(&name) || DESCRIBING.contains(&name)
}

/// The column names that an alias gives.
fn column_names(alias: &TableAlias) -> Vec<String> {
    alias.columns.iter().map(|column| fold(&column.name)).collect()
}

/// Makes a table factor read a table of a schema under its bare name or alias.
fn read_table(factor: &mut TableFactor, schema: &str, table: &str, version: Option<u64>) {
    if let TableFactor::Table { name, alias, version: clause, .. } = factor {
        let reserved = version.map_or_else(|| table.to_owned(), |version| versioned(table, version));
        *name = ObjectName::from(vec![ast::ident("starmart"), ast::ident(schema), ast::ident(&reserved)]);
        *clause = None;
        if alias.is_none() {
            *alias = Some(ast::alias(table));
        }
    }
}

/// An item's expression.
fn item_expr(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}
