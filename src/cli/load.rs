//! `starmart load`: what changed in the files becomes a mart version.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::error::Result;
use crate::ingest::{LoadOptions, LoadReport, Outcome, Progress, Silent, TableReport};
use crate::mart::Mart;

use super::Setting;
use super::bars::Bars;
use super::output::{Grid, Sheet, Side, counted, grouped, lay_out};
use super::terminal::Terminal;

/// Load the tables whose files or definition changed, as one new mart version.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  starmart load                      what changed
  starmart load products             one table, and what is derived from it
  starmart load --full --dry-run     what a load of everything would do")]
pub(super) struct Load {
    /// These tables and those derived from them; all without.
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Load them even if nothing changed; tables that append start anew.
    #[arg(long)]
    full: bool,
    /// Only say what would be loaded.
    #[arg(long)]
    dry_run: bool,
}

impl Load {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        super::small_pages();
        let mart = setting.open().await?;
        let options = LoadOptions { tables: self.tables, full: self.full, dry_run: self.dry_run };
        load(&mart, &options, setting.terminal).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Loads with progress and a summary.
pub(super) async fn load(mart: &Arc<Mart>, options: &LoadOptions, terminal: Terminal) -> Result<LoadReport> {
    let progress: Arc<dyn Progress> = if terminal.is_watched() { Arc::new(Bars::default()) } else { Arc::new(Silent) };
    let report = mart.load(options, progress).await?;
    terminal.note(&summary(&report, options.dry_run));
    if !report.removed.is_empty() {
        terminal.warn(&removal(&report.removed, options.dry_run));
    }
    for table in &report.tables {
        for claim in &table.false_claims {
            terminal.warn(&format!("false claim of {}: {claim}", table.table));
        }
    }
    Ok(report)
}

/// That tables are published no longer, which must not be missed.
fn removal(names: &[String], dry_run: bool) -> String {
    let tables = if names.len() == 1 { "table" } else { "tables" };
    let done = match (dry_run, names.len()) {
        (true, _) => "would be taken out of the mart",
        (false, 1) => "was taken out of the mart",
        (false, _) => "were taken out of the mart",
    };
    let earlier = "earlier mart versions keep what they have";
    format!("{tables} '{}' {done}: the model has no such {tables} any more; {earlier}", names.join("', '"))
}

/// What was done with every table.
fn summary(report: &LoadReport, dry_run: bool) -> String {
    let mut grid = Grid::new(&[
        ("table", Side::Left),
        ("", Side::Left),
        ("read", Side::Right),
        ("rows", Side::Right),
        ("orphan rows (keys)", Side::Left),
        ("seconds", Side::Right),
    ]);
    for table in &report.tables {
        let (outcome, loaded) = match table.outcome {
            Outcome::Loaded => ("loaded", true),
            Outcome::WouldLoad => ("would load", false),
            Outcome::Unchanged => ("unchanged", false),
            Outcome::NotLoaded => ("not loaded", false),
        };
        let orphans = table
            .orphans
            .iter()
            .map(|orphans| format!("{}: {} ({})", orphans.join, grouped(orphans.rows), grouped(orphans.keys)));
        let held = loaded || table.loaded > 0;
        grid.row(vec![
            table.table.clone(),
            outcome.to_owned(),
            if loaded { grouped(table.read) } else { String::new() },
            if held { grouped(table.loaded) } else { String::new() },
            orphans.collect::<Vec<_>>().join(", "),
            if loaded { format!("{:.1}", table.elapsed.as_secs_f64()) } else { String::new() },
        ]);
    }
    for name in &report.removed {
        let outcome = if dry_run { "would be removed" } else { "removed" };
        let mut row = vec![name.clone(), outcome.to_owned()];
        row.resize(6, String::new());
        grid.row(row);
    }
    grid.drop_empty();
    let is_load = |table: &&TableReport| matches!(table.outcome, Outcome::Loaded | Outcome::WouldLoad);
    let (loads, removed) = (report.tables.iter().filter(is_load).count(), report.removed.len());
    let tables = counted(loads as u64, "table", "tables");
    let and_removed = if removed > 0 { format!(", {removed} removed") } else { String::new() };
    let end = match report.version {
        Some(version) => format!("mart version {version}: {tables} loaded{and_removed}"),
        None if dry_run && loads + removed > 0 => {
            format!("a dry run: {tables} would be loaded{and_removed}, nothing was written")
        }
        None => "nothing changed".to_owned(),
    };
    format!("{}{end}", lay_out(&grid, Sheet::PLAIN).text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ingest::Orphans;

    fn table(name: &str, outcome: Outcome, read: u64, loaded: u64) -> TableReport {
        TableReport {
            table: name.to_owned(),
            outcome,
            read,
            loaded,
            orphans: Vec::new(),
            false_claims: Vec::new(),
            elapsed: Duration::from_millis(1234),
        }
    }

    #[test]
    fn a_summary_says_what_was_done() {
        let mut lines = table("lines", Outcome::Loaded, 1200, 2400);
        lines.orphans.push(Orphans { join: "stores".to_owned(), keys: 1, rows: 7 });
        let tables = vec![lines, table("stores", Outcome::Unchanged, 0, 3)];
        assert_eq!(
            summary(&LoadReport { version: Some(2), tables, removed: Vec::new() }, false),
            "table               read   rows  orphan rows (keys)  seconds
──────  ─────────  ─────  ─────  ──────────────────  ───────
lines   loaded     1,200  2,400  stores: 7 (1)           1.2
stores  unchanged             3
mart version 2: 1 table loaded"
        );
    }

    #[test]
    fn a_dry_run_has_read_nothing() {
        let tables = vec![table("lines", Outcome::WouldLoad, 0, 0), table("stores", Outcome::WouldLoad, 0, 0)];
        assert_eq!(
            summary(&LoadReport { version: None, tables, removed: Vec::new() }, true),
            "table
──────  ──────────
lines   would load
stores  would load
a dry run: 2 tables would be loaded, nothing was written"
        );
    }

    #[test]
    fn what_goes_and_what_never_came_are_told_apart() {
        let tables = vec![table("lines", Outcome::Unchanged, 0, 7), table("stores", Outcome::NotLoaded, 0, 0)];
        let report = LoadReport { version: Some(2), tables, removed: vec!["promotions".to_owned()] };
        assert_eq!(
            summary(&report, false),
            "table                   rows
──────────  ──────────  ────
lines       unchanged      7
stores      not loaded
promotions  removed
mart version 2: 0 tables loaded, 1 removed"
        );
        assert_eq!(
            removal(&report.removed, false),
            "table 'promotions' was taken out of the mart: the model has no such table any more; earlier mart versions \
             keep what they have"
        );
    }
}
