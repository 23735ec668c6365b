//! A mart's place: opening it, its versions, its snapshots.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;

use super::delta::DeltaTable;
use super::durable::{self, Durable};
use super::fault::{fault, is_missing};
use super::lease::{Lease, LetGo};
use super::owner::Owner;
use super::publication::Publication;
use super::snapshot::{Snapshot, TableSnapshot};
use super::version::{MartVersion, Pin};
use crate::clock;
use crate::error::{Error, Result};

/// How many snapshots are kept in memory.
const SNAPSHOTS: usize = 16;
/// How many objects are read at once.
const CONCURRENT_READS: usize = 8;

/// A mart on object storage. Clones share what they have read.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    objects: Arc<dyn ObjectStore>,
    place: String,
    /// The mart's folder, if it is a local one.
    folder: Option<PathBuf>,
    /// The newest version seen; 0 before any.
    newest: AtomicU64,
    /// The last snapshots read, least recently used first.
    snapshots: Mutex<VecDeque<Arc<Snapshot>>>,
    let_go: LetGo,
}

impl Store {
    /// The mart at `url`, a local folder's path or `file:` URL; other stores are refused by name. Creates nothing: a
    /// folder that is not there is a mart without versions.
    ///
    /// # Errors
    /// Misconfigured: another store, a file in the folder's place, a path that cannot be a mart's or read.
    pub fn open(url: &str) -> Result<Self> {
        let folder = resolved(&folder(url)?).map_err(|source| fault(format!("open mart {url}"), source))?;
        if folder.exists() && !folder.is_dir() {
            return Err(Error::misconfigured(format!("mart {url} is a file; name a folder")));
        }
        let prefix = Path::from_absolute_path(&folder).map_err(|source| {
            Error::misconfigured(format!("mart {url}: {source}; name another folder")).with_source(source)
        })?;
        let objects = PrefixStore::new(Durable::new(), prefix);
        let place = folder.display().to_string();
        Ok(Self::new(Arc::new(objects), &place, Some(folder)))
    }

    /// The mart in `objects`, called `place` in messages.
    pub fn with_object_store(objects: Arc<dyn ObjectStore>, place: &str) -> Self {
        Self::new(objects, place, None)
    }

