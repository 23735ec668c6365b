//! All integration tests in one binary: each would link some 150 MB otherwise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli;
mod flight;
mod kill;
mod projects;
mod slt;
mod tidy;
