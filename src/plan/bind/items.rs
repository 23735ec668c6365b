//! The words of a block over a cube: which names are dimensions, measures or aliases, and which calls evaluate
//! measures.

use std::cell::Cell;
use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{Expr, Ident, ObjectName, SelectItem, Value};

use crate::error::{Error, Result};
use crate::model::{Cube, Dimension, Measure, Text};
use crate::sql::{self, Functions, fold};
use crate::yaml::hint;

use super::super::ast;
use super::super::relation::Member;
use super::beside::Beside;
use super::correlated::Around;
use super::instead::Misuse;
use super::shown::Marked;

/// An item of the SELECT list.
pub(super) struct Item {
    /// Its expression, with plain lower-case names.
    pub(super) expr: Expr,
    /// The name of its column in the result.
    pub(super) name: String,
    /// Whether the name was written as an alias.
    pub(super) aliased: bool,
}

/// What a name means in a block over a cube.
pub(super) enum Meaning<'a> {
    Dimension(&'a Dimension),
    Measure(&'a Measure),
}

/// The names that a block over a cube sees.
pub(super) struct Names<'a> {
    pub(super) cube: &'a Cube,
    /// What the cube is called in this block.
    pub(super) alias: String,
    /// What the SELECTs around this block read.
    pub(super) outside: Vec<String>,
    /// The columns of the plain block that it reads, over the cube's; none where it reads the cube's own.
    pub(super) block: Option<Vec<(String, Expr)>>,
    /// What stands beside it in FROM.
    pub(super) beside: Vec<Beside>,
    /// What stands beside the cube within the plain block, where only its columns name it.
    pub(super) within: Vec<Beside>,
    /// What stands in the place of subqueries.
    pub(super) marked: Vec<Marked>,
    /// The functions that SQL may call.
    pub(super) functions: &'a Functions,
    /// How many terms names have grown by that were spelled out.
    pub(super) spelled_out: Cell<usize>,
}

/// By how many terms the names of a block may grow when they are spelled out: chains of `SELECT a + a AS a` double with
/// every link.
const GROWTH_LIMIT: usize = 5_000;

/// The aliases that an expression may name.
#[derive(Clone, Copy)]
pub(super) struct Aliases<'i> {
    pub(super) items: &'i [Item],
    /// Whether they go before columns, outside of aggregates.
    pub(super) first: bool,
}

/// The names of a cube's columns.
pub(super) fn members(cube: &Cube) -> impl Iterator<Item = &str> {
    let dimensions = cube.dimensions.iter().map(|dimension| dimension.name.as_str());
    dimensions.chain(cube.measures.iter().map(|measure| measure.name.as_str()))
}

