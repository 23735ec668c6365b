//! The lease: one writer at a time. Generation g is the create-only object `_lease/{g}`; the highest generation holds,
//! and its number fences off every earlier one. The holder renews it while it works. It is free when it was given
//! back, when it has expired, or when its holder is known to be dead.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fault::{fault, is_missing};
use super::owner::Owner;
use super::version::instant;
use crate::clock;
use crate::error::{Error, Result};

/// How long a lease holds without being renewed.
const TIME_TO_LIVE: Duration = Duration::from_secs(60);
/// How often its holder renews it.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often taking the lease is tried while others take and give it back in between.
const ATTEMPTS: usize = 8;

/// Holders of this process that have let go, or never learnt that they hold: their leases are free to it at once.
pub(crate) type LetGo = Arc<Mutex<HashSet<Uuid>>>;

/// The right to write to one mart.
#[derive(Debug)]
pub(crate) struct Lease {
    place: Arc<Place>,
    record: Record,
    stop: CancellationToken,
    heartbeat: Option<JoinHandle<()>>,
    let_go: LetGo,
}

/// What is in `_lease/{generation}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    generation: u64,
    holder: Uuid,
    owner: Owner,
    #[serde(with = "instant")]
    since: DateTime<Utc>,
    #[serde(with = "instant")]
    expires: DateTime<Utc>,
    released: bool,
}

/// Where the leases lie, and when ours was last renewed.
#[derive(Debug)]
struct Place {
    objects: Arc<dyn ObjectStore>,
    name: String,
    renewed: Mutex<Instant>,
}

/// The newest lease object.
struct Found {
    generation: u64,
    /// None when it cannot be read as a lease.
    record: Option<Record>,
    modified: DateTime<Utc>,
}

impl Lease {
    /// Takes the lease of the mart `name` in `objects`, as of `now`.
    pub(crate) async fn take(
        objects: Arc<dyn ObjectStore>,
        name: &str,
        owner: &Owner,
        now: DateTime<Utc>,
        let_go: &LetGo,
    ) -> Result<Self> {
        let place = Place { objects, name: name.to_owned(), renewed: Mutex::new(clock::monotonic()) };
        for _ in 0..ATTEMPTS {
            let found = place.newest().await?;
            if let Some(found) = &found {
                found.refuse_if_held(&place.name, now, let_go)?;
            }
            let generation = found.map_or(1, |found| found.generation + 1);
            let record = Record {
                generation,
                holder: Uuid::new_v4(),
                owner: owner.clone(),
                since: now,
                expires: now + time_to_live(),
                released: false,
            };
            match place.put(&record, PutMode::Create).await {
                Ok(()) => return Self::taken(place, record, let_go).await,
                Err(object_store::Error::AlreadyExists { .. }) => (),
                Err(source) => {
                    // It may have arrived all the same.
                    held(let_go).insert(record.holder);
                    return Err(fault(format!("take the lease of mart {}", place.name), source));
                }
            }
        }
        Err(Error::unavailable(format!("others keep taking the lease of mart {}; try again", place.name)))
    }

    /// The lease just created: unless somebody overtook us while we did, clears away older ones and keeps it alive.
    async fn taken(place: Place, record: Record, let_go: &LetGo) -> Result<Self> {
        let place = Arc::new(place);
        let stop = CancellationToken::new();
        let heartbeat = tokio::spawn(keep_alive(Arc::clone(&place), record.clone(), stop.clone(), HEARTBEAT));
        let lease = Self { place, record, stop, heartbeat: Some(heartbeat), let_go: Arc::clone(let_go) };
        lease.check().await?;
        lease.place.remove_before(lease.record.generation).await;
        Ok(lease)
    }

    /// That the lease still holds: asked before every commit.
    pub(crate) async fn check(&self) -> Result<()> {
        if self.place.age() >= TIME_TO_LIVE {
            self.place.renew(&self.record).await?;
        }
        match self.place.newest().await? {
            Some(found) if found.generation == self.record.generation => Ok(()),
            found => Err(self.lost(found.and_then(|found| found.record).as_ref())),
        }
    }

    /// The error of a holder that has been overtaken, known from a conflict.
    pub(crate) fn conflict(&self, what: &str) -> Error {
        Error::unavailable(format!(
            "the lease of mart {} was lost: {what}; nothing was published: load again",
            self.place.name
        ))
    }

    fn lost(&self, taker: Option<&Record>) -> Error {
        match taker {
            Some(taker) => self.conflict(&format!("{} took it over", taker.owner)),
            None => self.conflict("somebody took it over"),
        }
    }

    /// The name of the lease's object; those of earlier generations come before it.
    pub(crate) fn name(&self) -> String {
        name(self.record.generation)
    }

