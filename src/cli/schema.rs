//! `starmart schema`: JSON Schema for editors.

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Config;
use crate::error::Result;
use crate::model;
use crate::report;

use super::{Setting, output};

/// JSON Schema of the project's files, for editors.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  starmart schema config > config.schema.json
  starmart schema cubes > cubes.schema.json
  starmart schema reports > reports.schema.json")]
pub(super) enum Schema {
    /// Of starmart.yaml.
    #[command(after_help = "Example:\n  starmart schema config > config.schema.json")]
    Config,
    /// Of the files under cubes/.
    #[command(after_help = "Example:\n  starmart schema cubes > cubes.schema.json")]
    Cubes,
    /// Of the files under reports/.
    #[command(after_help = "Example:\n  starmart schema reports > reports.schema.json")]
    Reports,
}

impl Schema {
    pub(super) async fn run(&self, _setting: &Setting) -> Result<ExitCode> {
        let schema = match self {
            Self::Config => Config::shape().json_schema("starmart.yaml"),
            Self::Cubes => model::shape().json_schema("cubes of Starmart"),
            Self::Reports => report::spec::shape().json_schema("reports of Starmart"),
        };
        output::print(format!("{schema:#}\n")).await?;
        Ok(ExitCode::SUCCESS)
    }
}
