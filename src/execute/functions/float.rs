//! Floats in their one form: −0 is 0, and every NaN is the positive one, which sorts above all else. Grouping, joins,
//! comparisons and orders look at the bits, so whatever computes a float gives it in this form.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::around::{Manner, around};

/// DataFusion's functions that could give −0 or a NaN with a sign.
const COMPUTING: [&str; 34] = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "atan2",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "cot",
    "degrees",
    "exp",
    "factorial",
    "floor",
    "ln",
    "log",
    "log10",
    "log2",
    "nanvl",
    "pi",
    "power",
    "radians",
    "round",
    "signum",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    "date_part",
];

/// A float in its one form.
#[inline]
pub(super) fn plain(value: f64) -> f64 {
    // Adding 0 makes −0 a 0 and nothing else different.
    if value.is_nan() { f64::NAN } else { value + 0.0 }
}

/// The same array with its floats in their one form.
pub(super) fn plain_array(array: ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(plain)),
        DataType::Float32 => {
            let plain = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
            Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(plain))
        }
        _ => array,
    }
}

/// The same scalar, a float in its one form.
pub(super) fn plain_scalar(scalar: ScalarValue) -> ScalarValue {
    match scalar {
        ScalarValue::Float64(Some(value)) => ScalarValue::Float64(Some(plain(value))),
        ScalarValue::Float32(Some(value)) => {
            ScalarValue::Float32(Some(if value.is_nan() { f32::NAN } else { value + 0.0 }))
        }
        other => other,
    }
}

/// The same value with its floats in their one form.
pub(super) fn plain_value(value: ColumnarValue) -> ColumnarValue {
    match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(plain_array(array)),
        ColumnarValue::Scalar(scalar) => ColumnarValue::Scalar(plain_scalar(scalar)),
    }
}

/// Results in their one form.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Plain;

/// DataFusion's function, made to give floats in their one form if it computes any.
pub(super) fn in_one_form(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    if COMPUTING.contains(&function.name()) { around(function, Plain) } else { function }
}

impl Manner for Plain {
    fn call(&self, function: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        function.invoke_with_args(args).map(plain_value)
    }
}
