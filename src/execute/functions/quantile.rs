//! `median`, `percentile_cont` and `percentile_disc`: the value at a place in the order of all values; of the first two a
//! double, of the last one of the values. DataFusion's median of decimals is a decimal that drops the last half, its
//! percentile knows six digits of the place, and it has none that keeps the type.

use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, FieldRef, Float64Type, Int64Type, Schema, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::record_batch::RecordBatch;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, Signature, Volatility};

use super::ranking::{Place, Ranking};
use super::total::scale_of;

/// Which of the three it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Median,
    Percentile,
    Discrete,
}

/// `median`, `percentile_cont` or `percentile_disc`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Quantile {
    kind: Kind,
    signature: Signature,
    aliases: Vec<String>,
}

/// `median(x)`, `percentile_cont(x, p)` and `percentile_disc(x, p)`.
pub(super) fn all() -> [AggregateUDF; 3] {
    [
        Quantile::udaf(Kind::Median, Vec::new()),
        Quantile::udaf(Kind::Percentile, vec!["quantile_cont".into()]),
        Quantile::udaf(Kind::Discrete, vec!["quantile_disc".into()]),
    ]
}

impl Quantile {
    fn udaf(kind: Kind, aliases: Vec<String>) -> AggregateUDF {
        AggregateUDF::from(Self { kind, signature: Signature::user_defined(Volatility::Immutable), aliases })
    }

    /// The place in the order.
    fn place(&self, args: &AccumulatorArgs) -> Result<Place> {
        let Some(argument) = args.exprs.get(1) else {
            return Ok(Place::Between(0.5));
        };
        let of = if self.kind == Kind::Discrete { Place::Of } else { Place::Between };
        let none = RecordBatch::new_empty(Schema::empty().into());
        match argument.evaluate(&none) {
            Ok(ColumnarValue::Scalar(ScalarValue::Float64(Some(place)))) if (0.0..=1.0).contains(&place) => {
                Ok(of(place))
            }
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
            Kind::Discrete => "percentile_disc",
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
            (Kind::Percentile | Kind::Discrete, [argument, place]) if place.is_numeric() => {
                (argument, Some(DataType::Float64))
            }
            (Kind::Median, _) => return plan_err!("median takes one argument"),
            _ => return plan_err!("{} takes a value and a number from 0 to 1", self.name()),
        };
        let argument = match argument {
            integer if integer.is_integer() || integer.is_null() => DataType::Int64,
            float if float.is_floating() => DataType::Float64,
            DataType::Decimal128(..) => argument.clone(),
            DataType::Decimal32(digits, scale) | DataType::Decimal64(digits, scale) => {
                DataType::Decimal128(*digits, *scale)
            }
            DataType::Date32 if self.kind == Kind::Discrete => DataType::Date32,
            DataType::Timestamp(_, zone) if self.kind == Kind::Discrete => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            other if self.kind == Kind::Discrete => {
                return plan_err!("percentile_disc takes a number, a date or a timestamp, not {other}");
            }
            other => return plan_err!("{} takes a number, not {other}", self.name()),
        };
        Ok(std::iter::once(argument).chain(place).collect())
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(match (self.kind, arguments) {
            (Kind::Discrete, [argument, ..]) => argument.clone(),
            _ => DataType::Float64,
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let item = Field::new_list_field(args.input_fields[0].data_type().clone(), true);
        Ok(vec![Field::new_list(format_state_name(args.name, "values"), item, true).into()])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let (place, distinct) = (self.place(&args)?, args.is_distinct);
        let data_type = args.expr_fields[0].data_type().clone();
        let scale = scale_of(&data_type);
        macro_rules! ranking {
            ($argument:ty) => {
                Ok(Box::new(Ranking::<$argument>::new(data_type, scale, place, distinct)))
            };
        }
        match data_type {
            DataType::Int64 => ranking!(Int64Type),
            DataType::Float64 => ranking!(Float64Type),
            DataType::Decimal128(..) => ranking!(Decimal128Type),
            DataType::Date32 => ranking!(Date32Type),
            DataType::Timestamp(TimeUnit::Microsecond, _) => ranking!(TimestampMicrosecondType),
            other => internal_err!("{} got {other}", self.name()),
        }
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}
