//! The only caller of `now()`: everything else is handed its time.

use std::time::Instant;

use chrono::{DateTime, Utc};

/// The wall clock, in UTC.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A clock that never goes back, for deadlines and durations.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}
