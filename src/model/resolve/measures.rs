//! Measures: arithmetic over aggregates, other measures set in its place, and a filter that reaches every leaf.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DFSchema;
use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, VisitMut, VisitorMut,
};

use crate::model::conversion::{mart_type, type_name};
use crate::model::spec::MeasureSpec;
use crate::model::{Aggregate, Leaf, Measure, RowExpr};
use crate::sql::{fold, parse_expr, type_expr};

use super::Resolver;
use super::dimensions::Scope;
use super::names::unknown;
use super::rows::{Names, all_of, nested, refuse_computed_instants};

/// The measures of one cube as they are resolved.
#[derive(Default)]
struct Done {
    /// What is resolved; none where it is faulty.
    measures: BTreeMap<String, Option<Measure>>,
    open: Vec<String>,
}

impl<'a> Resolver<'a> {
    /// The measures of a cube, as written.
    pub(super) fn measures(&mut self, scope: &Scope<'a>) -> Vec<Measure> {
        let mut done = Done::default();
        scope.spec.measures.iter().filter_map(|spec| self.measure(spec, scope, &mut done)).collect()
    }

    fn measure(&mut self, spec: &MeasureSpec, scope: &Scope<'a>, done: &mut Done) -> Option<Measure> {
        if let Some(measure) = done.measures.get(&spec.name) {
            return measure.clone();
        }
        if let Some(start) = done.open.iter().position(|open| open == &spec.name) {
            let cycle = [&done.open[start..], std::slice::from_ref(&spec.name)].concat().join(" → ");
            spec.expr.place.fault(&mut self.faults, format!("measures are made of each other in a circle: {cycle}"));
            return None;
        }
        done.open.push(spec.name.clone());
        let measure = self.measure_after(spec, scope, done);
        done.open.pop();
        done.measures.insert(spec.name.clone(), measure.clone());
        measure
    }

    /// Resolves a measure after those that it mentions.
    fn measure_after(&mut self, spec: &MeasureSpec, scope: &Scope<'a>, done: &mut Done) -> Option<Measure> {
        // Both are resolved before either may end this, so that both have their faults noted.
        let filter = spec.filter.as_ref().map(|filter| self.filter(filter, scope));
        let mut value = match parse_expr(&spec.expr.value) {
            Ok(ast) => ast,
            Err(error) => {
                spec.expr.place.fault(&mut self.faults, error.message());
                return None;
            }
        };
        if spec.expr.value.contains("\"$") {
            spec.expr.place.fault(&mut self.faults, "names that begin with '$' are reserved; name measures without it");
            return None;
        }
        let mentioned = self.measures_in(&value);
        let mut whole = true;
        for other in scope.spec.measures.iter().filter(|other| mentioned.contains(&other.name)) {
            whole &= self.measure(other, scope, done).is_some();
        }
        if !whole {
            return None;
        }
        let mut build = Build { resolver: self, scope, done, leaves: Vec::new() };
        let built = match VisitMut::visit(&mut value, &mut build) {
            ControlFlow::Break(message) => Err(message),
            ControlFlow::Continue(()) => Ok(build.leaves),
        };
        let typed = built.and_then(|leaves| {
            let data_type = self.type_measure(&value, &leaves)?;
            Ok((leaves, data_type))
        });
        let (mut leaves, data_type) = match typed {
            Ok(typed) => typed,
            Err(message) => {
                if !message.is_empty() {
                    spec.expr.place.fault(&mut self.faults, message);
                }
                return None;
            }
        };
        if let Some(filter) = filter {
            let filter = filter?;
            for leaf in &mut leaves {
                leaf.filter = all_of(leaf.filter.take().into_iter().chain([filter.clone()]));
            }
        }
        Some(Measure {
            name: spec.name.clone(),
            title: spec.title.clone(),
            description: spec.description.clone(),
            unit: spec.unit.clone(),
            format: spec.format.clone(),
            leaves,
            value,
            data_type,
        })
    }

