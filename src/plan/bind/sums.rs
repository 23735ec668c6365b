//! Sums over what cubes have computed: which of them unique sets or additivity prove right, and what is refused.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::sql::sqlparser::ast::{
    Expr, Function, GroupByExpr, Select, SelectItem, SelectItemQualifiedWildcardKind, WindowType,
};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::super::relation::{Column, Lineage, Relation};
use super::instead::Misuse;
use super::joins::Identity;
use super::measure::is_distinct;
use super::summand::{chosen, looked_through, reads_cube, summed, yields_constants};
use super::{found, item_expr, joins, sets};

/// A relation of FROM under the name it bears there.
pub(super) type Named = (String, Relation);

/// What the expressions of a SELECT may name, and how its rows are grouped.
pub(super) struct Block {
    pub(super) sources: Vec<Named>,
    /// Sets of columns that tell the rows apart.
    pub(super) unique: Vec<BTreeSet<Identity>>,
    /// The columns that WHERE makes equal to constants.
    pub(super) fixed: BTreeSet<Identity>,
    /// The grouping; none where nothing aggregates.
    pub(super) keys: Option<Grouping>,
}

/// What a SELECT groups by.
pub(super) struct Grouping {
    /// The columns that are keys by themselves.
    pub(super) columns: BTreeSet<Identity>,
    /// All keys, as expressions without aliases and ordinals; none where they cannot be told.
    pub(super) keys: Option<Vec<Expr>>,
    /// Whether there are several levels: then `columns` are those that are keys of all of them.
    pub(super) levels: bool,
}

impl Block {
    /// The column that an expression plainly names.
    pub(super) fn column(&self, expr: &Expr) -> Option<&Column> {
        joins::found(&self.sources, expr).map(|(_, column)| column)
    }

    /// The identity of the column that an expression plainly names.
    fn identity(&self, expr: &Expr) -> Option<Identity> {
        joins::found(&self.sources, expr).map(|(place, column)| (place, column.name.clone()))
    }

