//! Damage within a data file, told by its table. What decodes a file's pages knows neither; so once a plan is final,
//! each scan in it is wrapped, and what fails inside is known to be of its table.

use std::fmt;
use std::io;
use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::parquet::errors::ParquetError;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::TryStreamExt;

use super::fault;
use crate::error::Error;
use crate::sql::clean;

/// The plan with its scans wrapped.
///
/// # Errors
/// Internal: a plan that cannot be built anew.
pub(super) fn told_by_table(plan: Arc<dyn ExecutionPlan>) -> crate::error::Result<Arc<dyn ExecutionPlan>> {
    let wrap = |plan: Arc<dyn ExecutionPlan>| {
        Ok(match table(plan.as_ref()) {
            Some(table) => Transformed::yes(Arc::new(Scan { table, files: plan }) as Arc<dyn ExecutionPlan>),
            None => Transformed::no(plan),
        })
    };
    plan.transform_up(wrap).data().map_err(fault::error)
}

/// The table that a plan's own files belong to: the folder that they lie in.
fn table(plan: &dyn ExecutionPlan) -> Option<Arc<str>> {
    let scan = plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<FileScanConfig>()?;
    let file = scan.file_groups.iter().find_map(|group| group.files().first())?;
    let folder = file.object_meta.location.parts().nth_back(1)?;
    Some(folder.as_ref().into())
}

/// A scan of one table.
#[derive(Debug)]
struct Scan {
    table: Arc<str>,
    files: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for Scan {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan: {}", self.table)
    }
}

impl ExecutionPlan for Scan {
    fn name(&self) -> &str {
        "Scan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.files.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.files]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = children.pop().unwrap_or_else(|| Arc::clone(&self.files));
        Ok(Arc::new(Self { table: Arc::clone(&self.table), files }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let stream = self.files.execute(partition, context)?;
        let (schema, table) = (stream.schema(), Arc::clone(&self.table));
        let told = stream.map_err(move |error| match damage(&error) {
            Some(what) => {
                let said = format!("a data file of table '{table}' is damaged: {what}; restore the mart from a backup");
                DataFusionError::External(Box::new(Error::misconfigured(said).with_source(error)))
            }
            None => error,
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, told)))
    }
}

/// What is wrong with a file, if that is what an error of its scan says. Reads that fail come as errors of the object
/// store or as our own; an error of reading from memory is one of unpacking what was read.
fn damage(error: &DataFusionError) -> Option<String> {
    let said = match error.find_root() {
        DataFusionError::ParquetError(error) => damaged_parquet(error),
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::ParquetError(message) => Some(message.clone()),
            ArrowError::ExternalError(error) => error.downcast_ref().and_then(damaged_parquet),
            _ => None,
        },
        _ => None,
    };
    said.map(|said| clean(&said.replace("Parquet error: ", "")))
}

fn damaged_parquet(error: &ParquetError) -> Option<String> {
    match error {
        ParquetError::External(error) => error.downcast_ref::<io::Error>().map(io::Error::to_string),
        other => Some(other.to_string()),
    }
}
