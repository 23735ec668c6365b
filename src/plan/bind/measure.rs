//! Evaluation of a block over a cube: keys and leaves are gathered for the inner query, and every expression of the
//! outer one is rewritten over them.

use datafusion::sql::sqlparser::ast::{BinaryOperator, DuplicateTreatment, Expr, Function, FunctionArguments, Ident};

use crate::error::{Error, Result};
use crate::model::{Aggregate, Measure};
use crate::sql;

use super::super::{Context, ast};
use super::instant;
use super::items::{Meaning, Names, is_measure_call};
use super::refusals::refused_aggregate;
use super::rows::LazyRows;
use super::sets::is_grouping;
use super::star::{Star, aggregate};
use super::summand::{Chosen, chosen, looked_through, yields_constants};

/// What the outer query of a block is rewritten over.
pub(super) struct Evaluation<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) names: Names<'a>,
    pub(super) star: Star<'a>,
    /// The keys, as normalised expressions; the inner query calls them `$k0`, `$k1`, ….
    pub(super) keys: Vec<Expr>,
    /// The places of the keys that make each level; none where there is one level, of all keys.
    pub(super) sets: Option<Vec<Vec<usize>>>,
    /// What the WHERE makes equal to constants.
    pub(super) fixed: Vec<Expr>,
    /// Whether a constant is grouped by: no key, but no group without rows.
    pub(super) grouped_by_constant: bool,
    /// The aggregates over the star, each once; the inner query calls them `$a0`, `$a1`, ….
    pub(super) leaves: Vec<Expr>,
    /// The rows of the lazy block that it reads; none where it reads a cube.
    pub(super) lazy: Option<LazyRows>,
    /// The places of the keys in the order in which they break ties.
    pub(super) ties: Vec<usize>,
}

/// What the inner query calls its keys.
pub(super) fn key_name(at: usize) -> String {
    format!("$k{at}")
}

/// What the inner query calls its leaves.
pub(super) fn leaf_name(at: usize) -> String {
    format!("$a{at}")
}

