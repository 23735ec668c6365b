//! Cubes: their fact tables, dimensions, grains of time and filters.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::sql::sqlparser::ast::{Expr, visit_expressions};

use crate::model::conversion::type_name;
use crate::model::spec::{CubeSpec, DimensionSpec, Written};
use crate::model::{Cube, Dimension, DimensionKind, Grain, Origin, RowExpr, Table, Text};
use crate::sql::fold;

use super::Resolver;
use super::names::unknown;
use super::rows::Names;

/// The dimensions of one cube as they are resolved, each before those that mention it.
pub(super) struct Scope<'s> {
    /// The cube as written.
    pub(super) spec: &'s CubeSpec,
    /// Where each measure stands among those of the cube.
    pub(super) measures: BTreeMap<&'s str, usize>,
    /// Its fact table.
    pub(super) fact: Table,
    /// What is resolved; none where it is faulty.
    rows: BTreeMap<String, Option<RowExpr>>,
    open: Vec<String>,
}

impl<'a> Resolver<'a> {
    /// Resolves a cube; none where its table is faulty or missing.
    pub(super) fn cube(&mut self, spec: &'a CubeSpec) -> Option<Cube> {
        if !self.spec.tables.contains_key(&spec.table.value) {
            self.unknown_table(&about(spec), &spec.table.place, &spec.table.value);
            return None;
        }
        let fact = self.tables.get(&spec.table.value)?.clone();
        let measures = spec.measures.iter().enumerate().map(|(at, measure)| (measure.name.as_str(), at)).collect();
        let mut scope = Scope { spec, measures, fact, rows: BTreeMap::new(), open: Vec::new() };
        let mut dimensions = Vec::new();
        for dimension in &spec.dimensions {
            if let Some(expr) = self.dimension_row(dimension, &mut scope) {
                dimensions.push(self.dimension(dimension, expr, &scope.fact));
            }
        }
        let time = spec.time.as_ref().and_then(|time| self.time(time, &mut scope, &mut dimensions));
        self.refuse_shared_names(spec);
        let filter = spec.filter.as_ref().and_then(|filter| self.filter(&about(spec), filter, &scope));
        let hierarchies = self.hierarchies(time.as_deref(), &dimensions);
        Some(Cube {
            name: spec.name.clone(),
            title: spec.title.clone(),
            description: spec.description.clone(),
            table: spec.table.value.clone(),
            time,
            filter,
            dimensions,
            measures: self.measures(&scope),
            hierarchies,
        })
    }

    fn dimension_row(&mut self, spec: &DimensionSpec, scope: &mut Scope<'a>) -> Option<RowExpr> {
        if let Some(row) = scope.rows.get(&spec.name) {
            return row.clone();
        }
        if let Some(start) = scope.open.iter().position(|open| open == &spec.name) {
            let cycle = [&scope.open[start..], std::slice::from_ref(&spec.name)].concat().join(" → ");
            let message = format!("dimensions are made of each other in a circle: {cycle}");
            self.fault(&format!("dimension '{}'", spec.name), &spec.expr.place, &message);
            return None;
        }
        scope.open.push(spec.name.clone());
        let row = self.dimension_after(spec, scope);
        scope.open.pop();
        scope.rows.insert(spec.name.clone(), row.clone());
        row
    }

    /// The row of a dimension after those that it mentions; its own name is a column.
    fn dimension_after(&mut self, spec: &DimensionSpec, scope: &mut Scope<'a>) -> Option<RowExpr> {
        if self.spec.is_faulty(&spec.place) {
            return None;
        }
        let about = format!("dimension '{}'", spec.name);
        let ast = self.parsed(&about, &spec.expr)?;
        let mentioned = bare_names(&ast);
        let mut names = Names::new();
        let cube = scope.spec;
        for other in cube.dimensions.iter().filter(|other| other.name != spec.name && mentioned.contains(&other.name)) {
            names.insert(other.name.clone(), self.dimension_row(other, scope)?);
        }
        if let Some(measure) = measure_among(&mentioned, scope, &names) {
            self.fault(
                &about,
                &spec.expr.place,
                &format!("'{measure}' is a measure, and a dimension is about one row"),
            );
            return None;
        }
        self.row(&about, &spec.expr.place, ast, &scope.fact, &names)
    }

    fn dimension(&self, spec: &DimensionSpec, expr: RowExpr, fact: &Table) -> Dimension {
        let words = (spec.title.clone(), spec.description.clone());
        self.described(&spec.name, words, expr, fact)
    }

    fn described(
        &self,
        name: &str,
        (title, description): (Option<Text>, Option<Text>),
        expr: RowExpr,
        fact: &Table,
    ) -> Dimension {
        let parts: Vec<String> = match &expr.ast {
            Expr::Identifier(column) => vec![column.value.clone()],
            Expr::CompoundIdentifier(parts) => parts.iter().map(|part| part.value.clone()).collect(),
            _ => Vec::new(),
        };
        let plain = self.column_at(fact, &parts).ok();
        let origin = plain.as_ref().and_then(|(path, column)| {
            let table = path.iter().try_fold(fact.name.as_str(), |table, step| {
                let table = if table == fact.name { fact } else { self.tables.get(table)? };
                Some(table.join(step)?.table.as_str())
            });
            Some(Origin { path: path.clone(), table: table?.to_owned(), column: column.name.clone() })
        });
        let plain = plain.map(|(_, column)| column);
        let (kind, data_type) = match &expr.data_type {
            DataType::Timestamp(_, Some(_)) => (DimensionKind::Instant, wall_clock()),
            other => (DimensionKind::Plain, other.clone()),
        };
        Dimension {
            name: name.to_owned(),
            title: title.or_else(|| plain.as_ref()?.title.clone()),
            description: description.or_else(|| plain.as_ref()?.description.clone()),
            expr,
            data_type,
            kind,
            origin,
            labels: plain.as_ref().and_then(|column| column.labels.clone()),
            order: plain.and_then(|column| column.order),
        }
    }