    /// Gives the lease back.
    pub(crate) async fn release(mut self) {
        self.stop.cancel();
        let heartbeat = self.heartbeat.take();
        let_go_of(Arc::clone(&self.place), self.record.clone(), heartbeat).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.stop.cancel();
        held(&self.let_go).insert(self.record.holder);
        if let Some(heartbeat) = self.heartbeat.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(let_go_of(Arc::clone(&self.place), self.record.clone(), Some(heartbeat)));
        }
    }
}

impl Place {
    fn path(generation: u64) -> Path {
        Path::from_iter(["_lease", &name(generation)])
    }

    async fn put(&self, record: &Record, mode: PutMode) -> object_store::Result<()> {
        let bytes = serde_json::to_vec(record)
            .map_err(|source| object_store::Error::Generic { store: "lease", source: Box::new(source) })?;
        let asked = clock::monotonic();
        self.objects.put_opts(&Self::path(record.generation), PutPayload::from(bytes), mode.into()).await?;
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = asked;
        Ok(())
    }

    async fn renew(&self, record: &Record) -> Result<()> {
        let record = Record { expires: clock::now() + time_to_live(), ..record.clone() };
        let renewed = self.put(&record, PutMode::Overwrite).await;
        renewed.map_err(|source| fault(format!("renew the lease of mart {}", self.name), source))
    }

    /// How long ago the lease was renewed.
    fn age(&self) -> Duration {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        clock::monotonic().saturating_duration_since(renewed)
    }

    async fn generations(&self) -> object_store::Result<Vec<(u64, ObjectMeta)>> {
        let listed: Vec<ObjectMeta> = self.objects.list(Some(&Path::from("_lease"))).try_collect().await?;
        let numbered = listed.into_iter().filter_map(|meta| Some((meta.location.filename()?.parse().ok()?, meta)));
        Ok(numbered.collect())
    }

    async fn newest(&self) -> Result<Option<Found>> {
        let reading = |source| fault(format!("read the lease of mart {}", self.name), source);
        loop {
            let generations = self.generations().await.map_err(reading)?;
            let Some((generation, meta)) = generations.into_iter().max_by_key(|(generation, _)| *generation) else {
                return Ok(None);
            };
            let read = async { self.objects.get(&meta.location).await?.bytes().await };
            match read.await {
                Ok(bytes) => {
                    let record = serde_json::from_slice(&bytes).ok();
                    return Ok(Some(Found { generation, record, modified: meta.last_modified }));
                }
                // A newer one cleared it away meanwhile.
                Err(source) if is_missing(&source) => (),
                Err(source) => return Err(reading(source)),
            }
        }
    }

    /// Clears away the generations before `generation`; what stays behind does no harm.
    async fn remove_before(&self, generation: u64) {
        let Ok(generations) = self.generations().await else { return };
        for (_, meta) in generations.into_iter().filter(|(other, _)| *other < generation) {
            if let Err(source) = self.objects.delete(&meta.location).await {
                tracing::debug!(%source, lease = %meta.location, "an old lease stays behind");
            }
        }
    }
}

impl Found {
    fn refuse_if_held(&self, place: &str, now: DateTime<Utc>, let_go: &LetGo) -> Result<()> {
        let Some(record) = &self.record else {
            return match self.modified + time_to_live() <= now {
                true => Ok(()),
                false => Err(Error::unavailable(format!(
                    "the lease of mart {place} cannot be read; try again in {} seconds",
                    TIME_TO_LIVE.as_secs()
                ))),
            };
        };
        let free =
            record.released || record.expires <= now || record.owner.is_dead() || held(let_go).contains(&record.holder);
        if free {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "mart {place} is being loaded by {} since {}: wait until it is done, or stop it",
            record.owner,
            record.since.to_rfc3339_opts(SecondsFormat::Secs, true)
        )))
    }
}

/// Renews the lease until told to stop; one that failed is tried again at the next beat.
async fn keep_alive(place: Arc<Place>, record: Record, stop: CancellationToken, every: Duration) {
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        if let Err(error) = place.renew(&record).await {
            tracing::warn!(%error, "the lease was not renewed");
        }
    }
}

/// Marks the lease as given back, once its heartbeat has stopped.
async fn let_go_of(place: Arc<Place>, record: Record, heartbeat: Option<JoinHandle<()>>) {
    if let Some(heartbeat) = heartbeat
        && heartbeat.await.is_err()
    {
        tracing::debug!("the lease's heartbeat had ended before");
    }
    let record = Record { released: true, ..record };
    if let Err(source) = place.put(&record, PutMode::Overwrite).await {
        tracing::warn!(%source, "the lease was not given back; it expires by itself");
    }
}

fn name(generation: u64) -> String {
    format!("{generation:020}")
}

fn held(let_go: &LetGo) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
    let_go.lock().unwrap_or_else(PoisonError::into_inner)
}

fn time_to_live() -> TimeDelta {
    TimeDelta::seconds(TIME_TO_LIVE.as_secs().cast_signed())
}

#[cfg(test)]
mod tests;
