//! One statement: queries, EXPLAIN, SET and SHOW. Whatever would write or read files is denied here, by name, before
//! anything else looks at it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{self, Expr, ObjectName, Set, TableFactor, Value, Visit, Visitor};

use super::browse;
use super::catalog::DESCRIBING;
use crate::error::{Error, Result};
use crate::sql;

/// What may be asked.
#[derive(Debug, Clone)]
pub enum Statement {
    /// SELECT, VALUES or WITH.
    Query(Box<ast::Query>),
    /// EXPLAIN of a query; ANALYZE runs it.
    Explain {
        /// The query.
        query: Box<ast::Query>,
        /// Whether to run it and show rows and times.
        analyze: bool,
    },
    /// SET of a session's setting; without a value, back to its default.
    Set {
        /// The setting.
        name: String,
        /// Its value as text.
        value: Option<String>,
    },
    /// SHOW of a session's setting.
    Show {
        /// The setting.
        name: String,
    },
}

impl Statement {
    /// The query within, if it has one.
    pub(super) fn query(&self) -> Option<&ast::Query> {
        match self {
            Self::Query(query) | Self::Explain { query, .. } => Some(query),
            Self::Set { .. } | Self::Show { .. } => None,
        }
    }

    /// The query within as text; nothing where there is none.
    pub fn text(&self) -> String {
        self.query().map(ToString::to_string).unwrap_or_default()
    }

    /// The same, to be changed.
    pub(super) fn query_mut(&mut self) -> Option<&mut ast::Query> {
        match self {
            Self::Query(query) | Self::Explain { query, .. } => Some(query),
            Self::Set { .. } | Self::Show { .. } => None,
        }
    }
}

/// Parses exactly one statement, and refuses every clause that would be ignored.
///
/// # Errors
/// Invalid: it does not parse, or there is none, or several. Denied: it is of a kind that is never run.
pub fn statement(sql: &str) -> Result<Statement> {
    let mut statements = sql::parse_statements(sql).map_err(|error| {
        // The file formats after STORED AS are no words of this dialect: say what matters first.
        let words: Vec<String> = sql.split_whitespace().take(2).map(str::to_uppercase).collect();
        if words == ["CREATE", "EXTERNAL"] { never_run("CREATE EXTERNAL TABLE") } else { error }
    })?;
    let parsed = match (statements.pop(), statements.len()) {
        (Some(parsed), 0) => parsed,
        (None, _) => return Err(Error::invalid("there is no statement")),
        (Some(_), more) => return Err(Error::invalid(format!("{} statements at once; send one", more + 1))),
    };
    match parsed {
        ast::Statement::Query(query) => {
            sql::allow(&query)?;
            Ok(Statement::Query(query))
        }
        ast::Statement::Explain { analyze, statement, verbose, format, options, estimate, query_plan, .. } => {
            if verbose || format.is_some() || options.is_some() || estimate || query_plan {
                return Err(Error::invalid("EXPLAIN takes ANALYZE and a query, no other option"));
            }
            match *statement {
                ast::Statement::Query(query) => {
                    sql::allow(&query)?;
                    Ok(Statement::Explain { query, analyze })
                }
                other => Err(denied(&other)),
            }
        }
        ast::Statement::Set(set) => set_statement(set),
        ast::Statement::ShowVariable { variable } => {
            let words: Vec<String> = variable.iter().map(sql::fold).collect();
            let name = if words == ["time", "zone"] { "timezone".to_owned() } else { words.join(".") };
            Ok(Statement::Show { name })
        }
        other => browse::query(&other).unwrap_or_else(|| Err(denied(&other))).map(Statement::Query),
    }
}

fn set_statement(set: Set) -> Result<Statement> {
    match set {
        Set::SingleAssignment { scope: None, hivevar: false, variable, values } if values.len() == 1 => {
            let name = variable.to_string().to_lowercase();
            let value = values.first().and_then(setting);
            match values.first() {
                Some(Expr::Identifier(word)) if word.value.eq_ignore_ascii_case("default") => {
                    Ok(Statement::Set { name, value: None })
                }
                _ if value.is_some() => Ok(Statement::Set { name, value }),
                _ => Err(Error::invalid(format!("SET {name} takes a literal"))),
            }
        }
        Set::SetTimeZone { local: false, value: Expr::Identifier(word) }
            if word.value.eq_ignore_ascii_case("default") =>
        {
            Ok(Statement::Set { name: "timezone".into(), value: None })
        }
        Set::SetTimeZone { local: false, value } => {
            let value = setting(&value).ok_or_else(|| Error::invalid("SET TIME ZONE takes a quoted name"))?;
            Ok(Statement::Set { name: "timezone".into(), value: Some(value) })
        }
        other => Err(Error::invalid(format!("'{other}' is not supported; SET name = value is"))),
    }
}

fn setting(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => Some(text.clone()),
            Value::Boolean(value) => Some(value.to_string()),
            _ => None,
        },
        Expr::Identifier(word) => Some(word.value.clone()),
        _ => None,
    }
}

/// The refusal of a statement that is never run.
fn denied(statement: &ast::Statement) -> Error {
    let text = statement.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = match words.as_slice() {
        ["CREATE", "EXTERNAL", ..] => "CREATE EXTERNAL TABLE".to_owned(),
        [verb @ ("CREATE" | "DROP" | "ALTER"), what, ..] => format!("{verb} {what}"),
        [verb, ..] => (*verb).to_owned(),
        [] => "this statement".to_owned(),
    };
    never_run(&name)
}

fn never_run(name: &str) -> Error {
    Error::denied(format!("{name} is never run here: tables are written by `starmart load`, SQL only reads"))
}

/// The mart versions that a statement names by VERSION AS OF, so that whoever plans it can load them first.
pub fn versions(statement: &Statement) -> Vec<u64> {
    let Some(query) = statement.query() else { return Vec::new() };
    let mut named = Named(Vec::new());
    let _: ControlFlow<()> = query.visit(&mut named);
    named.0.sort_unstable();
    named.0.dedup();
    named.0
}

/// The tables that describe others and that a statement names, each by schema and name, so that whoever plans it can make
/// them first.
pub fn describing(statement: &Statement) -> BTreeSet<(String, String)> {
    let mut named = Describing(BTreeSet::new());
    if let Some(query) = statement.query() {
        let _: ControlFlow<()> = query.visit(&mut named);
    }
    named.0
}

struct Describing(BTreeSet<(String, String)>);

impl Visitor for Describing {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(sql::fold).collect();
        if let [.., schema, name] = parts.as_slice()
            && DESCRIBING.contains(&schema.as_str())
        {
            self.0.insert((schema.clone(), name.clone()));
        }
        ControlFlow::Continue(())
    }
}

struct Named(Vec<u64>);

impl Visitor for Named {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { version: Some(version), .. } = factor {
            self.0.extend(sql::version_number(version).ok());
        }
        ControlFlow::Continue(())
    }
}
