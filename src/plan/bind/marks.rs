//! IN and EXISTS of queries outside WHERE and HAVING, where DataFusion plans none, and correlated subqueries anywhere: what
//! is looked for becomes a left join with the query's distinct values, whose mark says whether it was found, beside what
//! counts them. NULL is told from FALSE as SQL has it: nothing is in no rows, and what is not found among NULLs may be one
//! of them.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Distinct, Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, OrderByExpr,
    Query, Select, SelectItem, SetExpr, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, UnaryOperator,
    Value,
};

use crate::error::{Error, Result};

use super::super::ast;
use super::Binder;
use super::beside::Beside;
use super::correlated::{Around, Correlation, Equal, key_name};
use super::plain::Plain;

/// The names of what a mark is made of; no name that somebody writes by itself means them.
const VALUE: &str = "$v";
const MARK: &str = "$m";
const ROWS: &str = "$n";
const VALUES: &str = "$c";

/// The marks of one SELECT.
#[derive(Default)]
pub(super) struct Marks {
    /// What was written, spelled out, and what stands in its place.
    known: Vec<(Expr, Expr)>,
    /// What is joined for it.
    joined: Vec<Marking>,
}

/// What is joined for a mark.
struct Marking {
    factor: TableFactor,
    name: String,
    columns: Vec<String>,
    /// What its columns are equal to; none where it is a single row.
    on: Option<Vec<Match>>,
}

/// A column that is equal to what is sought.
struct Match {
    column: String,
    sought: Expr,
    null_safe: bool,
}

impl Match {
    fn condition(&self, relation: &str, sought: Expr) -> Expr {
        let column = ast::column_of(relation, &self.column);
        match self.null_safe {
            true => Expr::IsNotDistinctFrom(Box::new(Expr::Nested(Box::new(sought))), Box::new(column)),
            false => ast::binary(Expr::Nested(Box::new(sought)), BinaryOperator::Eq, column),
        }
    }
}

/// Which subqueries become marks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// All that DataFusion does not plan in items, keys and order.
    All,
    /// Those that name what is outside.
    Correlated,
}