impl Evaluation<'_> {
    /// An expression of the outer query: keys as they are, measures and aggregates evaluated at the block's keys.
    pub(super) fn output(&mut self, expr: &Expr) -> Result<Expr> {
        sql::deep(|| {
            let bare = unwrapped(expr);
            if let Some(at) = self.keys.iter().position(|key| unwrapped(key) == bare) {
                return Ok(ast::column(&key_name(at)));
            }
            match expr {
                Expr::Identifier(name) => match self.names.meaning(&name.value)? {
                    Meaning::Measure(measure) => self.measure(measure, None),
                    Meaning::Dimension(dimension) => Err(Error::invalid(format!(
                        "the dimension '{}' is neither in GROUP BY nor within an aggregate",
                        dimension.name
                    ))),
                },
                Expr::CompoundIdentifier(parts) => {
                    if self.is_determined(parts)? {
                        self.keys.push(expr.clone());
                        return Ok(ast::column(&key_name(self.keys.len() - 1)));
                    }
                    Err(self.ungrouped(expr))
                }
                Expr::Function(function) if function.over.is_some() => self.window(function),
                Expr::Function(function) if is_grouping(function) => self.grouping(function),
                Expr::Function(function) if self.is_call(function) => self.call(function),
                other => {
                    let mut rewritten = other.clone();
                    for child in ast::children(&mut rewritten)? {
                        let new = self.output(child)?;
                        *child = new;
                    }
                    Ok(rewritten)
                }
            }
        })
    }

    /// Whether the WHERE makes a key the same in every group.
    pub(super) fn is_fixed(&self, key: &Expr) -> bool {
        self.sets.is_none() && self.fixed.contains(unwrapped(key))
    }

    /// Whether a column is one of a mark that the keys determine: all that it was sought by is grouped by.
    fn is_determined(&self, parts: &[Ident]) -> Result<bool> {
        let [relation, _] = parts else { return Ok(false) };
        let beside = self.names.beside.iter().find(|beside| beside.planned == relation.value);
        let Some(beside) = beside.filter(|beside| beside.is_mark() && self.sets.is_none()) else { return Ok(false) };
        for mut sought in beside.sought() {
            self.on_the_wall(&mut sought)?;
            let sought = unwrapped(&sought);
            if self.names.mentions_dimension(sought) && !self.keys.iter().any(|key| unwrapped(key) == sought) {
                return Err(Error::invalid(format!(
                    "'{}', by which a subquery is looked into, is neither in GROUP BY nor within an aggregate",
                    self.names.shown(sought)
                )));
            }
        }
        Ok(true)
    }

    /// Whether a function evaluates a measure or aggregates rows, and is no window.
    pub(super) fn is_call(&self, function: &Function) -> bool {
        let name = ast::function_name(function).filter(|_| function.over.is_none());
        name.is_some_and(|name| is_measure_call(&name) || self.context.functions.aggregate.contains_key(&name))
    }

    /// Whether an expression, subqueries apart, holds a call that evaluates a measure or aggregates rows.
    pub(super) fn holds_call(&self, expr: &Expr) -> bool {
        ast::any(expr, |inner| matches!(inner, Expr::Function(function) if self.is_call(function)))
    }

    /// An expression over the rows of the star.
    pub(super) fn rows(&mut self, expr: &Expr) -> Result<Expr> {
        sql::deep(|| match expr {
            Expr::Identifier(name) => match self.names.meaning(&name.value)? {
                Meaning::Dimension(dimension) => self.star.dimension(dimension),
                Meaning::Measure(measure) => Err(Error::invalid(format!(
                    "the measure '{m}' has no value in a single row; it cannot stand here, but in a query around that of \
                     its values: SELECT … FROM (SELECT …, {m} FROM {cube}) AS t",
                    m = measure.name,
                    cube = self.names.cube.name
                ))),
            },
            Expr::Function(function) if self.is_call(function) || function.over.is_some() => {
                Err(Error::invalid(format!("the aggregate '{}' cannot stand here", self.names.shown(expr))))
            }
            other => {
                let mut rewritten = other.clone();
                for child in ast::children(&mut rewritten)? {
                    let new = self.rows(child)?;
                    *child = new;
                }
                Ok(rewritten)
            }
        })
    }

    /// A measure at the block's keys: its arithmetic over its leaves, each with the further filter.
    fn measure(&mut self, measure: &Measure, filter: Option<&Expr>) -> Result<Expr> {
        let mut columns = Vec::with_capacity(measure.leaves.len());
        for leaf in &measure.leaves {
            let leaf = self.star.leaf(leaf, filter)?;
            columns.push(self.leaf(leaf));
        }
        let mut value = measure.value.clone();
        fill(&mut value, &columns)?;
        Ok(Expr::Nested(Box::new(value)))
    }

    /// The column of a leaf.
    fn leaf(&mut self, leaf: Expr) -> Expr {
        let at = self.leaves.iter().position(|known| *known == leaf).unwrap_or_else(|| {
            self.leaves.push(leaf);
            self.leaves.len() - 1
        });
        ast::column(&leaf_name(at))
    }

    /// `MEASURE(m)`, an aggregate of a measure, or an aggregate of dimensions.
    fn call(&mut self, function: &Function) -> Result<Expr> {
        let name = ast::function_name(function).unwrap_or_default();
        let arguments: Option<Vec<Expr>> =
            ast::arguments(function).map(|arguments| arguments.into_iter().cloned().collect());
        let filter = function.filter.as_deref().map(|filter| self.filter(filter)).transpose()?;
        if function.null_treatment.is_some() {
            return Err(Error::invalid(format!("IGNORE or RESPECT NULLS in {name}() is not supported")));
        }
        let Some(arguments) = arguments else {
            return self.of_rows(&name, None, false, filter, function);
        };
        let own_place = |argument, place| self.names.measure(looked_through(argument)).is_some_and(|m| is_at(m, place));
        let argument = match arguments.as_slice() {
            [argument] => argument,
            [argument, place] if own_place(argument, place) => argument,
            several => {
                let mut measures = several.iter().filter_map(|argument| self.names.measure(looked_through(argument)));
                return Err(match measures.next() {
                    Some(measure) => refused_aggregate(&name, false, measure, self.names.cube.name.as_str()),
                    None => self.undefined(function),
                });
            }
        };
        let distinct = is_distinct(function);
        if distinct && is_measure_call(&name) {
            return Err(Error::invalid(format!("DISTINCT in {}() has no meaning; leave it out", name.to_uppercase())));
        }
        if name == "sum"
            && !distinct
            && let Some(value) = self.chosen_measure(argument, filter.as_ref())?
        {
            return Ok(value);
        }
        match self.names.measure(looked_through(argument)) {
            Some(measure) => {
                if !is_measure_call(&name) && !is_own(&name, distinct, measure) {
                    return Err(refused_aggregate(&name, distinct, measure, self.names.cube.name.as_str()));
                }
                let value = self.measure(measure, filter.as_ref())?;
                Ok(around(argument, value))
            }
            None if is_measure_call(&name) => Err(self.no_measure(&name, argument)),
            None => self.of_rows(&name, Some(argument), distinct, filter, function),
        }
    }

    /// `SUM(CASE WHEN p THEN m [ELSE 0] END)`, p over dimensions: the measure m with the filter p (semantics, rule 1).
    fn chosen_measure(&mut self, argument: &Expr, filter: Option<&Expr>) -> Result<Option<Expr>> {
        let value = looked_through(argument);
        let Some(Chosen { when, then, zero }) = chosen(value) else { return Ok(None) };
        let Some(measure) = self.names.measure(looked_through(then)) else { return Ok(None) };
        if self.names.mentioned_measure(&when).is_some() {
            return Ok(None);
        }
        let when = self.rows(&when)?;
        let filter = ast::all([when].into_iter().chain(filter.cloned()));
        let mut found = around(then, self.measure(measure, filter.as_ref())?);
        if zero {
            found = Expr::Function(ast::call("coalesce", vec![found, ast::number(0)]));
        }
        Ok(Some(around(argument, found)))
    }

    /// An aggregate of dimensions over fact rows, or over the rows of a lazy block (semantics, rule 2).
    fn of_rows(
        &mut self,
        name: &str,
        argument: Option<&Expr>,
        distinct: bool,
        filter: Option<Expr>,
        function: &Function,
    ) -> Result<Expr> {
        let text = self.names.shown(&Expr::Function(function.clone()));
        if let Some(error) = argument.and_then(|argument| self.of_measure(&text, argument)) {
            return Err(error);
        }
        let kind = match (name, argument) {
            ("count", None) => Aggregate::Count,
            ("count", Some(_)) if distinct => Aggregate::CountDistinct,
            ("count", Some(_)) => Aggregate::Count,
            ("min", Some(_)) => Aggregate::Min,
            ("max", Some(_)) => Aggregate::Max,
            ("sum" | "avg", Some(argument)) if yields_constants(argument) && !distinct => {
                if name == "sum" {
                    Aggregate::Sum
                } else {
                    Aggregate::Avg
                }
            }
            _ => {
                return Err(self.undefined(function));
            }
        };
        let argument = argument.map(|argument| self.rows(argument)).transpose()?;
        if let Some(lazy) = &mut self.lazy
            && matches!(kind, Aggregate::Count | Aggregate::Sum | Aggregate::Avg)
        {
            return Ok(lazy.call(kind, argument, filter));
        }
        let mut call = aggregate(kind, argument);
        call.filter = filter.map(Box::new);
        Ok(self.leaf(Expr::Function(call)))
    }

    /// A FILTER over dimensions.
    fn filter(&mut self, filter: &Expr) -> Result<Expr> {
        self.rows(filter)
    }

    /// The typed literals and clock calls of an expression as wall clocks; plain text is told by what it meets, when
    /// the types are known.
    pub(super) fn on_the_wall(&self, expr: &mut Expr) -> Result<()> {
        sql::deep(|| {
            if let Some(literal) = instant::on_the_wall(expr, self.context.query) {
                *expr = literal;
                return Ok(());
            }
            ast::children(expr)?.into_iter().try_for_each(|child| self.on_the_wall(child))
        })
    }
}

