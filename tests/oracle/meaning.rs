//! What a query means, read from the semantics page alone: what stays lazy, what is evaluated, and over what.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::commas::{conjuncts, made_constant};
use super::detail::refuse_beside_star;
use super::joined::Join;
use super::names::{Names, output_name};
use super::scalar::{Answer, MAY, refuse};
use super::sorted::Pick;
use super::star::{Cube, Star};
use super::tree::{Body, Expr, From, Groups, Item, Query, Select};
use super::value::Value;

/// What a column holds, as far as adding it up goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Nothing that a cube has computed.
    Free,
    /// One sum or count.
    Sum,
    /// Anything else of a cube.
    Other,
    /// Nothing at all: a measure that has no value in a fact row.
    Absent,
}

/// Rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<(String, Holds)>,
    /// The relations that the columns come from, where several are joined.
    pub(crate) relations: Vec<String>,
    /// The columns of USING, by their bare names.
    pub(crate) merged: Vec<(String, usize)>,
    pub(crate) rows: Vec<Vec<Value>>,
    /// Sets of columns that tell the rows apart.
    pub(crate) unique: Vec<BTreeSet<usize>>,
    /// Sets of columns that tell apart the rows that hold anything of the relation which a column comes from.
    pub(crate) perhaps: Vec<BTreeSet<usize>>,
    /// The columns that the rows are in order of, with what ORDER BY says of each.
    pub(crate) order: Vec<(usize, bool, Option<bool>)>,
    /// Whether the rows come in an order of their own, so that it is known which of equal ones a LIMIT leaves out.
    pub(crate) settled: bool,
    /// Whether a LIMIT without ORDER BY has left rows out.
    pub(crate) cut: bool,
    /// Whether they may be refused instead.
    pub(crate) may: bool,
    /// Whether which rows these are depends on the last digits of doubles, or on chance.
    pub(crate) chance: bool,
}

/// A cube, or a plain block over one, that nobody has evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Lazy<'a> {
    pub(crate) cube: &'a Cube,
    /// What it is called, where it is not the first after FROM.
    pub(crate) called: Option<String>,
    pub(crate) facts: Vec<usize>,
    /// What its WHERE makes equal to constants.
    pub(crate) fixed: Vec<Expr>,
    /// The columns, each over the cube's dimensions and measures.
    pub(crate) columns: Vec<(String, Expr)>,
    /// The keys of the rows that the block would have; none where it is the cube itself.
    pub(crate) keys: Option<Vec<Expr>>,
    /// What it is joined with: the name, the rows, and the row that each fact meets.
    pub(crate) beside: Vec<Beside>,
    /// How many of those only its columns name.
    pub(crate) within: usize,
}

/// Rows beside a cube. Their columns are named by the place of the rows, `$0`, and their own among these.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    pub(crate) alias: String,
    pub(crate) rows: Rows,
    /// The names of USING, which are columns of the rows before them too.
    pub(crate) using: Vec<String>,
    pub(crate) met: BTreeMap<usize, usize>,
}

/// What stands after FROM.
pub(crate) enum Source<'a> {
    Lazy(Lazy<'a>),
    Rows(Rows),
}

/// What WITH has named, each seeing those before it.
pub(crate) type Scope = Vec<(String, Query)>;

/// The oracle of a star.
pub(crate) struct Oracle<'a> {
    pub(crate) star: &'a Star,
    /// Whether something has been met that an engine may see to be right, or may not.
    pub(crate) may: Cell<bool>,
    /// Whether some query within an expression has come out as chance would have it.
    pub(crate) chance: Cell<bool>,
    /// Which rows a LIMIT leaves that nobody ordered, where it is asked whether that matters.
    pub(crate) pick: Option<Pick>,
}

impl<'a> Oracle<'a> {
    /// What answers of a star; rows that nobody ordered come by chance, unless one of the two ends is picked.
    pub(crate) fn of(star: &'a Star, pick: Option<Pick>) -> Self {
        Self { star, may: Cell::new(false), chance: Cell::new(false), pick }
    }

    /// The rows of a query.
    pub(crate) fn rows(&self, query: &Query, scope: &Scope) -> Answer<Rows> {
        match self.source(query, scope, false)? {
            Source::Rows(rows) => Ok(rows),
            Source::Lazy(_) => refuse("6", "* over a cube means its fact rows"),
        }
    }

    /// The rows of a statement: `*` over a cube means its facts there.
    pub(crate) fn answer(&self, statement: &Query) -> Answer<Rows> {
        // Nothing has to be read of what no row is asked.
        let source = self.source(statement, &Scope::new(), false).or_else(|refusal| match statement.limit {
            Some(0) if refusal.rule == "7" => refuse(MAY, refusal.why),
            _ => Err(refusal),
        });
        let rows = match source? {
            Source::Rows(rows) => rows,
            Source::Lazy(block) => self.detail(&block)?,
        };
        Ok(Rows { chance: rows.chance || self.chance.get(), may: self.may.get(), ..rows })
    }

