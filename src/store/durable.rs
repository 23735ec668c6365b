//! A local folder as an object store that keeps what it has acknowledged: file and folders are fsynced before a put
//! returns, and an object's name appears only when its bytes are on the disk. `LocalFileSystem` alone does neither.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use uuid::Uuid;

/// The file system from its root; a mart is a prefix of it.
#[derive(Debug)]
pub(crate) struct Durable {
    files: LocalFileSystem,
}

impl Durable {
    pub(crate) fn new() -> Self {
        Self { files: LocalFileSystem::new() }
    }
}

impl fmt::Display for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("local files")
    }
}

#[async_trait]
impl ObjectStore for Durable {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let create = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => return self.files.put_opts(location, payload, options).await,
        };
        let path = self.files.path_to_filesystem(location)?;
        blocking(move || {
            write(&path, &payload, create).map_err(|source| named(&path, source))?;
            Ok(PutResult { e_tag: None, version: None })
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.files.path_to_filesystem(location)?;
        let folder = path.clone();
        blocking(move || create_folder(parent(&folder)).map_err(|source| named(&folder, source))).await?;
        let upload = self.files.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload { upload, path }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.files.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.files.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let path = self.files.path_to_filesystem(to)?;
        self.files.copy_opts(from, to, options).await?;
        blocking(move || sync(&path).map_err(|source| named(&path, source))).await
    }
}

/// An upload in parts whose completion is durable.
#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    path: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.upload.complete().await?;
        let path = self.path.clone();
        blocking(move || sync(&path).map_err(|source| named(&path, source))).await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

/// In order of their names, as other stores list and as reading a Delta log relies on.
fn sorted(listed: BoxStream<'static, Result<ObjectMeta>>) -> BoxStream<'static, Result<ObjectMeta>> {
    let sorted = async move {
        let mut all: Vec<ObjectMeta> = listed.try_collect().await?;
        all.sort_by(|one, other| one.location.cmp(&other.location));
        Ok::<_, Error>(stream::iter(all.into_iter().map(Ok)))
    };
    stream::once(sorted).try_flatten().boxed()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// Writes beside `path` under a name that listings skip, syncs, and only then gives the file its name.
fn write(path: &FilePath, payload: &PutPayload, create: bool) -> io::Result<()> {
    create_folder(parent(path))?;
    let mut staged = path.as_os_str().to_owned();
    staged.push(format!("#{}", Uuid::new_v4().as_u128()));
    let staged = PathBuf::from(staged);
    let written = write_staged(&staged, payload).and_then(|()| match create {
        true => fs::hard_link(&staged, path),
        false => fs::rename(&staged, path),
    });
    if create || written.is_err() {
        // What cannot be removed now is skipped by listings.
        drop(fs::remove_file(&staged));
    }
    written?;
    sync_folder(parent(path))
}

/// Removes from `folder` what writes that were killed have left of files whose names come before `end`. Whoever calls
/// this knows that nobody else is writing them.
pub(crate) fn remove_staged(folder: &FilePath, end: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let staged = name.to_str().and_then(|name| name.rsplit_once('#')).filter(|(name, number)| {
            *name < end && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if staged.is_some()
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::debug!(%error, file = %entry.path().display(), "a staged file stays behind");
        }
    }
}

fn write_staged(staged: &FilePath, payload: &PutPayload) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(staged)?;
    payload.iter().try_for_each(|bytes| file.write_all(bytes))?;
    file.sync_all()
}

fn sync(path: &FilePath) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    sync_folder(parent(path))
}

fn sync_folder(folder: &FilePath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Creates `folder` and what is missing above it, each durably.
fn create_folder(folder: &FilePath) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    create_folder(parent(folder))?;
    match fs::create_dir(folder) {
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => (),
        made => made?,
    }
    sync_folder(parent(folder))
}

fn parent(path: &FilePath) -> &FilePath {
    path.parent().unwrap_or(path)
}

fn named(path: &FilePath, source: io::Error) -> Error {
    let name = path.display().to_string();
    match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path: name, source: Box::new(source) },
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path: name, source: Box::new(source) },
        io::ErrorKind::PermissionDenied => Error::PermissionDenied { path: name, source: Box::new(source) },
        _ => Error::Generic { store: "local files", source: Box::new(source) },
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;

    use super::*;

    fn place(folder: &tempfile::TempDir, name: &str) -> Path {
        Path::from_absolute_path(folder.path().join(name)).unwrap()
    }

    #[tokio::test]
    async fn creating_twice_keeps_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = place(&folder, "a/b/c.json");
        let store = Durable::new();
        store.put_opts(&path, "first".into(), PutMode::Create.into()).await.unwrap();
        let again = store.put_opts(&path, "second".into(), PutMode::Create.into()).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })));
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), "first");
        store.put(&path, "third".into()).await.unwrap();
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), "third");
        let names: Vec<_> = fs::read_dir(folder.path().join("a/b")).unwrap().collect();
        assert_eq!(names.len(), 1, "staged files are gone");
    }

    #[tokio::test]
    async fn parts_make_one_object() {
        let folder = tempfile::tempdir().unwrap();
        let path = place(&folder, "deep/er/parts");
        let store = Durable::new();
        let mut upload = store.put_multipart(&path).await.unwrap();
        upload.put_part("one ".into()).await.unwrap();
        upload.put_part("two".into()).await.unwrap();
        let listed: Vec<_> = store.list(Some(&place(&folder, ""))).try_collect().await.unwrap();
        assert!(listed.is_empty(), "nothing shows before completion");
        upload.complete().await.unwrap();
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), "one two");
    }

    #[tokio::test]
    async fn listings_are_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = Durable::new();
        for name in ["c", "a", "d", "b", "e"] {
            store.put(&place(&folder, name), "x".into()).await.unwrap();
        }
        let listed: Vec<_> = store.list(Some(&place(&folder, ""))).try_collect().await.unwrap();
        let names: Vec<_> = listed.iter().filter_map(|meta| meta.location.filename()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn what_killed_writes_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.json", "a.json#12", "b#3", "c#1", "a#x", "a#"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        remove_staged(folder.path(), "c");
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a#", "a#x", "a.json", "c#1"]);
        remove_staged(&folder.path().join("nowhere"), "c");
    }

    #[tokio::test]
    async fn a_file_in_the_way_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "x").unwrap();
        assert!(Durable::new().put(&place(&folder, "a/b"), "y".into()).await.is_err());
    }
}
