//! Statements whose literals come as values of parameters: they are described before the values are known, and with them
//! they are planned as the statements are that hold the literals.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause, Query, Value, VisitMut, VisitorMut,
};
use starmart::error::Result;
use starmart::plan::{Plan, describe, plan, statement};
use starmart::sql::parse_query;

use super::engine::{Asked, Machine, query};

impl Machine {
    /// How a statement that has an answer differs from itself with parameters.
    pub(crate) fn differs_with_parameters(&self, asked: &Asked, sql: &str) -> Result<Option<String>> {
        let query = query(asked);
        let context = self.context(asked, &query);
        let written = plan(&statement(sql)?, &context)?;
        let (text, values) = apart(sql)?;
        let prepared = statement(&text)?;
        let description = match describe(&prepared, &context) {
            Ok(description) => description,
            Err(error) => return Ok(Some(format!("cannot be described: {error}\n{text}"))),
        };
        let bound = match prepared.with_values(&values).and_then(|bound| plan(&bound, &context)) {
            Ok(bound) => bound,
            Err(error) => return Ok(Some(format!("cannot be bound: {error}\n{text} {values:?}"))),
        };
        if words(&bound) != words(&written) {
            return Ok(Some(format!("is another plan with parameters: {text} {values:?}")));
        }
        let names = |schema: &arrow::datatypes::Schema| -> Vec<String> {
            schema.fields().iter().map(|field| field.name().clone()).collect()
        };
        let (told, sent) = (names(&description.schema), names(&bound.schema));
        Ok((told.len() != sent.len())
            .then(|| format!("is described with other columns: {told:?} for {sent:?}\n{text}")))
    }
}

/// The words of a plan. In which order columns stand that ORDER BY needs beside the items is chance.
fn words(plan: &Plan) -> Vec<String> {
    let text = plan.logical.display_indent().to_string();
    let mut words: Vec<String> = text.split_whitespace().map(|word| word.trim_end_matches(',').to_owned()).collect();
    words.sort();
    words
}

/// A query with parameters in the places of its literals, and those: of operands, arguments, branches of CASE, LIMIT and
/// OFFSET. A number in GROUP BY or ORDER BY is the place of an item and no value.
fn apart(sql: &str) -> Result<(String, Vec<String>)> {
    let (mut query, mut values) = (parse_query(sql)?, Values(Vec::new()));
    let _ = query.visit(&mut values);
    Ok((query.to_string(), values.0))
}

struct Values(Vec<String>);

impl Values {
    fn take(&mut self, expr: &mut Expr) {
        if let Expr::Value(value) = expr
            && matches!(value.value, Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_))
        {
            self.0.push(value.to_string());
            value.value = Value::Placeholder(format!("${}", self.0.len()));
        }
    }
}

impl VisitorMut for Values {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
            limit.iter_mut().for_each(|limit| self.take(limit));
            offset.iter_mut().for_each(|offset| self.take(&mut offset.value));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::BinaryOp { left, right, .. } => [left, right].into_iter().for_each(|side| self.take(side)),
            Expr::InList { list, .. } => list.iter_mut().for_each(|value| self.take(value)),
            Expr::Case { conditions, else_result, .. } => {
                conditions.iter_mut().for_each(|when| self.take(&mut when.result));
                else_result.iter_mut().for_each(|otherwise| self.take(otherwise));
            }
            Expr::Function(Function { args: FunctionArguments::List(list), .. }) => {
                for argument in &mut list.args {
                    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument {
                        self.take(argument);
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