    /// The rows of a table as it is, which its key tells apart.
    fn table(&self, name: &str) -> Answer<Rows> {
        let Some(table) = self.star.tables.iter().find(|table| table.name == name) else {
            return refuse("SQL", format!("unknown table {name}"));
        };
        let columns = table.columns.iter().map(|(name, _)| (name.clone(), Holds::Free)).collect();
        Ok(Rows { columns, rows: table.rows.clone(), unique: vec![[0].into()], ..Rows::default() })
    }

    /// What a query is to a block that reads it, which may want it lazy.
    fn source(&self, query: &Query, scope: &Scope, lazy: bool) -> Answer<Source<'a>> {
        let mut scope = scope.clone();
        for (name, named) in &query.with {
            // What is wrong in a query of WITH is wrong, whether anything reads it or not; a plain block is no query yet.
            match self.source(named, &scope, true) {
                // Whether a LIMIT cuts is seen only where something reads it.
                Err(refusal) if refusal.rule == "7" => return refuse(MAY, refusal.why),
                other => drop(other?),
            }
            scope.push((name.clone(), named.clone()));
        }
        match &query.body {
            Body::Select(select) => self.select(query, select, &scope, lazy),
            Body::Set(op, left, right) => {
                let (left, right) = (self.rows(left, &scope)?, self.rows(right, &scope)?);
                self.united(query, op, left, right).map(Source::Rows)
            }
        }
    }

    pub(crate) fn from(&self, from: &From, scope: &Scope, lazy: bool) -> Answer<Source<'a>> {
        match from {
            From::Join(kind, left, right, on) => self.joined(&Join::of(kind, left, right, on), scope, lazy),
            From::Table(name, _) => self.table(name).map(Source::Rows),
            From::Block(query, _) => self.source(query, scope, lazy),
            From::Name(name, _) => {
                if let Some(at) = scope.iter().rposition(|(known, _)| known == name) {
                    return self.source(&scope[at].1, &scope[..at].to_vec(), lazy);
                }
                let Some(cube) = self.star.cubes.iter().find(|cube| cube.name == *name) else {
                    return refuse("SQL", format!("unknown relation {name}"));
                };
                let dimensions = cube.dimension_names().into_iter().map(|(name, _)| name);
                let names = dimensions.chain(cube.measures.iter().map(|measure| measure.name.clone()));
                let columns = names.map(|name| (name.clone(), Expr::name(&name))).collect();
                Ok(Source::Lazy(Lazy {
                    cube,
                    called: None,
                    facts: self.star.facts(cube)?,
                    fixed: Vec::new(),
                    columns,
                    keys: None,
                    beside: Vec::new(),
                    within: 0,
                }))
            }
        }
    }

    fn select(&self, query: &Query, select: &Select, scope: &Scope, lazy: bool) -> Answer<Source<'a>> {
        let select = &self.commas_joined(select);
        let (plain, aggregates) = (is_plain(query, select), aggregates(query, select));
        let mut source = self.from(&select.from, scope, (plain && lazy) || aggregates)?;
        if let Source::Lazy(block) = &source
            && let Some(keys) = &block.keys
            && (conditions_on_measures(select, block) || (keys.is_empty() && select.filter.is_some()))
        {
            source = self.from(&select.from, scope, false)?;
        }
        match source {
            Source::Rows(rows) => self.ordinary(query, select, rows, scope).map(Source::Rows),
            Source::Lazy(block) => {
                if plain && let Some(block) = self.still_lazy(select, &block, scope, lazy)? {
                    return Ok(Source::Lazy(block));
                }
                if select.items.contains(&Item::Star) {
                    return self.detail_of(query, select, &block, scope).map(Source::Rows);
                }
                self.block(query, select, block, scope).map(Source::Rows)
            }
        }
    }

    /// A plain block over a lazy one, as it stays.
    fn still_lazy(&self, select: &Select, under: &Lazy<'a>, scope: &Scope, lazy: bool) -> Answer<Option<Lazy<'a>>> {
        let star = select.items.contains(&Item::Star);
        let itself = star && under.keys.is_none() && under.beside.is_empty();
        if !lazy && !itself {
            return Ok(None);
        }
        let names = Names::of(&select.from, under);
        let condition = select.filter.as_ref().map(|filter| names.resolved(filter)).transpose()?;
        if condition.as_ref().is_some_and(|condition| under.mentions_measure(condition) || holds_call(condition)) {
            return Ok(None);
        }
        let mut block = under.clone();
        if let Some(condition) = condition {
            block.facts = self.facts_where(under, &condition, scope)?;
            block.fixed.extend(conjuncts(&condition).into_iter().filter_map(made_constant).cloned());
        }
        refuse_beside_star(select, &names, under)?;
        block.columns = Vec::new();
        for item in &select.items {
            match item {
                Item::Star => block.columns.extend(under.columns.iter().cloned()),
                Item::Expr(expr, alias) => {
                    self.refuse_queries(expr, scope)?;
                    block.columns.push((output_name(expr, alias.as_ref()), names.resolved(expr)?));
                }
            }
        }
        if !itself {
            let keys = block.columns.iter().map(|(_, expr)| expr);
            let keys = keys.filter(|expr| under.mentions_dimension(expr) && !under.mentions_measure(expr)).cloned();
            block.keys = Some(under.keys.clone().unwrap_or_else(|| keys.collect()));
        }
        block.within = block.beside.len();
        block.called = None;
        Ok(Some(block))
    }
}

