//! MIN and MAX of floats by group. DataFusion's accumulator of many groups compares by `<` and begins with the largest
//! finite number, so that NaN and infinities are lost; its accumulator of one group orders totally.

use std::sync::Arc;

use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDF, GroupsAccumulator};

use super::around_aggregate::{AggregateManner, around_aggregate};

/// One accumulator a group, for floats.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OneByOne;

/// DataFusion's aggregate, made to order floats totally if it is MIN or MAX.
pub(super) fn totally_ordered(function: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    match function.name() {
        "min" | "max" => around_aggregate(function, OneByOne),
        _ => function,
    }
}

impl AggregateManner for OneByOne {
    fn one(&self, inner: Box<dyn Accumulator>, _distinct: bool) -> Box<dyn Accumulator> {
        inner
    }

    fn groups(&self, inner: Box<dyn GroupsAccumulator>) -> Box<dyn GroupsAccumulator> {
        inner
    }

    fn takes_groups(&self, args: &AccumulatorArgs) -> bool {
        args.expr_fields.iter().all(|field| !field.data_type().is_floating())
    }
}
