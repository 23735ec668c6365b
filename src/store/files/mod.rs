//! Batches to Parquet files: row groups encoded with a thread per core while the next group arrives, files of about
//! a hundred mebibytes. Memory holds two row groups and what one upload has in flight.

use std::sync::Arc;
use std::thread::available_parallelism;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::bounds;
use super::fault::{fault, is_missing};
use super::stats::{FileStats, is_bounded};
use crate::clock;
use crate::error::{Error, Result};

/// An upload's part, and the size up to which a file is put at once.
const PART_BYTES: usize = 8 << 20;
/// How many parts are in flight.
const PARTS: usize = 2;

/// Where one group, and where one file, ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) group_rows: usize,
    pub(crate) group_bytes: usize,
    pub(crate) file_bytes: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { group_rows: 256 << 10, group_bytes: 64 << 20, file_bytes: 96 << 20 }
    }
}

/// A file that is written and that no log names yet.
#[derive(Debug)]
pub(crate) struct Staged {
    /// Its name in the table's folder.
    pub(crate) name: String,
    pub(crate) size: u64,
    /// The SHA-256 of its bytes, in hex.
    pub(crate) sha256: String,
    pub(crate) written: DateTime<Utc>,
    pub(crate) stats: FileStats,
}

/// What is written, and where to.
pub(crate) struct Target<'a> {
    pub(crate) objects: &'a Arc<dyn ObjectStore>,
    /// The table's folder.
    pub(crate) folder: &'a Path,
    /// The Delta version that the files are for; it begins their names, so that names sort as rows were written.
    pub(crate) version: u64,
    pub(crate) schema: &'a SchemaRef,
    pub(crate) sorted_by: &'a [String],
    pub(crate) sizes: Sizes,
}

impl Target<'_> {
    /// Writes all of `stream`. If that fails, what was written is removed.
    pub(crate) async fn stage(
        &self,
        stream: impl Stream<Item = Result<RecordBatch>> + Send + Unpin,
    ) -> Result<Vec<Staged>> {
        let mut staging = Staging { target: self, properties: self.properties()?, open: None, done: Vec::new() };
        match staging.write(stream).await {
            Ok(()) => Ok(staging.done),
            Err(error) => {
                staging.remove().await;
                Err(error)
            }
        }
    }

    fn path(&self, name: &str) -> Path {
        self.folder.clone().join(name)
    }

    fn properties(&self) -> Result<WriterProperties> {
        let internal = |source: ParquetError| Error::internal("cannot set up a Parquet writer").with_source(source);
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(internal)?))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(usize::MAX))
            .set_created_by(concat!("starmart ", env!("CARGO_PKG_VERSION")).into());
        for field in self.schema.fields().iter().filter(|field| !is_bounded(field.data_type())) {
            let column = ColumnPath::new(vec![field.name().clone()]);
            properties = properties.set_column_statistics_enabled(column, EnabledStatistics::None);
        }
        if !self.sorted_by.is_empty() {
            let sorting = self.sorted_by.iter().map(|name| self.sorting(name)).collect::<Result<_>>()?;
            properties = properties.set_sorting_columns(Some(sorting));
        }
        Ok(properties.build())
    }

    fn sorting(&self, name: &str) -> Result<SortingColumn> {
        let at = self.schema.index_of(name).ok().and_then(|at| i32::try_from(at).ok());
        let column_idx = at.ok_or_else(|| Error::internal(format!("'{name}' is sorted by but is not a column")))?;
        Ok(SortingColumn { column_idx, descending: false, nulls_first: false })
    }
}

/// The files of one write.
struct Staging<'a> {
    target: &'a Target<'a>,
    properties: WriterProperties,
    open: Option<OpenFile>,
    done: Vec<Staged>,
}

/// The file that grows.
struct OpenFile {
    name: String,
    writer: SerializedFileWriter<Vec<u8>>,
    groups: ArrowRowGroupWriterFactory,
    upload: BufWriter,
    /// Of all bytes handed to the upload: what the file must hold, whatever becomes of it on its way.
    digest: Sha256,
    /// The group that is being encoded.
    encoding: Option<JoinHandle<Result<Vec<ArrowColumnChunk>, ParquetError>>>,
    started: usize,
    rows: u64,
    nulls: Vec<u64>,
}

impl Staging<'_> {
    async fn write(&mut self, mut stream: impl Stream<Item = Result<RecordBatch>> + Send + Unpin) -> Result<()> {
        let sizes = self.target.sizes;
        let (mut group, mut rows, mut bytes) = (Vec::new(), 0, 0);
        while let Some(batch) = stream.next().await {
            let mut rest = self.checked(batch?)?;
            while rest.num_rows() > 0 {
                let taken = rest.slice(0, rest.num_rows().min(sizes.group_rows - rows));
                rest = rest.slice(taken.num_rows(), rest.num_rows() - taken.num_rows());
                rows += taken.num_rows();
                bytes += size(&taken);
                group.push(taken);
                if rows >= sizes.group_rows || bytes >= sizes.group_bytes {
                    self.add(std::mem::take(&mut group)).await?;
                    (rows, bytes) = (0, 0);
                }
            }
        }
        if !group.is_empty() {
            self.add(group).await?;
        }
        self.finish().await
    }

    /// The batch under the table's schema: names and nullability may differ, types may not.
    fn checked(&self, batch: RecordBatch) -> Result<RecordBatch> {
        RecordBatch::try_new(Arc::clone(self.target.schema), batch.columns().to_vec()).map_err(|source| {
            Error::internal(format!("a batch for {} is not of its table's schema", self.target.folder))
                .with_source(source)
        })
    }

    /// Starts to encode `group`, after the one before has gone into its file.
    async fn add(&mut self, group: Vec<RecordBatch>) -> Result<()> {
        if let Some(open) = &mut self.open {
            open.flush(self.target).await?;
            if open.writer.bytes_written() as u64 >= self.target.sizes.file_bytes {
                self.finish().await?;
            }
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => OpenFile::new(self.target, &self.properties, self.done.len())?,
        };
        let started = open.start(self.target, group);
        self.open = Some(open);
        started
    }

    async fn finish(&mut self) -> Result<()> {
        if let Some(open) = &mut self.open {
            open.flush(self.target).await?;
            let staged = open.finish(self.target).await?;
            self.open = None;
            self.done.push(staged);
        }
        Ok(())
    }

    /// Removes what was written: nothing names it, and it may be what filled the disk.
    async fn remove(mut self) {
        // Dropping an upload gives up its parts; one that completed after all has a name.
        let open = self.open.take().map(|open| open.name);
        for name in self.done.iter().map(|staged| &staged.name).chain(&open) {
            match self.target.objects.delete(&self.target.path(name)).await {
                Err(source) if !is_missing(&source) => {
                    tracing::debug!(%source, file = name, "a staged file stays behind");
                }
                _ => (),
            }
        }
    }
}

