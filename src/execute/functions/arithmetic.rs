//! Arithmetic that stays exact: `+ − ×` of integers and wide decimals and the unary minus, where an overflow is
//! an error; `/`, which is a double, and `%`, both NULL by zero; and all of them on doubles, whose results are in their
//! one form. Operators become these functions; each keeps the name that its operator would have given a column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Datum, Float64Array};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::kernels::nullif::nullif;
use arrow::compute::kernels::numeric::{add, mul, neg, rem, sub};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Float64Type};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::expr::schema_name_from_exprs;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr_common::datum::apply;

use super::float::{plain, plain_value};

/// Which operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Negate,
}

/// An operator as a function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Arithmetic {
    kind: Kind,
    signature: Signature,
}

/// The functions of this file.
pub(super) fn all() -> [ScalarUDF; 6] {
    [add_checked(), subtract_checked(), multiply_checked(), divide(), remainder(), negate()]
}

/// `a + b`.
fn add_checked() -> ScalarUDF {
    Arithmetic::udf(Kind::Add)
}

/// `a - b`.
fn subtract_checked() -> ScalarUDF {
    Arithmetic::udf(Kind::Subtract)
}

/// `a * b`.
fn multiply_checked() -> ScalarUDF {
    Arithmetic::udf(Kind::Multiply)
}

/// `a / b`.
pub(super) fn divide() -> ScalarUDF {
    Arithmetic::udf(Kind::Divide)
}

/// `a % b`.
fn remainder() -> ScalarUDF {
    Arithmetic::udf(Kind::Remainder)
}

/// `-a`.
pub(super) fn negate() -> ScalarUDF {
    Arithmetic::udf(Kind::Negate)
}

/// The checked function for `left op right`, where DataFusion's own operator could wrap, exceed its type or give a
/// float in another form.
pub(super) fn checked(operator: Operator, left: &DataType, right: &DataType) -> Option<ScalarUDF> {
    let function = match operator {
        Operator::Plus => add_checked,
        Operator::Minus => subtract_checked,
        Operator::Multiply => multiply_checked,
        Operator::Modulo => remainder,
        _ => return None,
    };
    let number = |data_type: &DataType| data_type.is_numeric() || data_type.is_null();
    if !number(left) || !number(right) || (left.is_null() && right.is_null()) {
        return None;
    }
    match coerced(operator, left, right).ok()? {
        (DataType::Float64, DataType::Float64) => Some(function()),
        _ if operator == Operator::Modulo => Some(function()),
        (DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)) => {
            let digits = match operator {
                Operator::Multiply => i16::from(p1) + i16::from(p2) + 1,
                _ => i16::from(s1.max(s2)) + (i16::from(p1) - i16::from(s1)).max(i16::from(p2) - i16::from(s2)) + 1,
            };
            (digits > i16::from(DECIMAL128_MAX_PRECISION)).then(function)
        }
        (left, right) if left.is_integer() && right.is_integer() => Some(function()),
        _ => None,
    }
}

/// The types that both sides of an operator are cast to.
fn coerced(operator: Operator, left: &DataType, right: &DataType) -> Result<(DataType, DataType)> {
    let integer = |data_type: &DataType| data_type.is_integer() || data_type.is_null();
    if integer(left) && integer(right) {
        return Ok((DataType::Int64, DataType::Int64));
    }
    if left.is_floating() || right.is_floating() {
        return Ok((DataType::Float64, DataType::Float64));
    }
    BinaryTypeCoercer::new(left, &operator, right).get_input_types()
}

impl Arithmetic {
    /// The function of a kind.
    fn udf(kind: Kind) -> ScalarUDF {
        ScalarUDF::from(Self { kind, signature: Signature::user_defined(Volatility::Immutable) })
    }

    /// The operator that this stands for.
    fn operator(&self) -> Operator {
        match self.kind {
            Kind::Add => Operator::Plus,
            Kind::Subtract | Kind::Negate => Operator::Minus,
            Kind::Multiply => Operator::Multiply,
            Kind::Divide => Operator::Divide,
            Kind::Remainder => Operator::Modulo,
        }
    }

