//! Sums over what cubes have computed: which of them unique sets or additivity prove right, and what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CaseWhen, Expr, Function, GroupByExpr, Query, Select, SelectItem, TableFactor, Value, Visit, Visitor, WindowType,
};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::super::catalog::DESCRIBING;
use super::super::relation::{Column, Lineage, Relation};
use super::item_expr;
use super::measure::is_distinct;

/// A relation of FROM under the name it bears there.
pub(super) type Named = (String, Relation);

/// What the expressions of a SELECT may name, and how its rows are grouped.
pub(super) struct Block {
    pub(super) sources: Vec<Named>,
    /// The grouping; none where nothing aggregates.
    pub(super) keys: Option<Grouping>,
}

/// What a SELECT groups by.
pub(super) struct Grouping {
    /// The columns that are keys by themselves.
    pub(super) columns: BTreeSet<String>,
    /// All keys, as expressions without aliases and ordinals; none where they cannot be told.
    pub(super) keys: Option<Vec<Expr>>,
}

impl Block {
    /// The column that an expression plainly names.
    pub(super) fn column(&self, expr: &Expr) -> Option<&Column> {
        match expr {
            Expr::Identifier(name) => self.sources.iter().find_map(|(_, relation)| relation.column(&fold(name))),
            Expr::CompoundIdentifier(parts) => {
                let [.., relation, name] = parts.as_slice() else { return None };
                let relation = fold(relation);
                self.sources.iter().find(|(alias, _)| *alias == relation)?.1.column(&fold(name))
            }
            _ => None,
        }
    }

    /// Whether it reads measures that detail leaves NULL.
    pub(super) fn holds_valueless(&self) -> bool {
        let mut columns = self.sources.iter().flat_map(|(_, relation)| &relation.columns);
        columns.any(|column| column.lineage.valueless().is_some())
    }

    /// Whether a row of the result may stand for several.
    pub(super) fn merges_rows(&self) -> bool {
        let one = |keys: &Grouping| matches!(self.sources.as_slice(), [(_, relation)] if relation.is_unique_on(&keys.columns));
        self.keys.as_ref().is_some_and(|keys| !one(keys))
    }

    /// What the SELECT groups by.
    pub(super) fn grouping(&self, select: &Select) -> Result<Grouping> {
        let GroupByExpr::Expressions(keys, _) = &select.group_by else {
            return Ok(Grouping { columns: BTreeSet::new(), keys: None });
        };
        let mut grouping = Grouping { columns: BTreeSet::new(), keys: Some(Vec::new()) };
        for key in keys {
            let item = super::items::ordinal(key).and_then(|at| item_expr(select.projection.get(at.checked_sub(1)?)?));
            let alias = aliased(select, key);
            if let (Some(alias), Some(column)) = (alias, self.column(key))
                && self.column(alias) != Some(column)
            {
                return Err(Error::invalid(format!(
                    "'{key}' in GROUP BY is a column and the alias of '{alias}'; give the alias another name"
                )));
            }
            let key = if self.column(key).is_some() { key } else { item.or(alias).unwrap_or(key) };
            grouping.columns.extend(self.column(key).map(|column| column.name.clone()));
            grouping.keys.iter_mut().for_each(|keys| keys.push(key.clone()));
        }
        Ok(grouping)
    }

