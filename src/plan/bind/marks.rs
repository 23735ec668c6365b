//! IN and EXISTS of queries outside WHERE and HAVING, where DataFusion plans none: what is looked for becomes a left join
//! with the query's distinct values, whose mark says whether it was found, beside one row that counts them. NULL is told
//! from FALSE as SQL has it: nothing is in no rows, and what is not found among NULLs may be one of them.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Distinct, Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, OrderByExpr,
    Query, Select, SelectItem, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, UnaryOperator, Value,
};

use crate::error::{Error, Result};

use super::super::ast;
use super::Binder;
use super::beside::Beside;
use super::plain::Plain;

/// The names of what a mark is made of.
const VALUE: &str = "v";
const MARK: &str = "m";
const ROWS: &str = "n";
const VALUES: &str = "c";

/// The marks of one SELECT.
#[derive(Default)]
pub(super) struct Marks {
    /// What was written, and what stands in its place.
    known: Vec<(Expr, Expr)>,
    /// What is joined for it.
    joined: Vec<Marking>,
}

/// What one IN is joined with.
struct Marking {
    /// The distinct values, and what they are called.
    values: (TableFactor, String),
    /// How many there are.
    counts: (TableFactor, String),
    /// What is looked for.
    sought: Expr,
}

impl<'a> Binder<'a> {
    /// Puts marks in the place of IN and EXISTS in the items, keys and order of a SELECT.
    pub(super) fn marks(&mut self, select: &mut Select, order: &mut [OrderByExpr]) -> Result<Marks> {
        let mut marks = Marks::default();
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                self.mark(expr, &mut marks)?;
            }
        }
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            for key in keys {
                match key {
                    Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                        sets.iter_mut().flatten().try_for_each(|key| self.mark(key, &mut marks))?;
                    }
                    key => self.mark(key, &mut marks)?,
                }
            }
        }
        order.iter_mut().try_for_each(|item| self.mark(&mut item.expr, &mut marks))?;
        Ok(marks)
    }

    fn mark(&mut self, expr: &mut Expr, marks: &mut Marks) -> Result<()> {
        if !ast::searches(expr) {
            return Ok(());
        }
        if let Some((_, value)) = marks.known.iter().find(|(written, _)| written == expr) {
            *expr = value.clone();
            return Ok(());
        }
        let written = expr.clone();
        match expr {
            Expr::Exists { subquery, negated } => {
                *expr = exists(std::mem::replace(subquery.as_mut(), ast::query_of(ast::empty_select()?)), *negated)?;
            }
            Expr::InSubquery { expr: sought, subquery, negated } => {
                self.mark(sought, marks)?;
                let negated = *negated;
                let found = self.found(sought.as_ref().clone(), subquery, marks)?;
                *expr = if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(found) } } else { found };
            }
            other => return ast::children(other)?.into_iter().try_for_each(|child| self.mark(child, marks)),
        }
        marks.known.push((written, expr.clone()));
        Ok(())
    }

    /// Whether something is among the values of a query: TRUE, FALSE or NULL.
    fn found(&mut self, sought: Expr, subquery: &mut Query, marks: &mut Marks) -> Result<Expr> {
        let relation = self.subquery_relation(subquery)?;
        if relation.columns.len() != 1 {
            return Err(Error::invalid(format!(
                "IN takes a query of one column, and this has {}",
                relation.columns.len()
            )));
        }
        self.planned += 2;
        let (values, counts) = (format!("$b{}", self.planned - 1), format!("$b{}", self.planned));
        marks.joined.push(Marking {
            values: (distinct_values(subquery.clone(), &values)?, values.clone()),
            counts: (counted(subquery.clone(), &counts)?, counts.clone()),
            sought: sought.clone(),
        });
        let is = |condition: Expr, result: Value| CaseWhen { condition, result: Expr::value(result) };
        let of = |name: &str| ast::column_of(&counts, name);
        let among_nulls = ast::binary(of(VALUES), BinaryOperator::Lt, of(ROWS));
        let unknown =
            ast::binary(Expr::Nested(Box::new(Expr::IsNull(Box::new(sought)))), BinaryOperator::Or, among_nulls);
        Ok(Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![
                is(ast::column_of(&values, MARK), Value::Boolean(true)),
                is(ast::binary(of(ROWS), BinaryOperator::Eq, ast::number(0)), Value::Boolean(false)),
                is(unknown, Value::Null),
            ],
            else_result: Some(Box::new(Expr::value(Value::Boolean(false)))),
        })
    }
}

impl Marks {
    /// Puts what they are joined with beside a cube.
    pub(super) fn beside(self, plain: &mut Plain<'_>, normalised: impl Fn(&Expr) -> Result<Expr>) -> Result<()> {
        for Marking { values, counts, sought } in self.joined {
            let on = vec![ast::binary(normalised(&sought)?, BinaryOperator::Eq, ast::column_of(&values.1, VALUE))];
            plain.beside.push(Beside::mark(values.0, values.1, [VALUE, MARK], Some(on)));
            plain.beside.push(Beside::mark(counts.0, counts.1, [ROWS, VALUES], None));
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
        for Marking { values, counts, sought } in self.joined {
            let on = ast::binary(sought, BinaryOperator::Eq, ast::column_of(&values.1, VALUE));
            let left = JoinOperator::Left(JoinConstraint::On(on));
            last.joins.push(Join { relation: values.0, global: false, join_operator: left });
            let cross = JoinOperator::CrossJoin(JoinConstraint::None);
            last.joins.push(Join { relation: counts.0, global: false, join_operator: cross });
        }
        Ok(())
    }
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

/// The distinct values of a query of one column, each with a mark.
fn distinct_values(query: Query, name: &str) -> Result<TableFactor> {
    let mut select = ast::empty_select()?;
    let mark = Expr::value(Value::Boolean(true));
    select.distinct = Some(Distinct::Distinct);
    select.projection = vec![SelectItem::UnnamedExpr(ast::column(VALUE)), ast::named(mark, MARK)];
    select.selection = Some(Expr::IsNotNull(Box::new(ast::column(VALUE))));
    select.from = vec![relation(query, called(VALUE))];
    Ok(ast::derived(ast::query_of(select), ast::alias(name)))
}

/// How many rows a query of one column has, and how many of its values are not NULL.
fn counted(query: Query, name: &str) -> Result<TableFactor> {
    let mut select = ast::empty_select()?;
    let values = Expr::Function(ast::call("count", vec![ast::column(VALUE)]));
    select.projection = vec![ast::named(Expr::Function(ast::count_of_rows()), ROWS), ast::named(values, VALUES)];
    select.from = vec![relation(query, called(VALUE))];
    Ok(ast::derived(ast::query_of(select), ast::alias(name)))
}

fn relation(query: Query, alias: TableAlias) -> TableWithJoins {
    TableWithJoins { relation: ast::derived(query, alias), joins: Vec::new() }
}

/// The alias of a query that calls its one column so.
fn called(column: &str) -> TableAlias {
    let name: Ident = ast::ident(column);
    TableAlias { columns: vec![TableAliasColumnDef { name, data_type: None }], ..ast::alias("t") }
}
