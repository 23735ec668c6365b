//! A derived table's query as its table wants it: columns named and cast as the model says, by the casts of files.

use std::hash::{Hash, Hasher};

use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, ident,
};

use crate::error::Error;
use crate::model::{Column, Table};

use super::cast;

/// The rows of `plan` as rows of `table`.
pub(super) fn columns(plan: LogicalPlan, table: &Table) -> PlanResult<LogicalPlanBuilder> {
    let columns = table.columns.iter().map(|column| {
        let cast = ScalarUDF::from(Cast::new(&table.name, column));
        cast.call(vec![ident(column.from.as_str())]).alias(column.name.as_str())
    });
    LogicalPlanBuilder::from(plan).alias(table.name.as_str())?.project(columns.collect::<Vec<Expr>>())
}

/// The cast to a column's type, as a function of a plan. DataFusion's own casts round, and know no `stored_in`.
#[derive(Debug, PartialEq, Eq)]
struct Cast {
    table: String,
    column: Column,
    signature: Signature,
}

impl Cast {
    fn new(table: &str, column: &Column) -> Self {
        let signature = Signature::any(1, Volatility::Immutable);
        Self { table: table.to_owned(), column: column.clone(), signature }
    }
}

impl Hash for Cast {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.table.hash(state);
        self.column.name.hash(state);
    }
}

impl ScalarUDFImpl for Cast {
    fn name(&self) -> &str {
        "stored"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> PlanResult<DataType> {
        Ok(self.column.data_type.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [array] = arrays.as_slice() else {
            return Err(DataFusionError::Internal("a cast takes one argument".into()));
        };
        let cast = cast::column(array, &self.column).map_err(|misfit| {
            let (table, name) = (&self.table, &self.column.name);
            let error = Error::invalid(format!("table '{table}', column '{name}': {}", misfit.why));
            DataFusionError::External(Box::new(error))
        })?;
        Ok(ColumnarValue::Array(cast))
    }
}
