//! What a block over a cube becomes, told in the words of the cube: for EXPLAIN.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, Ident, JoinConstraint, JoinOperator, Query, Select, SelectItem, SetExpr, TableFactor, Value,
};

use crate::error::Result;

use super::super::ast;
use super::super::relation::Relation;
use super::cube::BLOCK;
use super::item_expr;
use super::measure::{key_name, leaf_name};
use super::star::FACT;

/// How wide the words before what they tell are.
const WIDTH: usize = 12;

/// The lines that tell of a bound block over `cube`, whose facts are those of `table`.
///
/// # Errors
/// Invalid: an expression that cannot be walked.
pub(super) fn lines(cube: &str, table: &str, block: &Query, relation: &Relation) -> Result<Vec<String>> {
    let SetExpr::Select(outer) = block.body.as_ref() else { return Ok(Vec::new()) };
    let Some(inner) = inner(outer) else { return Ok(Vec::new()) };
    let values = Values::of(inner)?;
    let mut lines = vec![format!("cube {cube}: the facts of mart.{table}")];
    for join in inner.from.iter().flat_map(|from| &from.joins) {
        let TableFactor::Table { name, alias: Some(alias), .. } = &join.relation else { continue };
        let path = alias.name.value.trim_start_matches('$');
        let to = name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.clone()).unwrap_or_default();
        let on = match &join.join_operator {
            JoinOperator::Left(JoinConstraint::On(on)) => values.readable(on)?,
            _ => String::new(),
        };
        tell(&mut lines, "joined", format!("{path}: mart.{to}, at most one row, on {on}"));
    }
    for condition in inner.selection.iter().cloned().flat_map(ast::conjuncts) {
        let what = if is_pruning(&condition) { "pruned by" } else { "facts where" };
        tell(&mut lines, what, values.readable(&condition)?);
    }
    let grouped = !inner.projection.is_empty() && (values.is_grouped() || values.is_total());
    if !grouped {
        tell(&mut lines, "rows", "one for each fact: measures as they are in it".into());
    }
    values.keys.iter().for_each(|key| tell(&mut lines, "grouped by", key.to_string()));
    values.leaves.iter().for_each(|leaf| tell(&mut lines, "aggregated", leaf.to_string()));
    if grouped {
        for (item, column) in outer.projection.iter().zip(&relation.columns) {
            let Some(expr) = item_expr(item) else { continue };
            tell(&mut lines, "answered", format!("{} = {}", column.name, values.readable(expr)?));
        }
    }
    for condition in outer.selection.iter().cloned().flat_map(ast::conjuncts) {
        tell(&mut lines, "kept where", values.readable(&condition)?);
    }
    Ok(lines)
}

/// Adds a line; the words before are not repeated.
fn tell(lines: &mut Vec<String>, what: &str, told: String) {
    let repeated = lines.iter().rev().find_map(|line| line.get(2..2 + WIDTH).filter(|word| !word.trim().is_empty()));
    let shown = if repeated.is_some_and(|word| word.trim() == what) { "" } else { what };
    lines.push(format!("  {shown:<WIDTH$}{told}"));
}

/// The inner query of a block.
fn inner(outer: &Select) -> Option<&Select> {
    let [from] = outer.from.as_slice() else { return None };
    let TableFactor::Derived { subquery, alias: Some(alias), .. } = &from.relation else { return None };
    match subquery.body.as_ref() {
        SetExpr::Select(inner) if alias.name.value == BLOCK => Some(inner),
        _ => None,
    }
}

/// What the names of the inner query stand for.
#[derive(Default)]
struct Values {
    keys: Vec<Expr>,
    leaves: Vec<Expr>,
}

impl Values {
    fn of(inner: &Select) -> Result<Self> {
        let mut values = Self::default();
        for item in &inner.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            let mut expr = expr.clone();
            values.read(&mut expr)?;
            if alias.value == key_name(values.keys.len()) {
                values.keys.push(expr);
            } else if alias.value == leaf_name(values.leaves.len()) {
                values.leaves.push(expr);
            }
        }
        Ok(values)
    }

    fn is_grouped(&self) -> bool {
        !self.keys.is_empty()
    }

    fn is_total(&self) -> bool {
        !self.leaves.is_empty()
    }

    /// An expression over the star or over the inner query, in the words of the model.
    fn readable(&self, expr: &Expr) -> Result<String> {
        let mut expr = expr.clone();
        self.read(&mut expr)?;
        while let Expr::Nested(inner) = expr {
            expr = *inner;
        }
        Ok(expr.to_string())
    }

    fn read(&self, expr: &mut Expr) -> Result<()> {
        for child in ast::children(expr)? {
            self.read(child)?;
        }
        let read = match &*expr {
            Expr::Identifier(name) => Some(self.value(&name.value).unwrap_or_else(|| Expr::Identifier(bare(name)))),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [relation, column] if relation.value == FACT => Some(Expr::Identifier(bare(column))),
                [relation, column] if relation.value.starts_with('$') => {
                    let path = relation.value.trim_start_matches('$').split('.').map(Ident::new);
                    Some(Expr::CompoundIdentifier(path.chain([bare(column)]).collect()))
                }
                _ => None,
            },
            Expr::Function(function) => on_the_wall(function),
            Expr::Nested(inner) if is_simple(inner) => Some(inner.as_ref().clone()),
            _ => None,
        };
        if let Some(read) = read {
            *expr = read;
        }
        Ok(())
    }

    fn value(&self, name: &str) -> Option<Expr> {
        let at = |values: &[Expr], prefix: &str| {
            name.strip_prefix(prefix)?.parse().ok().and_then(|at: usize| values.get(at).cloned())
        };
        at(&self.keys, "$k").or_else(|| at(&self.leaves, "$a"))
    }
}

/// What an instant shows on the wall reads as the instant, and a literal of a type as the literal.
fn on_the_wall(function: &Function) -> Option<Expr> {
    let name = ast::function_name(function)?;
    let arguments = ast::arguments(function)?;
    match (name.as_str(), arguments.as_slice()) {
        ("wall_clock", [instant, _]) => Some((*instant).clone()),
        ("arrow_cast", [literal @ Expr::Value(value), _]) if matches!(value.value, Value::SingleQuotedString(_)) => {
            Some((*literal).clone())
        }
        _ => None,
    }
}

/// Whether a condition is there for the files alone: an instant compared in UTC, implied by one on the wall clock.
fn is_pruning(condition: &Expr) -> bool {
    ast::any(
        condition,
        |inner| matches!(inner, Expr::Function(function) if ast::function_name(function).as_deref() == Some("arrow_cast")),
    )
}

fn is_simple(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Function(_) | Expr::Nested(_) | Expr::Value(_)
    )
}

fn bare(name: &Ident) -> Ident {
    Ident::new(&name.value)
}
