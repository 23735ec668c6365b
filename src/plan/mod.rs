//! SQL to a star plan: statement → allow-list → bind (names, cubes, lineage) → star queries over tables → `SqlToRel`.
//! Pure: the tables come through one trait, the time from the query.
//!
//! The binder turns each SELECT over a cube into two: an inner one that joins the star and aggregates the leaves at
//! the block's keys, and an outer one that computes the arithmetic over leaves, the HAVING, the order and the limit.
//! `SELECT department, aov FROM sales` becomes
//! `SELECT "$k0" AS department, "$a0" / "$a1" AS aov FROM (SELECT … GROUP BY …) AS "$block"`.

mod ast;
mod bind;
mod browse;
mod catalog;
pub mod catalogue;
mod parameters;
mod relation;
mod size;
mod statement;

pub use catalog::{Catalog, KeyClaim, NotLoaded};
pub use statement::{Statement, describing, statement, versions};

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast as sqlast;

use crate::error::{Error, Result};
use crate::model::Model;
use crate::query::{Query, sent};
use crate::sql::{self, Functions};

use catalog::CatalogTables;
use relation::Column;

/// Everything that gives a statement its meaning.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The cubes and tables.
    pub model: &'a Model,
    /// The mart's tables at the query's version, and at those that the statement names.
    pub catalog: &'a dyn Catalog,
    /// The functions that SQL may call.
    pub functions: &'a Functions,
    /// Who asks, when, in which zone.
    pub query: &'a Query,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("query", self.query).finish_non_exhaustive()
    }
}

/// A planned statement.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What to execute.
    pub logical: LogicalPlan,
    /// The schema that is announced and sent: every field nullable, text as Utf8, at any depth.
    pub schema: SchemaRef,
}

/// Plans a statement.
///
/// # Errors
/// Invalid or NotFound: whatever is wrong with the statement. A number that cannot be answered exactly is refused with
/// the reason and the statement to send instead.
pub fn plan(statement: &Statement, context: &Context<'_>) -> Result<Plan> {
    if statement.parameters()? > 0 {
        return Err(Error::invalid("'$1' has no value; prepare the statement, and bind its parameters"));
    }
    planned(statement, context)
}

/// What a statement takes and gives.
#[derive(Debug, Clone)]
pub struct Description {
    /// The schema of its result, as far as it can be told without values.
    pub schema: SchemaRef,
    /// Its parameters, from `$1` on, with the types that they are compared with or cast to, text where nothing tells.
    pub parameters: SchemaRef,
}

/// Describes a statement whose parameters have no values yet.
///
/// # Errors
/// As [`plan`].
pub fn describe(statement: &Statement, context: &Context<'_>) -> Result<Description> {
    let names: Vec<String> = (1..=statement.parameters()?).map(|number| format!("${number}")).collect();
    let (plan, types) = match planned(statement, context) {
        Ok(plan) => {
            let types = plan.logical.get_parameter_fields().map_err(sql::planning_error)?;
            (plan, types)
        }
        // Not every place takes a value that is not known yet.
        Err(error) if names.is_empty() => return Err(error),
        Err(_) => {
            let nulls = vec!["NULL".to_owned(); names.len()];
            (planned(&statement.clone().with_values(&nulls)?, context)?, HashMap::new())
        }
    };
    let counting = statement.counting_parameters();
    let parameter = |(number, name): (usize, String)| {
        let of = types.get(&name).and_then(Option::as_ref).and_then(|field| sent(field.data_type()));
        let otherwise = if counting.contains(&number) { DataType::Int64 } else { DataType::Utf8 };
        Field::new(name, of.filter(|of| !of.is_null()).unwrap_or(otherwise), true)
    };
    let parameters = Schema::new((1..).zip(names).map(parameter).collect::<Vec<_>>());
    Ok(Description { schema: plan.schema, parameters: Arc::new(parameters) })
}

fn planned(statement: &Statement, context: &Context<'_>) -> Result<Plan> {
    let (query, explain) = match statement {
        Statement::Query(query) => (query.as_ref().clone(), None),
        Statement::Explain { query, analyze } => (query.as_ref().clone(), Some(*analyze)),
        Statement::Set { .. } => return Err(Error::invalid("SET changes a session; it has no plan")),
        Statement::Show { name } => (show(name, context)?, None),
    };
    let mut query = query;
    sql::calls(&query, context.functions)?;
    let relation = bind::bind(&mut query, context)?;
    let tables = CatalogTables(context);
    let logical = sql::plan_query(query, &tables, context.functions)?;
    size::bounded(&logical)?;
    let mut logical = sql::coerced(logical, context.query.timezone, context.functions)?;
    let mut columns = relation.columns;
    if let Some(analyze) = explain {
        columns.clear();
        logical = LogicalPlanBuilder::from(logical)
            .explain(false, analyze)
            .and_then(LogicalPlanBuilder::build)
            .map_err(sql::planning_error)?;
    }
    Ok(Plan { schema: announced(&logical, &columns)?, logical })
}

/// The key of a field's metadata, and its value where every value is NULL because a measure has none in a fact row.
const DETAIL: (&str, &str) = ("starmart.detail", "null: not additive");

/// The schema to announce for a plan, of whose result `columns` tell what is held: what clients are told is what they are
/// sent.
fn announced(plan: &LogicalPlan, columns: &[Column]) -> Result<SchemaRef> {
    let all = plan.schema().fields();
    let known = |at: usize| columns.get(at).filter(|_| columns.len() == all.len());
    let valueless = |at: usize| known(at).is_some_and(|column| column.lineage.valueless().is_some());
    let field = |(at, field): (usize, &FieldRef)| match sent(field.data_type()) {
        Some(data_type) => {
            let (key, value) = DETAIL;
            let marks = valueless(at).then(|| (key.to_owned(), value.to_owned()));
            Ok(Field::new(field.name(), data_type, true).with_metadata(marks.into_iter().collect()))
        }
        None => Err(Error::invalid(format!(
            "column '{}' has a type that drivers cannot read; leave it out, or cast it to text or an array",
            field.name()
        ))),
    };
    let fields = all.iter().enumerate().map(field).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// `SHOW name` as a query of one row.
fn show(name: &str, context: &Context<'_>) -> Result<sqlast::Query> {
    let value = match name {
        "mart_version" => context.query.mart_version.to_string(),
        "timezone" => context.query.timezone.name().to_owned(),
        other => {
            return Err(Error::invalid(format!("unknown setting '{other}'; there are mart_version and timezone")));
        }
    };
    sql::parse_query(&format!("SELECT '{value}' AS {name}"))
}

#[cfg(test)]
mod tests;