    /// The bare names outside aggregates.
    fn measures_in(&self, ast: &Expr) -> BTreeSet<String> {
        let mut outside = Outside { resolver: self, names: BTreeSet::new() };
        let _: ControlFlow<()> = VisitMut::visit(&mut ast.clone(), &mut outside);
        outside.names
    }

    fn type_measure(&self, value: &Expr, leaves: &[Leaf]) -> Result<DataType, String> {
        if leaves.is_empty() {
            return Err("a measure aggregates rows, and this has no aggregate; write one, such as sum(x)".into());
        }
        let slots: BTreeMap<String, DataType> =
            leaves.iter().enumerate().map(|(at, leaf)| (slot(at), leaf.data_type.clone())).collect();
        let instant = leaves.iter().find(|leaf| matches!(leaf.data_type, DataType::Timestamp(_, Some(_))));
        if let (Err(_), Some(leaf)) = (refuse_computed_instants(value, &slots), instant) {
            return Err(format!(
                "{}(…) is an instant, whose day and hour depend on the session's zone; make it a measure of its own",
                leaf.aggregate.name()
            ));
        }
        let fields: Vec<Field> = slots.iter().map(|(name, kind)| Field::new(name, kind.clone(), true)).collect();
        let schema = DFSchema::try_from(Schema::new(fields)).map_err(|error| error.to_string())?;
        let (_, found) = type_expr(value, &schema, self.functions).map_err(|error| error.message().to_owned())?;
        mart_type(&found)
            .filter(|_| found != DataType::Null)
            .ok_or_else(|| format!("a measure cannot be {found}; cast it"))
    }
}

/// The identifier that stands for the leaf at this place.
fn slot(at: usize) -> String {
    format!("${at}")
}

