//! Calls of planning's that give what they are given: a mark, which is gone once a plan is optimised, and one that keeps
//! apart what the optimiser would merge.

use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::sql::{APART, MARK};

/// A value, and behind it a mark, a text, if it is gone once a plan is optimised.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Mark {
    name: &'static str,
    signature: Signature,
    lasts: bool,
}

/// The function of marks.
pub(super) fn mark() -> ScalarUDF {
    ScalarUDF::from(Mark { name: MARK, signature: Signature::any(2, Volatility::Immutable), lasts: false })
}

/// The function that keeps its argument apart.
pub(super) fn apart() -> ScalarUDF {
    ScalarUDF::from(Mark { name: APART, signature: Signature::any(1, Volatility::Immutable), lasts: true })
}

impl ScalarUDFImpl for Mark {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [of, ..] => Ok(of.clone()),
            [] => internal_err!("{} takes a value", self.name),
        }
    }

    fn simplify(&self, mut args: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        if self.lasts || args.is_empty() {
            return Ok(ExprSimplifyResult::Original(args));
        }
        Ok(ExprSimplifyResult::Simplified(args.swap_remove(0)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.into_iter().next() {
            Some(value) => Ok(value),
            None => internal_err!("{} takes a value", self.name),
        }
    }
}