impl<'a> Binder<'a> {
    /// Puts marks in the place of IN and EXISTS in the items, keys and order of a SELECT, and of correlated subqueries
    /// in its conditions too.
    pub(super) fn marks(
        &mut self,
        select: &mut Select,
        order: &mut [OrderByExpr],
        around: &Around<'_>,
    ) -> Result<Marks> {
        let mut marks = Marks::default();
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                self.mark(expr, &mut marks, around, Which::All)?;
            }
        }
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            for key in keys {
                match key {
                    Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                        let mut keys = sets.iter_mut().flatten();
                        keys.try_for_each(|key| self.mark(key, &mut marks, around, Which::All))?;
                    }
                    key => self.mark(key, &mut marks, around, Which::All)?,
                }
            }
        }
        order.iter_mut().try_for_each(|item| self.mark(&mut item.expr, &mut marks, around, Which::All))?;
        for condition in select.selection.iter_mut().chain(&mut select.having) {
            self.mark(condition, &mut marks, around, Which::Correlated)?;
        }
        Ok(marks)
    }

    /// Puts marks in the place of the correlated subqueries in the items and the WHERE of a SELECT.
    pub(super) fn correlated_marks(&mut self, select: &mut Select, around: &Around<'_>) -> Result<Marks> {
        let mut marks = Marks::default();
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                self.mark(expr, &mut marks, around, Which::Correlated)?;
            }
        }
        if let Some(condition) = &mut select.selection {
            self.mark(condition, &mut marks, around, Which::Correlated)?;
        }
        Ok(marks)
    }

    fn mark(&mut self, expr: &mut Expr, marks: &mut Marks, around: &Around<'_>, which: Which) -> Result<()> {
        if !ast::holds_query(expr) {
            return Ok(());
        }
        let written = (around.spelled)(expr);
        if let Some((_, value)) = marks.known.iter().find(|(known, _)| *known == written) {
            *expr = value.clone();
            return Ok(());
        }
        let existence = matches!(expr, Expr::Exists { .. });
        let correlation = match ast::subquery(expr) {
            Some(query) => self.correlation(query, around, existence)?,
            None => None,
        };
        let marked = match (&mut *expr, correlation) {
            (Expr::Exists { subquery, negated }, Some(correlation)) => {
                let found = self.exists_for(taken(subquery)?, correlation, marks)?;
                not(found, *negated)
            }
            (Expr::InSubquery { expr: sought, subquery, negated }, Some(correlation)) => {
                self.mark(sought, marks, around, which)?;
                let sought = sought.as_ref().clone();
                let found = match correlation.one_row {
                    true => {
                        let value = self.value_for(taken(subquery)?, correlation, marks)?;
                        Expr::Nested(Box::new(ast::binary(bracketed(sought), BinaryOperator::Eq, value)))
                    }
                    false => self.found(sought, taken(subquery)?, correlation.keys, marks)?,
                };
                not(found, *negated)
            }
            (Expr::Subquery(subquery), Some(correlation)) => self.value_for(taken(subquery)?, correlation, marks)?,
            (Expr::Exists { subquery, negated }, None) if which == Which::All => exists(taken(subquery)?, *negated)?,
            (Expr::InSubquery { expr: sought, subquery, negated }, None) if which == Which::All => {
                self.mark(sought, marks, around, which)?;
                let found = self.found(sought.as_ref().clone(), taken(subquery)?, Vec::new(), marks)?;
                not(found, *negated)
            }
            (other, _) => {
                return ast::children(other)?.into_iter().try_for_each(|child| self.mark(child, marks, around, which));
            }
        };
        *expr = marked.clone();
        marks.known.push((written, marked));
        Ok(())
    }

    /// A relation to be joined under a name of its own, which is given back.
    fn joined_for(
        &mut self,
        marks: &mut Marks,
        columns: &[&str],
        on: Option<Vec<Match>>,
        factor: Select,
    ) -> Result<String> {
        self.planned += 1;
        let name = format!("$b{}", self.planned);
        let keys = (0..on.iter().flatten().count()).map(key_name);
        marks.joined.push(Marking {
            factor: ast::derived(ast::query_of(factor), ast::alias(&name)),
            columns: columns.iter().map(|column| (*column).to_owned()).chain(keys).collect(),
            name: name.clone(),
            on,
        });
        Ok(name)
    }

    /// Whether a correlated subquery has rows: TRUE or FALSE.
    fn exists_for(&mut self, mut query: Query, correlation: Correlation, marks: &mut Marks) -> Result<Expr> {
        if correlation.one_row {
            return Ok(Expr::value(Value::Boolean(true)));
        }
        self.keyed(&mut query, &correlation.keys, false)?;
        self.subquery_relation(&mut query)?;
        let mut distinct = select_of(query, &correlation.keys, &[])?;
        distinct.distinct = Some(Distinct::Distinct);
        distinct.projection.push(mark());
        let name = self.joined_for(marks, &[MARK], Some(matches_of(correlation.keys)), distinct)?;
        Ok(Expr::Nested(Box::new(Expr::IsNotNull(Box::new(ast::column_of(&name, MARK))))))
    }

    /// The value of a correlated subquery of one row: where no row of it meets, that of no rows.
    fn value_for(&mut self, mut query: Query, correlation: Correlation, marks: &mut Marks) -> Result<Expr> {
        if !correlation.one_row {
            return Err(Error::invalid(format!(
                "the subquery ({query}) may have several rows for one outside; let it aggregate, without GROUP BY and HAVING"
            )));
        }
        named_value(&mut query)?;
        let mut empty = query.clone();
        if let SetExpr::Select(select) = empty.body.as_mut() {
            select.selection = Some(Expr::value(Value::Boolean(false)));
        }
        self.keyed(&mut query, &correlation.keys, true)?;
        self.subquery_relation(&mut query)?;
        self.subquery_relation(&mut empty)?;
        let mut values = select_of(query, &correlation.keys, &[VALUE])?;
        values.projection.push(mark());
        let found = self.joined_for(marks, &[VALUE, MARK], Some(matches_of(correlation.keys)), values)?;
        let none = self.joined_for(marks, &[VALUE], None, select_of(empty, &[], &[VALUE])?)?;
        let when = CaseWhen { condition: ast::column_of(&found, MARK), result: ast::column_of(&found, VALUE) };
        Ok(case(vec![when], ast::column_of(&none, VALUE)))
    }

    /// Whether something is among the values of a query: TRUE, FALSE or NULL.
    fn found(&mut self, sought: Expr, mut query: Query, keys: Vec<Equal>, marks: &mut Marks) -> Result<Expr> {
        if keys.is_empty() {
            let relation = self.subquery_relation(&mut query)?;
            if relation.columns.len() != 1 {
                return Err(Error::invalid(format!(
                    "IN takes a query of one column, and this has {}",
                    relation.columns.len()
                )));
            }
        } else {
            named_value(&mut query)?;
            self.keyed(&mut query, &keys, false)?;
            self.subquery_relation(&mut query)?;
        }
        let mut values = select_of(query.clone(), &keys, &[VALUE])?;
        values.distinct = Some(Distinct::Distinct);
        values.projection.push(mark());
        values.selection = Some(Expr::IsNotNull(Box::new(ast::column(VALUE))));
        let mut counts = select_of(query, &keys, &[])?;
        counts.group_by =
            GroupByExpr::Expressions((0..keys.len()).map(|at| ast::column(&key_name(at))).collect(), vec![]);
        let not_null = Expr::Function(ast::call("count", vec![ast::column(VALUE)]));
        counts.projection.push(ast::named(Expr::Function(ast::count_of_rows()), ROWS));
        counts.projection.push(ast::named(not_null, VALUES));
        let counted = (!keys.is_empty()).then(|| matches_of(keys.clone()));
        let value = Match { column: VALUE.to_owned(), sought: sought.clone(), null_safe: false };
        let on = matches_of(keys).into_iter().chain([value]).collect();
        let values = self.joined_for(marks, &[VALUE, MARK], Some(on), values)?;
        let counts = self.joined_for(marks, &[ROWS, VALUES], counted, counts)?;
        let is = |condition: Expr, result: Value| CaseWhen { condition, result: Expr::value(result) };
        let rows = || ast::column_of(&counts, ROWS);
        let no_rows = ast::binary(
            Expr::IsNull(Box::new(rows())),
            BinaryOperator::Or,
            ast::binary(rows(), BinaryOperator::Eq, ast::number(0)),
        );
        let among_nulls = ast::binary(ast::column_of(&counts, VALUES), BinaryOperator::Lt, rows());
        let unknown =
            ast::binary(Expr::Nested(Box::new(Expr::IsNull(Box::new(sought)))), BinaryOperator::Or, among_nulls);
        Ok(case(
            vec![
                is(ast::column_of(&values, MARK), Value::Boolean(true)),
                is(no_rows, Value::Boolean(false)),
                is(unknown, Value::Null),
            ],
            Expr::value(Value::Boolean(false)),
        ))
    }
}

