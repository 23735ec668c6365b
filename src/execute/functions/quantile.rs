//! `median` and `percentile_cont`: the value at a place in the order of all values, a double. DataFusion's median of
//! decimals is a decimal that drops the last half, and its percentile knows six digits of the place.

use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, Signature, Volatility};

use super::ranking::Ranking;
use super::total::scale_of;

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Median,
    Percentile,
}

/// `median` or `percentile_cont`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Quantile {
    kind: Kind,
    signature: Signature,
    aliases: Vec<String>,
}

/// `median(x)`.
pub(super) fn median() -> AggregateUDF {
    Quantile::udaf(Kind::Median, Vec::new())
}

/// `percentile_cont(x, p)`.
pub(super) fn percentile() -> AggregateUDF {
    Quantile::udaf(Kind::Percentile, vec!["quantile_cont".into()])
}

impl Quantile {
    fn udaf(kind: Kind, aliases: Vec<String>) -> AggregateUDF {
        AggregateUDF::from(Self { kind, signature: Signature::user_defined(Volatility::Immutable), aliases })
    }

    /// The place in the order, from 0 to 1.
    fn place(&self, args: &AccumulatorArgs) -> Result<f64> {
        let Some(argument) = args.exprs.get(1) else {
            return Ok(0.5);
        };
        let none = RecordBatch::new_empty(Schema::empty().into());
        match argument.evaluate(&none) {
            Ok(ColumnarValue::Scalar(ScalarValue::Float64(Some(place)))) if (0.0..=1.0).contains(&place) => Ok(place),
            Ok(ColumnarValue::Scalar(other)) => {
                plan_err!("the place of {} is a number from 0 to 1, not {other}", self.name())
            }
            _ => plan_err!("the place of {} must be a literal from 0 to 1", self.name()),
        }
    }
}

impl AggregateUDFImpl for Quantile {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Median => "median",
            Kind::Percentile => "percentile_cont",
        }
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let (argument, place) = match (self.kind, arguments) {
            (Kind::Median, [argument]) => (argument, None),
            (Kind::Percentile, [argument, place]) if place.is_numeric() => (argument, Some(DataType::Float64)),
            (Kind::Median, _) => return plan_err!("median takes one argument"),
            (Kind::Percentile, _) => return plan_err!("percentile_cont takes a value and a number from 0 to 1"),
        };
        let argument = match argument {
            integer if integer.is_integer() || integer.is_null() => DataType::Int64,
            float if float.is_floating() => DataType::Float64,
            DataType::Decimal128(..) => argument.clone(),
            DataType::Decimal32(digits, scale) | DataType::Decimal64(digits, scale) => {
                DataType::Decimal128(*digits, *scale)
            }
            other => return plan_err!("{} takes a number, not {other}", self.name()),
        };
        Ok(std::iter::once(argument).chain(place).collect())
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let item = Field::new_list_field(args.input_fields[0].data_type().clone(), true);
        Ok(vec![Field::new_list(format_state_name(args.name, "values"), item, true).into()])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let (place, distinct) = (self.place(&args)?, args.is_distinct);
        let data_type = args.expr_fields[0].data_type().clone();
        let scale = scale_of(&data_type);
        Ok(match data_type {
            DataType::Int64 => Box::new(Ranking::<Int64Type>::new(data_type, scale, place, distinct)),
            DataType::Float64 => Box::new(Ranking::<Float64Type>::new(data_type, scale, place, distinct)),
            DataType::Decimal128(..) => Box::new(Ranking::<Decimal128Type>::new(data_type, scale, place, distinct)),
            other => return internal_err!("{} got {other}", self.name()),
        })
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}