fn slot_ident(at: usize) -> Expr {
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

fn name_of(function: &Function) -> String {
    function.name.to_string().to_lowercase()
}

/// Turns aggregates into leaves and sets mentioned measures in their place.
struct Build<'r, 'a> {
    resolver: &'r Resolver<'a>,
    scope: &'r Scope<'a>,
    done: &'r Done,
    leaves: Vec<Leaf>,
}

impl VisitorMut for Build<'_, '_> {
    type Break = String;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        let replaced = match &*expr {
            Expr::Identifier(ident) if slot_of(ident).is_some_and(|at| at < self.leaves.len()) => {
                return ControlFlow::Continue(());
            }
            Expr::Identifier(ident) => self.inlined(&fold(ident)),
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
    fn add(&mut self, leaf: Leaf) -> usize {
        match self.leaves.iter().position(|other| other == &leaf) {
            Some(at) => at,
            None => {
                self.leaves.push(leaf);
                self.leaves.len() - 1
            }
        }
    }

    /// Another measure's arithmetic, over the leaves here.
    fn inlined(&mut self, name: &str) -> Result<Expr, String> {
        let spec = self.scope.spec;
        let Some(measure) = self.done.measures.get(name) else {
            let is_dimension = spec.dimensions.iter().any(|dimension| dimension.name == name)
                || spec.time.as_ref().is_some_and(|time| time.value == name);
            if is_dimension {
                return Err(format!(
                    "'{name}' is a dimension, which a measure takes in `filter` only; aggregate a column"
                ));
            }
            if self.scope.fact.column(name).is_some() {
                return Err(format!(
                    "'{name}' is a column; outside an aggregate names are measures: write an aggregate, such as sum({name})"
                ));
            }
            return Err(unknown("measure", name, spec.measures.iter().map(|measure| measure.name.as_str())));
        };
        let measure = measure.as_ref().ok_or_else(String::new)?.clone();
        let places: Vec<usize> = measure.leaves.into_iter().map(|leaf| self.add(leaf)).collect();
        let mut value = measure.value;
        let _: ControlFlow<()> = VisitMut::visit(&mut value, &mut Renumber { places: &places });
        Ok(nested(value))
    }

    fn leaf(&mut self, function: &Function) -> Result<Expr, String> {
        let name = name_of(function);
        let (distinct, argument) = plain_call(function, &name)?;
        let aggregate = match (name.as_str(), distinct) {
            ("count", true) => Aggregate::CountDistinct,
            ("count", false) => Aggregate::Count,
            ("sum", false) => Aggregate::Sum,
            ("min", false) => Aggregate::Min,
            ("max", false) => Aggregate::Max,
            ("avg", false) => Aggregate::Avg,
            ("sum" | "min" | "max" | "avg", true) => {
                return Err(format!("{name}(distinct …) is not supported; distinct goes with count"));
            }
            ("measure" | "agg" | "aggregate", _) => {
                return Err(format!("{name}(…) is for SQL over cubes; name the measure itself"));
            }
            _ => {
                return Err(format!(
                    "{name}(…) is not supported in a measure; there are sum, count, count(distinct), min, max and avg"
                ));
            }
        };
        let argument = match argument {
            FunctionArgExpr::Expr(ast) => Some(self.argument(ast)?),
            FunctionArgExpr::Wildcard if aggregate == Aggregate::Count => None,
            _ => return Err(format!("'*' stands only in count(*); name what {name} is to take")),
        };
        let data_type = leaf_type(aggregate, argument.as_ref())?;
        Ok(slot_ident(self.add(Leaf { aggregate, argument, filter: None, data_type })))
    }

    fn argument(&self, ast: &Expr) -> Result<RowExpr, String> {
        let (scope, resolver) = (self.scope, self.resolver);
        for name in resolver.measures_in(ast) {
            if scope.fact.column(&name).is_none() {
                let dimension = scope.spec.dimensions.iter().find(|dimension| dimension.name == name);
                if let Some(dimension) = dimension {
                    return Err(format!(
                        "'{name}' is a dimension; inside an aggregate names are columns: write {}",
                        dimension.expr.value
                    ));
                }
            }
        }
        resolver.row_of(ast.clone(), &scope.fact, &Names::new())
    }
}

/// Whether a call is distinct, and its one argument; calls with more to them are refused.
fn plain_call<'f>(function: &'f Function, name: &str) -> Result<(bool, &'f FunctionArgExpr), String> {
    if function.filter.is_some() {
        return Err(format!("{name}(…) FILTER: write the condition as the measure's `filter`"));
    }
    if function.over.is_some() {
        return Err(format!("{name}(…) OVER is a window, which a measure is not"));
    }
    let FunctionArguments::List(list) = &function.args else {
        return Err(format!("{name} takes one column or expression"));
    };
    let is_plain = list.clauses.is_empty()
        && function.within_group.is_empty()
        && function.null_treatment.is_none()
        && matches!(function.parameters, FunctionArguments::None);
    if !is_plain {
        return Err(format!("{name}(…) takes no further clauses; write {name}(x)"));
    }
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    match list.args.as_slice() {
        [FunctionArg::Unnamed(argument)] => Ok((distinct, argument)),
        args => Err(format!("{name}(…) takes one column or expression, not {}", args.len())),
    }
}

fn leaf_type(aggregate: Aggregate, argument: Option<&RowExpr>) -> Result<DataType, String> {
    let Some(argument) = argument else { return Ok(DataType::Int64) };
    let found = &argument.data_type;
    let of_number = |data_type: DataType| match found {
        DataType::Int64 | DataType::Float64 | DataType::Decimal128(_, _) => Ok(data_type),
        other => Err(format!("{}({}) takes numbers, and this is {}", aggregate.name(), argument.sql, type_name(other))),
    };
    match aggregate {
        Aggregate::Count | Aggregate::CountDistinct => Ok(DataType::Int64),
        Aggregate::Min | Aggregate::Max => Ok(found.clone()),
        Aggregate::Avg => of_number(DataType::Float64),
        Aggregate::Sum => of_number(match found {
            DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
            other => other.clone(),
        }),
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
