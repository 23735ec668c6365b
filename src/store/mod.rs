//! The mart on object storage: Delta tables, mart versions, the writer's lease.
