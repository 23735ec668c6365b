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
mod named;
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

use crate::error::{Error, Kind, Result};
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
    /// That the plan is to be explained and not answered.
    pub explained: Option<Explained>,
}

/// What is known of a statement that is to be explained, before its plan is optimised.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Whether to run it and tell rows and times.
    pub analyze: bool,
    /// How it was read, or why it is refused.
    pub lines: Vec<String>,
    /// The schema of what it would answer; none where it is refused, and there is no plan to tell of.
    pub answers: Option<SchemaRef>,
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
    let placed = statement.placed_parameters();
    let (plan, types) = match planned(statement, context) {
        Ok(plan) => {
            let types = plan.logical.get_parameter_fields().map_err(sql::planning_error)?;
            (plan, types)
        }
        // Not every place takes a value that is not known yet.
        Err(error) if names.is_empty() => return Err(error),
        Err(_) => {
            let value = |number: usize| if placed.get(&number) == Some(&DataType::Int64) { "1" } else { "NULL" };
            let values: Vec<String> = (1..=names.len()).map(|number| value(number).to_owned()).collect();
            (planned(&statement.clone().with_values(&values)?, context)?, HashMap::new())
        }
    };
    let parameter = |(number, name): (usize, String)| {
        let of = types.get(&name).and_then(Option::as_ref).and_then(|field| sent(field.data_type()));
        let otherwise = placed.get(&number).cloned().unwrap_or(DataType::Utf8);
        Field::new(name, of.filter(|of| !of.is_null()).unwrap_or(otherwise), true)
    };
    let parameters = Schema::new((1..).zip(names).map(parameter).collect::<Vec<_>>());
    Ok(Description { schema: plan.schema, parameters: Arc::new(parameters) })
}

fn planned(statement: &Statement, context: &Context<'_>) -> Result<Plan> {
    match statement {
        Statement::Query(query) => answered(query.as_ref().clone(), context, false).map(|(plan, _)| plan),
        Statement::Show { name } => answered(show(name, context)?, context, false).map(|(plan, _)| plan),
        Statement::Explain { query, analyze } => explained(query.as_ref().clone(), *analyze, context),
        Statement::Set { .. } => Err(Error::invalid("SET changes a session; it has no plan")),
    }
}

/// The plan of a query, and lines that tell how it was read, where it is to be explained.
fn answered(mut query: sqlast::Query, context: &Context<'_>, explain: bool) -> Result<(Plan, Vec<String>)> {
    sql::calls(&query, context.functions)?;
    let (relation, lines) = bind::bind(&mut query, context, explain)?;
    let tables = CatalogTables(context);
    let logical = sql::plan_query(query, &tables, context.functions)?;
    size::bounded(&logical)?;
    let logical = sql::coerced(logical, context.query.timezone, context.functions)?;
    let schema = announced(&logical, &relation.columns, context.model)?;
    Ok((Plan { schema, logical, explained: None }, lines))
}

/// The plan of a query that is explained. One that is refused is explained by why.
fn explained(query: sqlast::Query, analyze: bool, context: &Context<'_>) -> Result<Plan> {
    let schema = Arc::new(Schema::new(vec![Field::new("explanation", DataType::Utf8, true)]));
    match answered(query, context, true) {
        Ok((Plan { logical, schema: answers, .. }, lines)) => {
            Ok(Plan { logical, schema, explained: Some(Explained { analyze, lines, answers: Some(answers) }) })
        }
        Err(error) if error.kind() == Kind::Invalid => {
            let logical = LogicalPlanBuilder::empty(false).build().map_err(sql::planning_error)?;
            let lines = vec![format!("refused: {error}")];
            Ok(Plan { schema, logical, explained: Some(Explained { analyze, lines, answers: None }) })
        }
        Err(error) => Err(error),
    }
}

/// The key of a field's metadata, and its value where every value is NULL because a measure has none in a fact row.
const DETAIL: (&str, &str) = ("starmart.detail", "null: not additive");

/// The schema to announce for a plan, of whose result `columns` tell what is held: what clients are told is what they are
/// sent.
fn announced(plan: &LogicalPlan, columns: &[Column], model: &Model) -> Result<SchemaRef> {
    let all = plan.schema().fields();
    let known = |at: usize| columns.get(at).filter(|_| columns.len() == all.len());
    let valueless = |at: usize| known(at).is_some_and(|column| column.lineage.valueless().is_some());
    let field = |(at, field): (usize, &FieldRef)| match sent(field.data_type()) {
        Some(data_type) => {
            let (key, value) = DETAIL;
            let marks = valueless(at).then(|| (key.to_owned(), value.to_owned()));
            let member = known(at).and_then(|column| column.member.as_ref());
            let told = member.map(|member| catalogue::role_of(member, model)).unwrap_or_default();
            Ok(Field::new(field.name(), data_type, true).with_metadata(told.into_iter().chain(marks).collect()))
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
