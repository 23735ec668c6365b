//! The memory of one query: a quota of its own in front of the memory that all queries share.

use std::fmt;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

/// How messages of the quota begin, so that they can be told from DataFusion's own.
pub(super) const QUERY_MEMORY: &str = "the query needs more memory than";
/// How messages about the shared memory begin.
pub(super) const SHARED_MEMORY: &str = "the queries together need more memory than";

/// A pool for one query. Operators that can spill share most of the quota fairly; a part is beyond their reach
/// ([`reserve`]), since whoever has spilled must merge, merging cannot spill, and nobody gives memory back on its behalf.
/// What the quota grants is taken from the shared pool too, and either can refuse.
#[derive(Debug)]
pub(super) struct QuotaPool {
    quota: GreedyMemoryPool,
    /// What operators that can spill may take of the quota.
    spillable: FairSpillPool,
    quota_bytes: usize,
    shared: Arc<dyn MemoryPool>,
    shared_bytes: usize,
}

/// What merging may need, so that it must be enough in a small quota too.
const MERGING_BYTES: usize = 32 << 20;

/// The part of a quota that is kept for what cannot spill: a quarter, and in a small quota up to a half.
fn reserve(quota_bytes: usize) -> usize {
    MERGING_BYTES.clamp(quota_bytes / 4, quota_bytes / 2)
}

impl QuotaPool {
    /// A pool of `quota_bytes`, out of `shared`, which holds `shared_bytes`.
    pub(super) fn new(quota_bytes: usize, shared: Arc<dyn MemoryPool>, shared_bytes: usize) -> Self {
        let spillable = FairSpillPool::new(quota_bytes - reserve(quota_bytes));
        Self { quota: GreedyMemoryPool::new(quota_bytes), spillable, quota_bytes, shared, shared_bytes }
    }

    /// The pools that a consumer takes from, the first to refuse first.
    fn pools(&self, consumer: &MemoryConsumer) -> impl Iterator<Item = &dyn MemoryPool> {
        let spillable: Option<&dyn MemoryPool> = if consumer.can_spill() { Some(&self.spillable) } else { None };
        let rest: [&dyn MemoryPool; 2] = [&self.quota, self.shared.as_ref()];
        spillable.into_iter().chain(rest)
    }

    /// What an operator that cannot spill tells whoever asked.
    fn refused(&self, reservation: &MemoryReservation, additional: usize, shared: bool) -> DataFusionError {
        let (limit, bytes, key) = match shared {
            true => (SHARED_MEMORY, self.shared_bytes, "limits.memory"),
            false => (QUERY_MEMORY, self.quota_bytes, "limits.query_memory"),
        };
        DataFusionError::ResourcesExhausted(format!(
            "{limit} {} ({} asked for {} more); ask for less at once, or raise {key} in starmart.yaml",
            human_readable_size(bytes),
            reservation.consumer().name(),
            human_readable_size(additional),
        ))
    }
}

impl fmt::Display for QuotaPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "quota of {}", human_readable_size(self.quota_bytes))
    }
}

impl MemoryPool for QuotaPool {
    fn name(&self) -> &str {
        "quota"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.pools(consumer).for_each(|pool| pool.register(consumer));
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.pools(consumer).for_each(|pool| pool.unregister(consumer));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.pools(reservation.consumer()).for_each(|pool| pool.grow(reservation, additional));
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.pools(reservation.consumer()).for_each(|pool| pool.shrink(reservation, shrink));
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let pools: Vec<_> = self.pools(reservation.consumer()).collect();
        for (at, pool) in pools.iter().enumerate() {
            if pool.try_grow(reservation, additional).is_err() {
                pools[..at].iter().for_each(|granted| granted.shrink(reservation, additional));
                let last = at + 1 == pools.len();
                return Err(self.refused(reservation, additional, last));
            }
        }
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.quota.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.quota_bytes)
    }
}
