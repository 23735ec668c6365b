//! Exact numbers beside doubles: as a double that stands for no other number of the kind, or not at all.

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, exec_err, internal_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::sql::EXACTLY;

/// Every whole number up to 2^53 is a double.
const WHOLE: u128 = 1 << 53;
/// Decimals of so many digits are told apart by doubles (`DBL_DIG` of C).
const DIGITS: u32 = 15;

/// A whole number or decimal as a double, which fails where another number may be the same double.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Exactly {
    signature: Signature,
}

/// The function.
pub(super) fn exactly() -> ScalarUDF {
    ScalarUDF::from(Exactly { signature: Signature::any(1, Volatility::Immutable) })
}

impl ScalarUDFImpl for Exactly {
    fn name(&self) -> &str {
        EXACTLY
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else { return internal_err!("{EXACTLY} takes a value") };
        let array = value.to_array(1)?;
        let doubles = read(&array)?;
        match value {
            ColumnarValue::Array(_) => Ok(ColumnarValue::Array(doubles)),
            ColumnarValue::Scalar(_) => ScalarValue::try_from_array(&doubles, 0).map(ColumnarValue::Scalar),
        }
    }
}

fn read(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::Decimal128(_, scale) => {
            let scale = u32::try_from(*scale).unwrap_or(0);
            told_apart(array.as_primitive::<Decimal128Type>(), |value| is_told_apart(value, scale))?;
        }
        DataType::UInt64 => told_apart(array.as_primitive::<UInt64Type>(), |value| u128::from(value) <= WHOLE)?,
        whole if whole.is_integer() => {
            let whole = cast(array, &DataType::Int64)?;
            told_apart(whole.as_primitive::<Int64Type>(), |value| u128::from(value.unsigned_abs()) <= WHOLE)?;
        }
        other => return internal_err!("{EXACTLY} of {other}"),
    }
    Ok(cast(array, &DataType::Float64)?)
}

fn told_apart<T: ArrowPrimitiveType>(values: &PrimitiveArray<T>, is: impl Fn(T::Native) -> bool) -> Result<()> {
    let Some(row) = (0..values.len()).find(|&row| values.is_valid(row) && !is(values.value(row))) else {
        return Ok(());
    };
    let shown = cast(&values.slice(row, 1), &DataType::Utf8)?;
    exec_err!(
        "{} is to equal a DOUBLE, which does not tell it from the numbers beside it; cast the DOUBLE to BIGINT or DECIMAL",
        shown.as_string::<i32>().value(0)
    )
}

/// Whether no other decimal of few digits is the same double, nor a whole number that is one.
fn is_told_apart(value: i128, scale: u32) -> bool {
    let (mut digits, mut scale) = (value.unsigned_abs(), scale);
    while digits != 0 && digits.is_multiple_of(10) {
        (digits, scale) = (digits / 10, scale.saturating_sub(1));
    }
    digits < 10_u128.pow(DIGITS) || (scale == 0 && value.unsigned_abs() <= WHOLE)
}
