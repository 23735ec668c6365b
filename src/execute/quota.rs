//! The memory of one query: a quota of its own in front of the memory that all queries share.

use std::fmt;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

/// How messages of the quota begin, so that they can be told from DataFusion's own.
pub(super) const QUERY_MEMORY: &str = "the query needs more memory than";
/// How messages about the shared memory begin.
pub(super) const SHARED_MEMORY: &str = "the queries together need more memory than";

/// A pool for one query. Operators that can spill share the quota fairly; what it grants is taken from the
/// shared pool too, and either can refuse.
#[derive(Debug)]
pub(super) struct QuotaPool {
    quota: FairSpillPool,
    quota_bytes: usize,
    shared: Arc<dyn MemoryPool>,
    shared_bytes: usize,
}

impl QuotaPool {
    /// A pool of `quota_bytes`, out of `shared`, which holds `shared_bytes`.
    pub(super) fn new(quota_bytes: usize, shared: Arc<dyn MemoryPool>, shared_bytes: usize) -> Self {
        Self { quota: FairSpillPool::new(quota_bytes), quota_bytes, shared, shared_bytes }
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
        self.quota.register(consumer);
        self.shared.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.quota.unregister(consumer);
        self.shared.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.quota.grow(reservation, additional);
        self.shared.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.quota.shrink(reservation, shrink);
        self.shared.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let refused = |limit: &str, bytes: usize, key: &str| {
            DataFusionError::ResourcesExhausted(format!(
                "{limit} {} ({} asked for {} more); ask for less at once, or raise {key} in starmart.yaml",
                human_readable_size(bytes),
                reservation.consumer().name(),
                human_readable_size(additional),
            ))
        };
        if self.quota.try_grow(reservation, additional).is_err() {
            return Err(refused(QUERY_MEMORY, self.quota_bytes, "limits.query_memory"));
        }
        if self.shared.try_grow(reservation, additional).is_err() {
            self.quota.shrink(reservation, additional);
            return Err(refused(SHARED_MEMORY, self.shared_bytes, "limits.memory"));
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