    /// The dimension of time, made of the column of that name if it is not declared, with its grains after it.
    fn time(
        &mut self,
        time: &Written<String>,
        scope: &mut Scope<'a>,
        dimensions: &mut Vec<Dimension>,
    ) -> Option<String> {
        let name = &time.value;
        if !scope.spec.dimensions.iter().any(|dimension| &dimension.name == name) {
            if scope.fact.column(name).is_none() {
                let declared = scope.spec.dimensions.iter().map(|dimension| dimension.name.as_str());
                let known = declared.chain(scope.fact.columns.iter().map(|column| column.name.as_str()));
                if !self.is_faulty(&scope.fact.name, name) {
                    self.fault(&about(scope.spec), &time.place, &unknown("dimension or column", name, known));
                }
                return None;
            }
            let ast = self.parsed(&about(scope.spec), time)?;
            let expr = self.row(&about(scope.spec), &time.place, ast, &scope.fact, &Names::new())?;
            scope.rows.insert(name.clone(), Some(expr.clone()));
            dimensions.insert(0, self.described(name, (None, None), expr, &scope.fact));
        }
        // A dimension that is not there has its fault already.
        let at = dimensions.iter().position(|dimension| &dimension.name == name)?;
        let axis = &dimensions[at];
        if axis.kind != DimensionKind::Instant && axis.data_type != DataType::Date32 {
            let found = type_name(&axis.data_type);
            let message = format!("'{name}' is {found}; the axis of time is a timestamp or a date");
            self.fault(&about(scope.spec), &time.place, &message);
            return None;
        }
        let grains: Vec<Dimension> = Grain::ALL.iter().filter_map(|grain| grain_of(axis, *grain)).collect();
        dimensions.splice(at + 1..at + 1, grains);
        Some(name.clone())
    }

    fn refuse_shared_names(&mut self, spec: &CubeSpec) {
        for measure in &spec.measures {
            let is_dimension = spec.dimensions.iter().any(|dimension| dimension.name == measure.name)
                || spec.time.as_ref().is_some_and(|time| time.value == measure.name);
            if is_dimension {
                let message = format!("cube '{}' has a dimension of that name too; rename one", spec.name);
                self.fault(&format!("measure '{}'", measure.name), &measure.place, &message);
            }
        }
    }

    /// A condition over rows, in which a dimension wins over a column.
    pub(super) fn filter(&mut self, about: &str, filter: &Written<String>, scope: &Scope<'a>) -> Option<RowExpr> {
        let ast = self.parsed(about, filter)?;
        let mentioned = bare_names(&ast);
        let mut names = Names::new();
        for (name, row) in scope.rows.iter().filter(|(name, _)| mentioned.contains(*name)) {
            names.insert(name.clone(), row.clone()?);
        }
        if let Some(measure) = measure_among(&mentioned, scope, &names) {
            let message =
                format!("'{measure}' is a measure, and a filter is about one row; name columns and dimensions");
            self.fault(about, &filter.place, &message);
            return None;
        }
        let row = self.row(about, &filter.place, ast, &scope.fact, &names)?;
        if row.data_type != DataType::Boolean {
            let found = type_name(&row.data_type);
            let message = format!("a filter is true or false, and this is {found}; compare it");
            self.fault(about, &filter.place, &message);
            return None;
        }
        Some(row)
    }
}

/// What messages call a cube.
fn about(spec: &CubeSpec) -> String {
    format!("cube '{}'", spec.name)
}

/// A measure among the names that an expression about one row mentions.
fn measure_among<'n>(mentioned: &'n BTreeSet<String>, scope: &Scope<'_>, names: &Names) -> Option<&'n String> {
    let is_measure = |name: &String| scope.measures.contains_key(name.as_str());
    mentioned.iter().find(|name| !names.contains_key(*name) && scope.fact.column(name).is_none() && is_measure(name))
}

/// The dimension of a grain; a date has no hours.
fn grain_of(axis: &Dimension, grain: Grain) -> Option<Dimension> {
    if grain == Grain::Hour && axis.kind != DimensionKind::Instant {
        return None;
    }
    Some(Dimension {
        name: format!("{}__{}", axis.name, grain.name()),
        title: None,
        description: None,
        expr: axis.expr.clone(),
        data_type: if grain == Grain::Hour { wall_clock() } else { DataType::Date32 },
        kind: DimensionKind::Grain { of: axis.name.clone(), grain },
        origin: None,
        labels: None,
        order: None,
    })
}

fn wall_clock() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// The names without dots in an expression.
fn bare_names(ast: &Expr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let _: ControlFlow<()> = visit_expressions(ast, |expr| {
        if let Expr::Identifier(ident) = expr {
            names.insert(fold(ident));
        }
        ControlFlow::Continue(())
    });
    names
}