    /// The names in the result of the columns that are plainly in it.
    pub(super) fn output_names(&self, select: &Select) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    if let Some(column) = self.column(expr) {
                        names.insert(column.name.clone(), column.name.clone());
                    }
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    if let Some(column) = self.column(expr) {
                        names.insert(column.name.clone(), fold(alias));
                    }
                }
                _ => {
                    let all = self.sources.iter().flat_map(|(_, relation)| &relation.columns);
                    names.extend(all.map(|column| (column.name.clone(), column.name.clone())));
                }
            }
        }
        names
    }

    /// What an expression holds that is no plain column: nothing of a cube, or something that does not add up.
    pub(super) fn holds(&self, expr: &Expr) -> Lineage {
        let mut measure = None;
        ast::any(expr, |inner| {
            measure = match inner {
                Expr::Subquery(query) if reads_cube(query) => Some("a query over a cube".to_owned()),
                _ => self.held_by_name(inner),
            };
            measure.is_some()
        });
        measure.map_or(Lineage::Free, Lineage::Fixed)
    }

    /// What a name holds; one that cannot be told here may hold anything that a cube has computed.
    fn held_by_name(&self, expr: &Expr) -> Option<String> {
        let (Expr::Identifier(_) | Expr::CompoundIdentifier(_)) = expr else { return None };
        match self.column(expr) {
            Some(column) => column.lineage.measure().map(str::to_owned),
            None => self.sources.iter().any(|(_, relation)| relation.cube).then(|| expr.to_string()),
        }
    }

    /// What an expression of the SELECT holds: where it aggregates, in a group.
    pub(super) fn lineage(&self, expr: &Expr) -> Lineage {
        let value = summed(expr);
        if let Some(column) = self.column(value) {
            let mut column = column.clone();
            if self.merges_rows() {
                column.merge();
            }
            return column.lineage;
        }
        if let Expr::Function(function) = value
            && function.over.is_none()
        {
            match (ast::function_name(function).as_deref(), ast::arguments(function).as_deref()) {
                (Some("count"), _) => return Lineage::Free,
                (Some("sum"), Some([argument])) if !is_distinct(function) => return self.summand(argument),
                _ => {}
            }
        }
        self.holds(value)
    }

    /// What is summed.
    pub(super) fn summand(&self, argument: &Expr) -> Lineage {
        let value = summed(argument);
        match self.column(value) {
            Some(column) => column.lineage.clone(),
            None if yields_constants(value) => Lineage::Free,
            None => self.holds(value),
        }
    }

    /// Refuses a SUM over a cube's values that nothing proves right.
    pub(super) fn check_sum(&self, function: &Function) -> Result<()> {
        if ast::function_name(function).as_deref() != Some("sum") {
            return Ok(());
        }
        let arguments = ast::arguments(function).unwrap_or_default();
        let [argument] = arguments.as_slice() else { return Ok(()) };
        // A window runs over what the SELECT makes of its rows.
        let lineage = match function.over {
            Some(_) if yields_constants(argument) => Lineage::Free,
            Some(_) => self.lineage(argument),
            None => self.summand(argument),
        };
        match lineage {
            Lineage::Free => Ok(()),
            Lineage::Additive(_) if !is_distinct(function) => Ok(()),
            Lineage::Additive(measure) | Lineage::Fixed(measure) | Lineage::Valueless(measure)
                if self.groups_are_rows(function) =>
            {
                tracing::trace!(measure, "each group holds one row");
                Ok(())
            }
            Lineage::Additive(measure) => Err(Error::invalid(format!(
                "SUM(DISTINCT …) over '{measure}' would leave out values that happen to be equal; write SUM without \
                 DISTINCT"
            ))),
            Lineage::Fixed(measure) | Lineage::Valueless(measure) => Err(refused_sum(&measure, "the cube")),
        }
    }

    /// Whether each group (or partition) of a sum holds one row of the one relation.
    pub(super) fn groups_are_rows(&self, function: &Function) -> bool {
        let [(_, relation)] = self.sources.as_slice() else { return false };
        match &function.over {
            None => self.keys.as_ref().is_some_and(|keys| relation.is_unique_on(&keys.columns)),
            Some(WindowType::WindowSpec(spec)) if self.keys.is_some() => {
                let same = |key: &Expr, part: &Expr| match (self.column(key), self.column(part)) {
                    (Some(one), Some(other)) => one == other,
                    (None, None) => key == part,
                    _ => false,
                };
                let parted = |key: &Expr| spec.partition_by.iter().any(|part| same(key, part));
                let keys = self.keys.as_ref().and_then(|grouping| grouping.keys.as_ref());
                keys.is_some_and(|keys| keys.iter().all(parted))
            }
            Some(WindowType::WindowSpec(spec)) => {
                let keys = spec.partition_by.iter().filter_map(|key| self.column(key)).map(|key| key.name.clone());
                relation.is_unique_on(&keys.collect())
            }
            Some(WindowType::NamedWindow(_)) => false,
        }
    }
}

/// The refusal of a sum of what does not add up.
pub(super) fn refused_sum(measure: &str, cube: &str) -> Error {
    Error::invalid(format!(
        "SUM over '{measure}' would be wrong: its values do not add up, and nothing proves that each group holds one row; \
         ask for it at the grouping you need: SELECT …, MEASURE({measure}) FROM {cube} GROUP BY …"
    ))
}

