//! Measures: arithmetic over aggregates, other measures set in its place, and a filter that reaches every leaf.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::{Expr, Function, Ident, ObjectNamePart, VisitMut, VisitorMut, visit_expressions};

use crate::model::conversion::mart_type;
use crate::model::spec::MeasureSpec;
use crate::model::{Aggregate, Leaf, Measure, RowExpr};
use crate::sql::fold;

use super::Resolver;
use super::dimensions::Scope;
use super::growth::{parts, refuse_deep, refuse_many};
use super::instants::{is_instant, refuse_computed_instants};
use super::names::unknown;
use super::rows::{all_of, nested};

/// The measures of one cube as they are resolved.
#[derive(Default)]
struct Done {
    /// What is resolved; none where it is faulty.
    measures: BTreeMap<String, Option<Resolved>>,
    open: Vec<String>,
}

/// A measure, and what measures made of it are typed with.
struct Resolved {
    measure: Measure,
    /// The type of its value before it is shown as one that a mart has.
    found: DataType,
}

impl<'a> Resolver<'a> {
    /// The measures of a cube, as written.
    pub(super) fn measures(&mut self, scope: &Scope<'a>) -> Vec<Measure> {
        let mut done = Done::default();
        for spec in &scope.spec.measures {
            self.measure(spec, scope, &mut done);
        }
        let resolved = scope.spec.measures.iter().filter_map(|spec| done.measures.remove(&spec.name)?);
        resolved.map(|resolved| resolved.measure).collect()
    }

    /// Resolves a measure, unless it is; tells whether it is sound.
    fn measure(&mut self, spec: &MeasureSpec, scope: &Scope<'a>, done: &mut Done) -> bool {
        if let Some(measure) = done.measures.get(&spec.name) {
            return measure.is_some();
        }
        if let Some(start) = done.open.iter().position(|open| open == &spec.name) {
            let cycle = [&done.open[start..], std::slice::from_ref(&spec.name)].concat().join(" → ");
            let message = format!("measures are made of each other in a circle: {cycle}");
            self.fault(&about(spec), &spec.expr.place, &message);
            return false;
        }
        done.open.push(spec.name.clone());
        let measure = self.measure_after(spec, scope, done);
        done.open.pop();
        let is_sound = measure.is_some();
        done.measures.insert(spec.name.clone(), measure);
        is_sound
    }

    /// Resolves a measure after those that it mentions.
    fn measure_after(&mut self, spec: &MeasureSpec, scope: &Scope<'a>, done: &mut Done) -> Option<Resolved> {
        // Both are resolved before either may end this, so that both have their faults noted.
        let filter = spec.filter.as_ref().map(|filter| self.filter(&about(spec), filter, scope));
        if self.spec.is_faulty(&spec.place) {
            return None;
        }
        let mut value = self.parsed(&about(spec), &spec.expr)?;
        if spec.expr.value.contains("\"$") {
            let message = "names that begin with '$' are reserved; name measures without it";
            self.fault(&about(spec), &spec.expr.place, message);
            return None;
        }
        let mentioned = self.measures_in(&value);
        let mut whole = true;
        // In the order in which they are written, as their faults are told.
        let others: BTreeSet<usize> =
            mentioned.iter().filter_map(|name| scope.measures.get(name.as_str()).copied()).collect();
        for other in others {
            whole &= self.measure(&scope.spec.measures[other], scope, done);
        }
        if !whole {
            return None;
        }
        let filter = filter.map(|filter| filter.ok_or_else(String::new)).transpose();
        let built = self.built(&mut value, scope, done).and_then(|(leaves, found)| {
            // A faulty filter has its fault already.
            let leaves = filtered(leaves, filter?)?;
            let shown = mart_type(&found).filter(|_| found != DataType::Null);
            let data_type = shown.ok_or_else(|| format!("a measure cannot be {found}; cast it"))?;
            Ok((leaves, found, data_type))
        });
        let (leaves, found, data_type) = match built {
            Ok(built) => built,
            Err(message) => {
                self.fault(&about(spec), &spec.expr.place, &message);
                return None;
            }
        };
        let measure = Measure {
            name: spec.name.clone(),
            title: spec.title.clone(),
            description: spec.description.clone(),
            unit: spec.unit.clone(),
            format: spec.format.clone(),
            better: spec.better,
            written: spec.expr.value.clone(),
            leaves,
            value,
            data_type,
        };
        Some(Resolved { measure, found })
    }

