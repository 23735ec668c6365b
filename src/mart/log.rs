//! What has been asked of this process: the statements that run, and the last of those that are over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::clock;
use crate::error::{Error, Kind};
use crate::execute::Watch;

/// How many statements are remembered. Those that run are few: admission bounds them.
const ENTRIES: usize = 1_000;
/// How many characters of a statement are, or of an error.
const CHARACTERS: usize = 4_000;

/// The statements, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Mutex<VecDeque<Arc<Entry>>>,
}

/// A statement.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) principal: String,
    pub(super) sql: String,
    pub(super) mart_version: Option<u64>,
    /// When it was asked, by the wall clock and by one that never goes back.
    pub(super) started: DateTime<Utc>,
    pub(super) begun: Instant,
    pub(super) planning: Duration,
    progress: Mutex<Progress>,
}

/// How far a statement has come.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) state: State,
    /// From the end of planning.
    pub(super) first_batch: Option<Duration>,
    /// From when it was asked, once it is over.
    pub(super) elapsed: Option<Duration>,
    pub(super) rows: usize,
    pub(super) error: Option<String>,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Queued,
    Running,
    Done,
    Failed,
    Stopped,
}

/// When a statement was asked, by whom, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    principal: String,
    sql: String,
    started: DateTime<Utc>,
    begun: Instant,
}

impl Begun {
    /// A statement asked now.
    pub(super) fn now(principal: &str, sql: &str) -> Self {
        Self { principal: principal.to_owned(), sql: cut(sql), started: clock::now(), begun: clock::monotonic() }
    }
}

impl Log {
    /// The statements, the newest first.
    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().map(Arc::clone).collect()
    }

    /// Notes that a statement has been planned and waits to run.
    pub(super) fn planned(&self, begun: Begun, id: Uuid, mart_version: u64) -> Running {
        let entry = self.note(begun, id, Some(mart_version), State::Queued, None);
        Running(entry)
    }

    /// Notes that a statement was refused, or could not be planned.
    pub(super) fn refused(&self, begun: Begun, error: &Error) {
        let state = if error.kind() == Kind::Cancelled { State::Stopped } else { State::Failed };
        self.note(begun, Uuid::new_v4(), None, state, Some(cut(&error.to_string())));
    }

    fn note(&self, begun: Begun, id: Uuid, version: Option<u64>, state: State, error: Option<String>) -> Arc<Entry> {
        let planning = clock::monotonic().saturating_duration_since(begun.begun);
        let elapsed = (state != State::Queued).then_some(planning);
        let entry = Arc::new(Entry {
            id,
            principal: begun.principal,
            sql: begun.sql,
            mart_version: version,
            started: begun.started,
            begun: begun.begun,
            planning,
            progress: Mutex::new(Progress { state, first_batch: None, elapsed, rows: 0, error }),
        });
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        while entries.len() >= ENTRIES {
            // What runs stays: one that is over goes first.
            let over = entries.iter().position(|entry| entry.progress().elapsed.is_some()).unwrap_or_default();
            entries.remove(over);
        }
        entries.push_back(Arc::clone(&entry));
        entry
    }
}

impl Entry {
    /// How far it has come.
    pub(super) fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn end(&self, state: State, error: Option<String>) {
        let elapsed = clock::monotonic().saturating_duration_since(self.begun);
        self.change(|progress| {
            if progress.elapsed.is_none() {
                *progress = Progress { state, elapsed: Some(elapsed), error, ..progress.clone() };
            }
        });
    }
}

/// A statement on its way: whoever drops it before it is over has stopped it.
pub(super) struct Running(Arc<Entry>);

impl Running {
    /// Notes that it was admitted.
    pub(super) fn admitted(&self) {
        self.0.change(|progress| progress.state = State::Running);
    }
}

impl Watch for Running {
    fn batch(&mut self, rows: usize) {
        let since = clock::monotonic().saturating_duration_since(self.0.begun).saturating_sub(self.0.planning);
        self.0.change(|progress| {
            progress.first_batch.get_or_insert(since);
            progress.rows += rows;
        });
    }

    fn over(&mut self, error: Option<&Error>) {
        match error {
            None => self.0.end(State::Done, None),
            Some(error) if error.kind() == Kind::Cancelled => self.0.end(State::Stopped, None),
            Some(error) => self.0.end(State::Failed, Some(cut(&error.to_string()))),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.end(State::Stopped, None);
    }
}

/// The beginning of a text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_kept_and_what_is_over_makes_way() {
        let log = Log::default();
        let first = log.planned(Begun::now("local", "SELECT '長'"), Uuid::new_v4(), 3);
        first.admitted();
        for _ in 0..ENTRIES + 10 {
            drop(log.planned(Begun::now("local", &"x".repeat(CHARACTERS + 1)), Uuid::new_v4(), 3));
        }
        let entries = log.entries();
        assert_eq!(entries.len(), ENTRIES);
        let oldest = entries.last().unwrap();
        assert_eq!((oldest.sql.as_str(), oldest.progress().state), ("SELECT '長'", State::Running));
        assert_eq!(entries[0].sql.chars().count(), CHARACTERS + 1);
        assert_eq!(entries[0].progress().state, State::Stopped);
    }

    #[test]
    fn the_end_is_told_once() {
        let log = Log::default();
        let mut running = log.planned(Begun::now("local", "SELECT 1"), Uuid::new_v4(), 1);
        running.batch(2);
        running.batch(3);
        running.over(Some(&Error::exhausted("too large")));
        drop(running);
        log.refused(Begun::now("local", "SELEC"), &Error::invalid("no"));
        let [refused, failed] = log.entries().try_into().unwrap();
        let progress = failed.progress();
        assert_eq!((progress.state, progress.rows, progress.error.as_deref()), (State::Failed, 5, Some("too large")));
        assert!(progress.first_batch.is_some() && progress.elapsed.is_some());
        assert_eq!((refused.progress().state, refused.mart_version), (State::Failed, None));
    }
}