    /// The alias of the item that is an expression, however either spells the columns in it.
    fn named_item(&self, select: &Select, key: &Expr) -> Option<String> {
        let key = self.told_by_place(key).ok()?;
        select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                self.told_by_place(expr).is_ok_and(|expr| expr == key).then(|| fold(alias))
            }
            _ => None,
        })
    }

    /// Whether these columns tell the rows apart that a sum adds up: those that its FILTER and its CASE choose.
    fn is_unique_in(&self, sum: &Function, mut columns: BTreeSet<Identity>) -> bool {
        let argument = ast::arguments(sum).and_then(|arguments| chosen(looked_through(arguments.first()?)));
        for condition in sum.filter.as_deref().into_iter().chain(argument.as_ref().map(|chosen| chosen.when.as_ref())) {
            columns.extend(joins::constants(&self.sources, Some(condition)));
        }
        self.is_unique_on(&columns)
    }

    /// Whether these columns tell the rows apart.
    fn is_unique_on(&self, columns: &BTreeSet<Identity>) -> bool {
        let known = |column: &Identity| columns.contains(column) || self.fixed.contains(column);
        self.unique.iter().any(|set| set.iter().all(known))
    }

    /// The columns that tell rows of a cube apart; none where nothing is known to.
    pub(super) fn told_apart_by(&self) -> Vec<Expr> {
        let reads_cube = self.sources.iter().any(|(_, relation)| relation.cube);
        let Some(set) = self.unique.first().filter(|_| reads_cube) else { return Vec::new() };
        let own = self.all().filter(|(_, column)| set.contains(column));
        // A subquery may do without a name.
        own.map(|(alias, (_, name))| if alias.is_empty() { ast::column(&name) } else { ast::column_of(alias, &name) })
            .collect()
    }

    /// Whether it reads measures that detail leaves NULL.
    pub(super) fn holds_valueless(&self) -> bool {
        let mut columns = self.sources.iter().flat_map(|(_, relation)| &relation.columns);
        columns.any(|column| column.lineage.valueless().is_some())
    }

    /// Whether each group is one row.
    pub(super) fn groups_hold_one_row(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| !keys.levels && self.is_unique_on(&keys.columns))
    }

    /// Whether a row of the result may stand for several.
    pub(super) fn merges_rows(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.levels || !self.is_unique_on(&keys.columns))
    }

    /// What the SELECT groups by.
    pub(super) fn grouping(&self, select: &mut Select) -> Result<Grouping> {
        if let Some(sets) = sets::spelled_out(&select.group_by)? {
            let sets = sets.iter().map(|set| self.keys_of(select, set)).collect::<Result<Vec<_>>>()?;
            let columns =
                sets.iter().map(|keys| self.columns_of(keys)).reduce(|all, set| &all & &set).unwrap_or_default();
            let mut keys: Vec<Expr> = Vec::new();
            for key in sets.iter().flatten() {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
            }
            select.group_by = GroupByExpr::Expressions(vec![Expr::GroupingSets(sets)], Vec::new());
            return Ok(Grouping { columns, keys: Some(keys), levels: true });
        }
        let GroupByExpr::Expressions(keys, _) = &select.group_by else {
            return Ok(Grouping { columns: BTreeSet::new(), keys: None, levels: false });
        };
        let keys = self.keys_of(select, keys)?;
        Ok(Grouping { columns: self.columns_of(&keys), keys: Some(keys), levels: false })
    }

    fn columns_of(&self, keys: &[Expr]) -> BTreeSet<Identity> {
        keys.iter().filter_map(|key| self.identity(key)).collect()
    }

    /// Keys without ordinals and aliases.
    fn keys_of(&self, select: &Select, written: &[Expr]) -> Result<Vec<Expr>> {
        let mut keys = Vec::with_capacity(written.len());
        for key in written {
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
            keys.push(key.clone());
        }
        Ok(keys)
    }

    /// Every column, with its relation's name.
    fn all(&self) -> impl Iterator<Item = (&String, Identity)> {
        self.sources.iter().enumerate().flat_map(|(place, (alias, relation))| {
            let columns = relation.columns.iter().map(|column| &column.name);
            columns.map(move |name| (alias, (place, name.clone())))
        })
    }

    /// The names in the result of the columns that are plainly in it.
    pub(super) fn output_names(&self, select: &Select) -> BTreeMap<Identity, String> {
        let mut names = BTreeMap::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    names.extend(self.identity(expr).map(|column| (column.clone(), column.1)));
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    names.extend(self.identity(expr).map(|column| (column, fold(alias))));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let of = name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default();
                    names.extend(
                        self.all().filter(|(alias, _)| **alias == of).map(|(_, column)| (column.clone(), column.1)),
                    );
                }
                _ => names.extend(self.all().map(|(_, column)| (column.clone(), column.1))),
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
        if let Some(value) = found::is_value(expr) {
            return value.then(|| "a query over a cube".to_owned());
        }
        match self.column(expr) {
            Some(column) => column.lineage.measure().map(str::to_owned),
            None => self.sources.iter().any(|(_, relation)| relation.cube).then(|| expr.to_string()),
        }
    }

    /// What an expression of the SELECT holds: where it aggregates, in a group.
    pub(super) fn lineage(&self, expr: &Expr) -> Lineage {
        let value = summed(expr);
        if yields_constants(value) {
            return Lineage::Free;
        }
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
                (Some("sum"), Some([argument])) if !is_distinct(function) => {
                    let levels = self.keys.as_ref().is_some_and(|grouping| grouping.levels);
                    return match self.summand(argument) {
                        Lineage::Additive(measure) if levels => Lineage::Fixed(measure),
                        lineage => lineage,
                    };
                }
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
            Some(_) => self.lineage(argument),
            None => self.summand(argument),
        };
        refuse_sum(&lineage, function, || self.groups_are_rows(function), "the cube")
    }

    /// An expression with each column written in one way, however it names it.
    fn in_one_way(&self, expr: &Expr) -> Expr {
        if let Some((place, name)) = self.identity(expr) {
            return ast::column(&format!("{place}.{name}"));
        }
        let mut told = expr.clone();
        // What cannot be walked is compared as it is written.
        for child in ast::children(&mut told).unwrap_or_default() {
            *child = self.in_one_way(child);
        }
        told
    }

    /// Whether each group (or partition) of a sum holds one row of the one relation.
    pub(super) fn groups_are_rows(&self, function: &Function) -> bool {
        match &function.over {
            None => self.keys.as_ref().is_some_and(|keys| self.is_unique_in(function, keys.columns.clone())),
            Some(WindowType::WindowSpec(spec)) if self.keys.is_some() => {
                let parts: Vec<Expr> = spec.partition_by.iter().map(|part| self.in_one_way(part)).collect();
                let parted = |key: &Expr| parts.contains(&self.in_one_way(key));
                let keys = self.keys.as_ref().filter(|grouping| !grouping.levels);
                let keys = keys.and_then(|grouping| grouping.keys.as_ref());
                keys.is_some_and(|keys| keys.iter().all(parted))
            }
            Some(WindowType::WindowSpec(spec)) => {
                let keys = spec.partition_by.iter().filter_map(|key| self.identity(key));
                self.is_unique_in(function, keys.collect())
            }
            Some(WindowType::NamedWindow(_)) => false,
        }
    }
}