/// An expression without the brackets around it.
pub(super) fn unwrapped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => unwrapped(inner),
        other => other,
    }
}

/// Puts the leaves' columns in place of `"$0"`, `"$1"`, ….
fn fill(expr: &mut Expr, columns: &[Expr]) -> Result<()> {
    if let Expr::Identifier(name) = expr
        && let Some(at) = name.value.strip_prefix('$').and_then(|at| at.parse::<usize>().ok())
    {
        let column = columns.get(at).ok_or_else(|| Error::internal(format!("a measure has no leaf {at}")))?;
        *expr = column.clone();
        return Ok(());
    }
    for child in ast::children(expr)? {
        fill(child, columns)?;
    }
    Ok(())
}

/// The casts and `coalesce(…, 0)` that stand around a measure, around its value instead.
fn around(argument: &Expr, value: Expr) -> Expr {
    match argument {
        Expr::Nested(inner) => around(inner, value),
        Expr::Cast { kind, expr, data_type, array, format } => Expr::Cast {
            kind: kind.clone(),
            expr: Box::new(around(expr, value)),
            data_type: data_type.clone(),
            array: *array,
            format: format.clone(),
        },
        Expr::Function(function) => match ast::arguments(function).as_deref() {
            Some([inner, default]) => {
                Expr::Function(ast::call("coalesce", vec![around(inner, value), (*default).clone()]))
            }
            _ => value,
        },
        _ => value,
    }
}

