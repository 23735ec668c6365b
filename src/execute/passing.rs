//! Nodes of a plan that pass their input's rows on, in their order and partitions, and look at them.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, OrderingRequirements, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, PlanProperties};

/// What such a node does.
pub(super) trait Watch: fmt::Debug + Send + Sync + 'static {
    /// What the node is called.
    fn name(&self) -> &'static str;

    /// What a plan that is shown says of it.
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }

    /// Whether what is known of the input's rows is told of these: their order, and what is constant in them.
    fn tells(&self) -> bool {
        true
    }

    /// Whether it must see all rows in one partition.
    fn sees_all(&self) -> bool {
        false
    }

    /// The order that it needs its input's rows in, which keeps what sorts them.
    fn needs(&self) -> Option<&LexOrdering> {
        None
    }

    /// The rows of a partition of `input`, as they are if nothing is looked at.
    ///
    /// # Errors
    /// Those of the input, and whatever is found wrong with it.
    fn watch(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        input.execute(partition, context)
    }
}

/// A node that passes rows on.
#[derive(Debug)]
pub(super) struct Passing<W> {
    watch: Arc<W>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl<W: Watch> Passing<W> {
    /// The node above `input`.
    pub(super) fn above(input: Arc<dyn ExecutionPlan>, watch: W) -> Arc<dyn ExecutionPlan> {
        Self::of(Arc::new(watch), input)
    }

    /// What the node does.
    pub(super) fn watch(&self) -> &W {
        &self.watch
    }

    fn of(watch: Arc<W>, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let of = input.properties();
        let properties = match watch.tells() {
            true => Arc::clone(of),
            false => {
                let nothing = EquivalenceProperties::new(input.schema());
                let partitioning = of.output_partitioning().clone();
                Arc::new(PlanProperties::new(nothing, partitioning, of.emission_type, of.boundedness))
            }
        };
        Arc::new(Self { watch, input, properties })
    }
}

impl<W: Watch> DisplayAs for Passing<W> {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.watch.describe(f)
    }
}

impl<W: Watch> ExecutionPlan for Passing<W> {
    fn name(&self) -> &str {
        self.watch.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![if self.watch.sees_all() { Distribution::SinglePartition } else { Distribution::UnspecifiedDistribution }]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.watch.needs().cloned().map(OrderingRequirements::from)]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![self.watch.tells()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Self::of(Arc::clone(&self.watch), input)),
            _ => internal_err!("{} takes one input", self.name()),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.watch.watch(&self.input, partition, context)
    }
}
