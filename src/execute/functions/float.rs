//! Floats in their one form: −0 is 0, and every NaN is the positive one, which sorts above all else. Grouping, joins,
//! comparisons and orders look at the bits, so whatever computes a float gives it in this form.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

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

/// A function of DataFusion's whose results are given in their one form. What it would simplify to is left out, since
/// that would be DataFusion's own again.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Plain(Arc<ScalarUDF>);

/// DataFusion's function, made to give floats in their one form if it computes any.
pub(super) fn in_one_form(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match COMPUTING.contains(&function.name()) {
        true => Arc::new(ScalarUDF::from(Plain(function))),
        false => function,
    }
}

impl ScalarUDFImpl for Plain {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.0.coerce_types(arguments)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.0.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.0.return_field_from_args(args)
    }

    fn is_strict(&self) -> bool {
        self.0.inner().is_strict()
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.0.inner().output_ordering(inputs)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.0.invoke_with_args(args).map(plain_value)
    }
}
