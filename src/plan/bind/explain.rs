//! What a block over a cube becomes, told in the words of the cube: for EXPLAIN.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, Ident, Join, JoinConstraint, JoinOperator, Query, Select, SelectItem, SetExpr, TableFactor, Value,
};

use crate::error::Result;
use crate::sql::LOOKED_INTO;

use super::super::ast;
use super::super::relation::Relation;
use super::cube::BLOCK;
use super::rows::ROWS;
use super::star::FACT;
use super::{found, item_expr};

/// How wide the words before what they tell are.
const WIDTH: usize = 12;

/// What stands beside a cube: how it is planned, and what it is called.
pub(super) type Aliases = Vec<(String, String)>;

/// The lines that tell of a bound block over `cube`, whose facts are those of `table`.
///
/// # Errors
/// Invalid: an expression that cannot be walked.
pub(super) fn lines(
    cube: &str,
    table: &str,
    block: &Query,
    relation: &Relation,
    aliases: &Aliases,
) -> Result<Vec<String>> {
    let SetExpr::Select(outer) = block.body.as_ref() else { return Ok(Vec::new()) };
    let Parts { inner, rows } = Parts::of(outer);
    let Some(star) = inner.or(rows.map(|rows| rows.each)) else { return Ok(Vec::new()) };
    let values = Values::of(inner, rows, aliases)?;
    let mut lines = vec![format!("cube {cube}: the facts of mart.{table}")];
    for join in star.from.iter().flat_map(|from| &from.joins) {
        tell(&mut lines, "joined", values.join(join)?);
    }
    for condition in star.selection.iter().cloned().flat_map(ast::conjuncts) {
        let what = if is_pruning(&condition) { "pruned by" } else { "facts where" };
        tell(&mut lines, what, values.readable(&condition)?);
    }
    let grouped = rows.is_some() || !values.keys.is_empty() || !values.leaves.is_empty();
    if !grouped {
        tell(&mut lines, "rows", "one for each fact: measures as they are in it".into());
    }
    values.keys.iter().for_each(|key| tell(&mut lines, "grouped by", key.to_string()));
    if rows.is_some() {
        let apart: Vec<String> = values.apart.iter().map(ToString::to_string).collect();
        tell(&mut lines, "counted", format!("the rows of the query within, told apart by {}", apart.join(", ")));
    }
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

/// The queries that a block is made of.
struct Parts<'q> {
    /// The query that evaluates the measures.
    inner: Option<&'q Select>,
    /// The one that counts the rows of a lazy block.
    rows: Option<LazyRows<'q>>,
}

/// The query that counts the rows of a lazy block, and these rows.
#[derive(Clone, Copy)]
struct LazyRows<'q> {
    counted: &'q Select,
    each: &'q Select,
}

impl<'q> Parts<'q> {
    fn of(outer: &'q Select) -> Self {
        let mut parts = Self { inner: None, rows: None };
        let [from] = outer.from.as_slice() else { return parts };
        for factor in std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)) {
            let Some((name, select)) = derived(factor) else { continue };
            let within = select.from.first().and_then(|from| derived(&from.relation));
            match within {
                Some((ROWS, each)) => parts.rows = Some(LazyRows { counted: select, each }),
                _ if name == BLOCK => parts.inner = Some(select),
                _ => {}
            }
        }
        parts
    }
}

/// The SELECT and the name of what is derived after FROM.
fn derived(factor: &TableFactor) -> Option<(&str, &Select)> {
    let TableFactor::Derived { subquery, alias: Some(alias), .. } = factor else { return None };
    match subquery.body.as_ref() {
        SetExpr::Select(select) => Some((alias.name.value.as_str(), select)),
        _ => None,
    }
}

/// What the names of the inner queries stand for.
struct Values<'a> {
    keys: Vec<Expr>,
    leaves: Vec<Expr>,
    /// What is counted of the rows of a lazy block, and what tells these apart.
    counts: Vec<Expr>,
    apart: Vec<Expr>,
    aliases: &'a Aliases,
}

impl<'a> Values<'a> {
    fn of(inner: Option<&Select>, rows: Option<LazyRows<'_>>, aliases: &'a Aliases) -> Result<Self> {
        let (keys, leaves, counts, apart) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut values = Self { keys, leaves, counts, apart, aliases };
        let grouped = inner.or(rows.map(|rows| rows.each));
        values.keys = values.named(grouped, "$k")?;
        values.leaves = values.named(inner, "$a")?;
        values.apart = values.named(rows.map(|rows| rows.each), "$r")?;
        values.counts = values.named(rows.map(|rows| rows.counted), "$c")?;
        Ok(values)
    }

    /// The items of a query that are called by a prefix and their number.
    fn named(&self, select: Option<&Select>, prefix: &str) -> Result<Vec<Expr>> {
        let mut found = Vec::new();
        for item in select.iter().flat_map(|select| &select.projection) {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            if alias.value == format!("{prefix}{}", found.len()) {
                let mut expr = expr.clone();
                self.read(&mut expr)?;
                found.push(expr);
            }
        }
        Ok(found)
    }

    /// What stands beside a cube, as it is called by whoever wrote it; what is looked into for a mark has no name.
    fn called(&self, planned: &str) -> String {
        let known = self.aliases.iter().find(|(known, _)| known == planned);
        match (known, planned.strip_prefix(LOOKED_INTO)) {
            (Some((_, alias)), _) => alias.clone(),
            (None, Some(number)) => format!("subquery_{number}"),
            (None, None) => planned.trim_start_matches('$').to_owned(),
        }
    }

    /// What a join says.
    fn join(&self, join: &Join) -> Result<String> {
        let what = match &join.relation {
            TableFactor::Table { name, alias: Some(alias), .. } => {
                let to = name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.as_str());
                format!("{}: mart.{}", self.called(&alias.name.value), to.unwrap_or_default())
            }
            TableFactor::Derived { alias: Some(alias), .. } => format!("{}: a query", self.called(&alias.name.value)),
            other => other.to_string(),
        };
        Ok(match &join.join_operator {
            JoinOperator::Left(JoinConstraint::On(on)) => format!("{what}, at most one row, on {}", self.readable(on)?),
            JoinOperator::Inner(JoinConstraint::On(on)) => {
                format!("{what}, one row, or the fact is left out, on {}", self.readable(on)?)
            }
            _ => format!("{what} of one row"),
        })
    }

    /// An expression over the star or over the inner query, in the words of the model.
    fn readable(&self, expr: &Expr) -> Result<String> {
        let mut expr = expr.clone();
        ast::unmark(&mut expr);
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
                    let called = self.called(&relation.value);
                    let path = called.split('.').map(Ident::new);
                    Some(Expr::CompoundIdentifier(path.chain([found::readable(column)]).collect()))
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
        at(&self.keys, "$k").or_else(|| at(&self.leaves, "$a")).or_else(|| at(&self.counts, "$c"))
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
