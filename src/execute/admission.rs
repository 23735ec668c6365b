//! Who may run now: so many queries at once, so many more waiting, and the rest is told to come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};
use crate::query::Stop;

/// The right to run one query; it is given back when dropped.
#[derive(Debug)]
pub struct Permit {
    _slot: OwnedSemaphorePermit,
}

/// The door: a fixed number of slots and a bounded queue before them.
#[derive(Debug)]
pub(super) struct Admission {
    slots: Arc<Semaphore>,
    running: usize,
    queued: usize,
    waiting: AtomicUsize,
}

/// A place in the queue; it is left when dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Admission {
    /// A door for `running` queries at once and `queued` more that wait.
    pub(super) fn new(running: usize, queued: usize) -> Self {
        let running = running.max(1);
        Self { slots: Arc::new(Semaphore::new(running)), running, queued, waiting: AtomicUsize::new(0) }
    }

    /// Waits for a slot, no longer than until `stop`.
    pub(super) async fn admit(&self, stop: &Stop) -> Result<Permit> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok(Permit { _slot: slot });
        }
        let taken = self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, |waiting| {
            (waiting < self.queued).then_some(waiting + 1)
        });
        if taken.is_err() {
            let message = format!(
                "the queue is full: {} queries run and {} wait; try again later, or raise limits.running or \
                 limits.queued in starmart.yaml",
                self.running, self.queued
            );
            return Err(Error::unavailable(message));
        }
        let _place = Place(&self.waiting);
        tokio::select! {
            biased;
            error = stop.wait() => Err(error),
            slot = Arc::clone(&self.slots).acquire_owned() => match slot {
                Ok(slot) => Ok(Permit { _slot: slot }),
                Err(_) => Err(Error::unavailable("the engine is shutting down")),
            },
        }
    }
}
