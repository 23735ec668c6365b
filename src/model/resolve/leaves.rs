//! Leaves: the aggregates that measures are made of, each a plain call over a row expression.

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
};

use crate::model::conversion::type_name;
use crate::model::{Aggregate, Leaf, RowExpr};

use super::measures::{Build, name_of, slot_ident};
use super::rows::Names;

impl Build<'_, '_> {
    pub(super) fn leaf(&mut self, function: &Function) -> Result<Expr, String> {
        let name = name_of(function);
        let (distinct, argument, fraction) = plain_call(function, &name)?;
        let aggregate = match (name.as_str(), distinct) {
            ("count", true) => Aggregate::CountDistinct,
            ("count", false) => Aggregate::Count,
            ("sum", false) => Aggregate::Sum,
            ("min", false) => Aggregate::Min,
            ("max", false) => Aggregate::Max,
            ("avg", false) => Aggregate::Avg,
            ("median", false) => Aggregate::Median,
            ("percentile_cont", false) => Aggregate::PercentileCont,
            ("percentile_disc", false) => Aggregate::PercentileDisc,
            ("approx_percentile_cont", false) => Aggregate::ApproxPercentileCont,
            ("stddev", false) => Aggregate::Stddev,
            ("stddev_pop", false) => Aggregate::StddevPop,
            ("variance", false) => Aggregate::Variance,
            ("var_pop", false) => Aggregate::VarPop,
            ("hll", false) => Aggregate::Hll,
            (_, true) if Aggregate::CALLS.contains(&name.as_str()) => {
                return Err(format!("{name}(distinct …) is not supported; distinct goes with count"));
            }
            ("measure" | "agg" | "aggregate", _) => {
                return Err(format!("{name}(…) is for SQL over cubes; name the measure itself"));
            }
            _ => {
                return Err(format!(
                    "{name}(…) is not supported in a measure; there are {} and count(distinct)",
                    Aggregate::CALLS.join(", ")
                ));
            }
        };
        let argument = match argument {
            FunctionArgExpr::Expr(ast) => Some(self.argument(ast)?),
            FunctionArgExpr::Wildcard if aggregate == Aggregate::Count => None,
            _ => return Err(format!("'*' stands only in count(*); name what {name} is to take")),
        };
        let data_type = leaf_type(aggregate, argument.as_ref())?;
        Ok(slot_ident(self.add(&Leaf { aggregate, argument, filter: None, fraction, data_type })))
    }

    fn argument(&self, ast: &Expr) -> Result<RowExpr, String> {
        let (scope, resolver) = (self.scope, self.resolver);
        if resolver.holds_aggregate(ast) {
            return Err("an aggregate cannot hold another; aggregate a column, or derive a table by `sql`".into());
        }
        for name in resolver.measures_in(ast) {
            if scope.fact.column(&name).is_none() {
                let dimension = scope.spec.dimensions.iter().find(|dimension| dimension.name == name);
                if let Some(dimension) = dimension {
                    return Err(format!(
                        "'{name}' is a dimension; inside an aggregate names are columns: write {}",
                        dimension.expr.value
                    ));
                }
                if scope.spec.measures.iter().any(|measure| measure.name == name) {
                    return Err(format!(
                        "'{name}' is a measure; inside an aggregate names are columns: name the measure alone"
                    ));
                }
            }
        }
        resolver.row_of(ast.clone(), &scope.fact, &Names::new())
    }
}

/// Those that SQL does not know by that name.
pub(super) const ONLY_HERE: [&str; 2] = ["variance", "hll"];

/// Whether a call is distinct, its one argument, and the place of a percentile; calls with more to them are refused.
fn plain_call<'f>(function: &'f Function, name: &str) -> Result<(bool, &'f FunctionArgExpr, Option<String>), String> {
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
    let percentile = matches!(name, "percentile_cont" | "percentile_disc" | "approx_percentile_cont");
    match list.args.as_slice() {
        [FunctionArg::Unnamed(argument)] if !percentile => Ok((distinct, argument, None)),
        [FunctionArg::Unnamed(argument), FunctionArg::Unnamed(FunctionArgExpr::Expr(place))] if percentile => {
            let written = place.to_string();
            match written.parse::<f64>() {
                Ok(value) if (0.0..=1.0).contains(&value) => Ok((distinct, argument, Some(written))),
                _ => Err(format!("the place of {name} is a number from 0 to 1, not {written}")),
            }
        }
        _ if percentile => Err(format!("{name} takes a column or expression, and a place: {name}(x, 0.95)")),
        args => Err(format!("{name}(…) takes one column or expression, not {}", args.len())),
    }
}

fn leaf_type(aggregate: Aggregate, argument: Option<&RowExpr>) -> Result<DataType, String> {
    let Some(argument) = argument else { return Ok(DataType::Int64) };
    let found = &argument.data_type;
    let refused = |takes: &str| {
        let found = type_name(found);
        Err(format!("{}({}) takes {takes}, and this is {found}", aggregate.name(), argument.sql))
    };
    let of_number = |data_type: DataType| match found {
        DataType::Int64 | DataType::Float64 | DataType::Decimal128(_, _) => Ok(data_type),
        _ => refused("numbers"),
    };
    match aggregate {
        Aggregate::Count | Aggregate::CountDistinct => Ok(DataType::Int64),
        Aggregate::Min | Aggregate::Max => Ok(found.clone()),
        Aggregate::PercentileDisc => match found {
            DataType::Date32 | DataType::Timestamp(..) => Ok(found.clone()),
            _ => of_number(found.clone()).or_else(|_| refused("numbers, dates and instants")),
        },
        Aggregate::Hll => match found {
            DataType::Utf8 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(..) => Ok(DataType::Int64),
            other => Err(format!(
                "hll({}) takes texts, integers, dates and instants, and this is {}; cast it, or write count(distinct …)",
                argument.sql,
                type_name(other)
            )),
        },
        Aggregate::Avg
        | Aggregate::Median
        | Aggregate::PercentileCont
        | Aggregate::ApproxPercentileCont
        | Aggregate::Stddev
        | Aggregate::StddevPop
        | Aggregate::Variance
        | Aggregate::VarPop => of_number(DataType::Float64),
        Aggregate::Sum => of_number(match found {
            DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
            other => other.clone(),
        }),
    }
}