impl OpenFile {
    fn new(target: &Target<'_>, properties: &WriterProperties, sequence: usize) -> Result<Self> {
        let name = format!("{:020}-{sequence:05}-{}.parquet", target.version, Uuid::new_v4());
        let path = target.path(&name);
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(target.schema), Some(properties.clone()));
        let (writer, groups) =
            writer.and_then(ArrowWriter::into_serialized_writer).map_err(|source| encoding(&path, source))?;
        let upload = BufWriter::with_capacity(Arc::clone(target.objects), path, PART_BYTES).with_max_concurrency(PARTS);
        let nulls = vec![0; target.schema.fields().len()];
        Ok(Self { name, writer, groups, upload, digest: Sha256::new(), encoding: None, started: 0, rows: 0, nulls })
    }

    fn start(&mut self, target: &Target<'_>, group: Vec<RecordBatch>) -> Result<()> {
        for batch in &group {
            self.rows += batch.num_rows() as u64;
            for (nulls, column) in self.nulls.iter_mut().zip(batch.columns()) {
                *nulls += column.null_count() as u64;
            }
        }
        let columns = self.groups.create_column_writers(self.started);
        let columns = columns.map_err(|source| encoding(&target.path(&self.name), source))?;
        self.started += 1;
        self.encoding = Some(tokio::spawn(encode(columns, group, Arc::clone(target.schema))));
        Ok(())
    }

    /// Waits for the group that is being encoded and hands it on.
    async fn flush(&mut self, target: &Target<'_>) -> Result<()> {
        let Some(group) = self.encoding.take() else { return Ok(()) };
        let path = target.path(&self.name);
        let group = group.await.map_err(|source| fault(format!("encode {path}"), source))?;
        let chunks = group.map_err(|source| encoding(&path, source))?;
        append(&mut self.writer, chunks).map_err(|source| encoding(&path, source))?;
        self.upload(&path).await
    }

    async fn upload(&mut self, path: &Path) -> Result<()> {
        let bytes = Bytes::from(std::mem::take(self.writer.inner_mut()));
        self.digest.update(&bytes);
        self.upload.put(bytes).await.map_err(|source| fault(format!("write {path}"), source))
    }

    async fn finish(&mut self, target: &Target<'_>) -> Result<Staged> {
        let path = target.path(&self.name);
        let metadata = self.writer.finish().map_err(|source| encoding(&path, source))?;
        self.upload(&path).await?;
        self.upload.shutdown().await.map_err(|source| fault(format!("write {path}"), source))?;
        let columns = bounds::of(target.schema, &metadata, &self.nulls).map_err(|source| encoding(&path, source))?;
        Ok(Staged {
            name: self.name.clone(),
            size: self.writer.bytes_written() as u64,
            sha256: format!("{:x}", std::mem::take(&mut self.digest).finalize()),
            written: clock::now(),
            stats: FileStats { rows: self.rows, columns },
        })
    }
}

async fn encode(
    columns: Vec<ArrowColumnWriter>,
    group: Vec<RecordBatch>,
    schema: SchemaRef,
) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
    let group = Arc::new(group);
    let encoded = columns.into_iter().enumerate().map(|(at, mut column)| {
        let (group, schema) = (Arc::clone(&group), Arc::clone(&schema));
        async move {
            let work = move || {
                for batch in group.iter() {
                    for leaf in compute_leaves(schema.field(at), batch.column(at))? {
                        column.write(&leaf)?;
                    }
                }
                column.close()
            };
            tokio::task::spawn_blocking(work).await.map_err(|source| ParquetError::External(Box::new(source)))?
        }
    });
    let threads = available_parallelism().map_or(1, std::num::NonZero::get);
    futures::stream::iter(encoded).buffered(threads).try_collect().await
}

fn append(writer: &mut SerializedFileWriter<Vec<u8>>, chunks: Vec<ArrowColumnChunk>) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for chunk in chunks {
        chunk.append_to_row_group(&mut group)?;
    }
    group.close()?;
    writer.flush()?;
    Ok(())
}

fn size(batch: &RecordBatch) -> usize {
    let column = |column: &Arc<dyn Array>| {
        column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
    };
    batch.columns().iter().map(column).sum()
}

fn encoding(path: &Path, source: ParquetError) -> Error {
    fault(format!("encode {path}"), source)
}

#[cfg(test)]
mod tests;
