//! Syntax to logical plan by DataFusion's `SqlToRel`, over nothing but the tables and functions handed in: no session,
//! no catalogue, no I/O.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Schema, SchemaRef};
use chrono_tz::Tz;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result as PlanResult, TableReference, plan_datafusion_err};
use datafusion::logical_expr::logical_plan::builder::LogicalTableSource;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner};
use datafusion::logical_expr::{
    AggregateUDF, Expr, ExprSchemable, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF,
};
use datafusion::sql::planner::{NullOrdering, ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast;

use crate::error::{Error, Result};

use super::fault::{in_words, no_call};
use super::{Functions, calls, casts, coerced, coerced_expr, doubtful, planning_error, whole};

/// Where the names after FROM are looked up.
pub trait Tables {
    /// The table of that name; the error is shown to whoever wrote it.
    ///
    /// # Errors
    /// NotFound, or whatever keeps the table from being read.
    fn source(&self, name: &TableReference) -> Result<Arc<dyn TableSource>>;
}

struct Provider<'a> {
    tables: &'a dyn Tables,
    functions: &'a Functions,
}

static OPTIONS: LazyLock<ConfigOptions> = LazyLock::new(ConfigOptions::default);

impl ContextProvider for Provider<'_> {
    fn get_table_source(&self, name: TableReference) -> datafusion::common::Result<Arc<dyn TableSource>> {
        self.tables.source(&name).map_err(|error| DataFusionError::External(Box::new(error)))
    }

    fn get_table_function_source(
        &self,
        name: &str,
        _args: Vec<Expr>,
    ) -> datafusion::common::Result<Arc<dyn TableSource>> {
        Err(plan_datafusion_err!("unknown table function '{name}'"))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.functions.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.functions.scalar.get(name).map(Arc::clone)
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.functions.aggregate.get(name).map(Arc::clone)
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.functions.window.get(name).map(Arc::clone)
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &OPTIONS
    }

    fn udf_names(&self) -> Vec<String> {
        self.functions.scalar.keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.functions.aggregate.keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.functions.window.keys().cloned().collect()
    }
}

/// A literal with a point is decimal, unquoted names fold to lower case, NULLs come last unless written.
fn parser_options() -> ParserOptions {
    ParserOptions::new()
        .with_parse_float_as_decimal(true)
        .with_enable_ident_normalization(true)
        .with_map_string_types_to_utf8view(false)
        .with_default_null_ordering(NullOrdering::NullsLast)
}

/// The logical plan of a query over `tables`.
///
/// # Errors
/// Invalid or NotFound: whatever is wrong with the query, or would be answered otherwise than SQL means.
pub fn plan_query(mut query: ast::Query, tables: &dyn Tables, functions: &Functions) -> Result<LogicalPlan> {
    casts::told_apart(&mut query, functions);
    let provider = Provider { tables, functions };
    let plan = SqlToRel::new_with_options(&provider, parser_options())
        .sql_statement_to_plan(ast::Statement::Query(Box::new(query)))
        .map_err(planning_error)?;
    doubtful::refused(&plan)?;
    whole::watched(plan)
}

/// The logical form and the type of an expression over rows of `schema`.
///
/// # Errors
/// Invalid: an unknown name, or types that do not go together.
pub fn type_expr(expr: &ast::Expr, schema: &DFSchema, zone: Tz, functions: &Functions) -> Result<(Expr, DataType)> {
    calls(expr, functions)?;
    let provider = Provider { tables: &NoTables, functions };
    let planner = SqlToRel::new_with_options(&provider, parser_options());
    let planned = planner.sql_to_expr(expr.clone(), schema, &mut PlannerContext::new()).map_err(planning_error)?;
    let decided = coerced_expr(planned.clone(), schema, zone, functions)
        .and_then(|decided| decided.get_type(schema).map_err(planning_error));
    match decided {
        Ok(data_type) => Ok((planned, data_type)),
        Err(error) => Err(refused_call(&planned, schema).map_or(error, Error::invalid)),
    }
}

/// The schema of a query's result over tables of these schemas. Text is Utf8, every field nullable.
///
/// # Errors
/// As [`plan_query`].
pub fn type_query(
    query: &ast::Query,
    tables: &dyn Fn(&str) -> Option<SchemaRef>,
    zone: Tz,
    functions: &Functions,
) -> Result<SchemaRef> {
    let plan = coerced(plan_query(query.clone(), &BySchema(tables), functions)?, zone, functions)?;
    let fields = plan.schema().fields().iter().map(|field| {
        let data_type = match field.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            other => other.clone(),
        };
        field.as_ref().clone().with_data_type(data_type).with_nullable(true)
    });
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// The call of an expression that no form of its function takes, by the types of its arguments.
fn refused_call(expr: &Expr, rows: &DFSchema) -> Option<String> {
    let mut refused = None;
    let _searched = expr.apply(|expr| {
        let Expr::ScalarFunction(call) = expr else { return Ok(TreeNodeRecursion::Continue) };
        let types: PlanResult<Vec<String>> =
            call.args.iter().map(|argument| Ok(in_words(&argument.get_type(rows)?.to_string()))).collect();
        // What is wrong with an argument is told there.
        let (Ok(types), Err(_)) = (types, expr.get_type(rows)) else { return Ok(TreeNodeRecursion::Continue) };
        refused = Some(no_call(&format!("{}({})", call.name(), types.join(", "))));
        Ok(TreeNodeRecursion::Stop)
    });
    refused
}

struct NoTables;

impl Tables for NoTables {
    fn source(&self, name: &TableReference) -> Result<Arc<dyn TableSource>> {
        Err(Error::invalid(format!("a query over '{name}' cannot stand in this expression")))
    }
}

struct BySchema<'a>(&'a dyn Fn(&str) -> Option<SchemaRef>);

impl Tables for BySchema<'_> {
    fn source(&self, name: &TableReference) -> Result<Arc<dyn TableSource>> {
        match (self.0)(name.table()) {
            Some(schema) => Ok(Arc::new(LogicalTableSource::new(schema))),
            None => Err(Error::not_found(format!("unknown table '{}'", name.table()))),
        }
    }
}
