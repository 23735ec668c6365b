//! DataFusion's aggregates of floats, with results in their one form: a variance of infinities is a NaN whose sign the
//! processor chooses.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDF, EmitTo, GroupsAccumulator};

use super::around_aggregate::{AggregateManner, around_aggregate};
use super::float::{plain_array, plain_scalar};
use super::frame::{Frame, Moment};

/// DataFusion's aggregates that compute floats.
const COMPUTING: [&str; 19] = [
    "approx_median",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
    "corr",
    "covar_pop",
    "covar_samp",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "var",
    "var_pop",
];

/// Results in their one form.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OneForm;

/// DataFusion's aggregate, made to give floats in their one form if it computes any.
pub(super) fn in_one_form(function: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    if COMPUTING.contains(&function.name()) { around_aggregate(function, OneForm) } else { function }
}

impl AggregateManner for OneForm {
    fn one(&self, inner: Box<dyn Accumulator>, _distinct: bool) -> Box<dyn Accumulator> {
        one(inner)
    }

    fn groups(&self, inner: Box<dyn GroupsAccumulator>) -> Box<dyn GroupsAccumulator> {
        groups(inner)
    }

    fn sliding(&self, function: &AggregateUDF, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match Moment::of(function.name()) {
            Some(moment) => Ok(Box::new(Frame::new(moment))),
            None => function.create_sliding_accumulator(args).map(one),
        }
    }
}

/// An accumulator whose result is in its one form.
pub(super) fn one(inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
    Box::new(One(inner))
}

/// The same for many groups.
pub(super) fn groups(inner: Box<dyn GroupsAccumulator>) -> Box<dyn GroupsAccumulator> {
    Box::new(Many(inner))
}

#[derive(Debug)]
struct One(Box<dyn Accumulator>);

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(values)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.0.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.evaluate().map(plain_scalar)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

struct Many(Box<dyn GroupsAccumulator>);

impl GroupsAccumulator for Many {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.0.update_batch(values, groups, filter, count)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        self.0.evaluate(emit).map(plain_array)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        self.0.state(emit)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.0.merge_batch(states, groups, count)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.0.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