impl<'a> Names<'a> {
    /// What a column's name means; the error names the nearest.
    pub(super) fn meaning(&self, name: &str) -> Result<Meaning<'a>> {
        if let Some(meaning) = self.known(name) {
            return Ok(meaning);
        }
        let hint = match self.titled(name) {
            Some(member) => format!("; '{member}' has that title"),
            None => hint(name, self.columns().into_iter()),
        };
        let why = format!("the cube '{}' has no dimension or measure '{name}'{hint}", self.cube.name);
        Err(Error::invalid(why).with_source(Misuse::Name))
    }

    /// The column with such a title, in whichever language.
    fn titled(&self, name: &str) -> Option<&str> {
        let dimensions = self.cube.dimensions.iter().map(|dimension| (&dimension.name, &dimension.title));
        let mut titles = dimensions.chain(self.cube.measures.iter().map(|measure| (&measure.name, &measure.title)));
        let is_it = |title: &Text| title.iter().any(|(_, words)| words.to_lowercase() == name.to_lowercase());
        let (member, _) = titles.find(|(_, title)| title.as_ref().is_some_and(is_it))?;
        self.columns().into_iter().find(|column| column == member)
    }

    /// A dimension or measure of the cube.
    pub(super) fn member(&self, name: &str) -> Member {
        Member { cube: self.cube.name.clone(), name: name.to_owned() }
    }

    /// The names of the columns.
    pub(super) fn columns(&self) -> Vec<&str> {
        match &self.block {
            Some(columns) => columns.iter().map(|(name, _)| name.as_str()).collect(),
            None => members(self.cube).collect(),
        }
    }

    /// What the relations are called that names may stand for.
    pub(super) fn relations(&self) -> Vec<String> {
        std::iter::once(&self.alias).chain(self.beside.iter().map(|beside| &beside.alias)).cloned().collect()
    }

    /// What stands around the subqueries of the block.
    pub(super) fn around<'n>(&self, knows: &'n dyn Fn(&str) -> bool, spelled: &'n dyn Fn(&Expr) -> Expr) -> Around<'n> {
        Around { relations: self.relations(), knows, spelled, cube: true }
    }

    /// Every column, and what it is over the cube.
    pub(super) fn all(&self) -> Vec<(String, Expr)> {
        let mut all = self
            .block
            .clone()
            .unwrap_or_else(|| members(self.cube).map(|name| (name.to_owned(), ast::column(name))).collect());
        for beside in &self.beside {
            let own = beside.columns.iter().filter(|name| !beside.shared.contains(name));
            all.extend(own.filter_map(|name| Some((name.clone(), beside.column(name)?))));
        }
        all
    }

    /// What is planned under a name, beside the cube or within the plain block.
    pub(super) fn planned(&self, name: &str) -> Option<&Beside> {
        self.beside.iter().chain(&self.within).find(|beside| beside.planned == name)
    }

    /// What a column is over the cube and what stands beside it.
    pub(super) fn visible(&self, name: &str) -> Option<Expr> {
        self.own(name).or_else(|| self.beside.iter().find_map(|beside| beside.column(name)))
    }

    /// Refuses a name that several relations have.
    fn refuse_ambiguous(&self, name: &str) -> Result<()> {
        let has = |beside: &&Beside| {
            beside.columns.iter().any(|known| known == name) && !beside.shared.iter().any(|known| known == name)
        };
        let relations: Vec<&str> = self
            .own(name)
            .map(|_| self.alias.as_str())
            .into_iter()
            .chain(self.beside.iter().filter(has).map(|beside| beside.alias.as_str()))
            .collect();
        match relations.as_slice() {
            [first, second, ..] => {
                Err(Error::invalid(format!("'{name}' is ambiguous; write {first}.{name} or {second}.{name}")))
            }
            _ => Ok(()),
        }
    }

    fn own(&self, name: &str) -> Option<Expr> {
        match &self.block {
            Some(columns) => columns.iter().find(|(known, _)| known == name).map(|(_, expr)| bracketed(expr)),
            None => self.known(name).map(|_| ast::column(name)),
        }
    }

    fn column(&self, name: &str) -> Result<Expr> {
        self.refuse_ambiguous(name)?;
        match self.visible(name) {
            Some(column) => self.within_growth(column),
            None if self.block.is_none() => self.meaning(name).map(|_| ast::column(name)),
            None => {
                let hint = hint(name, self.columns().into_iter());
                Err(Error::invalid(format!("'{}' has no column '{name}'{hint}", self.alias)))
            }
        }
    }

    /// Refuses names that grow too much.
    fn within_growth(&self, column: Expr) -> Result<Expr> {
        self.spelled_out.set(self.spelled_out.get() + ast::terms(&column) - 1);
        if self.spelled_out.get() > GROWTH_LIMIT {
            return Err(Error::invalid(format!(
                "'{}' grows by more than {GROWTH_LIMIT} terms once the columns that are named are spelled out; group the \
                 inner query to evaluate it there, or name columns computed more directly",
                self.alias
            )));
        }
        Ok(column)
    }

    /// What a column's name means, if anything.
    pub(super) fn known(&self, name: &str) -> Option<Meaning<'a>> {
        let dimension = self.cube.dimension(name).map(Meaning::Dimension);
        dimension.or_else(|| self.cube.measure(name).map(Meaning::Measure))
    }

    /// The expression with every name spelled out over the cube: `s.Department` is `department`.
    pub(super) fn normalised(&self, expr: &Expr) -> Result<Expr> {
        self.normalised_with(expr, Aliases { items: &[], first: false })
    }

    /// The same, where aliases of items may be named too.
    pub(super) fn normalised_with(&self, expr: &Expr, aliases: Aliases<'_>) -> Result<Expr> {
        let mut expr = expr.clone();
        self.normalise(&mut expr, aliases)?;
        Ok(expr)
    }

    fn normalise(&self, expr: &mut Expr, aliases: Aliases<'_>) -> Result<()> {
        sql::deep(|| {
            match expr {
                Expr::Identifier(ident) => {
                    let name = fold(ident);
                    let alias = aliases.items.iter().find(|item| item.aliased && item.name == name);
                    *expr = match alias {
                        Some(item) if aliases.first || self.visible(&name).is_none() => bracketed(&item.expr),
                        _ => self.column(&name)?,
                    };
                }
                Expr::CompoundIdentifier(parts) => {
                    let parts: Vec<String> = parts.iter().map(fold).collect();
                    let (name, relation) = match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                        [relation, name] | ["cubes", relation, name] | ["starmart", "cubes", relation, name] => {
                            ((*name).to_owned(), (*relation).to_owned())
                        }
                        _ => (String::new(), parts.join(".")),
                    };
                    *expr = match self.beside.iter().find(|beside| beside.alias == relation) {
                        _ if relation == self.alias => match self.own(&name) {
                            Some(column) => self.within_growth(column)?,
                            None => self.column(&name)?,
                        },
                        Some(beside) => beside
                            .column(&name)
                            .ok_or_else(|| Error::invalid(format!("'{relation}' has no column '{name}'")))?,
                        None => return Err(self.unknown(&parts.join("."), &relation)),
                    };
                }
                other => {
                    let mut within = aliases;
                    if let Expr::Function(function) = other
                        && let Some(name) = ast::function_name(function)
                    {
                        // Within an aggregate names are the cube's first.
                        within.first &= !is_measure_call(&name) && !self.functions.aggregate.contains_key(&name);
                        function.name = ObjectName::from(vec![Ident::new(name)]);
                    }
                    for child in ast::children(other)? {
                        self.normalise(child, within)?;
                    }
                }
            }
            Ok(())
        })
    }

    pub(super) fn unknown(&self, name: &str, relation: &str) -> Error {
        let cube = &self.cube.name;
        Error::invalid(match self.outside.iter().any(|outside| outside == relation) {
            true => format!(
                "'{name}' is outside the subquery; over the cube '{cube}' it may be named only in an equality of WHERE: \
                 WHERE DIMENSION = {name}"
            ),
            false => format!("unknown name '{name}'; the cube '{cube}' is called '{}' here", self.alias),
        })
    }

    /// The measure that an expression plainly is.
    pub(super) fn measure(&self, expr: &Expr) -> Option<&'a Measure> {
        match expr {
            Expr::Identifier(name) => match self.known(&name.value) {
                Some(Meaning::Measure(measure)) => Some(measure),
                _ => None,
            },
            _ => None,
        }
    }

    /// The first measure that an expression mentions.
    pub(super) fn mentioned_measure(&self, expr: &Expr) -> Option<&'a Measure> {
        let mut found = None;
        ast::any(expr, |inner| {
            found = self.measure(inner);
            found.is_some()
        });
        found
    }

    /// The first dimension that an expression mentions.
    pub(super) fn mentioned_dimension(&self, expr: &Expr) -> Option<&'a Dimension> {
        let mut found = None;
        ast::any(expr, |inner| {
            if let Expr::Identifier(name) = inner
                && let Some(Meaning::Dimension(dimension)) = self.known(&name.value)
            {
                found = Some(dimension);
            }
            found.is_some()
        });
        found
    }

    /// The name of an item's column and its expression over the cube.
    pub(super) fn item(&self, item: &SelectItem) -> Result<(String, Expr)> {
        match item {
            SelectItem::UnnamedExpr(written) => Ok((name_of(written), self.normalised(written)?)),
            SelectItem::ExprWithAlias { expr, alias } => Ok((fold(alias), self.normalised(expr)?)),
            _ => Err(self.alone()),
        }
    }

    /// Whether an expression mentions a dimension, or a column of what stands beside the cube, which is one too.
    pub(super) fn mentions_dimension(&self, expr: &Expr) -> bool {
        self.mentioned_dimension(expr).is_some() || ast::any(expr, |inner| matches!(inner, Expr::CompoundIdentifier(_)))
    }

    /// The items of the SELECT list.
    pub(super) fn items(&self, projection: &[SelectItem]) -> Result<Vec<Item>> {
        let mut items = Vec::with_capacity(projection.len());
        for item in projection {
            let (name, expr) = self.item(item)?;
            items.push(Item { expr, name, aliased: matches!(item, SelectItem::ExprWithAlias { .. }) });
        }
        let mut taken = BTreeSet::new();
        for item in items.iter().filter(|item| item.aliased) {
            if !taken.insert(item.name.clone()) {
                return Err(Error::invalid(format!("two items are named '{}'; give one another alias", item.name)));
            }
        }
        for item in items.iter_mut().filter(|item| !item.aliased) {
            item.name = numbered(&item.name, &taken);
            taken.insert(item.name.clone());
        }
        Ok(items)
    }
}