pub(super) fn is_distinct(function: &Function) -> bool {
    matches!(&function.args, FunctionArguments::List(list)
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct))
}

/// Whether a measure is one percentile at this place.
fn is_at(measure: &Measure, place: &Expr) -> bool {
    let Some(own) = measure.own_leaf().and_then(|leaf| leaf.fraction.as_deref()) else { return false };
    let number = |text: &str| text.parse::<f64>().ok();
    number(own).is_some_and(|own| number(&place.to_string()) == Some(own))
}

/// Whether an aggregate that a measure does not have may well mean it: the mean of what is one for each group already, a
/// ratio or an average, or the count of what counts.
pub(super) fn may_mean(name: &str, measure: &Measure) -> bool {
    let own = measure.own_leaf().map(|leaf| leaf.aggregate);
    let divides = |expr: &Expr| matches!(expr, Expr::BinaryOp { op: BinaryOperator::Divide, .. });
    match name {
        "avg" => match own {
            Some(own) => matches!(
                own,
                Aggregate::Median
                    | Aggregate::PercentileCont
                    | Aggregate::PercentileDisc
                    | Aggregate::ApproxPercentileCont
            ),
            None => ast::any(&measure.value, divides),
        },
        "count" => matches!(own, Some(Aggregate::Count | Aggregate::CountDistinct | Aggregate::Hll)),
        _ => false,
    }
}

/// Whether an aggregate of a measure is the measure: SUM, which tools write by default, or its own.
pub(super) fn is_own(name: &str, distinct: bool, measure: &Measure) -> bool {
    let own = measure.own_leaf().map(|leaf| leaf.aggregate);
    match (name, distinct) {
        ("sum", false) => true,
        ("count", true) => own == Some(Aggregate::CountDistinct),
        ("count", false) => own == Some(Aggregate::Count),
        ("min", _) => own == Some(Aggregate::Min),
        ("max", _) => own == Some(Aggregate::Max),
        (_, false) => own.is_some_and(|own| own.name() == name),
        _ => false,
    }
}
