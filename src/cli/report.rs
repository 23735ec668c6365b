//! `starmart report`: packs of pages.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::error::{Error, Kind, Result};
use crate::mart::Mart;
use crate::model::LOCALES;
use crate::query::{Principal, Settings};
use crate::report::page;
use crate::report::reports::Reports;
use crate::report::run::{self, Order};
use crate::report::verify::{Difference, Verified, verify};
use crate::yaml::Faults;

use super::Setting;
use super::files::put_all;
use super::output::{self, Grid, Sheet, Side, counted, lay_out};

/// Packs of pages: PDF and PNG in each of their languages.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  starmart report list
  starmart report run executive
  starmart report verify out/executive-2017-W47-en.pdf")]
pub(super) enum ReportCommand {
    /// The project's reports, and what is wrong with them.
    #[command(after_help = "Examples:
  starmart report list                     a table
  starmart report list --format json       for scripts")]
    List {
        /// How to print them.
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    Run(Run),
    /// Ask the questions that a PDF carries again, at the mart version that it was made of; exits 1 if an answer differs.
    #[command(after_help = "Example:\n  starmart report verify out/executive-2017-W47-en.pdf")]
    Verify {
        /// The PDF.
        #[arg(value_name = "FILE.pdf")]
        file: PathBuf,
    },
}

/// Make a report's files.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  starmart report run executive                             out/executive-2017-W52-en.pdf, one for each language
  starmart report run executive --as-of 2017-11-26          as it was on that day
  starmart report run executive --locale zh-TW --format pdf,png,csv --out packs")]
pub(super) struct Run {
    /// The report.
    #[arg(value_name = "NAME")]
    name: String,
    /// The last day whose facts count, instead of what the report says.
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// The language, instead of all that the report comes in.
    #[arg(long, value_name = "LOCALE", value_parser = clap::builder::PossibleValuesParser::new(LOCALES))]
    locale: Option<String>,
    /// What to make: pdf; png, one for each page and tile; svg, one for each chart; csv, one for each tile's answers.
    #[arg(long, value_name = "FORMATS", value_enum, value_delimiter = ',', default_value = "pdf")]
    format: Vec<Format>,
    /// The folder that the files go to, which is made if it is not there.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

/// How to print a list.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ListFormat {
    Table,
    Json,
}

/// What a report is made as. One line of help tells them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    // All pages in one file.
    Pdf,
    // Pictures of pages and tiles.
    Png,
    // Charts alone.
    Svg,
    // The answers that are drawn.
    Csv,
}

impl ReportCommand {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        match self {
            Self::List { format } => list(setting, format).await,
            Self::Run(run) => run.run(setting).await,
            Self::Verify { file } => check(setting, &file).await,
        }
    }
}

impl Run {
    async fn run(self, setting: &Setting) -> Result<ExitCode> {
        super::small_pages();
        let config = setting.config()?;
        let out = config.root.join(&self.out);
        let reports = Reports::read(&config)?;
        let mart = Mart::open(config).await?;
        let order = Order {
            as_of: self.as_of,
            locales: self.locale.into_iter().collect(),
            pdf: self.format.contains(&Format::Pdf),
            png: self.format.contains(&Format::Png),
            svg: self.format.contains(&Format::Svg),
            csv: self.format.contains(&Format::Csv),
        };
        let files = run::run(&mart, Principal::local(), &reports, &self.name, &order).await?;
        let paths = put_all(&out, files)?;
        output::print(paths.iter().map(|path| format!("{}\n", path.display())).collect()).await?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(setting: &Setting, format: ListFormat) -> Result<ExitCode> {
    let config = setting.config()?;
    let reports = Reports::read(&config)?;
    let mart = Mart::open(config.clone()).await?;
    let model = match mart.session(Principal::local(), Settings::default()).model().await {
        Ok((_, model)) => model,
        // Before the first load the source files say what there is.
        Err(error) if error.kind() == Kind::NotFound => crate::mart::model_of_files(&config)?,
        Err(error) => return Err(error),
    };
    let faults = reports.faults(&model);
    match format {
        ListFormat::Json => {
            let list: Vec<_> = reports
                .specs()
                .iter()
                .map(|spec| {
                    let titles: serde_json::Map<_, _> =
                        spec.title.text.iter().map(|(locale, title)| (locale.to_owned(), json!(title))).collect();
                    let locales: Vec<&str> = spec.locales.iter().map(|locale| locale.value.as_str()).collect();
                    json!({
                        "name": spec.name, "file": &*spec.place.file, "titles": titles, "locales": locales,
                        "pages": spec.pages.len(), "ok": reports.report(&spec.name, &model).is_ok(),
                    })
                })
                .collect();
            output::print(format!("{:#}\n", json!(list))).await?;
        }
        ListFormat::Table if reports.specs().is_empty() => setting.terminal.note("there are no reports under reports/"),
        ListFormat::Table => {
            let mut grid = Grid::new(&[
                ("report", Side::Left),
                ("title", Side::Left),
                ("languages", Side::Left),
                ("pages", Side::Right),
                ("file", Side::Left),
            ]);
            for spec in reports.specs() {
                let locales: Vec<&str> = spec.locales.iter().map(|locale| locale.value.as_str()).collect();
                grid.row(vec![
                    spec.name.clone(),
                    spec.title.text.in_or_any(&model.defaults.locale).unwrap_or_default().to_owned(),
                    locales.join(", "),
                    spec.pages.len().to_string(),
                    spec.place.file.to_string(),
                ]);
            }
            output::print(lay_out(&grid, Sheet::PLAIN).text).await?;
        }
    }
    told(setting, &faults)
}

/// Faults of reports stop no other report, and are told all the same.
fn told(setting: &Setting, faults: &Faults) -> Result<ExitCode> {
    if faults.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    setting.terminal.warn(&format!("{}:\n{}", counted(faults.len() as u64, "fault", "faults"), lines.join("\n")));
    Ok(ExitCode::FAILURE)
}

async fn check(setting: &Setting, file: &std::path::Path) -> Result<ExitCode> {
    let bytes = std::fs::read(setting.directory.join(file)).map_err(|error| {
        let message = format!("'{}' cannot be read: {error}", file.display());
        match error.kind() {
            std::io::ErrorKind::NotFound => Error::not_found(message),
            _ => Error::invalid(message),
        }
    })?;
    let carried = page::attachments(&bytes)?;
    let verified = verify(&setting.open().await?, Principal::local(), &carried).await?;
    output::print(as_text(&verified)).await?;
    if verified.model_changed {
        setting.terminal.warn("the model's files have changed since the pack was made");
    }
    Ok(if verified.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_text(verified: &Verified) -> String {
    let record = &verified.record;
    let mut text = format!(
        "{} of {} to {} in {}, of mart version {}\n",
        record.report, record.first, record.last, record.locale, record.mart_version
    );
    for (file, difference) in &verified.answers {
        text.push_str(&match difference {
            None => format!("ok   {file}\n"),
            Some(Difference::Missing) => format!("FAIL {file}: the pack does not carry it\n"),
            Some(Difference::Refused(why)) => format!("FAIL {file}: refused now: {why}\n"),
            Some(Difference::Line { number, then, now }) => {
                format!("FAIL {file}: line {number} is '{now}' now, and was '{then}'\n")
            }
        });
    }
    text
}
