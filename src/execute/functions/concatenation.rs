//! `||` of texts as a function, so that it is bounded as other functions are that make long texts.

use std::sync::{Arc, LazyLock};

use arrow::compute::kernels::concat_elements::concat_elements_dyn;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::bounded;
use super::foresight::CONCATENATION;

static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let signature = Signature::any(2, Volatility::Immutable);
    bounded::within_bounds(Arc::new(ScalarUDF::from(Concatenation { signature })))
});

/// Puts two texts, or two binaries, of one type together; NULL if one is NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Concatenation {
    signature: Signature,
}

/// `||` of two values of these types, if it is one of texts or binaries.
pub(super) fn concatenation(left: &DataType, right: &DataType) -> Option<ScalarUDF> {
    use DataType::{Binary, BinaryView, LargeBinary, LargeUtf8, Utf8, Utf8View};
    let joins = matches!(left, Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView);
    (joins && left == right).then(|| FUNCTION.as_ref().clone())
}

impl ScalarUDFImpl for Concatenation {
    fn name(&self) -> &str {
        CONCATENATION
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        arguments.first().cloned().ok_or_else(|| exec_datafusion_err!("|| takes two texts"))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = arrays.as_slice() else {
            return Err(exec_datafusion_err!("|| takes two texts"));
        };
        let joined = concat_elements_dyn(left, right)?;
        let scalar = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        match scalar {
            true => ScalarValue::try_from_array(&joined, 0).map(ColumnarValue::Scalar),
            false => Ok(ColumnarValue::Array(joined)),
        }
    }
}
