//! SHOW and DESCRIBE as people know them from other servers: short ways to write queries of `information_schema`.

use datafusion::sql::sqlparser::ast::{self, ObjectName, ShowStatementOptions};

use crate::error::{Error, Result};
use crate::sql::{self, fold};

use super::catalog::DESCRIBING;

/// The query that a statement is short for; none where it is of another kind.
///
/// # Errors
/// Invalid: it says more than what is here.
pub(super) fn query(statement: &ast::Statement) -> Option<Result<Box<ast::Query>>> {
    let text = match statement {
        ast::Statement::ShowSchemas { terse: false, history: false, show_options } => {
            plain(show_options).map(|()| "SELECT schema_name FROM information_schema.schemata ORDER BY 1".to_owned())
        }
        ast::Statement::ShowTables {
            terse: false,
            history: false,
            extended: false,
            full: false,
            external: false,
            show_options,
        } => named(show_options).and_then(|schema| tables(schema.as_ref())),
        ast::Statement::ShowColumns { extended: false, full: false, show_options } => named(show_options)
            .and_then(|name| name.ok_or_else(|| Error::invalid("SHOW COLUMNS says of what: SHOW COLUMNS FROM sales")))
            .and_then(|name| columns(&name)),
        ast::Statement::ExplainTable { table_name, hive_format: None, .. } => columns(table_name),
        ast::Statement::ShowTables { .. }
        | ast::Statement::ShowColumns { .. }
        | ast::Statement::ShowSchemas { .. }
        | ast::Statement::ExplainTable { .. } => Err(unknown()),
        ast::Statement::ShowDatabases { .. } => {
            Err(Error::invalid("there is one catalog, starmart; SHOW SCHEMAS is there"))
        }
        ast::Statement::ShowFunctions { .. } => Err(Error::invalid(
            "SHOW FUNCTIONS is not there; the functions are DataFusion's, and drivers list them by category",
        )),
        _ => return None,
    };
    Some(text.and_then(|text| sql::parse_query(&text).map(Box::new)))
}

fn unknown() -> Error {
    Error::invalid("there are SHOW SCHEMAS, SHOW TABLES [FROM schema], SHOW COLUMNS FROM name and DESCRIBE name")
}

/// Refuses options.
fn plain(options: &ShowStatementOptions) -> Result<()> {
    match named(options)? {
        None => Ok(()),
        Some(_) => Err(unknown()),
    }
}

/// What stands after FROM or IN; any other option is refused.
fn named(options: &ShowStatementOptions) -> Result<Option<ObjectName>> {
    match options {
        ShowStatementOptions { show_in, starts_with: None, limit: None, limit_from: None, filter_position: None } => {
            Ok(show_in.as_ref().and_then(|within| within.parent_name.clone()))
        }
        _ => Err(unknown()),
    }
}

fn parts(name: &ObjectName) -> Vec<String> {
    name.0.iter().filter_map(|part| part.as_ident()).map(fold).collect()
}

fn tables(schema: Option<&ObjectName>) -> Result<String> {
    const HOLDING: [&str; 2] = ["cubes", "mart"];
    let schemas = match schema.and_then(|name| parts(name).pop()) {
        Some(schema) if HOLDING.contains(&schema.as_str()) || DESCRIBING.contains(&schema.as_str()) => quoted(&schema),
        Some(schema) => {
            let known = HOLDING.iter().chain(&DESCRIBING).copied().collect::<Vec<_>>().join(", ");
            return Err(Error::invalid(format!("there is no schema '{schema}'; there are {known}")));
        }
        None => HOLDING.map(quoted).join(", "),
    };
    Ok(format!(
        "SELECT table_schema, table_name, table_comment FROM information_schema.tables \
         WHERE table_schema IN ({schemas}) ORDER BY 1, 2"
    ))
}

/// The columns of a relation. That it is there, the planner sees to as it does everywhere: by looking it up.
fn columns(name: &ObjectName) -> Result<String> {
    let parts = parts(name);
    let (schema, table) = match parts.as_slice() {
        [table] => ("cubes", table),
        [schema, table] => (schema.as_str(), table),
        [catalog, schema, table] if catalog == "starmart" => (schema.as_str(), table),
        _ => return Err(unknown()),
    };
    let (schema, table) = (quoted(schema), quoted(table));
    Ok(format!(
        "SELECT column_name, data_type, column_comment FROM information_schema.columns \
         WHERE table_schema = {schema} AND table_name = {table} AND NOT EXISTS (SELECT 1 FROM {name} WHERE 1 = 0) \
         ORDER BY ordinal_position"
    ))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
