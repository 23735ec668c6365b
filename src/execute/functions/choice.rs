//! `coalesce` with texts beside times: DataFusion's has no common type for them, and `coalesce(max(day), '1900-01-01')`
//! is how a default is written. The text is read as a time; which texts may be is for whoever types the statement to say.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

/// DataFusion's `coalesce`, with types of ours.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Coalesce {
    theirs: Arc<ScalarUDF>,
    signature: Signature,
}

/// The function, if it is `coalesce`, with texts read as the times that they stand beside.
pub(super) fn with_times(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    if function.name() != "coalesce" {
        return function;
    }
    Arc::new(ScalarUDF::from(Coalesce { theirs: function, signature: Signature::user_defined(Volatility::Immutable) }))
}

impl ScalarUDFImpl for Coalesce {
    fn name(&self) -> &str {
        self.theirs.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let text = |of: &DataType| matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        let clock = arguments.iter().find(|of| matches!(of, DataType::Timestamp(..)));
        let time = clock.or_else(|| arguments.iter().find(|of| **of == DataType::Date32));
        let read = |of: &DataType| match time {
            Some(time) if text(of) => time.clone(),
            _ => of.clone(),
        };
        self.theirs.coerce_types(&arguments.iter().map(read).collect::<Vec<_>>())
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.theirs.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.theirs.return_field_from_args(args)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.theirs.simplify(args, info)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.theirs.invoke_with_args(args)
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.theirs.conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        self.theirs.short_circuits()
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.theirs.documentation()
    }
}
