//! A table's files as batches of the mart's types, one file after another, each row named by file and row where it
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
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use crate::error::{Error, Result};
use crate::model::{Column, FileFormat, Table};

use super::cast;
use super::csv;
use super::sources::SourceFile;

/// Rows of a batch, and about how many bytes of a file it may hold: texts may be long.
const BATCH_ROWS: usize = 8192;
const BATCH_BYTES: usize = 32 << 20;

/// Called with the number of rows of each batch read, and with 0 at the end of a file.
pub(super) type OnRows = Arc<dyn Fn(u64) + Send + Sync>;

/// Batches, or why there are no more.
pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// Some files of a table.
#[derive(Clone)]
pub(super) struct FilePartition {
    table: String,
    columns: Arc<Vec<Column>>,
    schema: SchemaRef,
    format: FileFormat,
    files: Vec<SourceFile>,
    on_rows: OnRows,
}

impl fmt::Debug for FilePartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePartition").field("files", &self.files).finish_non_exhaustive()
    }
}

impl FilePartition {
    pub(super) fn new(table: &Table, format: FileFormat, files: Vec<SourceFile>, on_rows: OnRows) -> Self {
        Self {
            table: table.name.clone(),
            columns: Arc::new(table.columns.clone()),
            schema: Arc::clone(&table.schema),
            format,
            files,
            on_rows,
        }
    }

    /// A file's batches in the mart's types.
    fn batches(&self, file: SourceFile) -> Result<Batches> {
        let partition = self.clone();
        let mut first_row = 1;
        let on_rows = Arc::clone(&self.on_rows);
        let end = std::iter::from_fn(move || {
            on_rows(0);
            None
        });
        let is_wanted = |name: &str| self.columns.iter().any(|column| column.from == name);
        let rows = raw(&self.table, &file, self.format, is_wanted)?.map(move |batch| {
            let batch = batch?;
            let place = cast::Place {
                table: &partition.table,
                file: &file.shown,
                first_row,
                unit: if partition.format == FileFormat::Csv { "data row" } else { "row" },
            };
            let cast = cast::batch(&batch, &partition.columns, &partition.schema, &place)?;
            first_row += batch.num_rows() as u64;
            (partition.on_rows)(batch.num_rows() as u64);
            Ok(cast)
        });
        Ok(Box::new(rows.chain(end).fuse()))
    }
}

/// A file's batches as the file has them; of Parquet only the columns that are wanted.
pub(super) fn raw(
    table: &str,
    file: &SourceFile,
    format: FileFormat,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Batches> {
    let (table, shown) = (table.to_owned(), file.shown.clone());
    match format {
        FileFormat::Parquet => {
            let damaged = move |error: &dyn fmt::Display| {
                let said = error.to_string();
                let what = match said.contains("overflow") {
                    true => "has rows too long to be read together; write shorter texts or smaller row groups",
                    false => "is damaged",
                };
                Error::invalid(format!("table '{table}': '{shown}' {what}: {said}"))
            };
            let builder = ParquetRecordBatchReaderBuilder::try_new(file.open()?)
                .map_err(|error| damaged(&error).with_source(error))?;
            let wanted = builder.schema().fields().iter().enumerate();
            let roots = wanted.filter(|(_, field)| is_wanted(field.name())).map(|(at, _)| at).collect::<Vec<_>>();
            let rows = batch_rows(builder.metadata());
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            let reader = builder
                .with_projection(mask)
                .with_batch_size(rows)
                .build()
                .map_err(|error| damaged(&error).with_source(error))?;
            Ok(Box::new(reader.map(move |batch| batch.map_err(|error| damaged(&error).with_source(error)))))
        }
        FileFormat::Csv => {
            let file = file.clone();
            let reader = csv::rows(&table, &file, BATCH_ROWS, BATCH_BYTES)?;
            Ok(Box::new(reader.map(move |batch| batch.map_err(|error| csv::unreadable(&table, &file, error)))))
        }
    }
}

/// How many rows of a Parquet file make a batch.
fn batch_rows(metadata: &ParquetMetaData) -> usize {
    let rows = |group: &RowGroupMetaData| {
        // A text that is stored once may stand in every row.
        let texts: i64 = group.columns().iter().filter_map(ColumnChunkMetaData::unencoded_byte_array_data_bytes).sum();
        let bytes = usize::try_from(group.total_byte_size().max(texts)).unwrap_or(usize::MAX);
        let rows = usize::try_from(group.num_rows()).unwrap_or_default();
        BATCH_BYTES.checked_div(bytes.div_ceil(rows.max(1))).unwrap_or(BATCH_ROWS)
    };
    metadata.row_groups().iter().map(rows).min().unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS)
}

impl PartitionStream for FilePartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let external = |error: Error| DataFusionError::External(Box::new(error));
        let partition = self.clone();
        let batches = self.files.clone().into_iter().flat_map(move |file| match partition.batches(file) {
            Ok(batches) => batches,
            Err(error) => Box::new(std::iter::once(Err(error))),
        });
        let stream = futures::stream::iter(batches.map(move |batch| batch.map_err(external)));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}
