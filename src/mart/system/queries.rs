//! `system.queries`: what has been asked of this process.

use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::mart::log::{Entry, State};
use crate::plan::catalogue::Schema;

use super::Table;
use super::cells::{Cell, Kind};

pub(super) const QUERIES: Table = Table {
    schema: Schema::System,
    name: "queries",
    about: "What this server is running, and the last statements that it ran or refused; a restart forgets them.",
    columns: &[
        ("query_id", Kind::Text, "Names it in the log."),
        ("started_at", Kind::Instant, "When it was asked."),
        ("principal", Kind::Text, "Who asked."),
        ("state", Kind::Text, "queued, running, done, failed, or stopped: cancelled, or its reader went away."),
        ("mart_version", Kind::Number, "The version that it reads; NULL where it was refused before that was settled."),
        ("planning_ms", Kind::Quantity, "How long planning took."),
        ("first_batch_ms", Kind::Quantity, "How long after planning its first rows came."),
        ("elapsed_ms", Kind::Quantity, "How long it has taken in all, the reader's time included."),
        ("rows", Kind::Number, "How many rows have been read."),
        ("error", Kind::Text, "Why it failed."),
        ("sql", Kind::Text, "The statement, its first 4,000 characters."),
    ],
    rows: |facts| facts.queries.iter().map(row).collect(),
};

fn row(entry: &Arc<Entry>) -> Vec<Cell> {
    let progress = entry.progress();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let elapsed = progress.elapsed.unwrap_or_else(|| clock::monotonic().saturating_duration_since(entry.begun));
    let state = match progress.state {
        State::Queued => "queued",
        State::Running => "running",
        State::Done => "done",
        State::Failed => "failed",
        State::Stopped => "stopped",
    };
    vec![
        Cell::of(entry.id.to_string()),
        Cell::Instant(Some(entry.started)),
        Cell::of(&entry.principal),
        Cell::of(state),
        Cell::Number(entry.mart_version.and_then(|version| i64::try_from(version).ok())),
        Cell::Quantity(Some(ms(entry.planning))),
        Cell::Quantity(progress.first_batch.map(ms)),
        Cell::Quantity(Some(ms(elapsed))),
        Cell::count(progress.rows),
        Cell::text(progress.error),
        Cell::of(&entry.sql),
    ]
}
