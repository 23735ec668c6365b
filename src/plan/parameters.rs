//! Parameters: values that come apart from their statement, `$1` and so on, or `?` in the order in which they are
//! written. A value is a literal of SQL, and a statement with values is the statement with the literals in their places.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser;
use datafusion::sql::sqlparser::ast::{
    CastKind, Expr, Function, LimitClause, Query, UnaryOperator, Value, ValueWithSpan, Visit, Visitor,
    WindowFrameBound, WindowFrameUnits, WindowType, visit_expressions, visit_expressions_mut,
};

use super::Statement;
use crate::error::{Error, Result};
use crate::sql;

/// The most parameters of a statement.
const MOST: usize = 1_000;

impl Statement {
    /// How many parameters it has.
    ///
    /// # Errors
    /// Invalid: they are not numbered from `$1` without a gap, or there are too many.
    pub fn parameters(&self) -> Result<usize> {
        let Some(query) = self.query() else { return Ok(0) };
        let mut numbers = BTreeSet::new();
        let wrong = visit_expressions(query, |expr| match placeholder(expr) {
            Some(name) => match number(name) {
                Some(number) => {
                    numbers.insert(number);
                    ControlFlow::Continue(())
                }
                None => ControlFlow::Break(format!("'{name}' is no parameter; write $1 to ${MOST}, or ?")),
            },
            None => ControlFlow::Continue(()),
        });
        if let ControlFlow::Break(wrong) = wrong {
            return Err(Error::invalid(wrong));
        }
        match (1..).zip(&numbers).find(|(expected, number)| expected != *number) {
            Some((missing, _)) => Err(Error::invalid(format!("there is no ${missing}; parameters count from $1"))),
            None => Ok(numbers.len()),
        }
    }

    /// The types of the parameters that their places tell: what counts rows, in LIMIT, OFFSET and frames of windows, and
    /// what is cast to a double, as the place of a percentile is.
    pub(super) fn placed_parameters(&self) -> BTreeMap<usize, DataType> {
        let mut placed = Placed(BTreeMap::new());
        if let Some(query) = self.query() {
            let _: ControlFlow<()> = query.visit(&mut placed);
        }
        placed.0
    }

    /// The statement with values in the places of its parameters, each a literal.
    ///
    /// # Errors
    /// Invalid: too many values or too few, or one that is no literal.
    pub fn with_values(mut self, values: &[String]) -> Result<Self> {
        let wanted = self.parameters()?;
        if values.len() != wanted {
            return Err(Error::invalid(match values.is_empty() {
                true => "'$1' has no value; prepare the statement, and bind its parameters".to_owned(),
                false => format!("the statement has {wanted} parameters, and {} values were bound", values.len()),
            }));
        }
        let values = values.iter().map(|value| literal(value)).collect::<Result<Vec<_>>>()?;
        if let Some(query) = self.query_mut() {
            let _: ControlFlow<()> = visit_expressions_mut(query, |expr| {
                if let Some(value) = placeholder(expr).and_then(number).and_then(|number| values.get(number - 1)) {
                    *expr = value.clone();
                }
                ControlFlow::Continue(())
            });
        }
        Ok(self)
    }
}

struct Placed(BTreeMap<usize, DataType>);

impl Placed {
    fn add<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, data_type: &DataType) {
        let numbers = exprs.into_iter().filter_map(placeholder).filter_map(number);
        self.0.extend(numbers.map(|number| (number, data_type.clone())));
    }
}

impl Visitor for Placed {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let counts = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                [limit.as_ref(), offset.as_ref().map(|offset| &offset.value)]
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => [Some(limit), Some(offset)],
            None => [None, None],
        };
        self.add(counts.into_iter().flatten(), &DataType::Int64);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(Function { over: Some(WindowType::WindowSpec(spec)), .. }) = expr
            && let Some(frame) = spec.window_frame.as_ref().filter(|frame| frame.units != WindowFrameUnits::Range)
        {
            let bounds = [Some(&frame.start_bound), frame.end_bound.as_ref()];
            let counts = bounds.into_iter().flatten().filter_map(|bound| match bound {
                WindowFrameBound::Preceding(Some(rows)) | WindowFrameBound::Following(Some(rows)) => {
                    Some(rows.as_ref())
                }
                _ => None,
            });
            self.add(counts, &DataType::Int64);
        }
        if let Expr::Cast { expr, data_type: sqlparser::ast::DataType::Double(_), .. } = expr {
            self.add([expr.as_ref()], &DataType::Float64);
        }
        ControlFlow::Continue(())
    }
}

/// The name of a parameter.
pub(super) fn placeholder(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) => Some(name),
        _ => None,
    }
}

fn number(name: &str) -> Option<usize> {
    let digits = name.strip_prefix('$')?;
    digits.parse().ok().filter(|number| (1..=MOST).contains(number) && !digits.starts_with(['0', '+']))
}

/// The literal that a text is.
fn literal(text: &str) -> Result<Expr> {
    let expr = sql::parse_expr(text)?;
    match is_literal(&expr) {
        true => Ok(expr),
        false => Err(Error::invalid("a value of a parameter is no literal")),
    }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => !matches!(value.value, Value::Placeholder(_)),
        Expr::TypedString(_) => true,
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => matches!(expr.as_ref(), Expr::Value(_)),
        Expr::Cast { kind: CastKind::Cast, expr, .. } => is_literal(expr),
        _ => false,
    }
}
