//! Starmart, an OLAP data mart and reporting server. The modules stand in pipeline order, and a module
//! imports only what stands above it; `tests/tidy.rs` reads the imports and enforces this.

pub mod error;
pub mod clock;
pub mod yaml;
pub mod config;
pub mod sql;
pub mod model;
pub mod query;
pub mod store;
pub mod plan;
pub mod execute;
pub mod ingest;
pub mod mart;
pub(crate) mod listen;
pub mod flight;
pub mod http;
pub mod report;
pub mod cli;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
