//! `starmart demo`: the retail mart from nothing to an answer and a report.

mod project;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::ingest::LoadOptions;
use crate::mart::Mart;
use crate::query::Principal;
use crate::report::reports::Reports;
use crate::report::run::{self, Order};

use super::Setting;
use super::files::{put_all, shell_word};
use super::load::load;
use super::serve::Doors;

/// Load the retail mart (The Complete Journey, or a small made data set), make the week's report and serve it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  starmart demo                                 the project demo/, from data/ or from data it makes
  starmart demo --no-serve --dir /srv/demo --data /srv/journey/data")]
pub(super) struct Demo {
    /// Where the demo makes its project, on which -C works then.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
    /// Load, make the report, and end.
    #[arg(long)]
    no_serve: bool,
    /// The folder of the data's Parquet files.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Load the promotions too: 21 million rows that no cube reads.
    #[arg(long)]
    all: bool,
}

/// The report that the demo makes.
const REPORT: &str = "executive";
/// A question to begin with.
const QUESTION: &str = "SELECT department, revenue, aov FROM sales ORDER BY revenue DESC LIMIT 5";

impl Demo {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        let dir = setting.directory.join(&self.dir);
        let data = setting.directory.join(&self.data);
        let real = data.join("transactions.parquet").is_file();
        if !real {
            setting.terminal.warn(&format!(
                "'{}' holds no transactions.parquet: a small made data set is used, not The Complete Journey; `make \
                 demo-data` gets the real one",
                data.display()
            ));
        }
        if setting.config.is_some() {
            return Err(Error::misconfigured("demo writes a starmart.yaml of its own; leave --config out"));
        }
        let mart = setting.mart.as_deref().unwrap_or("mart");
        let config = project::write(&dir, real.then_some(data.as_path()), mart, self.all)?;
        let doors = if self.no_serve { None } else { Some(Doors::open(config.serve.flight, config.serve.http).await?) };
        let mart = Mart::open(config.clone()).await?;
        let everything = LoadOptions::default();
        let packs = async {
            load(&mart, &everything, setting.terminal).await?;
            Ok::<_, Error>(packs(&mart, &config).await)
        };
        let packs = tokio::select! {
            packs = packs => packs?,
            () = setting.stop.cancelled() => return Err(Error::cancelled("stopped")),
        };
        let made = match packs {
            Ok(paths) => {
                let lines: Vec<String> = paths.iter().map(|path| format!("  {}", path.display())).collect();
                setting.terminal.note(&format!("\nthe week's report:\n{}", lines.join("\n")));
                ExitCode::SUCCESS
            }
            // What was loaded can be asked all the same.
            Err(error) => {
                setting.terminal.warn(&format!("the report could not be made: {error}"));
                ExitCode::FAILURE
            }
        };
        let Some(doors) = doors else {
            let dir = shell_word(&dir.display().to_string());
            setting.terminal.note(&format!("\nask it:\n  starmart -C {dir} sql -c \"{QUESTION}\""));
            return Ok(made);
        };
        let url = format!("grpc://{}", doors.flight_address);
        setting.terminal.note(&format!("\n{}\n{}", doors.greeting(), farewell(&url)));
        doors.serve(mart, setting).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The demo's report in its languages, written into the project.
async fn packs(mart: &Arc<Mart>, config: &Config) -> Result<Vec<PathBuf>> {
    let reports = Reports::read(config)?;
    let order = Order { pdf: true, ..Order::default() };
    let files = run::run(mart, Principal::local(), &reports, REPORT, &order).await?;
    put_all(&config.root.join("out"), files)
}

/// What to do next.
fn farewell(url: &str) -> String {
    let jdbc = url.replace("grpc://", "jdbc:arrow-flight-sql://") + "/?useEncryption=false";
    format!(
        "ask it from another terminal:
  starmart sql --url {url} -c \"{QUESTION}\"
or from Python (pip install adbc-driver-flightsql pyarrow):
  import adbc_driver_flightsql.dbapi as flight
  with flight.connect(\"{url}\") as mart, mart.cursor() as cursor:
      cursor.execute(\"{QUESTION}\")
      print(cursor.fetch_arrow_table())
or by JDBC: {jdbc}
Ctrl-C ends it."
    )
}