    /// Turns an expression into arithmetic over leaves, and tells those and its type. It is typed while the measures that
    /// it mentions still stand there as names, since the same parts would be typed anew in each measure made of them.
    fn built(&self, value: &mut Expr, scope: &Scope<'a>, done: &Done) -> Result<(Vec<Leaf>, DataType), String> {
        let mut build = Build { resolver: self, scope, done, leaves: Vec::new(), parts: 0, mentioned: BTreeMap::new() };
        if let ControlFlow::Break(message) = VisitMut::visit(value, &mut build) {
            return Err(message);
        }
        let Build { leaves, mentioned, .. } = build;
        let named = value.clone();
        let _: ControlFlow<()> = VisitMut::visit(value, &mut Inline { mentioned: &mentioned });
        refuse_deep(value)?;
        let mentioned = mentioned.into_iter().map(|(name, (resolved, _))| (name, resolved.found.clone())).collect();
        let found = self.type_measure(&named, mentioned, &leaves)?;
        Ok((leaves, found))
    }

    /// Whether an expression calls an aggregate.
    pub(super) fn holds_aggregate(&self, ast: &Expr) -> bool {
        visit_expressions(ast, |expr| match expr {
            Expr::Function(function) if self.is_aggregate(&name_of(function)) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .is_break()
    }

    /// The bare names outside aggregates.
    pub(super) fn measures_in(&self, ast: &Expr) -> BTreeSet<String> {
        let mut outside = Outside { resolver: self, names: BTreeSet::new() };
        let _: ControlFlow<()> = VisitMut::visit(&mut ast.clone(), &mut outside);
        outside.names
    }

    /// The type of an expression over leaves and the measures `mentioned`.
    fn type_measure(
        &self,
        value: &Expr,
        mentioned: BTreeMap<String, DataType>,
        leaves: &[Leaf],
    ) -> Result<DataType, String> {
        if leaves.is_empty() {
            return Err("a measure aggregates rows, and this has no aggregate; write one, such as sum(x)".into());
        }
        let mut columns = mentioned;
        columns.extend(leaves.iter().enumerate().map(|(at, leaf)| (slot(at), leaf.data_type.clone())));
        let instant = leaves.iter().find(|leaf| is_instant(&leaf.data_type));
        if let (Err(_), Some(leaf)) = (refuse_computed_instants(value, &columns), instant) {
            return Err(format!(
                "{}(…) is an instant, whose day and hour depend on the session's zone; make it a measure of its own",
                leaf.aggregate.name()
            ));
        }
        self.type_over(value, &columns).map_err(|error| {
            leaves
                .iter()
                .enumerate()
                .rev()
                .fold(error.message().to_owned(), |message, (at, leaf)| message.replace(&slot(at), &shown(leaf)))
        })
    }
}

/// What messages call a measure.
fn about(spec: &MeasureSpec) -> String {
    format!("measure '{}'", spec.name)
}

/// The leaves over the rows that the filter lets count.
fn filtered(mut leaves: Vec<Leaf>, filter: Option<RowExpr>) -> Result<Vec<Leaf>, String> {
    let Some(filter) = filter else { return Ok(leaves) };
    refuse_many(leaves.len() * parts(&filter.ast))?;
    for leaf in &mut leaves {
        leaf.filter = all_of(leaf.filter.take().into_iter().chain([filter.clone()]));
        leaf.filter.iter().try_for_each(|filter| refuse_deep(&filter.ast))?;
    }
    Ok(leaves)
}

/// A leaf as people write it.
fn shown(leaf: &Leaf) -> String {
    let argument = leaf.argument.as_ref().map_or("*", |argument| &argument.sql);
    let distinct = if leaf.aggregate == Aggregate::CountDistinct { "distinct " } else { "" };
    format!("{}({distinct}{argument})", leaf.aggregate.name())
}

/// The identifier that stands for the leaf at this place.
fn slot(at: usize) -> String {
    format!("${at}")
}

pub(super) fn slot_ident(at: usize) -> Expr {
    Expr::Identifier(Ident::with_quote('"', slot(at)))
}

fn slot_of(ident: &Ident) -> Option<usize> {
    ident.quote_style?;
    ident.value.strip_prefix('$')?.parse().ok()
}

/// Gathers the bare names that are not within aggregates.
struct Outside<'r, 'a> {
    resolver: &'r Resolver<'a>,
    names: BTreeSet<String>,
}

impl VisitorMut for Outside<'_, '_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => {
                self.names.insert(fold(ident));
            }
            Expr::Function(function) if self.resolver.is_aggregate(&name_of(function)) => {
                *expr = Expr::Tuple(Vec::new());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

pub(super) fn name_of(function: &Function) -> String {
    match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] if name.quote_style.is_none() => name.value.to_lowercase(),
        _ => function.name.to_string().to_lowercase(),
    }
}

/// Turns aggregates into leaves, and gathers the measures that are mentioned with theirs.
pub(super) struct Build<'r, 'a> {
    pub(super) resolver: &'r Resolver<'a>,
    pub(super) scope: &'r Scope<'a>,
    done: &'r Done,
    leaves: Vec<Leaf>,
    /// How many parts are to be set in place.
    parts: usize,
    /// The measures met, each with the places of its leaves here.
    mentioned: BTreeMap<String, (&'r Resolved, Vec<usize>)>,
}

impl VisitorMut for Build<'_, '_> {
    type Break = String;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        let replaced = match &*expr {
            Expr::Identifier(ident) => self.mention(fold(ident)),
            Expr::CompoundIdentifier(_) => Err(format!(
                "'{expr}' is a column, which stands inside an aggregate, or in `filter`; write one, such as max({expr})"
            )),
            Expr::Function(function) if self.resolver.is_aggregate(&name_of(function)) => self.leaf(function),
            other => match self.resolver.refusal(other) {
                Some(message) => Err(message),
                None => return ControlFlow::Continue(()),
            },
        };
        match replaced {
            Ok(replaced) => *expr = replaced,
            Err(message) => return ControlFlow::Break(message),
        }
        ControlFlow::Continue(())
    }
}

impl Build<'_, '_> {
    pub(super) fn add(&mut self, leaf: &Leaf) -> usize {
        match self.leaves.iter().position(|other| other == leaf) {
            Some(at) => at,
            None => {
                self.leaves.push(leaf.clone());
                self.leaves.len() - 1
            }
        }
    }