impl Marks {
    /// Puts what they are joined with beside a cube.
    pub(super) fn beside(self, plain: &mut Plain<'_>, normalised: impl Fn(&Expr) -> Result<Expr>) -> Result<()> {
        for Marking { factor, name, columns, on } in self.joined {
            let mut conditions = Vec::new();
            for one in on.iter().flatten() {
                conditions.push(one.condition(&name, normalised(&one.sought)?));
            }
            plain.beside.push(Beside::mark(factor, name, columns, on.map(|_| conditions)));
        }
        Ok(())
    }

    /// Joins them to what stands after FROM.
    pub(super) fn join(self, from: &mut [TableWithJoins]) -> Result<()> {
        if self.joined.is_empty() {
            return Ok(());
        }
        let Some(last) = from.last_mut() else {
            return Err(Error::invalid("IN (SELECT …) without FROM is not supported; write it in WHERE"));
        };
        for Marking { factor, name, on, .. } in self.joined {
            let conditions = on.map(|on| {
                let each = on.iter().map(|one| one.condition(&name, one.sought.clone()));
                ast::all(each.collect::<Vec<_>>()).unwrap_or_else(|| Expr::value(Value::Boolean(true)))
            });
            let join_operator = match conditions {
                Some(on) => JoinOperator::Left(JoinConstraint::On(on)),
                None => JoinOperator::CrossJoin(JoinConstraint::None),
            };
            last.joins.push(Join { relation: factor, global: false, join_operator });
        }
        Ok(())
    }

