//! What a query means, read from the semantics page alone: what stays lazy, what is evaluated, and over what.

use std::collections::{BTreeMap, BTreeSet};

use super::scalar::{Answer, MAY, Refusal, refuse};
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
}

/// Rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<(String, Holds)>,
    /// The relations that the columns come from, where several are joined.
    pub(crate) relations: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
    /// Sets of columns that tell the rows apart.
    pub(crate) unique: Vec<BTreeSet<usize>>,
    /// The columns that the rows are in order of, with what ORDER BY says of each.
    pub(crate) order: Vec<(usize, bool, Option<bool>)>,
    /// Whether a LIMIT without ORDER BY has left rows out.
    pub(crate) cut: bool,
    /// Whether which rows these are depends on the last digits of doubles, or on chance.
    pub(crate) chance: bool,
}

/// A cube, or a plain block over one, that nobody has evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Lazy<'a> {
    pub(crate) cube: &'a Cube,
    pub(crate) facts: Vec<usize>,
    /// The columns, each over the cube's dimensions and measures.
    pub(crate) columns: Vec<(String, Expr)>,
    /// The keys of the rows that the block would have; none where it is the cube itself.
    pub(crate) keys: Option<Vec<Expr>>,
    /// What it is joined with: the name, the rows, and the row that each fact meets.
    pub(crate) beside: Vec<Beside>,
    /// How many of those only its columns name.
    pub(crate) within: usize,
}

/// Rows beside a cube. Their columns are named by the place of the rows, `$0`, and the name.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    pub(crate) alias: String,
    pub(crate) rows: Rows,
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
}

impl<'a> Oracle<'a> {
    /// The rows of a query.
    pub(crate) fn rows(&self, query: &Query, scope: &Scope) -> Answer<Rows> {
        match self.source(query, scope, false)? {
            Source::Rows(rows) => Ok(rows),
            Source::Lazy(_) => refuse("6", "* over a cube means its fact rows"),
        }
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
            From::Join(kind, left, right, on) => self.joined(kind, left, right, on.as_ref(), scope, lazy),
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
                    facts: self.star.facts(cube)?,
                    columns,
                    keys: None,
                    beside: Vec::new(),
                    within: 0,
                }))
            }
        }
    }

    fn select(&self, query: &Query, select: &Select, scope: &Scope, lazy: bool) -> Answer<Source<'a>> {
        let (plain, aggregates) = (is_plain(query, select), aggregates(query, select));
        let mut source = self.from(&select.from, scope, (plain && lazy) || aggregates)?;
        if let Source::Lazy(block) = &source
            && let Some(keys) = &block.keys
            && (conditions_on_measures(select, block)
                || (keys.is_empty() && select.filter.is_some())
                || (!aggregates && searches_in_items(select)))
        {
            source = self.from(&select.from, scope, false)?;
        }
        match source {
            Source::Rows(rows) => self.ordinary(query, select, rows, scope).map(Source::Rows),
            Source::Lazy(block) => {
                if plain && let Some(block) = self.still_lazy(select, &block, scope, lazy)? {
                    return Ok(Source::Lazy(block));
                }
                self.block(query, select, block, scope).map(Source::Rows)
            }
        }
    }

    /// A plain block over a lazy one, as it stays.
    fn still_lazy(&self, select: &Select, under: &Lazy<'a>, scope: &Scope, lazy: bool) -> Answer<Option<Lazy<'a>>> {
        let star = select.items.contains(&Item::Star);
        if searches_in_items(select) {
            return Ok(None);
        }
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
        }
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

/// The names that the expressions of a SELECT see.
pub(crate) struct Names<'l> {
    alias: String,
    columns: &'l [(String, Expr)],
    beside: &'l [Beside],
    within: usize,
}

impl<'l> Names<'l> {
    pub(crate) fn of(from: &From, lazy: &'l Lazy<'_>) -> Self {
        Self { alias: called(from).to_owned(), columns: &lazy.columns, beside: &lazy.beside, within: lazy.within }
    }

    /// What a name stands for.
    pub(crate) fn meaning(&self, parts: &[String]) -> Option<Expr> {
        let own = |name: &String| self.columns.iter().find(|(known, _)| known == name).map(|(_, expr)| expr.clone());
        let theirs = |(at, beside): (usize, &Beside), name: &String| {
            let known = beside.rows.columns.iter().any(|(known, _)| known == name);
            known.then(|| Expr::Name(vec![format!("${at}"), name.clone()]))
        };
        let mut beside = self.beside.iter().enumerate().skip(self.within);
        match parts {
            [name] => own(name).or_else(|| beside.find_map(|one| theirs(one, name))),
            [relation, name] if *relation == self.alias => own(name),
            [relation, name] => theirs(beside.find(|(_, beside)| beside.alias == *relation)?, name),
            _ => None,
        }
    }

    /// An expression with every name spelled out over the cube.
    pub(crate) fn resolved(&self, expr: &Expr) -> Answer<Expr> {
        self.resolved_with(expr, &[])
    }

    /// The same, where aliases may be named too, after columns.
    pub(crate) fn resolved_with(&self, expr: &Expr, aliases: &[(String, Expr)]) -> Answer<Expr> {
        let mut wrong: Option<Refusal> = None;
        let resolved = self.spelled_out(expr, aliases, &mut wrong);
        wrong.map_or(Ok(resolved), Err)
    }

    fn spelled_out(&self, expr: &Expr, aliases: &[(String, Expr)], wrong: &mut Option<Refusal>) -> Expr {
        if let Expr::Name(parts) = expr {
            let alias = || match parts.as_slice() {
                [name] => aliases.iter().find(|(known, _)| known == name).map(|(_, expr)| expr.clone()),
                _ => None,
            };
            return self.meaning(parts).or_else(alias).unwrap_or_else(|| {
                *wrong = refuse::<()>("SQL", format!("unknown name {expr}")).err();
                expr.clone()
            });
        }
        expr.map(&mut |part| self.spelled_out(part, aliases, wrong))
    }
}

/// What a relation is called.
pub(crate) fn called(from: &From) -> &str {
    match from {
        From::Name(name, alias) => alias.as_deref().unwrap_or(name),
        From::Block(_, alias) => alias,
        From::Join(_, left, ..) => called(left),
    }
}

/// The name of an item's column.
pub(crate) fn output_name(expr: &Expr, alias: Option<&String>) -> String {
    alias.cloned().unwrap_or_else(|| match expr {
        Expr::Name(parts) => parts.last().cloned().unwrap_or_default(),
        other => other.to_string(),
    })
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

/// Whether an item looks for something in another query: it is looked for in the block itself.
pub(crate) fn searches_in_items(select: &Select) -> bool {
    let searches = |part: &Expr| matches!(part, Expr::InQuery(..) | Expr::Exists(_));
    select.items.iter().any(|item| matches!(item, Item::Expr(expr, _) if expr.any(&mut |part| searches(part))))
}

/// Whether a block has only items and a WHERE.
fn is_plain(query: &Query, select: &Select) -> bool {
    !aggregates(query, select)
        && !select.distinct
        && query.order.is_empty()
        && query.limit.is_none()
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
