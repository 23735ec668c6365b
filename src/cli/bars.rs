//! How far a load has come, for whoever looks: a line for each table, then one for the claims. Checks of data files have
//! a line too.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{DecimalBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ingest::{Progress, TableReport};

use super::output::counted;

/// A table whose rows are read: of so many, where that is known.
const KNOWN: &str = "{spinner} {prefix:20} {msg} {percent:>3}%  {human_pos} of {human_len} rows  {elapsed}";
const UNKNOWN: &str = "{spinner} {prefix:20} {msg}  {human_pos} rows  {elapsed}";
/// Where no share can be told.
const PHASE: &str = "{spinner} {prefix:20} {msg}  {elapsed}";
/// Bytes of so many.
const BYTES: &str = "{spinner} {prefix:20} {percent:>3}%  {bytes} of {total_bytes}  {elapsed}";
const DONE: &str = "  {prefix:20} {msg}";

/// A line for each table.
pub(super) struct Bars {
    all: MultiProgress,
    lines: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Default for Bars {
    fn default() -> Self {
        Self { all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()), lines: Mutex::default() }
    }
}

impl Bars {
    /// A new line under the others.
    fn add(&self, key: &str, name: &str, message: String, bar: ProgressBar, template: &str) {
        style(&bar, template);
        let bar = self.all.add(bar.with_prefix(name.to_owned()).with_message(message));
        bar.enable_steady_tick(Duration::from_millis(100));
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), bar);
    }

    /// Tables are loaded one after another: a line that still turns when the next begins has failed.
    fn stop(&self) {
        for line in self.lines.lock().unwrap_or_else(PoisonError::into_inner).values() {
            if !line.is_finished() {
                style(line, DONE);
                line.abandon_with_message("stopped");
            }
        }
    }

    fn line(&self, key: &str) -> Option<ProgressBar> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

impl Progress for Bars {
    fn begin(&self, table: &str, bytes: u64, rows: Option<u64>) {
        self.stop();
        let (bar, template) = match rows {
            Some(rows) => (ProgressBar::new(rows), KNOWN),
            None => (ProgressBar::no_length(), UNKNOWN),
        };
        let what = if bytes == 0 { "computing".to_owned() } else { format!("reading {}", DecimalBytes(bytes)) };
        self.add(table, table, what, bar, template);
    }

    fn advance(&self, table: &str, rows: u64) {
        if let Some(bar) = self.line(table) {
            bar.inc(rows);
        }
    }

    fn write(&self, table: &str) {
        if let Some(bar) = self.line(table) {
            style(&bar, PHASE);
            bar.set_message(format!("sorting and writing {}", counted(bar.position(), "row", "rows")));
        }
    }

    fn done(&self, report: &TableReport) {
        if let Some(bar) = self.line(&report.table) {
            style(&bar, DONE);
            let rows = counted(report.read, "row", "rows");
            bar.finish_with_message(format!("{rows} in {:.1} s", report.elapsed.as_secs_f64()));
        }
    }

    fn test(&self, table: &str) {
        // No table is called so.
        const CLAIMS: &str = "";
        let message = format!("of {table}");
        match self.line(CLAIMS) {
            Some(bar) => bar.set_message(message),
            None => self.add(CLAIMS, "testing claims", message, ProgressBar::no_length(), PHASE),
        }
    }

    fn verify(&self, bytes: u64, of: u64) {
        // No table is called so either.
        const FILES: &str = " ";
        if self.line(FILES).is_none() {
            self.add(FILES, "reading data files", String::new(), ProgressBar::new(of), BYTES);
        }
        if let Some(bar) = self.line(FILES) {
            bar.set_position(bytes);
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // The summary says it all; bars that a failure left would stand in its way.
        let _ = self.all.clear();
    }
}