    /// Whether there are none.
    pub(super) fn are_none(&self) -> bool {
        self.joined.is_empty()
    }
}

/// Whether an expression is the value of a correlated subquery over a cube.
pub(super) fn is_value(expr: &Expr) -> bool {
    matches!(expr, Expr::CompoundIdentifier(parts) if parts.last().is_some_and(|name| name.value == VALUE))
}

/// A query taken out of an expression.
fn taken(query: &mut Query) -> Result<Query> {
    Ok(std::mem::replace(query, ast::query_of(ast::empty_select()?)))
}

fn not(condition: Expr, negated: bool) -> Expr {
    match negated {
        true => Expr::Nested(Box::new(Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(condition) })),
        false => condition,
    }
}

fn bracketed(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

fn mark() -> SelectItem {
    ast::named(Expr::value(Value::Boolean(true)), MARK)
}

fn matches_of(keys: Vec<Equal>) -> Vec<Match> {
    let named =
        |(at, key): (usize, Equal)| Match { column: key_name(at), sought: key.outside, null_safe: key.null_safe };
    keys.into_iter().enumerate().map(named).collect()
}

fn case(conditions: Vec<CaseWhen>, otherwise: Expr) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions,
        else_result: Some(Box::new(otherwise)),
    }
}

/// Names the one item of a query.
fn named_value(query: &mut Query) -> Result<()> {
    if let SetExpr::Select(select) = query.body.as_mut()
        && let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = select.projection.as_slice()
    {
        select.projection = vec![ast::named(expr.clone(), VALUE)];
        return Ok(());
    }
    Err(Error::invalid(format!("the subquery ({query}) has to have one column")))
}

/// `(SELECT COUNT(*) > 0 FROM (query) t)`.
fn exists(query: Query, negated: bool) -> Result<Expr> {
    let mut select = ast::empty_select()?;
    let op = if negated { BinaryOperator::Eq } else { BinaryOperator::Gt };
    let some = ast::binary(Expr::Function(ast::count_of_rows()), op, ast::number(0));
    select.projection = vec![ast::named(some, MARK)];
    select.from = vec![relation(query, ast::alias("t"))];
    Ok(Expr::Subquery(Box::new(ast::query_of(select))))
}

/// A SELECT over a query of its keys and some columns. A query without keys calls its one column otherwise.
fn select_of(query: Query, keys: &[Equal], columns: &[&str]) -> Result<Select> {
    let mut select = ast::empty_select()?;
    let names = (0..keys.len()).map(key_name).chain(columns.iter().map(|column| (*column).to_owned()));
    select.projection = names.map(|name| SelectItem::UnnamedExpr(ast::column(&name))).collect();
    let alias = if keys.is_empty() { called(VALUE) } else { ast::alias("t") };
    select.from = vec![relation(query, alias)];
    Ok(select)
}

fn relation(query: Query, alias: TableAlias) -> TableWithJoins {
    TableWithJoins { relation: ast::derived(query, alias), joins: Vec::new() }
}

/// The alias of a query that calls its one column so.
fn called(column: &str) -> TableAlias {
    let name: Ident = ast::ident(column);
    TableAlias { columns: vec![TableAliasColumnDef { name, data_type: None }], ..ast::alias("t") }
}
