//! What is said where a block over a cube cannot be evaluated as it is written.

use datafusion::sql::sqlparser::ast::{Expr, Function};

use crate::error::Error;
use crate::model::{Aggregate, Measure};

use super::super::ast;
use super::instead::Misuse;
use super::measure::{Evaluation, may_mean};
use super::shown::subquery_of;

impl Evaluation<'_> {
    /// The refusal of a column beside the cube that no key is.
    pub(super) fn ungrouped(&self, column: &Expr) -> Error {
        Error::invalid(match subquery_of(&self.names.marked, column) {
            Some(subquery) => format!(
                "{subquery} beside grouping sets is not supported unless they group by it; ask it of their result: SELECT \
                 … FROM (SELECT … GROUP BY …) AS t"
            ),
            None => format!("'{}' is neither in GROUP BY nor within an aggregate", self.names.shown(column)),
        })
    }

    /// The refusal of MEASURE() around what is no measure.
    pub(super) fn no_measure(&self, name: &str, argument: &Expr) -> Error {
        let name = name.to_uppercase();
        let instead = match self.names.mentioned_measure(argument) {
            Some(measure) => format!("write {name}({}), and what is computed of it around that", measure.name),
            None => format!("the cube '{}' has {}", self.names.cube.name, self.names.some_measures()),
        };
        let argument = self.names.shown(argument);
        Error::invalid(format!("{name}({argument}) evaluates a measure by its name, and that is none; {instead}"))
    }

    /// The refusal of an aggregate of dimensions that there is not.
    pub(super) fn undefined(&self, function: &Function) -> Error {
        let name = ast::function_name(function).unwrap_or_default();
        let (text, cube) = (self.names.shown(&Expr::Function(function.clone())), &self.names.cube.name);
        let instead = match Aggregate::CALLS.contains(&name.as_str()) {
            true => format!("add a measure to the cube '{cube}' for it"),
            false => format!(
                "group by them in a query beneath, SELECT {name}(…) FROM (SELECT … FROM {cube} GROUP BY …) AS t"
            ),
        };
        Error::invalid(format!(
            "'{text}' is not defined over a cube: of dimensions there are COUNT, COUNT(DISTINCT), MIN, MAX, and SUM and \
             AVG of constants; {instead}"
        ))
    }

    /// The refusal of a condition on a measure in WHERE, where it could mean groups or rows.
    pub(super) fn measure_in_where(&self, measure: &Measure, condition: &Expr) -> Error {
        let (shown, name, cube) = (self.names.shown(condition), &measure.name, &self.names.cube.name);
        let beside = self.names.mentioned_dimension(condition).filter(|beside| {
            let is_it = |key: &Expr| self.names.mentioned_dimension(key).is_some_and(|key| key.name == beside.name);
            !self.keys.iter().any(is_it)
        });
        let having = match beside {
            Some(beside) => format!("HAVING {shown}, and '{}' in GROUP BY,", beside.name),
            None => format!("HAVING {shown}"),
        };
        let message = match measure.is_additive() {
            true => format!(
                "'{shown}' in WHERE beside GROUP BY or an aggregate could mean groups or rows of '{name}'; write {having} \
                 to choose groups, or FROM (SELECT * FROM {cube} WHERE {shown}) to choose rows"
            ),
            false => format!(
                "'{shown}' in WHERE beside GROUP BY or an aggregate stands before there are groups, and '{name}' has no \
                 value in a row: write {}",
                having.trim_end_matches(',')
            ),
        };
        Error::invalid(message).with_source(Misuse::Condition)
    }

    /// The refusal of an aggregate over an expression of a measure.
    pub(super) fn of_measure(&self, text: &str, argument: &Expr) -> Option<Error> {
        let m = &self.names.mentioned_measure(argument)?.name;
        let chosen_by = |expr: &Expr| match expr {
            Expr::Case { operand, conditions, .. } => {
                let mut asked = operand.as_deref().into_iter().chain(conditions.iter().map(|when| &when.condition));
                asked.any(|asked| self.names.mentioned_measure(asked).is_some())
            }
            _ => false,
        };
        let instead = match ast::any(argument, chosen_by) {
            true => format!(
                "a condition on it chooses groups: aggregate them in a query around theirs, SELECT … FROM (SELECT …, \
                 MEASURE({m}) FROM {} GROUP BY …) AS t",
                self.names.cube.name
            ),
            false => {
                format!("write the arithmetic around MEASURE({m}), and a condition as MEASURE({m}) FILTER (WHERE …)")
            }
        };
        let why = format!("'{text}' aggregates an expression of the measure '{m}', which has no value in a single row");
        Some(Error::invalid(format!("{why}; {instead}")).with_source(Misuse::Aggregate))
    }
}

/// The refusal of an aggregate that a measure does not have.
pub(super) fn refused_aggregate(name: &str, distinct: bool, measure: &Measure, cube: &str) -> Error {
    let (meant, m) = (may_mean(name, measure), &measure.name);
    let call = format!("{}({}{m})", name.to_uppercase(), if distinct { "DISTINCT " } else { "" });
    let instead = match name {
        _ if meant => format!("MEASURE({m}) FROM {cube} GROUP BY …"),
        "count" if !distinct => format!("COUNT(*) FROM {cube} GROUP BY … to count rows"),
        _ => format!("{call} FROM (SELECT …, {m} FROM {cube} GROUP BY …) AS t for that of groups"),
    };
    Error::invalid(format!("{call} is not what the measure '{m}' means, and would be wrong; write SELECT … {instead}"))
        .with_source(Misuse::Aggregate)
}
