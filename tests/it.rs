//! All integration tests in one binary: each would link some 150 MB otherwise.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and one that is left out says so"
)]

mod check;
mod clients;
mod cli;
mod complaints;
mod docs;
mod flight;
mod health;
mod hostile;
mod info;
mod init;
mod kill;
mod large;
mod load;
mod metadata;
mod model;
mod oracle;
mod packs;
mod packs_of_sql;
mod prepared;
mod printed;
mod projects;
mod reports;
mod shell;
mod signals;
mod slow;
mod slt;
mod start;
mod stopped;
mod tidy;
mod tools;
mod values;
