//! A table's files as batches of the mart's types: one partition a file, each row named by file and row where it
//! cannot be read.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{Error, Result};
use crate::model::{Column, FileFormat, Table};

use super::cast;
use super::csv;
use super::sources::SourceFile;

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Called with the number of rows of each batch read, and with 0 at the end of a file.
pub(super) type OnRows = Arc<dyn Fn(u64) + Send + Sync>;

/// One file of a table.
#[derive(Clone)]
pub(super) struct FilePartition {
    table: String,
    columns: Arc<Vec<Column>>,
    schema: SchemaRef,
    format: FileFormat,
    file: SourceFile,
    on_rows: OnRows,
}

impl fmt::Debug for FilePartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePartition").field("file", &self.file.shown).finish_non_exhaustive()
    }
}

impl FilePartition {
    pub(super) fn new(table: &Table, format: FileFormat, file: SourceFile, on_rows: OnRows) -> Self {
        Self {
            table: table.name.clone(),
            columns: Arc::new(table.columns.clone()),
            schema: Arc::clone(&table.schema),
            format,
            file,
            on_rows,
        }
    }

    /// The file's batches as the file has them, only the columns that the table wants.
    fn raw(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
        let (table, shown) = (self.table.clone(), self.file.shown.clone());
        match self.format {
            FileFormat::Parquet => {
                let damaged = move |error: &dyn fmt::Display| {
                    Error::invalid(format!("table '{table}': '{shown}' is damaged: {error}"))
                };
                let builder = ParquetRecordBatchReaderBuilder::try_new(self.file.open()?)
                    .map_err(|error| damaged(&error).with_source(error))?;
                let wanted = builder.schema().fields().iter().enumerate();
                let roots = wanted
                    .filter(|(_, field)| self.columns.iter().any(|column| column.from == *field.name()))
                    .map(|(at, _)| at)
                    .collect::<Vec<_>>();
                let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
                let reader = builder
                    .with_projection(mask)
                    .with_batch_size(BATCH_ROWS)
                    .build()
                    .map_err(|error| damaged(&error).with_source(error))?;
                Ok(Box::new(reader.map(move |batch| batch.map_err(|error| damaged(&error).with_source(error)))))
            }
            FileFormat::Csv => {
                let file = self.file.clone();
                let reader = csv::rows(&table, &file, BATCH_ROWS)?;
                Ok(Box::new(reader.map(move |batch| batch.map_err(|error| csv::unreadable(&table, &file, error)))))
            }
        }
    }

    /// The file's batches in the mart's types.
    fn batches(&self) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send + use<>> {
        let partition = self.clone();
        let mut first_row = 1;
        let on_rows = Arc::clone(&self.on_rows);
        let end = std::iter::from_fn(move || {
            on_rows(0);
            None
        });
        let rows = self.raw()?.map(move |batch| {
            let batch = batch?;
            let place = cast::Place {
                table: &partition.table,
                file: &partition.file.shown,
                first_row,
                unit: if partition.format == FileFormat::Csv { "data row" } else { "row" },
            };
            let cast = cast::batch(&batch, &partition.columns, &partition.schema, &place)?;
            first_row += batch.num_rows() as u64;
            (partition.on_rows)(batch.num_rows() as u64);
            Ok(cast)
        });
        Ok(rows.chain(end).fuse())
    }
}

impl PartitionStream for FilePartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let external = |error: Error| DataFusionError::External(Box::new(error));
        let stream: std::pin::Pin<Box<dyn futures::Stream<Item = _> + Send>> = match self.batches() {
            Ok(batches) => Box::pin(futures::stream::iter(batches.map(move |batch| batch.map_err(external)))),
            Err(error) => Box::pin(futures::stream::iter([Err(external(error))])),
        };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}
