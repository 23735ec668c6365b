//! The lease: who writes to the mart.

/// A process that may hold the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
}

impl Owner {
    /// This process.
    pub fn this_process() -> Self {
        Self { host: String::new(), pid: std::process::id() }
    }
}