    fn new(objects: Arc<dyn ObjectStore>, place: &str, folder: Option<PathBuf>) -> Self {
        let inner = Inner {
            objects,
            place: place.to_owned(),
            folder,
            newest: AtomicU64::new(0),
            snapshots: Mutex::default(),
            let_go: LetGo::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The newest version's number; none before the first load.
    ///
    /// # Errors
    /// Unavailable: the store does not answer. Misconfigured: it may not be read.
    pub async fn latest(&self) -> Result<Option<u64>> {
        // Versions have no gaps, so looking for the next one saves the listing.
        let mut newest = self.inner.newest.load(Ordering::Relaxed);
        if newest == 0 || !self.exists(newest).await? {
            newest = self.numbers().await?.into_iter().max().unwrap_or(0);
        }
        while newest > 0 && self.exists(newest + 1).await? {
            newest += 1;
        }
        self.inner.newest.store(newest, Ordering::Relaxed);
        Ok((newest > 0).then_some(newest))
    }

    /// All versions, newest first.
    ///
    /// # Errors
    /// As [`Store::version`].
    pub async fn versions(&self) -> Result<Vec<MartVersion>> {
        let mut numbers = self.numbers().await?;
        numbers.sort_unstable_by(|one, other| other.cmp(one));
        let read = |number| self.version(number);
        let versions: Vec<_> =
            stream::iter(numbers).map(read).buffered(CONCURRENT_READS).try_collect::<Vec<_>>().await?;
        Ok(versions)
    }

    /// Version `number`.
    ///
    /// # Errors
    /// NotFound: there is none. Misconfigured: it is damaged, of a newer format, or may not be read. Unavailable: the
    /// store does not answer.
    pub async fn version(&self, number: u64) -> Result<MartVersion> {
        let path = version_path(number);
        let place = format!("{path} of mart {}", self.inner.place);
        let read = async { self.inner.objects.get(&path).await?.bytes().await };
        match read.await {
            Ok(bytes) => {
                let version = MartVersion::decode(&bytes, &place)?;
                if version.number == number {
                    return Ok(version);
                }
                let said = version.number;
                Err(Error::misconfigured(format!("{place} says that it is version {said}; restore it from a backup")))
            }
            Err(source) if is_missing(&source) => Err(self.no_version(number).await),
            Err(source) => Err(fault(format!("read {place}"), source)),
        }
    }

    async fn no_version(&self, number: u64) -> Error {
        let there = match self.latest().await {
            Ok(Some(newest)) => format!("the newest is {newest}"),
            Ok(None) => "nothing is loaded yet: run starmart load".into(),
            Err(error) => return error,
        };
        Error::not_found(format!("the mart has no version {number}; {there}"))
    }

    /// Version `number` with the files of its tables.
    ///
    /// # Errors
    /// As [`Store::version`]; also Misconfigured where a table's log is damaged or tells other rows than were published.
    pub async fn snapshot(&self, number: u64) -> Result<Arc<Snapshot>> {
        if let Some(known) = self.known(number) {
            return Ok(known);
        }
        let version = self.version(number).await?;
        let read =
            |(name, pin): (String, Pin)| async move { Ok::<_, Error>((name.clone(), self.table(&name, &pin).await?)) };
        let tables = stream::iter(version.tables.clone()).map(read).buffered(CONCURRENT_READS).try_collect().await?;
        let snapshot = Arc::new(Snapshot { version, tables, object_store: self.object_store() });
        let mut snapshots = self.inner.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        if snapshots.len() >= SNAPSHOTS {
            snapshots.pop_front();
        }
        snapshots.push_back(Arc::clone(&snapshot));
        Ok(snapshot)
    }

    fn known(&self, number: u64) -> Option<Arc<Snapshot>> {
        let mut snapshots = self.inner.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let at = snapshots.iter().position(|snapshot| snapshot.version.number == number)?;
        let snapshot = snapshots.remove(at)?;
        snapshots.push_back(Arc::clone(&snapshot));
        Some(snapshot)
    }

    /// The table as pinned, shared with a snapshot that has it.
    async fn table(&self, name: &str, pin: &Pin) -> Result<Arc<TableSnapshot>> {
        let known = {
            let snapshots = self.inner.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
            let tables = snapshots.iter().filter(|snapshot| snapshot.version.tables.get(name) == Some(pin));
            tables.filter_map(|snapshot| snapshot.tables.get(name)).next().map(Arc::clone)
        };
        match known {
            Some(table) => Ok(table),
            None => {
                let table = DeltaTable::new(&self.inner.objects, name)?.at(pin.delta_version).await?.table;
                self.check_rows(&table, pin)?;
                Ok(Arc::new(table))
            }
        }
    }

    /// That a table holds as many rows as were published.
    pub(crate) fn check_rows(&self, table: &TableSnapshot, pin: &Pin) -> Result<()> {
        match table.rows() {
            rows if rows == pin.rows => Ok(()),
            rows => Err(Error::misconfigured(format!(
                "mart {} is damaged: table '{}' holds {rows} rows at Delta version {}, and {} were published; restore it \
                 from a backup",
                self.inner.place, table.name, pin.delta_version, pin.rows
            ))),
        }
    }

    /// Where the files of all snapshots lie.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.inner.objects)
    }

    /// The mart's name in messages: its folder.
    pub fn place(&self) -> &str {
        &self.inner.place
    }

    /// Takes the lease for `owner`. A load that finds nothing to do should not come here: find that out from
    /// [`Store::latest`] first, and look at [`Publication::base`] again after.
    ///
    /// # Errors
    /// Unavailable: somebody else alive holds the lease, or the store does not answer. Exhausted, Misconfigured: the mart
    /// cannot be written.
    pub async fn begin(&self, owner: &Owner) -> Result<Publication> {
        self.begin_at(owner, clock::now()).await
    }

    /// [`Store::begin`] as of `now`.
    pub(crate) async fn begin_at(&self, owner: &Owner, now: DateTime<Utc>) -> Result<Publication> {
        let objects = self.object_store();
        let lease = Lease::take(objects, &self.inner.place, owner, now, &self.inner.let_go).await?;
        self.remove_staged(&Path::from("_lease"), &lease.name());
        match self.newest().await {
            Ok(base) => Ok(Publication::new(self.clone(), lease, base)),
            Err(error) => {
                lease.release().await;
                Err(error)
            }
        }
    }

    /// Removes what killed writes left in a folder of the mart, of files whose names come before `end`. Only for whoever
    /// holds the lease.
    pub(crate) fn remove_staged(&self, folder: &Path, end: &str) {
        if let Some(mart) = &self.inner.folder {
            durable::remove_staged(&folder.parts().fold(mart.clone(), |path, part| path.join(part.as_ref())), end);
        }
    }

    async fn newest(&self) -> Result<Option<MartVersion>> {
        match self.latest().await? {
            Some(newest) => self.version(newest).await.map(Some),
            None => Ok(None),
        }
    }

    async fn numbers(&self) -> Result<Vec<u64>> {
        let listed: Result<Vec<_>, _> = self.inner.objects.list(Some(&Path::from("_versions"))).try_collect().await;
        let listed =
            listed.map_err(|source| fault(format!("list the versions of mart {}", self.inner.place), source))?;
        let number = |meta: object_store::ObjectMeta| {
            let number = meta.location.filename()?.strip_suffix(".json")?.parse().ok()?;
            (meta.location == version_path(number)).then_some(number)
        };
        Ok(listed.into_iter().filter_map(number).collect())
    }

    async fn exists(&self, number: u64) -> Result<bool> {
        match self.inner.objects.head(&version_path(number)).await {
            Ok(_) => Ok(true),
            Err(source) if is_missing(&source) => Ok(false),
            Err(source) => Err(fault(format!("look for version {number} of mart {}", self.inner.place), source)),
        }
    }
}

/// Where version `number` lies.
pub(crate) fn version_path(number: u64) -> Path {
    Path::from(format!("_versions/{number:020}.json"))
}

/// The folder that `url` names.
fn folder(url: &str) -> Result<PathBuf> {
    if !url.contains("://") && !url.starts_with("file:") {
        return Ok(PathBuf::from(url));
    }
    let refused = |why: &str| Error::misconfigured(format!("mart '{url}' {why}; name a local folder"));
    let parsed = Url::parse(url).map_err(|source| refused("is not a URL").with_source(source))?;
    match parsed.scheme() {
        "file" => parsed.to_file_path().map_err(|()| refused("is not a folder of this host")),
        scheme => Err(refused(&format!("lies in a store that does not work yet ({scheme})"))),
    }
}

/// `path` without links and dots, as far as it exists.
fn resolved(path: &FilePath) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    match (fs::canonicalize(&path), path.parent(), path.file_name()) {
        (Err(fault), Some(parent), Some(name)) if fault.kind() == io::ErrorKind::NotFound => {
            Ok(resolved(parent)?.join(name))
        }
        (found, _, _) => found,
    }
}

#[cfg(test)]
mod tests;
