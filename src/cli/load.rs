//! `starmart load`: what changed in the files becomes a mart version.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::Result;
use crate::ingest::{LoadOptions, LoadReport, Outcome, Progress, Silent, TableReport};
use crate::mart::Mart;

use super::Setting;
use super::output::{Grid, grouped};
use super::terminal::Terminal;

/// Load the tables whose files or definition changed, as one new mart version.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  starmart load                   what changed\n  starmart load products          one table, and what is derived from it\n  starmart load --full --dry-run  what a load of everything would do"
)]
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
    Ok(report)
}

fn summary(report: &LoadReport, dry_run: bool) -> String {
    let mut grid = Grid::new(&["table", "", "read", "loaded", "orphan rows (keys)", "seconds"]);
    let mut broken = String::new();
    for table in &report.tables {
        let outcome = match table.outcome {
            Outcome::Loaded => "loaded",
            Outcome::WouldLoad => "would load",
            Outcome::Unchanged => "unchanged",
        };
        let orphans = table
            .orphans
            .iter()
            .map(|orphans| format!("{}: {} ({})", orphans.join, grouped(orphans.rows), grouped(orphans.keys)));
        grid.row(vec![
            table.table.clone(),
            outcome.to_owned(),
            grouped(table.read),
            grouped(table.loaded),
            orphans.collect::<Vec<_>>().join(", "),
            format!("{:.1}", table.elapsed.as_secs_f64()),
        ]);
        for claim in &table.false_claims {
            broken.push_str(&format!("\nfalse claim of {}: {claim}", table.table));
        }
    }
    let end = match report.version {
        Some(version) => format!("mart version {version}"),
        None if dry_run => "a dry run: nothing was written".to_owned(),
        None => "nothing changed".to_owned(),
    };
    format!("{grid}{end}{broken}")
}

/// A bar for each table, rows read on the way.
struct Bars {
    all: MultiProgress,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Default for Bars {
    fn default() -> Self {
        Self { all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()), bars: Mutex::default() }
    }
}

impl Bars {
    fn with(&self, table: &str, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.bars.lock().unwrap_or_else(PoisonError::into_inner).get(table) {
            act(bar);
        }
    }
}

impl Progress for Bars {
    fn begin(&self, table: &str, bytes: u64) {
        let style = ProgressStyle::with_template("{spinner} {msg:24} {human_pos:>12} rows  {elapsed}");
        let bar = self.all.add(ProgressBar::no_length());
        if let Ok(style) = style {
            bar.set_style(style);
        }
        let size = if bytes == 0 { String::new() } else { format!(" ({:.1} MB)", bytes as f64 / 1e6) };
        bar.set_message(format!("{table}{size}"));
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        self.bars.lock().unwrap_or_else(PoisonError::into_inner).insert(table.to_owned(), bar);
    }

    fn advance(&self, table: &str, rows: u64) {
        self.with(table, |bar| bar.inc(rows));
    }

    fn done(&self, report: &TableReport) {
        self.with(&report.table, ProgressBar::finish_and_clear);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // The summary says it all; bars that a failure left would stand in its way.
        let _ = self.all.clear();
    }
}
