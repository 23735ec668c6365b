//! The connections that are open: which have greeted, which are busy, and which gives way to one more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::Allowance;

/// The connections that are open.
#[derive(Debug, Default)]
pub(super) struct Guests {
    /// By their numbers, so that the oldest comes first.
    open: Mutex<BTreeMap<u64, Guest>>,
    /// Counts connections, and when each was last used.
    clock: AtomicU64,
    /// How often any of them has sent or received something.
    moved: AtomicU64,
}

#[derive(Debug)]
struct Guest {
    greeted: bool,
    /// How much is being done for it.
    busy: usize,
    /// When something was last done for it.
    used: u64,
    cut: CancellationToken,
}

impl Guests {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Guest>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes room for one more, if there can be any.
    pub(super) fn enter(&self, allowance: &Allowance, cut: CancellationToken) -> Option<u64> {
        let mut open = self.open();
        if open.len() >= allowance.connections {
            let silent = open.iter().find(|(_, guest)| !guest.greeted);
            let idle = || open.iter().filter(|(_, guest)| guest.busy == 0).min_by_key(|(_, guest)| guest.used);
            let gives_way = silent.or_else(|| idle().filter(|_| allowance.idle_give_way)).map(|(number, _)| *number)?;
            if let Some(guest) = open.remove(&gives_way) {
                guest.cut.cancel();
            }
        }
        let number = self.tick();
        open.insert(number, Guest { greeted: false, busy: 0, used: number, cut });
        Some(number)
    }

    pub(super) fn greeted(&self, number: u64) {
        if let Some(guest) = self.open().get_mut(&number) {
            guest.greeted = true;
        }
    }

    pub(super) fn leave(&self, number: u64) {
        self.open().remove(&number);
    }

    /// Cuts those that have not greeted.
    pub(super) fn cut_silent(&self) {
        self.open().values().filter(|guest| !guest.greeted).for_each(|guest| guest.cut.cancel());
    }

    /// Notes that something has been sent or received.
    pub(super) fn moves(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something has.
    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }
}

/// A connection as those know it who do something for its client.
#[derive(Debug, Clone)]
pub(crate) struct Presence {
    guests: Arc<Guests>,
    number: u64,
}

impl Presence {
    pub(super) fn new(guests: &Arc<Guests>, number: u64) -> Self {
        Self { guests: Arc::clone(guests), number }
    }

    /// Something is done for its client until this is dropped.
    pub(crate) fn busy(&self) -> Busy {
        if let Some(guest) = self.guests.open().get_mut(&self.number) {
            guest.busy += 1;
        }
        Busy(self.clone())
    }
}

/// What is being done for a client.
#[derive(Debug)]
pub(crate) struct Busy(Presence);

impl Drop for Busy {
    fn drop(&mut self) {
        let Presence { guests, number } = &self.0;
        let used = guests.tick();
        if let Some(guest) = guests.open().get_mut(number) {
            guest.busy = guest.busy.saturating_sub(1);
            guest.used = used;
        }
    }
}