/// The item whose alias a key is.
fn aliased<'a>(select: &'a Select, key: &Expr) -> Option<&'a Expr> {
    let Expr::Identifier(name) = key else { return None };
    select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if fold(alias) == fold(name) => Some(expr),
        _ => None,
    })
}

/// The unique sets of the result, under the names that its columns bear.
pub(super) fn unique(block: &Block, select: &Select, columns: &[Column], distinct: bool) -> Vec<BTreeSet<String>> {
    let names = block.output_names(select);
    let mut sets: Vec<BTreeSet<String>> = match (&block.keys, block.sources.as_slice()) {
        (Some(grouping), _) => {
            let name = |key: &Expr| match block.column(key) {
                Some(column) => names.get(&column.name).cloned(),
                None => named_item(select, key),
            };
            grouping.keys.iter().filter_map(|keys| keys.iter().map(name).collect()).collect()
        }
        (None, [(_, relation)]) => {
            let renamed = |set: &BTreeSet<String>| set.iter().map(|column| names.get(column).cloned()).collect();
            relation.unique.iter().filter_map(renamed).collect()
        }
        _ => Vec::new(),
    };
    if distinct {
        sets.push(columns.iter().map(|column| column.name.clone()).collect());
    }
    sets
}

/// The alias of the item that is an expression.
fn named_item(select: &Select, key: &Expr) -> Option<String> {
    select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if expr == key => Some(fold(alias)),
        _ => None,
    })
}

/// What casts, brackets and `coalesce(x, 0)` stand around.
pub(super) fn looked_through(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => looked_through(inner),
        Expr::Function(function) if ast::function_name(function).as_deref() == Some("coalesce") => {
            match ast::arguments(function).as_deref() {
                Some([inner, zero]) if is_zero(zero) => looked_through(inner),
                _ => expr,
            }
        }
        other => other,
    }
}

/// `CASE WHEN p THEN x [ELSE 0] END`: a value that is chosen.
pub(super) struct Chosen<'e> {
    /// Whether it is.
    pub(super) when: &'e Expr,
    /// The value.
    pub(super) then: &'e Expr,
    /// Whether 0 stands where it is not, or NULL.
    pub(super) zero: bool,
}

/// A value that a CASE chooses, if an expression is one.
pub(super) fn chosen(expr: &Expr) -> Option<Chosen<'_>> {
    let Expr::Case { operand: None, conditions, else_result, .. } = expr else { return None };
    let [CaseWhen { condition: when, result: then }] = conditions.as_slice() else { return None };
    let is_null = |expr: &Expr| matches!(expr, Expr::Value(value) if value.value == Value::Null);
    match else_result.as_deref() {
        None => Some(Chosen { when, then, zero: false }),
        Some(otherwise) if is_null(otherwise) => Some(Chosen { when, then, zero: false }),
        Some(otherwise) if is_zero(otherwise) => Some(Chosen { when, then, zero: true }),
        Some(_) => None,
    }
}

/// What is summed: what stands within casts, `coalesce(x, 0)`, and a CASE that chooses it.
pub(super) fn summed(expr: &Expr) -> &Expr {
    let value = looked_through(expr);
    match chosen(value) {
        Some(Chosen { then, .. }) if !yields_constants(value) => summed(then),
        _ => value,
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::Number(text, _) if text.parse::<f64>() == Ok(0.0)))
}

/// A constant, or a CASE that yields only constants.
pub(super) fn yields_constants(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) => true,
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
            yields_constants(inner)
        }
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().all(|when| yields_constants(&when.result))
                && else_result.as_deref().is_none_or(yields_constants)
        }
        _ => false,
    }
}

/// Whether a query reads a cube, or what may be one, before or after it is bound.
pub(super) fn reads_cube(query: &Query) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            let cube = match factor {
                TableFactor::Table { name, .. } => {
                    let schema = name.0.iter().rev().nth(1).and_then(|part| part.as_ident()).map(fold);
                    schema.is_none_or(|schema| schema != "mart" && !DESCRIBING.contains(&schema.as_str()))
                }
                TableFactor::Derived { alias: Some(alias), .. } => alias.name.value == super::cube::BLOCK,
                _ => false,
            };
            if cube { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    query.visit(&mut Search).is_break()
}
