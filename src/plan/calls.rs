//! What stands around a call's arguments: FILTER, OVER, DISTINCT and IGNORE NULLS. DataFusion drops them where the
//! function has no use for them; here they are refused. So is a format that would be answered as it is written.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, NullTreatment, Query, Value,
    Visit, Visitor,
};

use crate::error::{Error, Result};
use crate::sql::Functions;

use super::ast;

/// Window functions that can pass over NULLs.
const PASSING_NULLS: [&str; 5] = ["lag", "lead", "first_value", "last_value", "nth_value"];

/// Refuses calls with clauses that their functions would ignore.
pub(super) fn check(query: &Query, functions: &Functions) -> Result<()> {
    match query.visit(&mut Calls { functions }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Calls<'a> {
    functions: &'a Functions,
}

impl Visitor for Calls<'_> {
    type Break = Box<Error>;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Box<Error>> {
        match expr {
            Expr::Function(function) => match ignored(function, self.functions) {
                Some(clause) => {
                    let name = &function.name;
                    ControlFlow::Break(Box::new(Error::invalid(format!(
                        "{clause} has no meaning for {name}(); leave it out"
                    ))))
                }
                None if unplaced(function, self.functions) => {
                    let name = &function.name;
                    ControlFlow::Break(Box::new(Error::invalid(format!(
                        "{name}() needs the rows that it looks at; write {name}(…) OVER (ORDER BY …)"
                    ))))
                }
                None if plain_format(function) => ControlFlow::Break(Box::new(Error::invalid(
                    "to_char takes a format of % letters, as in to_char(day, '%Y-%m'); this one says nothing of the value",
                ))),
                None => ControlFlow::Continue(()),
            },
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Whether a call of a window function has no window.
fn unplaced(function: &Function, functions: &Functions) -> bool {
    let only = |name: &String| {
        functions.window.contains_key(name)
            && !functions.aggregate.contains_key(name)
            && !functions.scalar.contains_key(name)
    };
    function.over.is_none() && ast::function_name(function).as_ref().is_some_and(only)
}

/// Whether a call of to_char has a format that is the same for every value, as PostgreSQL's formats are here.
fn plain_format(function: &Function) -> bool {
    let formats = matches!(ast::function_name(function).as_deref(), Some("to_char" | "date_format"));
    let FunctionArguments::List(list) = &function.args else { return false };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(format)))) = list.args.get(1) else { return false };
    formats && matches!(&format.value, Value::SingleQuotedString(format) if !format.contains('%'))
}

/// The clause of a call that its function would ignore.
fn ignored(function: &Function, functions: &Functions) -> Option<&'static str> {
    let name = ast::function_name(function)?;
    let aggregate = functions.aggregate.contains_key(&name);
    let window = functions.window.contains_key(&name);
    let scalar = functions.scalar.contains_key(&name) && !aggregate && !window;
    if !(scalar || aggregate || window) {
        return None;
    }
    let duplicates = match &function.args {
        FunctionArguments::List(list) => list.duplicate_treatment,
        _ => None,
    };
    let clauses = [
        (function.filter.is_some() && !aggregate, "FILTER"),
        (function.over.is_some() && scalar, "OVER"),
        (duplicates == Some(DuplicateTreatment::Distinct) && !aggregate, "DISTINCT"),
        (
            function.null_treatment == Some(NullTreatment::IgnoreNulls) && !PASSING_NULLS.contains(&name.as_str()),
            "IGNORE NULLS",
        ),
    ];
    clauses.into_iter().find(|(there, _)| *there).map(|(_, clause)| clause)
}
