//! DataFusion's functions with something of ours around each call. What a function would simplify to is left out, since
//! that would be DataFusion's own again.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// What is done around the calls of a function.
pub(super) trait Manner: Debug + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// The type of the result, where the function's own is `of`, for a first argument of some type.
    fn returns(&self, of: DataType, _first: Option<&DataType>) -> DataType {
        of
    }

    /// Calls the function.
    fn call(&self, function: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue>;
}

/// A function of DataFusion's that is called in a manner of ours.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Around<M>(Arc<ScalarUDF>, M);

/// The function, called in that manner.
pub(super) fn around<M: Manner>(function: Arc<ScalarUDF>, manner: M) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Around(function, manner)))
}

impl<M: Manner> ScalarUDFImpl for Around<M> {
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
        self.0.return_type(arguments).map(|of| self.1.returns(of, arguments.first()))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let first = args.arg_fields.first().map(|field| field.data_type().clone());
        let field = self.0.return_field_from_args(args)?;
        let of = self.1.returns(field.data_type().clone(), first.as_ref());
        Ok(if of == *field.data_type() { field } else { Arc::new(field.as_ref().clone().with_data_type(of)) })
    }

    fn is_strict(&self) -> bool {
        self.0.inner().is_strict()
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.0.inner().output_ordering(inputs)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.1.call(&self.0, args)
    }
}
