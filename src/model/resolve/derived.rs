//! Derived tables: their queries parsed, what they read, and their order, each after the tables that it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use arrow::datatypes::SchemaRef;
use datafusion::sql::parser::Statement;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{self, Expr, visit_expressions};

use crate::model::spec::Written;
use crate::model::{Source, TableSchema};
use crate::sql::{allow_derived, calls, clean, parse_query, type_query};

use super::Resolver;
use super::tables::about;

/// A derived table whose query parses and reads tables that there are.
struct Derived<'a> {
    sql: &'a Written<String>,
    query: ast::Query,
    reads: Vec<String>,
}

impl<'a> Resolver<'a> {
    /// Resolves all tables of `sql`.
    pub(super) fn derived_tables(&mut self) {
        let mut derived = BTreeMap::new();
        let spec = self.spec;
        for table in spec.tables.values() {
            if let Some(sql) = &table.sql
                && let Some(parsed) = self.parse_derived(&about(table), sql)
            {
                derived.insert(table.name.as_str(), parsed);
            }
        }
        let mut done = BTreeSet::new();
        for name in derived.keys() {
            self.derive(name, &derived, &mut Vec::new(), &mut done);
        }
    }

    fn parse_derived(&mut self, about: &str, sql: &'a Written<String>) -> Option<Derived<'a>> {
        let parsed = parse_query(&sql.value).and_then(|query| {
            allow_derived(&query)?;
            calls(&query, self.functions)?;
            Ok(query)
        });
        let query = match parsed {
            Ok(query) => query,
            Err(error) => {
                self.misparsed(about, sql, &error);
                return None;
            }
        };
        if let ControlFlow::Break(name) = visit_expressions(&query, |expr| match measure_call(expr) {
            Some(name) => ControlFlow::Break(name),
            None => ControlFlow::Continue(()),
        }) {
            let message =
                format!("{name}(…) reads a cube, and a derived table reads tables only; aggregate their columns");
            self.fault(about, &sql.place, &message);
            return None;
        }
        let statement = Statement::Statement(Box::new(ast::Statement::Query(Box::new(query.clone()))));
        let references = match resolve_table_references(&statement, true) {
            Ok((references, _)) => references,
            Err(error) => {
                self.fault(about, &sql.place, &clean(&error.to_string()));
                return None;
            }
        };
        let mut reads = Vec::new();
        let mut whole = true;
        for reference in references {
            if reference.schema().is_some() {
                let message = format!("'{reference}' is qualified; name the tables of the mart without a schema");
                self.fault(about, &sql.place, &message);
                whole = false;
            } else if !self.spec.tables.contains_key(reference.table()) {
                self.unknown_table(about, &sql.place, reference.table());
                whole = false;
            } else {
                reads.push(reference.table().to_owned());
            }
        }
        reads.sort();
        whole.then_some(Derived { sql, query, reads })
    }

    /// Resolves the derived table `name` after those that it reads; `above` are the tables that led here.
    fn derive<'n>(
        &mut self,
        name: &'n str,
        derived: &'n BTreeMap<&str, Derived<'a>>,
        above: &mut Vec<&'n str>,
        done: &mut BTreeSet<&'n str>,
    ) {
        let Some(table) = derived.get(name) else { return };
        if let Some(start) = above.iter().position(|other| *other == name) {
            let mut cycle: Vec<&str> = above[start..].to_vec();
            cycle.push(name);
            let message = format!("derived tables read each other in a circle: {}", cycle.join(" → "));
            self.fault(&format!("table '{name}'"), &table.sql.place, &message);
            return;
        }
        if done.contains(name) {
            return;
        }
        above.push(name);
        for read in &table.reads {
            self.derive(read, derived, above, done);
        }
        above.pop();
        if done.insert(name) {
            self.derived_table(name, table);
        }
    }

    fn derived_table(&mut self, name: &str, derived: &Derived<'a>) {
        let Some(spec) = self.spec.tables.get(name) else { return };
        if let Some(why) = self.missing_read(&derived.reads) {
            return self.leave_out(name, &why, &derived.reads);
        }
        // A table that could not be resolved has its fault already.
        if derived.reads.iter().any(|read| !self.tables.contains_key(read)) {
            return;
        }
        let is_shaky = derived.reads.iter().any(|read| self.faulty.iter().any(|(table, _)| table == read));
        let source = Source::Sql {
            text: derived.sql.value.clone(),
            query: Box::new(derived.query.clone()),
            reads: derived.reads.clone(),
        };
        let found = match self.schemas.get(name) {
            Some(TableSchema::Mart(schema)) => TableSchema::Mart(SchemaRef::clone(schema)),
            _ => {
                let tables = |read: &str| self.tables.get(read).map(|table| SchemaRef::clone(&table.schema));
                match type_query(&derived.query, &tables, self.zone(), self.functions) {
                    Ok(schema) => TableSchema::File(schema),
                    // Over a faulty column it may mean something else.
                    Err(_) if is_shaky => return,
                    Err(error) => return self.fault(&about(spec), &derived.sql.place, error.message()),
                }
            }
        };
        self.table(spec, source, &found);
        if let Some(table) = self.tables.get(name).filter(|_| is_shaky) {
            self.faulty.extend(table.columns.iter().map(|column| (name.to_owned(), column.name.clone())));
        }
    }
}

fn measure_call(expr: &Expr) -> Option<String> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.to_string().to_lowercase();
    ["measure", "agg", "aggregate"].contains(&name.as_str()).then_some(name)
}