impl Lazy<'_> {
    /// Whether an expression over the cube names a measure.
    pub(crate) fn mentions_measure(&self, expr: &Expr) -> bool {
        self.measure_in(expr).is_some()
    }

    /// The first measure that an expression over the cube names.
    pub(crate) fn measure_in(&self, expr: &Expr) -> Option<String> {
        let mut found = None;
        expr.any(&mut |part| {
            if let Expr::Name(parts) = part
                && parts.len() == 1
                && let Some(name) = parts.last().filter(|name| self.cube.measure(name).is_some())
            {
                found = Some(name.clone());
            }
            found.is_some()
        });
        found
    }

    /// Whether an expression over the cube names a dimension.
    pub(crate) fn mentions_dimension(&self, expr: &Expr) -> bool {
        expr.any(&mut |part| {
            matches!(part, Expr::Name(parts) if parts.len() == 2
                || parts.last().is_some_and(|name| self.cube.dimension(name).is_some()))
        })
    }
}

/// Whether an expression calls an aggregate or MEASURE, a window's own call apart.
pub(crate) fn holds_call(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) if call.over.is_none() => true,
        other => other.parts().into_iter().any(holds_call),
    }
}

pub(crate) fn holds_window(expr: &Expr) -> bool {
    expr.any(&mut |part| matches!(part, Expr::Call(call) if call.over.is_some()))
}

fn exprs<'q>(query: &'q Query, select: &'q Select) -> impl Iterator<Item = &'q Expr> {
    let items = select.items.iter().filter_map(|item| match item {
        Item::Expr(expr, _) => Some(expr),
        Item::Star => None,
    });
    items.chain(&select.having).chain(query.order.iter().map(|item| &item.expr))
}

/// Whether a block aggregates: GROUP BY, HAVING, an aggregate or MEASURE.
pub(crate) fn aggregates(query: &Query, select: &Select) -> bool {
    select.groups != Groups::Implied || select.having.is_some() || exprs(query, select).any(holds_call)
}

/// Whether a block has only items and a WHERE.
fn is_plain(query: &Query, select: &Select) -> bool {
    !aggregates(query, select)
        && !select.distinct
        && query.order.is_empty()
        && query.limit.is_none()
        && query.offset == 0
        && !exprs(query, select).any(holds_window)
}

/// Whether a block asks rows for their measures: in GROUP BY, WHERE, FILTER or CASE.
fn conditions_on_measures(select: &Select, under: &Lazy<'_>) -> bool {
    let names = Names::of(&select.from, under);
    let on_measure = |expr: &Expr| names.resolved(expr).is_ok_and(|resolved| under.mentions_measure(&resolved));
    let keys: Vec<&Expr> = match &select.groups {
        Groups::Implied => Vec::new(),
        Groups::By(keys) | Groups::Rollup(keys) | Groups::Cube(keys) => keys.iter().collect(),
        Groups::Sets(sets) => sets.iter().flatten().collect(),
    };
    let items: Vec<&Expr> = select
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Expr(expr, _) => Some(expr),
            Item::Star => None,
        })
        .collect();
    let within = |expr: &Expr| {
        expr.any(&mut |part| match part {
            Expr::Call(call) => {
                let cases = |argument: &Expr| {
                    argument.any(&mut |part| {
                        matches!(part, Expr::Case(branches, _) if branches.iter().any(|(when, _)| on_measure(when)))
                    })
                };
                call.filter.as_ref().is_some_and(&on_measure) || call.argument.as_ref().is_some_and(cases)
            }
            _ => false,
        })
    };
    select.filter.as_ref().is_some_and(&on_measure)
        || keys
            .into_iter()
            .filter_map(|key| written(key, select, &names, &items))
            .any(|key| !holds_call(key) && on_measure(key))
        || items.iter().copied().chain(&select.having).any(within)
}

/// The expression that a key stands for: an ordinal's item, an alias's, or itself.
fn written<'q>(key: &'q Expr, select: &'q Select, names: &Names<'_>, items: &[&'q Expr]) -> Option<&'q Expr> {
    match key {
        Expr::Literal(Value::Integer(at)) => items.get(usize::try_from(*at - 1).unwrap_or(usize::MAX)).copied(),
        Expr::Name(parts) if names.meaning(parts).is_none() => select.items.iter().find_map(|item| match item {
            Item::Expr(expr, Some(alias)) if Some(alias) == parts.last() => Some(expr),
            _ => None,
        }),
        other => Some(other),
    }
}
