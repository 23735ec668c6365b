//! DataFusion's aggregates with something of ours around their accumulators. What an aggregate would simplify to is
//! left out, since that would be DataFusion's own again.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
    StatisticsArgs,
};

/// What is done around the accumulators of an aggregate.
pub(super) trait AggregateManner: Debug + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// Around an accumulator of one group, which may take each value but once.
    fn one(&self, inner: Box<dyn Accumulator>, distinct: bool) -> Box<dyn Accumulator>;

    /// Around one of many groups.
    fn groups(&self, inner: Box<dyn GroupsAccumulator>) -> Box<dyn GroupsAccumulator>;

    /// Whether it may accumulate many groups at once.
    fn takes_groups(&self, _args: &AccumulatorArgs) -> bool {
        true
    }

    /// The accumulator of a frame that moves.
    fn sliding(&self, function: &AggregateUDF, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let distinct = args.is_distinct;
        function.create_sliding_accumulator(args).map(|inner| self.one(inner, distinct))
    }
}

/// An aggregate of DataFusion's that accumulates in a manner of ours.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Around<M>(Arc<AggregateUDF>, M);

/// The aggregate, accumulating in that manner.
pub(super) fn around_aggregate<M: AggregateManner>(function: Arc<AggregateUDF>, manner: M) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(Around(function, manner)))
}

impl<M: AggregateManner> AggregateUDFImpl for Around<M> {
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

    fn is_nullable(&self) -> bool {
        self.0.is_nullable()
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.0.default_value(data_type)
    }

    fn supports_within_group_clause(&self) -> bool {
        self.0.supports_within_group_clause()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.0.order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.0.reverse_udf() {
            ReversedUDAF::Identical => ReversedUDAF::Identical,
            _ => ReversedUDAF::NotSupported,
        }
    }

    fn is_descending(&self) -> Option<bool> {
        self.0.inner().is_descending()
    }

    fn value_from_stats(&self, statistics: &StatisticsArgs) -> Option<ScalarValue> {
        self.0.inner().value_from_stats(statistics)
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.0.inner().set_monotonicity(data_type)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.0.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let distinct = args.is_distinct;
        self.0.accumulator(args).map(|inner| self.1.one(inner, distinct))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.1.sliding(&self.0, args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.1.takes_groups(&args) && self.0.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.0.create_groups_accumulator(args).map(|inner| self.1.groups(inner))
    }
}
