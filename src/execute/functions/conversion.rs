//! Casts that may change a value. They round half away from zero, give floats in their one form, and are opaque to
//! the optimiser: DataFusion moves the cast in `CAST(x AS INTEGER) = 4` to the literal, which is right only where
//! no two values of x become one, and for TRY_CAST only where none becomes NULL.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Float64Type};
use arrow::util::display::FormatOptions;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::expr::schema_name_from_exprs;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::float;

/// A cast as a function of one argument.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Conversion {
    to: DataType,
    /// Whether what does not fit becomes NULL (TRY_CAST) instead of an error.
    lenient: bool,
    signature: Signature,
}

/// The cast from one type to another, if it could change a value.
pub(super) fn conversion(from: &DataType, to: &DataType, lenient: bool) -> Option<ScalarUDF> {
    let changes = match (from, to) {
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, to) => to.is_floating(),
        (from, to) if from.is_floating() => to.is_integer() || to.is_decimal() || (to.is_floating() && from != to),
        (DataType::Decimal128(_, scale), to) if to.is_integer() => *scale > 0 || lenient,
        (DataType::Decimal128(digits, scale), DataType::Decimal128(to_digits, to_scale)) => {
            let whole = |digits: u8, scale: i8| i16::from(digits) - i16::from(scale);
            to_scale < scale || (lenient && whole(*to_digits, *to_scale) < whole(*digits, *scale))
        }
        (from, to) if from.is_integer() => lenient && from != to && (to.is_integer() || to.is_decimal()),
        // The wall clock of a zone, which the optimiser takes for UTC's.
        (DataType::Timestamp(_, None), DataType::Timestamp(_, Some(zone))) => !is_utc(zone),
        _ => false,
    };
    let signature = Signature::any(1, Volatility::Immutable);
    changes.then(|| ScalarUDF::from(Conversion { to: to.clone(), lenient, signature }))
}

/// Whether a zone's clock shows UTC.
pub(super) fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "+00:00" | "Z")
}

/// Refuses types that the dialect does not have, which `arrow_cast` could name.
pub(super) fn within_dialect(to: &DataType) -> Result<()> {
    match to {
        DataType::Decimal128(_, scale) if *scale < 0 => {
            plan_err!("arrow_cast to {to} is not supported: a decimal's scale is 0 or more")
        }
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Utf8
        | DataType::Date32
        | DataType::Timestamp(..)
        | DataType::Interval(_)
        | DataType::Duration(_) => Ok(()),
        other => plan_err!(
            "arrow_cast to {other} is not supported; the types are Boolean, Int64, Float64, Decimal128, Utf8, Date32 \
             and Timestamp"
        ),
    }
}

impl Conversion {
    /// The values of an array, cast.
    fn convert(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let cast = |array: &ArrayRef, to: &DataType| {
            let options = CastOptions { safe: self.lenient, format_options: FormatOptions::default() };
            cast_with_options(array, to, &options)
        };
        let whole: ArrayRef = match array.data_type() {
            from if from.is_floating() && self.to.is_integer() => {
                let doubles = cast(array, &DataType::Float64)?;
                Arc::new(doubles.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::round))
            }
            DataType::Decimal128(digits, scale) if self.to.is_integer() && *scale > 0 => {
                let digits = digits.saturating_sub(scale.unsigned_abs()).saturating_add(1);
                cast(array, &DataType::Decimal128(digits.min(DECIMAL128_MAX_PRECISION), 0))?
            }
            _ => Arc::clone(array),
        };
        Ok(float::plain_array(cast(&whole, &self.to)?))
    }
}

impl ScalarUDFImpl for Conversion {
    fn name(&self) -> &str {
        if self.lenient { "try_cast" } else { "cast" }
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        // DataFusion names a cast as its argument, and knows its own casts where the two must be told apart, as in
        // a join by a cast of a column that is selected.
        Ok(format!("{}({} AS {})", self.name(), schema_name_from_exprs(arguments)?, self.to))
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        let [argument] = arguments else {
            return internal_err!("a cast takes one argument");
        };
        Ok(format!("{}({argument} AS {})", self.name(), self.to))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Array(array)] => self.convert(array).map(ColumnarValue::Array),
            [ColumnarValue::Scalar(scalar)] => {
                let converted = self.convert(&scalar.to_array()?)?;
                ScalarValue::try_from_array(&converted, 0).map(ColumnarValue::Scalar)
            }
            _ => internal_err!("a cast takes one argument"),
        }
    }
}
