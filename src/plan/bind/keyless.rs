//! Queries after FROM, planned so that DataFusion believes nothing of their keys: above a join it takes what tells apart the
//! rows of one side for what tells groups apart (see `execute/dependencies.rs`), and planning itself groups by more columns
//! and frames windows otherwise because of that. Behind a mark a column is no key; marks are gone once a plan is optimised.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{Expr, SelectItem, TableFactor, TableWithJoins};

use crate::error::Result;
use crate::sql::{MARK, call};

use super::super::ast;
use super::super::relation::Relation;

/// What the query is called within.
const WITHIN: &str = "$d";
/// What the marks say.
const WHY: &str = "KEY";

/// Puts the columns that tell a query's rows apart behind marks.
pub(super) fn keyless(factor: &mut TableFactor, relation: &Relation) -> Result<()> {
    let keys: BTreeSet<&String> = relation.unique.iter().flatten().collect();
    let names: BTreeSet<&String> = relation.columns.iter().map(|column| &column.name).collect();
    if keys.is_empty() || names.len() < relation.columns.len() {
        return Ok(());
    }
    let (TableFactor::Derived { alias, .. } | TableFactor::Table { alias, .. }) = factor else { return Ok(()) };
    let called = alias.take();
    let mut select = ast::empty_select()?;
    select.projection = relation.columns.iter().map(|column| item(&column.name, keys.contains(&column.name))).collect();
    let within = ast::renamed(factor.clone(), WITHIN);
    select.from = vec![TableWithJoins { relation: within, joins: Vec::new() }];
    *factor = ast::derived(ast::query_of(select), called);
    Ok(())
}

fn item(name: &str, key: bool) -> SelectItem {
    let column = ast::column_of(WITHIN, name);
    let column = if key { Expr::Function(call(MARK, vec![column, ast::text(WHY)])) } else { column };
    ast::named(column, name)
}
