//! Damage within a data file, told by its table. What decodes a file's pages knows neither; so once a plan is final,
//! each scan in it is wrapped, and what fails inside is known to be of its table.

use std::fmt;
use std::io;
use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::parquet::errors::ParquetError;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt;

use super::fault;
use super::passing::{Passing, Watch};
use crate::error::Error;
use crate::sql::clean;

/// The plan with its scans wrapped.
///
/// # Errors
/// Internal: a plan that cannot be built anew.
pub(super) fn told_by_table(plan: Arc<dyn ExecutionPlan>) -> crate::error::Result<Arc<dyn ExecutionPlan>> {
    let wrap = |plan: Arc<dyn ExecutionPlan>| {
        Ok(match table(plan.as_ref()) {
            Some(table) => Transformed::yes(Passing::above(plan, Scan(table))),
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

/// The scan of one table.
#[derive(Debug)]
struct Scan(Arc<str>);

impl Watch for Scan {
    fn name(&self) -> &'static str {
        "Scan"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan: {}", self.0)
    }

    fn watch(
        &self,
        files: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let stream = files.execute(partition, context)?;
        let (schema, table) = (stream.schema(), Arc::clone(&self.0));
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