/// The name, with a number behind it if it is taken.
pub(super) fn numbered(name: &str, taken: &BTreeSet<String>) -> String {
    let others = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.to_owned()).chain(others).find(|name| !taken.contains(name)).unwrap_or_default()
}

/// Whether a function evaluates a measure.
pub(super) fn is_measure_call(name: &str) -> bool {
    matches!(name, "measure" | "agg" | "aggregate")
}

/// The whole number that an expression is: of an ordinal the position that it names, from 1.
pub(super) fn ordinal(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The name of an item without an alias: `MEASURE(x)` comes back as `x`, a column as itself, all else as written.
fn name_of(written: &Expr) -> String {
    let plain = |expr: &Expr| match expr {
        Expr::Identifier(name) => Some(fold(name)),
        Expr::CompoundIdentifier(parts) => parts.last().map(fold),
        _ => None,
    };
    let measure = || match written {
        Expr::Function(function) if ast::function_name(function).is_some_and(|name| is_measure_call(&name)) => {
            match ast::arguments(function).as_deref() {
                Some([argument]) => plain(argument),
                _ => None,
            }
        }
        _ => None,
    };
    plain(written).or_else(measure).unwrap_or_else(|| written.to_string())
}

/// An expression as a part of another.
fn bracketed(expr: &Expr) -> Expr {
    match expr {
        Expr::Identifier(_) | Expr::Nested(_) | Expr::Function(_) | Expr::Value(_) => expr.clone(),
        other => Expr::Nested(Box::new(other.clone())),
    }
}
