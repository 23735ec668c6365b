//! `sum` and `avg` as SQL sees them: their types, and which totals they keep. Integers and decimals are summed
//! exactly, and a sum that does not fit is an error; floats go DataFusion's way.

use std::sync::Arc;

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Field, FieldRef, Int64Type, TimeUnit, UInt64Type, i256,
};
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

use super::float_aggregate;
use super::frame::{Frame, Moment};
use super::groups::Groups;
use super::single::{Distinct, Single};
use super::total::{Finish, Wide, is_wide, scale_of};

/// Calls `$make!(argument type, total type)` for an argument that is summed exactly.
macro_rules! exactly {
    ($data_type:expr, $make:ident) => {
        match $data_type {
            DataType::Int64 => $make!(Int64Type, i128),
            DataType::UInt64 => $make!(UInt64Type, i128),
            wide @ DataType::Decimal128(..) if is_wide(wide) => $make!(Decimal128Type, i256),
            DataType::Decimal128(..) => $make!(Decimal128Type, i128),
            DataType::Duration(TimeUnit::Second) => $make!(DurationSecondType, i128),
            DataType::Duration(TimeUnit::Millisecond) => $make!(DurationMillisecondType, i128),
            DataType::Duration(TimeUnit::Microsecond) => $make!(DurationMicrosecondType, i128),
            DataType::Duration(TimeUnit::Nanosecond) => $make!(DurationNanosecondType, i128),
            other => internal_err!("{other} has no exact sum"),
        }
    };
}

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Sum,
    Avg,
}

/// `sum` or `avg`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Exact {
    kind: Kind,
    signature: Signature,
    aliases: Vec<String>,
}

/// `sum`: integers give a 64-bit integer, decimal(p, s) gives decimal(38, s), floats a double.
pub(super) fn sum() -> AggregateUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    AggregateUDF::from(Exact { kind: Kind::Sum, signature, aliases: Vec::new() })
}

/// `avg`: a double, from an exact sum and count.
pub(super) fn avg() -> AggregateUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    AggregateUDF::from(Exact { kind: Kind::Avg, signature, aliases: vec!["mean".into()] })
}

impl Exact {
    /// DataFusion's function of that name, for floats.
    fn for_floats(&self) -> Arc<AggregateUDF> {
        match self.kind {
            Kind::Sum => sum_udaf(),
            Kind::Avg => avg_udaf(),
        }
    }

    /// What becomes of a total of `argument`.
    fn finish(&self, argument: &DataType) -> Result<Finish> {
        match self.kind {
            Kind::Sum => Ok(Finish::Sum(self.return_type(std::slice::from_ref(argument))?)),
            Kind::Avg => Ok(Finish::Mean(scale_of(argument))),
        }
    }

    /// One total, for rows added and taken away.
    fn single(&self, args: &AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let argument = args.expr_fields[0].data_type();
        let (scale, finish) = (scale_of(argument), self.finish(argument)?);
        if args.is_distinct {
            return Ok(Box::new(Distinct::new(scale, finish)));
        }
        macro_rules! make {
            ($argument:ty, $total:ty) => {
                Ok(Box::new(Single::<$argument, $total>::new(scale, finish)))
            };
        }
        exactly!(argument, make)
    }
}

impl AggregateUDFImpl for Exact {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Sum => "sum",
            Kind::Avg => "avg",
        }
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [argument] = arguments else {
            return plan_err!("{} takes one argument, not {}", self.name(), arguments.len());
        };
        let argument = match argument {
            DataType::Dictionary(_, value) => value.as_ref(),
            other => other,
        };
        let coerced = match argument {
            integer if integer.is_signed_integer() => DataType::Int64,
            DataType::Null => DataType::Int64,
            DataType::UInt64 => DataType::UInt64,
            integer if integer.is_unsigned_integer() => DataType::Int64,
            float if float.is_floating() => DataType::Float64,
            DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
                DataType::Decimal128(*precision, *scale)
            }
            DataType::Decimal128(..) => argument.clone(),
            DataType::Duration(_) if self.kind == Kind::Sum => argument.clone(),
            other => return plan_err!("{} takes a number, not {other}", self.name()),
        };
        Ok(vec![coerced])
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(match (self.kind, &arguments[0]) {
            (Kind::Avg, _) | (_, DataType::Float64) => DataType::Float64,
            (Kind::Sum, DataType::Decimal128(_, scale)) => DataType::Decimal128(DECIMAL128_MAX_PRECISION, *scale),
            (Kind::Sum, duration @ DataType::Duration(_)) => duration.clone(),
            (Kind::Sum, _) => DataType::Int64,
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let argument = args.input_fields[0].data_type();
        if *argument == DataType::Float64 {
            return self.for_floats().state_fields(args);
        }
        let scale = scale_of(argument);
        let name = |part: &str| format_state_name(args.name, part);
        if args.is_distinct {
            let item = Field::new_list_field(i128::state_type(scale), true);
            return Ok(vec![Field::new_list(name("values"), item, true).into()]);
        }
        let total = if is_wide(argument) { i256::state_type(scale) } else { i128::state_type(scale) };
        let mut fields: Vec<FieldRef> = vec![Field::new(name("total"), total, true).into()];
        if self.kind == Kind::Avg {
            fields.push(Field::new(name("count"), DataType::Int64, true).into());
        }
        Ok(fields)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match args.expr_fields[0].data_type() {
            DataType::Float64 => self.for_floats().accumulator(args).map(float_aggregate::one),
            _ => self.single(&args),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match args.expr_fields[0].data_type() {
            DataType::Float64 if args.is_distinct => {
                plan_err!("{}(DISTINCT) of doubles over a moving frame is not supported; cast to decimal", self.name())
            }
            DataType::Float64 => Ok(Box::new(Frame::new(match self.kind {
                Kind::Sum => Moment::Sum,
                Kind::Avg => Moment::Mean,
            }))),
            _ => self.single(&args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        match args.expr_fields[0].data_type() {
            DataType::Float64 => self.for_floats().groups_accumulator_supported(args),
            _ => !args.is_distinct,
        }
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let argument = args.expr_fields[0].data_type();
        if *argument == DataType::Float64 {
            return self.for_floats().create_groups_accumulator(args).map(float_aggregate::groups);
        }
        let (scale, finish) = (scale_of(argument), self.finish(argument)?);
        macro_rules! make {
            ($argument:ty, $total:ty) => {
                Ok(Box::new(Groups::<$argument, $total>::new(scale, finish)))
            };
        }
        exactly!(argument, make)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}