/// Refuses a SUM over a cube's values that nothing proves right: neither that they add up, nor that each group is one row.
pub(super) fn refuse_sum(
    lineage: &Lineage,
    sum: &Function,
    groups_are_rows: impl FnOnce() -> bool,
    cube: &str,
) -> Result<()> {
    match lineage {
        Lineage::Free => Ok(()),
        Lineage::Additive(_) if !is_distinct(sum) => Ok(()),
        _ if groups_are_rows() => Ok(()),
        Lineage::Additive(measure) => Err(Error::invalid(format!(
            "SUM(DISTINCT …) over '{measure}' would leave out values that happen to be equal; write SUM without DISTINCT"
        ))),
        Lineage::Merged(measure) => Err(Error::invalid(format!(
            "SUM over '{measure}' would be wrong: a join, a UNION or DISTINCT beneath may hold its rows more than once or not \
             at all, and nothing proves that each group holds one row; sum up before that{}",
            rewrite(measure, cube)
        ))
        .with_source(Misuse::Sum)),
        Lineage::Fixed(measure) | Lineage::Valueless(measure) => Err(Error::invalid(format!(
            "SUM over '{measure}' would be wrong: its values here do not add up, and nothing proves that each group holds one \
             row; ask for it at the grouping you need{}",
            rewrite(measure, cube)
        ))
        .with_source(Misuse::Sum)),
    }
}

/// What to write for a measure; of what has no name nothing can be said.
fn rewrite(measure: &str, cube: &str) -> String {
    let named = |c: char| c.is_alphanumeric() || c == '_';
    match measure.chars().all(named) {
        true => format!(": SELECT …, MEASURE({measure}) FROM {cube} GROUP BY …"),
        false => String::new(),
    }
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
    let told = |column: &&Identity| !block.fixed.contains(*column);
    let named = |set: &BTreeSet<Identity>| set.iter().filter(told).map(|column| names.get(column).cloned()).collect();
    let mut sets: Vec<BTreeSet<String>> = match &block.keys {
        Some(grouping) => {
            let name = |key: &Expr| match block.identity(key) {
                Some(column) => names.get(&column).cloned(),
                None => block.named_item(select, key),
            };
            let keys = grouping.keys.iter().filter(|_| !grouping.levels);
            let telling = |key: &&Expr| block.identity(key).is_none_or(|column| told(&&column));
            let all = keys.filter_map(|keys| keys.iter().filter(telling).map(name).collect());
            // What tells the rows apart that are grouped tells their groups apart, where it is grouped by.
            let is_grouped =
                |set: &&BTreeSet<Identity>| set.iter().filter(told).all(|at| grouping.columns.contains(at));
            let fewer = block.unique.iter().filter(|set| !grouping.levels && is_grouped(set));
            all.chain(fewer.filter_map(named)).collect()
        }
        None => block.unique.iter().filter_map(named).collect(),
    };
    if distinct {
        sets.push(columns.iter().map(|column| column.name.clone()).collect());
    }
    sets
}