    /// The name of the operator's result.
    fn named(&self, arguments: &[Expr], name: impl Fn(&Expr) -> Result<String>) -> Result<String> {
        match arguments {
            [argument] => Ok(format!("(- {})", name(argument)?)),
            [left, right] => Ok(format!("{} {} {}", name(left)?, self.operator(), name(right)?)),
            _ => internal_err!("{} takes one or two arguments", self.name()),
        }
    }
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Add => "checked_add",
            Kind::Subtract => "checked_subtract",
            Kind::Multiply => "checked_multiply",
            Kind::Divide => "divide",
            Kind::Remainder => "remainder",
            Kind::Negate => "checked_negate",
        }
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        self.named(arguments, |argument| Ok(schema_name_from_exprs(std::slice::from_ref(argument))?))
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        self.named(arguments, |argument| Ok(argument.to_string()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match (self.kind, arguments) {
            (Kind::Divide, [left, right]) => {
                for side in [left, right] {
                    if !side.is_numeric() && !side.is_null() {
                        return plan_err!("/ takes numbers, not {side}; cast it first");
                    }
                }
                Ok(vec![DataType::Float64; 2])
            }
            (Kind::Negate, [argument]) if argument.is_integer() => Ok(vec![DataType::Int64]),
            (Kind::Negate, [argument]) => Ok(vec![argument.clone()]),
            (Kind::Add | Kind::Subtract | Kind::Multiply | Kind::Remainder, [left, right]) => {
                let (left, right) = coerced(self.operator(), left, right)?;
                Ok(vec![left, right])
            }
            (_, arguments) => plan_err!("{} does not take {} arguments", self.name(), arguments.len()),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match (self.kind, arguments) {
            (Kind::Divide, _) => Ok(DataType::Float64),
            (Kind::Negate, [argument]) => Ok(argument.clone()),
            (_, [DataType::Int64, DataType::Int64]) => Ok(DataType::Int64),
            (_, [left, right]) => BinaryTypeCoercer::new(left, &self.operator(), right).get_result_type(),
            (_, arguments) => plan_err!("{} does not take {} arguments", self.name(), arguments.len()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let result = match (self.kind, args.args.as_slice()) {
            (Kind::Add, [left, right]) => apply(left, right, add),
            (Kind::Subtract, [left, right]) => apply(left, right, sub),
            (Kind::Multiply, [left, right]) => apply(left, right, mul),
            (Kind::Divide, [left, right]) => return apply(left, right, quotient),
            (Kind::Remainder, [left, right]) => apply(left, &without_zeros(right)?, rem),
            (Kind::Negate, [ColumnarValue::Array(array)]) => Ok(ColumnarValue::Array(neg(array)?)),
            (Kind::Negate, [ColumnarValue::Scalar(scalar)]) => {
                let negated = neg(&scalar.to_array()?)?;
                ScalarValue::try_from_array(&negated, 0).map(ColumnarValue::Scalar)
            }
            (_, arguments) => return internal_err!("{} got {} arguments", self.name(), arguments.len()),
        }?;
        within_precision(plain_value(result))
    }
}

/// The same value if its decimals are within their precision; Arrow only notices what exceeds 128 bits.
fn within_precision(value: ColumnarValue) -> Result<ColumnarValue> {
    let DataType::Decimal128(precision, scale) = value.data_type() else {
        return Ok(value);
    };
    let array = value.to_array(1)?;
    let end = 10_i128.checked_pow(u32::from(precision)).unwrap_or(i128::MAX);
    let exceeds = |value: i128| value <= -end || value >= end;
    if array.as_primitive::<Decimal128Type>().iter().flatten().any(exceeds) {
        let message = format!("overflow: the result does not fit decimal({precision},{scale}); cast a side to double");
        return Err(DataFusionError::Execution(message));
    }
    Ok(value)
}

/// Divisors, NULL where they are zero.
fn without_zeros(divisor: &ColumnarValue) -> Result<ColumnarValue> {
    let of = divisor.data_type();
    let zero = ScalarValue::new_zero(&of)?;
    Ok(match divisor {
        ColumnarValue::Array(array) => ColumnarValue::Array(nullif(array, &eq(array, &zero.to_scalar()?)?)?),
        ColumnarValue::Scalar(value) if *value == zero => ColumnarValue::Scalar(ScalarValue::try_from(&of)?),
        ColumnarValue::Scalar(_) => divisor.clone(),
    })
}

/// The quotients of two arrays of doubles; NULL by zero.
fn quotient(left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
    fn divided(left: f64, right: f64) -> Option<f64> {
        (right != 0.0).then(|| plain(left / right))
    }
    let ((left, one_left), (right, one_right)) = (left.get(), right.get());
    let (left, right) = (left.as_primitive::<Float64Type>(), right.as_primitive::<Float64Type>());
    let first = |side: &Float64Array| (!side.is_null(0)).then(|| side.value(0));
    let quotients: Float64Array = match (one_left, one_right) {
        (false, true) => match first(right).filter(|right| *right != 0.0) {
            Some(right) => left.unary(|left| plain(left / right)),
            None => Float64Array::new_null(left.len()),
        },
        (true, false) => match first(left) {
            Some(left) => right.unary_opt(|right| divided(left, right)),
            None => Float64Array::new_null(right.len()),
        },
        _ => left.iter().zip(right).map(|(left, right)| divided(left?, right?)).collect(),
    };
    Ok(Arc::new(quotients))
}
