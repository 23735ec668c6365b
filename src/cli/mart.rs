//! `starmart mart`: the mart's versions.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use crate::error::Result;

use super::output::{self, Grid, Sheet, Side};
use super::{NOTHING_LOADED, Setting};

/// The mart as a whole.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  starmart mart versions     what has been published, and when")]
pub(super) enum MartCommand {
    /// The published versions, newest first.
    #[command(after_help = "Examples:
  starmart mart versions                   a table
  starmart mart versions --format json     with the rows of each table")]
    Versions {
        /// How to print them.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

/// How to print a list.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
}

impl MartCommand {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        let Self::Versions { format } = self;
        let versions = setting.open().await?.versions().await?;
        if versions.is_empty() {
            setting.terminal.note(NOTHING_LOADED);
        }
        match format {
            Format::Json => {
                let list: Vec<_> = versions
                    .iter()
                    .map(|version| {
                        let tables = version.tables.iter().map(|(name, pin)| (name.clone(), json!(pin.rows)));
                        json!({
                            "version": version.number,
                            "published": version.published.to_rfc3339(),
                            "model": version.model_hash,
                            "tables": tables.collect::<serde_json::Map<_, _>>(),
                            "false_claims": version.verdicts.iter().filter(|verdict| !verdict.holds).count(),
                        })
                    })
                    .collect();
                output::print(format!("{:#}\n", json!(list))).await?;
            }
            Format::Table if versions.is_empty() => {}
            Format::Table => {
                let mut grid = Grid::new(&[
                    ("version", Side::Right),
                    ("published (UTC)", Side::Left),
                    ("tables", Side::Right),
                    ("rows", Side::Right),
                    ("false claims", Side::Right),
                ]);
                for version in &versions {
                    let rows: u64 = version.tables.values().map(|pin| pin.rows).sum();
                    let broken = version.verdicts.iter().filter(|verdict| !verdict.holds).count();
                    grid.row(vec![
                        version.number.to_string(),
                        version.published.format("%Y-%m-%d %H:%M:%S").to_string(),
                        version.tables.len().to_string(),
                        output::grouped(rows),
                        broken.to_string(),
                    ]);
                }
                output::print(output::lay_out(&grid, Sheet::PLAIN).text).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
