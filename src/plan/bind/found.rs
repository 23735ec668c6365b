//! What is joined for the marks of a SELECT (`marks`): the rows that a correlated subquery has, its value, and the values
//! that IN looks among, each with a mark.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Distinct, Expr, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, TableAlias,
    TableAliasColumnDef, TableWithJoins, Value,
};

use crate::error::{Error, Result};
use crate::sql::LOOKED_INTO;

use super::super::ast;
use super::Binder;
use super::correlated::{Correlation, Equal, key_name};
use super::marks::{Marking, Marks, Match, bracketed};

/// The names of what a mark is made of; no name that somebody writes by itself means them.
const VALUE: &str = "$v";
const MARK: &str = "$m";
const ROWS: &str = "$n";
const VALUES: &str = "$c";

/// A column of what is joined for marks, as people read it.
pub(super) fn readable(column: &Ident) -> Ident {
    let read = match column.value.as_str() {
        VALUE => "value",
        MARK => "found",
        ROWS => "rows",
        VALUES => "values",
        other => match other.strip_prefix("$k") {
            Some(number) => return Ident::new(format!("key_{number}")),
            None => other,
        },
    };
    Ident::new(read)
}

impl Binder<'_> {
    /// A relation to be joined under a name of its own, which is given back.
    fn joined_for(
        &mut self,
        marks: &mut Marks,
        columns: &[&str],
        on: Option<Vec<Match>>,
        factor: Select,
        cube: bool,
    ) -> Result<String> {
        self.planned += 1;
        let name = format!("{LOOKED_INTO}{}", self.planned);
        let keys = (0..on.iter().flatten().count()).map(key_name);
        marks.joined.push(Marking {
            factor: ast::derived(ast::query_of(factor), ast::alias(&name)),
            columns: columns.iter().map(|column| (*column).to_owned()).chain(keys).collect(),
            name: name.clone(),
            on,
            cube,
        });
        Ok(name)
    }

    /// Whether a correlated subquery has rows: TRUE or FALSE.
    pub(super) fn exists_for(&mut self, mut query: Query, correlation: Correlation, marks: &mut Marks) -> Result<Expr> {
        if correlation.one_row {
            return Ok(Expr::value(Value::Boolean(true)));
        }
        self.keyed(&mut query, &correlation.keys, false)?;
        let cube = self.subquery_relation(&mut query)?.cube;
        let mut distinct = select_of(query, &correlation.keys, &[])?;
        distinct.distinct = Some(Distinct::Distinct);
        distinct.projection.push(mark());
        let name = self.joined_for(marks, &[MARK], Some(matches_of(correlation.keys)), distinct, cube)?;
        Ok(Expr::Nested(Box::new(Expr::IsNotNull(Box::new(ast::column_of(&name, MARK))))))
    }

    /// The value of a correlated subquery of one row: where no row of it meets, that of no rows.
    pub(super) fn value_for(&mut self, mut query: Query, correlation: Correlation, marks: &mut Marks) -> Result<Expr> {
        named_value(&mut query)?;
        let mut empty = query.clone();
        if let SetExpr::Select(select) = empty.body.as_mut() {
            select.selection = Some(Expr::value(Value::Boolean(false)));
        }
        self.keyed(&mut query, &correlation.keys, true)?;
        let cube = self.subquery_relation(&mut query)?.cube;
        self.subquery_relation(&mut empty)?;
        let mut values = select_of(query, &correlation.keys, &[VALUE])?;
        values.projection.push(mark());
        let found = self.joined_for(marks, &[VALUE, MARK], Some(matches_of(correlation.keys)), values, cube)?;
        let none = self.joined_for(marks, &[VALUE], None, select_of(empty, &[], &[VALUE])?, cube)?;
        let when = CaseWhen { condition: ast::column_of(&found, MARK), result: ast::column_of(&found, VALUE) };
        Ok(case(vec![when], ast::column_of(&none, VALUE)))
    }

    /// Whether something is among the values of a query: TRUE, FALSE or NULL, or, where only truth matters, TRUE or FALSE.
    pub(super) fn found(
        &mut self,
        sought: Expr,
        mut query: Query,
        keys: Vec<Equal>,
        marks: &mut Marks,
        truth: bool,
    ) -> Result<Expr> {
        let cube = if keys.is_empty() {
            let relation = self.subquery_relation(&mut query)?;
            if relation.columns.len() != 1 {
                return Err(Error::invalid(format!(
                    "IN takes a query of one column, and this has {}",
                    relation.columns.len()
                )));
            }
            relation.cube
        } else {
            named_value(&mut query)?;
            self.keyed(&mut query, &keys, false)?;
            self.subquery_relation(&mut query)?.cube
        };
        let mut values = select_of(query.clone(), &keys, &[VALUE])?;
        values.distinct = Some(Distinct::Distinct);
        values.projection.push(mark());
        values.selection = Some(Expr::IsNotNull(Box::new(ast::column(VALUE))));
        let value = Match { column: VALUE.to_owned(), sought: sought.clone(), null_safe: false };
        let on = matches_of(keys.clone()).into_iter().chain([value]).collect();
        let values = self.joined_for(marks, &[VALUE, MARK], Some(on), values, cube)?;
        let mark = ast::column_of(&values, MARK);
        match truth {
            true => Ok(bracketed(Expr::IsNotNull(Box::new(mark)))),
            false => self.told_from_null(sought, mark, query, keys, marks),
        }
    }

    /// Whether something is found, where it has a mark: NULL is told from FALSE by how many values there are.
    fn told_from_null(
        &mut self,
        sought: Expr,
        mark: Expr,
        query: Query,
        keys: Vec<Equal>,
        marks: &mut Marks,
    ) -> Result<Expr> {
        let mut counts = select_of(query, &keys, &[])?;
        let names = (0..keys.len()).map(|at| ast::column(&key_name(at)));
        counts.group_by = GroupByExpr::Expressions(names.collect(), Vec::new());
        let not_null = Expr::Function(ast::call("count", vec![ast::column(VALUE)]));
        counts.projection.push(ast::named(Expr::Function(ast::count_of_rows()), ROWS));
        counts.projection.push(ast::named(not_null, VALUES));
        let on = (!keys.is_empty()).then(|| matches_of(keys));
        let counts = self.joined_for(marks, &[ROWS, VALUES], on, counts, true)?;
        let is = |condition: Expr, result: Value| CaseWhen { condition, result: Expr::value(result) };
        let or = |one: Expr, other: Expr| ast::binary(one, BinaryOperator::Or, other);
        let rows = || ast::column_of(&counts, ROWS);
        let none = or(Expr::IsNull(Box::new(rows())), ast::binary(rows(), BinaryOperator::Eq, ast::number(0)));
        let among_nulls = ast::binary(ast::column_of(&counts, VALUES), BinaryOperator::Lt, rows());
        let unknown = or(bracketed(Expr::IsNull(Box::new(sought))), among_nulls);
        Ok(case(
            vec![is(mark, Value::Boolean(true)), is(none, Value::Boolean(false)), is(unknown, Value::Null)],
            Expr::value(Value::Boolean(false)),
        ))
    }
}

/// Whether a column of what is joined for marks is the value of a correlated subquery; none for other expressions.
pub(super) fn is_value(expr: &Expr) -> Option<bool> {
    let Expr::CompoundIdentifier(parts) = expr else { return None };
    let name = parts.last()?.value.as_str();
    [VALUE, MARK, ROWS, VALUES].contains(&name).then_some(name == VALUE)
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
pub(super) fn exists(query: Query, negated: bool) -> Result<Expr> {
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
