//! Reads of data files. A file that is missing or cut off is told by its table: no query can do without it, and only
//! whoever keeps the mart can bring it back.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::error::Error;

/// Opens the data files of one table.
#[derive(Debug)]
pub(super) struct TableFiles {
    table: Arc<str>,
    objects: Arc<dyn ObjectStore>,
    files: CachedParquetFileReaderFactory,
}

impl TableFiles {
    /// The files of `table` in `objects`, their footers kept in `footers`.
    pub(super) fn new(table: &str, objects: Arc<dyn ObjectStore>, footers: Arc<FileMetadataCache>) -> Self {
        let files = CachedParquetFileReaderFactory::new(Arc::clone(&objects), footers);
        Self { table: table.into(), objects, files }
    }
}

impl ParquetFileReaderFactory for TableFiles {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let meta = file.object_meta.clone();
        let expected = Expected { table: Arc::clone(&self.table), objects: Arc::clone(&self.objects), meta };
        let file = self.files.create_reader(partition_index, file, metadata_size_hint, metrics)?;
        Ok(Box::new(DataFile { expected, file }))
    }
}

/// One data file.
struct DataFile {
    expected: Expected,
    file: Box<dyn AsyncFileReader + Send>,
}

impl AsyncFileReader for DataFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        let Self { expected, file } = self;
        async move { expected.told(file.get_bytes(range).await).await }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        let Self { expected, file } = self;
        async move { expected.told(file.get_byte_ranges(ranges).await).await }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        let Self { expected, file } = self;
        async move { expected.told(file.get_metadata(options).await).await }.boxed()
    }
}

/// A data file as the mart knows it.
struct Expected {
    table: Arc<str>,
    objects: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
}

impl Expected {
    /// What was read, or why not: errors on their way here forget what they came from, so the file is looked at again.
    async fn told<T>(&self, read: ParquetResult<T>) -> ParquetResult<T> {
        let error = match read {
            Ok(read) => return Ok(read),
            Err(error) => error,
        };
        let what = match self.objects.head(&self.meta.location).await {
            Err(object_store::Error::NotFound { .. }) => "is missing",
            Ok(meta) if meta.size != self.meta.size => "is cut off",
            // The disk or the network, which may do better next time.
            _ => return Err(error),
        };
        let Self { table, meta, .. } = self;
        let said = format!("a data file of table '{table}' {what} ({}); restore the mart from a backup", meta.location);
        Err(ParquetError::External(Box::new(Error::misconfigured(said).with_source(error))))
    }
}
