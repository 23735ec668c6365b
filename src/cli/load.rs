//! `starmart load`: what changed in the files becomes a mart version.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::error::Result;
use crate::ingest::{LoadOptions, LoadReport, Outcome, Progress, Silent};
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
    for table in &report.tables {
        for claim in &table.false_claims {
            terminal.warn(&format!("false claim of {}: {claim}", table.table));
        }
    }
    Ok(report)
}

/// What was done, and nothing about what was not.
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
    grid.drop_empty();
    let loads = report.tables.iter().filter(|table| table.outcome != Outcome::Unchanged).count();
    let tables = counted(loads as u64, "table", "tables");
    let end = match report.version {
        Some(version) => format!("mart version {version}: {tables} loaded"),
        None if dry_run && loads > 0 => format!("a dry run: {tables} would be loaded, nothing was written"),
        None => "nothing changed".to_owned(),
    };
    format!("{}{end}", lay_out(&grid, Sheet::PLAIN).text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ingest::{Orphans, TableReport};

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
            summary(&LoadReport { version: Some(2), tables }, false),
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
            summary(&LoadReport { version: None, tables }, true),
            "table
──────  ──────────
lines   would load
stores  would load
a dry run: 2 tables would be loaded, nothing was written"
        );
    }
}
