//! Times that are written as text: instants, which say of which zone they are, and wall clocks.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

/// The length of a date and a time of day in hours and minutes as text.
const MINUTES_LENGTH: usize = 16;

/// A time as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// With an offset or the name of a zone.
    Instant(DateTime<Utc>),
    /// Without.
    Clock(NaiveDateTime),
}

impl Written {
    /// Reads whatever Arrow reads as a time, and tells whether it says of which zone it is: if it does, it is the same
    /// instant wherever it is read.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        // Arrow wants seconds; a clock may do without.
        let whole = match text.split_at_checked(MINUTES_LENGTH) {
            Some((minutes, zone)) if minutes.is_ascii() && !zone.starts_with(':') => format!("{minutes}:00{zone}"),
            _ => text.to_owned(),
        };
        let here = string_to_datetime(&Utc, &whole).ok()?;
        let elsewhere = string_to_datetime(&FixedOffset::east_opt(3600)?, &whole).ok()?;
        Some(if here == elsewhere { Self::Instant(here) } else { Self::Clock(here.naive_utc()) })
    }
}
