//! What the store's tests need: small tables, dead owners, and object stores that die or fill up.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, UploadPart,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};

use super::files::Sizes;
use super::stats::instant_type;
use super::{Draft, MartVersion, Owner, Pin, Publication, Store, TableSnapshot, WriteMode};
use crate::error::Result;

/// Groups of four rows and files of about one group.
pub(crate) const SMALL: Sizes = Sizes { group_rows: 4, group_bytes: usize::MAX, file_bytes: 1 };

/// One column of every type, all from `id`.
pub(crate) fn schema() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        field("id", DataType::Int64),
        field("name", DataType::Utf8),
        field("price", DataType::Decimal128(38, 2)),
        field("at", instant_type()),
        field("day", DataType::Date32),
        field("share", DataType::Float64),
        field("fresh", DataType::Boolean),
    ]))
}

/// The rows of these ids.
pub(crate) fn rows(ids: Range<i64>) -> RecordBatch {
    let ids: Vec<i64> = ids.collect();
    let some = |id: &i64| id % 3 != 0;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(ids.clone())),
        Arc::new(ids.iter().map(|id| some(id).then(|| format!("n{id:03}"))).collect::<StringArray>()),
        Arc::new(
            ids.iter()
                .map(|id| Some(i128::from(*id) * 7))
                .collect::<Decimal128Array>()
                .with_precision_and_scale(38, 2)
                .unwrap(),
        ),
        Arc::new(TimestampMicrosecondArray::from_iter_values(ids.iter().map(|id| id * 1_000_001)).with_timezone("UTC")),
        Arc::new(Date32Array::from_iter_values(ids.iter().map(|id| i32::try_from(*id).unwrap()))),
        Arc::new(Float64Array::from_iter_values(ids.iter().map(|id| if *id == 2 { f64::NAN } else { *id as f64 }))),
        Arc::new(BooleanArray::from_iter(ids.iter().map(|id| some(id).then_some(true)))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// A stream of `batches`.
pub(crate) fn stream(batches: Vec<RecordBatch>) -> impl Stream<Item = Result<RecordBatch>> + Send + Unpin {
    stream::iter(batches.into_iter().map(Ok))
}

/// This process, but with a number that nobody has.
pub(crate) fn dead() -> Owner {
    Owner { pid: u32::MAX, ..Owner::this_process() }
}

/// The ids in a table, in file order.
pub(crate) async fn ids(objects: &Arc<dyn ObjectStore>, table: &TableSnapshot) -> Vec<i64> {
    let mut ids = Vec::new();
    for file in &table.files {
        let bytes = objects.get(&file.path).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes.len() as u64, file.size);
        assert_eq!(file.sha256, Some(format!("{:x}", Sha256::digest(&bytes))), "every commit keeps it");
        let before = ids.len();
        for batch in ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap() {
            ids.extend_from_slice(batch.unwrap().column(0).as_primitive::<Int64Type>().values());
        }
        assert_eq!((ids.len() - before) as u64, file.rows);
    }
    ids
}

/// The ids of table `name` in version `number`.
pub(crate) async fn published(store: &Store, number: u64, name: &str) -> Vec<i64> {
    let snapshot = store.snapshot(number).await.unwrap();
    ids(&snapshot.object_store, &snapshot.tables[name]).await
}

/// What is written to a table by one load.
pub(crate) type Change = (&'static str, WriteMode, Range<i64>);

/// One load: all `changes`, then a new version.
pub(crate) async fn load(store: &Store, owner: &Owner, changes: &[Change]) -> Result<u64> {
    let mut publication = store.begin(owner).await?.with_sizes(SMALL);
    let mut tables = publication.base().map(|base| base.tables.clone()).unwrap_or_default();
    for (name, mode, ids) in changes {
        let written = write(&mut publication, name, *mode, ids.clone()).await?;
        tables.insert((*name).into(), pin(&written));
    }
    publication.publish(Draft { model_hash: "m".into(), tables, verdicts: Vec::new() }).await
}

/// Writes rows to one table.
pub(crate) async fn write(
    publication: &mut Publication,
    name: &str,
    mode: WriteMode,
    ids: Range<i64>,
) -> Result<Arc<TableSnapshot>> {
    publication.write(name, schema(), mode, &["id".into()], stream(vec![rows(ids)])).await
}

/// The pin of a table as written.
pub(crate) fn pin(written: &TableSnapshot) -> Pin {
    Pin {
        delta_version: written.delta_version,
        fingerprint: "f".into(),
        inputs: Vec::new(),
        rows: written.rows(),
        reads: Default::default(),
    }
}

/// A draft of `base` as it is.
pub(crate) fn unchanged(base: Option<&MartVersion>) -> Draft {
    let tables = base.map(|base| base.tables.clone()).unwrap_or_default();
    Draft { model_hash: "m".into(), tables, verdicts: Vec::new() }
}

/// Every object but the leases, with its content.
pub(crate) async fn contents(objects: &dyn ObjectStore) -> Vec<(Path, Bytes)> {
    let mut contents = Vec::new();
    let mut listed = objects.list(None);
    while let Some(meta) = listed.next().await {
        let path = meta.unwrap().location;
        if !path.as_ref().starts_with("_lease") {
            let bytes = objects.get(&path).await.unwrap().bytes().await.unwrap();
            contents.push((path, bytes));
        }
    }
    contents.sort();
    contents
}

/// An object store that stops working.
#[derive(Debug)]
pub(crate) struct Mortal {
    objects: Arc<dyn ObjectStore>,
    death: Death,
    left: Arc<AtomicI64>,
}

/// When it stops, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Death {
    /// After so many operations; the next one fails before or after it takes effect, and so does everything after it.
    Operations { left: i64, takes_effect: bool },
    /// When so many bytes have been put: the disk is full.
    Bytes(i64),
}

