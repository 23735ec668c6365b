//! What the columns of a block over a cube hold, for whoever adds them up.

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::Expr;

use crate::model::{DimensionKind, Grain};

use super::super::ast;
use super::super::relation::{Column, Lineage};
use super::found;
use super::instant;
use super::items::{Item, Names};
use super::measure::{Evaluation, is_distinct, unwrapped};
use super::sets::is_grouping;
use super::summand::{reads_cube, summed, yields_constants};

impl Names<'_> {
    /// Whether an expression, as it is written, mentions a measure.
    pub(super) fn asks_for_measure(&self, written: &Expr) -> bool {
        self.normalised(written).is_ok_and(|expr| self.mentioned_measure(&expr).is_some())
    }

    /// Whether an item mentions dimensions and no measure.
    pub(super) fn is_of_dimensions(&self, item: &Expr) -> bool {
        self.mentions_dimension(item) && self.mentioned_measure(item).is_none()
    }

    /// Whether an expression over the cube shows wall clock with its hours.
    pub(super) fn is_clock(&self, expr: &Expr) -> bool {
        let dimension = |name: &str| {
            self.cube.dimension(name).is_some_and(|dimension| {
                matches!(dimension.kind, DimensionKind::Instant | DimensionKind::Grain { grain: Grain::Hour, .. })
            })
        };
        let measure = |name: &str| {
            self.cube.measure(name).is_some_and(|measure| matches!(measure.data_type, DataType::Timestamp(..)))
        };
        instant::may_show(expr, |inner| match inner {
            Expr::Identifier(name) => dimension(&name.value) || measure(&name.value),
            _ => false,
        })
    }
}

impl Evaluation<'_> {
    /// An item as a column of the block's result.
    pub(super) fn column(&self, item: &Item) -> Column {
        let name = match unwrapped(&item.expr) {
            Expr::Identifier(name) => Some(&name.value),
            Expr::Function(function) if self.is_call(function) => match ast::arguments(function).as_deref() {
                Some([argument]) => match unwrapped(argument) {
                    Expr::Identifier(name) => Some(&name.value).filter(|name| self.names.cube.measure(name).is_some()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        let member = name.filter(|name| self.names.known(name).is_some()).map(|name| self.names.member(name));
        let clock = self.names.is_clock(&item.expr);
        Column { name: item.name.clone(), lineage: self.lineage(&item.expr), member, clock, date: false }
    }

    /// What an item of the block holds, for whoever adds it up: of several levels, nothing does.
    pub(super) fn lineage(&self, expr: &Expr) -> Lineage {
        match self.lineage_of_level(expr) {
            Lineage::Additive(measure) if self.sets.is_some() => Lineage::Fixed(measure),
            lineage => lineage,
        }
    }

    fn lineage_of_level(&self, expr: &Expr) -> Lineage {
        let value = summed(expr);
        if yields_constants(value) {
            return Lineage::Free;
        }
        if ast::any(expr, |inner| found::is_value(inner) == Some(true)) {
            return Lineage::Fixed("a query over a cube".to_owned());
        }
        if self.keys.iter().any(|key| unwrapped(key) == unwrapped(expr)) {
            return self.beside(expr);
        }
        let measure = self.names.measure(value).or_else(|| match value {
            Expr::Function(function) if self.is_call(function) => {
                let arguments = ast::arguments(function)?;
                let [argument] = arguments.as_slice() else { return None };
                self.names.measure(summed(argument))
            }
            _ => None,
        });
        if let Some(measure) = measure {
            let name = measure.name.clone();
            return if measure.is_additive() { Lineage::Additive(name) } else { Lineage::Fixed(name) };
        }
        match value {
            Expr::Function(function) if is_grouping(function) => Lineage::Free,
            Expr::Function(function) if self.is_call(function) => {
                let name = ast::function_name(function).unwrap_or_default();
                let adds_up = matches!(name.as_str(), "count" | "sum") && !is_distinct(function);
                let text = self.names.shown(value);
                if adds_up { Lineage::Additive(text) } else { Lineage::Fixed(text) }
            }
            other if self.names.mentioned_measure(other).is_some() => Lineage::Fixed(self.names.shown(other)),
            other if self.holds_call(other) || holds_cube_query(other) => Lineage::Fixed(self.names.shown(other)),
            other => self.beside(other),
        }
    }

    /// What an expression holds of what stands beside the cube, whose columns are dimensions here.
    fn beside(&self, expr: &Expr) -> Lineage {
        let column = |expr: &Expr| {
            let Expr::CompoundIdentifier(parts) = expr else { return None };
            let [relation, name] = parts.as_slice() else { return None };
            self.names.planned(&relation.value).map(|beside| beside.holds(&name.value))
        };
        if let Some(lineage) = column(summed(expr)) {
            return lineage;
        }
        let mut measure = None;
        ast::any(expr, |inner| {
            measure = column(inner).and_then(|lineage| lineage.measure().map(str::to_owned));
            measure.is_some()
        });
        measure.map_or(Lineage::Free, Lineage::Fixed)
    }
}

/// Whether a query over a cube stands in an expression.
fn holds_cube_query(expr: &Expr) -> bool {
    ast::any(expr, |inner| matches!(inner, Expr::Subquery(query) if reads_cube(query)))
}
