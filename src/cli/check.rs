//! `starmart check`: the model's faults, and with data damaged files, its claims and tests.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::ingest::{Progress, Silent};
use crate::mart::{CheckReport, Integrity, Mart, TestOutcome, TestResult, model_faults, model_of_files};
use crate::report::reports::Reports;
use crate::yaml::Faults;

use super::Setting;
use super::bars::Bars;
use super::output::{self, counted};
use super::terminal::Terminal;

/// Check the model; exits 1 on any fault.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  starmart check                    every fault with its line and column
  starmart check --data             also read the data files, test claims and the model's tests
  starmart check --format json      for editors and scripts")]
pub(super) struct Check {
    /// Compare the newest mart version's data files with what was written, and test its claims and the model's tests.
    #[arg(long)]
    data: bool,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How to print what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Check {
    pub(super) async fn run(&self, setting: &Setting) -> Result<ExitCode> {
        let checked = match setting.config() {
            Ok(config) => check(config, self.data, setting.terminal).await,
            Err(error) => Err(with_model(setting, error)),
        };
        let report = match checked {
            Ok(report) => report,
            Err(error) if is_fault(error.kind()) => return self.faulty(&error, setting.terminal).await,
            Err(error) => return Err(error),
        };
        match self.format {
            Format::Json => output::print(format!("{:#}\n", as_json(&report))).await?,
            Format::Text => output::print(as_text(&report)).await?,
        }
        Ok(if report.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// What was looked for is a result, and goes where results go.
    async fn faulty(&self, error: &Error, terminal: Terminal) -> Result<ExitCode> {
        let faults = faults(error);
        match self.format {
            Format::Json => output::print(format!("{:#}\n", json!({"ok": false, "faults": faults}))).await?,
            Format::Text => output::print(format!("{}\n", error.message().trim_end())).await?,
        }
        terminal.note(&counted(faults.len() as u64, "fault", "faults"));
        Ok(ExitCode::FAILURE)
    }
}

/// Whether an error tells of a fault in what is checked, and not of a check that could not be made.
fn is_fault(kind: Kind) -> bool {
    matches!(kind, Kind::Invalid | Kind::NotFound | Kind::Misconfigured)
}

/// The error of a faulty configuration with the faults of the model that it leads to all the same.
fn with_model(setting: &Setting, error: Error) -> Error {
    let Some(mut faults) = Faults::of(&error).cloned() else { return error };
    let read = Config::read(&setting.directory, setting.config.as_deref());
    if let Ok(of_model) = read.and_then(|(config, _)| model_faults(&config)) {
        faults.append(of_model);
    }
    faults.into_error()
}

async fn check(config: Config, data: bool, terminal: Terminal) -> Result<CheckReport> {
    let model = model_of_files(&config)?;
    Reports::read(&config)?.faults(&model).into_result(())?;
    let progress: Arc<dyn Progress> = if terminal.is_watched() { Arc::new(Bars::default()) } else { Arc::new(Silent) };
    Mart::open(config).await?.check(data, progress.as_ref()).await
}

/// The faults that an error lists, one a line.
fn faults(error: &Error) -> Vec<serde_json::Value> {
    match Faults::of(error) {
        Some(faults) => faults
            .iter()
            .map(|fault| json!({"file": fault.file, "line": fault.at.line, "column": fault.at.column, "message": fault.message}))
            .collect(),
        None => error.message().lines().map(|line| json!({"message": line})).collect(),
    }
}

fn as_json(report: &CheckReport) -> serde_json::Value {
    let damaged = report.damaged().map(|(file, what)| json!({"table": file.table, "path": file.path, "message": what}));
    let files = json!({
        "whole": report.count(&Integrity::Whole), "not_verifiable": report.count(&Integrity::NotVerifiable),
        "damaged": damaged.collect::<Vec<_>>(),
    });
    let claims = report.claims.iter().map(|claim| json!(claim)).collect::<Vec<_>>();
    let tests = report.tests.iter().map(|test| match test.result {
        TestResult::Skipped => json!({"name": test.name, "expected": test.expected, "skipped": test.got}),
        result => json!({
            "name": test.name, "expected": test.expected, "got": test.got, "passes": result == TestResult::Passes,
        }),
    });
    json!({
        "ok": report.passes(), "faults": [], "tables": report.tables, "cubes": report.cubes,
        "measures": report.measures, "files": files, "claims": claims, "tests": tests.collect::<Vec<_>>(),
    })
}

fn as_text(report: &CheckReport) -> String {
    let mut text = format!(
        "the model holds: {}, {}, {}\n",
        counted(report.tables as u64, "table", "tables"),
        counted(report.cubes as u64, "cube", "cubes"),
        counted(report.measures as u64, "measure", "measures"),
    );
    text.push_str(&files_as_text(report));
    for claim in &report.claims {
        let mark = if claim.holds { "ok  " } else { "FAIL" };
        let name = match &claim.claim {
            crate::mart::Claim::PrimaryKey => "primary key".to_owned(),
            crate::mart::Claim::Join { name } => format!("join {name}"),
        };
        text.push_str(&format!("{mark} {}: {name} ({})", claim.table, claim.detail));
        if claim.violations > 0 {
            text.push_str(&format!(", {}", counted(claim.violations, "key breaks it", "keys break it")));
        }
        if claim.orphans > 0 {
            text.push_str(&format!(
                ", {}",
                counted(claim.orphans, "row names an unknown member", "rows name an unknown member")
            ));
        }
        text.push('\n');
    }
    for test in &report.tests {
        let TestOutcome { name, expected, got, result } = test;
        text.push_str(&match result {
            TestResult::Passes => format!("ok   test {name}: expected {expected}, got {got}\n"),
            TestResult::Fails => format!("FAIL test {name}: expected {expected}, got {got}\n"),
            TestResult::Skipped => format!("skip test {name}: {got}\n"),
        });
    }
    text
}

fn files_as_text(report: &CheckReport) -> String {
    let count = |integrity| counted(report.count(integrity) as u64, "data file", "data files");
    let mut text = String::new();
    if report.count(&Integrity::Whole) > 0 {
        text.push_str(&format!("ok   {}: as written\n", count(&Integrity::Whole)));
    }
    if report.count(&Integrity::NotVerifiable) > 0 {
        let files = count(&Integrity::NotVerifiable);
        text.push_str(&format!("     {files}: not verifiable, loaded before digests were recorded\n"));
    }
    for (file, what) in report.damaged() {
        text.push_str(&format!(
            "FAIL {}: data file {}: {what}; restore the mart from a backup\n",
            file.table, file.path
        ));
    }
    text
}