    /// The name of another measure, whose leaves are leaves here too.
    fn mention(&mut self, name: String) -> Result<Expr, String> {
        let spec = self.scope.spec;
        let Some(resolved) = self.done.measures.get(&name) else {
            let is_dimension = spec.dimensions.iter().any(|dimension| dimension.name == name)
                || spec.time.as_ref().is_some_and(|time| time.value == name);
            if is_dimension {
                return Err(format!(
                    "'{name}' is a dimension, which a measure takes in `filter` only; aggregate a column"
                ));
            }
            if self.scope.fact.column(&name).is_some() {
                return Err(format!(
                    "'{name}' is a column; outside an aggregate names are measures: write an aggregate, such as sum({name})"
                ));
            }
            return Err(unknown("measure", &name, spec.measures.iter().map(|measure| measure.name.as_str())));
        };
        let resolved = resolved.as_ref().ok_or_else(String::new)?;
        self.parts += parts(&resolved.measure.value);
        refuse_many(self.parts)?;
        let places = resolved.measure.leaves.iter().map(|leaf| self.add(leaf)).collect();
        let ident = Expr::Identifier(Ident::with_quote('"', &name));
        self.mentioned.insert(name, (resolved, places));
        Ok(ident)
    }
}

/// Sets the arithmetic of mentioned measures in the place of their names.
struct Inline<'m, 'r> {
    mentioned: &'m BTreeMap<String, (&'r Resolved, Vec<usize>)>,
}

impl VisitorMut for Inline<'_, '_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(ident) = expr
            && let Some((resolved, places)) = self.mentioned.get(&ident.value)
        {
            let mut value = resolved.measure.value.clone();
            let _: ControlFlow<()> = VisitMut::visit(&mut value, &mut Renumber { places });
            *expr = nested(value);
        }
        ControlFlow::Continue(())
    }
}

/// Moves slots to other places.
struct Renumber<'p> {
    places: &'p [usize],
}

impl VisitorMut for Renumber<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(ident) = expr
            && let Some(place) = slot_of(ident).and_then(|at| self.places.get(at))
        {
            *expr = slot_ident(*place);
        }
        ControlFlow::Continue(())
    }
}