/// What is left for one operation.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Works,
    LastBreath,
    Fails,
}

impl Mortal {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, death: Death) -> Arc<Self> {
        let left = match death {
            Death::Operations { left, .. } | Death::Bytes(left) => left,
        };
        Arc::new(Self { objects, death, left: Arc::new(AtomicI64::new(left)) })
    }

    /// Whether it has stopped.
    pub(crate) fn is_dead(&self) -> bool {
        self.left() < 0
    }

    /// How many operations or bytes are left; below zero, how many were asked for in vain.
    pub(crate) fn left(&self) -> i64 {
        self.left.load(Ordering::SeqCst)
    }

    fn fate(&self, bytes: usize) -> Fate {
        match self.death {
            Death::Operations { takes_effect, .. } => match self.left.fetch_sub(1, Ordering::SeqCst) {
                1.. => Fate::Works,
                0 if takes_effect => Fate::LastBreath,
                _ => Fate::Fails,
            },
            Death::Bytes(_) => {
                let bytes = i64::try_from(bytes).unwrap();
                let fits = bytes == 0 || self.left.fetch_sub(bytes, Ordering::SeqCst) >= bytes;
                if fits { Fate::Works } else { Fate::Fails }
            }
        }
    }

    fn error(&self) -> Error {
        let kind = match self.death {
            Death::Operations { .. } => std::io::ErrorKind::ConnectionAborted,
            Death::Bytes(_) => std::io::ErrorKind::StorageFull,
        };
        Error::Generic { store: "mortal", source: Box::new(std::io::Error::from(kind)) }
    }

    async fn does<T>(
        &self,
        bytes: usize,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> object_store::Result<T> {
        match self.fate(bytes) {
            Fate::Works => work.await,
            Fate::LastBreath => work.await.and_then(|_| Err(self.error())),
            Fate::Fails => Err(self.error()),
        }
    }
}

impl fmt::Display for Mortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mortal {}", self.objects)
    }
}

#[async_trait]
impl ObjectStore for Mortal {
    async fn put_opts(&self, to: &Path, payload: PutPayload, how: PutOptions) -> object_store::Result<PutResult> {
        self.does(payload.content_length(), self.objects.put_opts(to, payload, how)).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        how: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        let upload = self.does(0, self.objects.put_multipart_opts(to, how)).await?;
        let mortal = Self { objects: Arc::clone(&self.objects), death: self.death, left: Arc::clone(&self.left) };
        Ok(Box::new(MortalUpload { upload, mortal }))
    }

    async fn get_opts(&self, from: &Path, how: GetOptions) -> object_store::Result<GetResult> {
        self.does(0, self.objects.get_opts(from, how)).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        match self.fate(0) {
            Fate::Fails => stream::iter([Err(self.error())]).boxed(),
            _ => self.objects.delete_stream(paths),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        match self.fate(0) {
            Fate::Works => self.objects.list(prefix),
            _ => stream::iter([Err(self.error())]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.does(0, self.objects.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, how: CopyOptions) -> object_store::Result<()> {
        self.does(0, self.objects.copy_opts(from, to, how)).await
    }
}

#[derive(Debug)]
struct MortalUpload {
    upload: Box<dyn MultipartUpload>,
    mortal: Mortal,
}

#[async_trait]
impl MultipartUpload for MortalUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match self.mortal.fate(data.content_length()) {
            Fate::Works => self.upload.put_part(data),
            _ => {
                let error = self.mortal.error();
                Box::pin(async move { Err(error) })
            }
        }
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        let Self { upload, mortal } = self;
        mortal.does(0, upload.complete()).await
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.upload.abort().await
    }
}
