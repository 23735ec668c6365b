//! `starmart demo`: the retail mart from nothing to an answer.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::ingest::{LoadOptions, made};
use crate::mart::Mart;

use super::Setting;
use super::load::load;
use super::serve::Doors;

/// Load the retail mart (The Complete Journey, or a small made data set) and serve it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  starmart demo\n  starmart demo --no-serve --dir /srv/demo --data /srv/journey/data"
)]
pub(super) struct Demo {
    /// The project's folder; it is made if need be.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
    /// Load, and end.
    #[arg(long)]
    no_serve: bool,
    /// The folder of the data's Parquet files.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Load the promotions too: 21 million rows that no cube reads.
    #[arg(long)]
    all: bool,
}

/// The model that ships.
const MODEL: [(&str, &str); 4] = [
    ("tables.yaml", include_str!("../../cubes/tables.yaml")),
    ("sales.yaml", include_str!("../../cubes/sales.yaml")),
    ("campaigns.yaml", include_str!("../../cubes/campaigns.yaml")),
    ("redemptions.yaml", include_str!("../../cubes/redemptions.yaml")),
];
/// The tests of the real figures.
const TESTS: (&str, &str) = ("tests.yaml", include_str!("../../cubes/tests.yaml"));
/// The largest table.
const PROMOTIONS: (&str, &str) = ("promotions.yaml", include_str!("../../cubes/promotions.yaml"));

/// A question to begin with.
const QUESTION: &str = "SELECT department, revenue, aov FROM sales ORDER BY revenue DESC LIMIT 5";

impl Demo {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        let dir = setting.directory.join(&self.dir);
        let data = setting.directory.join(&self.data);
        let real = data.join("transactions.parquet").is_file();
        if !real {
            setting.terminal.note(&format!(
                "'{}' holds no transactions.parquet: a small made data set is used, not The Complete Journey; `make \
                 demo-data` gets the real one",
                data.display()
            ));
        }
        let data = if real { data } else { dir.join("data") };
        let config = self.project(&dir, &data, real)?;
        let doors = if self.no_serve { None } else { Some(Doors::open(config.serve.flight, config.serve.http).await?) };
        let mart = Mart::open(config).await?;
        let everything = LoadOptions::default();
        tokio::select! {
            loaded = load(&mart, &everything, setting.terminal) => drop(loaded?),
            () = setting.stop.cancelled() => return Err(Error::cancelled("stopped")),
        }
        let Some(doors) = doors else {
            setting.terminal.note(&format!("\nask it:\n  starmart -C {} sql -c \"{QUESTION}\"", dir.display()));
            return Ok(ExitCode::SUCCESS);
        };
        let url = format!("grpc://{}", doors.flight_address);
        setting.terminal.note(&format!("\n{}\n{}", doors.greeting(), farewell(&url)));
        doors.serve(mart, setting).await?;
        Ok(ExitCode::SUCCESS)
    }

    /// Writes the project; what it says stays true when the demo is run again.
    fn project(&self, dir: &Path, data: &Path, real: bool) -> Result<Config> {
        let cubes = dir.join("cubes");
        std::fs::create_dir_all(&cubes).map_err(|error| unwritten(&cubes, error))?;
        if !real {
            std::fs::create_dir_all(data).map_err(|error| unwritten(data, error))?;
            made::write(data)?;
        }
        let data = std::fs::canonicalize(data).map_err(|error| unwritten(data, error))?;
        if data.file_name().is_none_or(|name| name != "data") {
            return Err(Error::misconfigured(format!(
                "the model names its files data/…, so the data's folder must be called data, not '{}'",
                data.display()
            )));
        }
        let mut files = MODEL.to_vec();
        files.extend(real.then_some(TESTS));
        files.extend(self.all.then_some(PROMOTIONS));
        for (name, _) in [TESTS, PROMOTIONS] {
            if !files.iter().any(|(kept, _)| *kept == name) && cubes.join(name).exists() {
                std::fs::remove_file(cubes.join(name)).map_err(|error| unwritten(&cubes.join(name), error))?;
            }
        }
        for (name, text) in files {
            write(&cubes.join(name), text)?;
        }
        write(&dir.join("starmart.yaml"), &Config::render("mart", &data)?)?;
        Config::load(dir, None)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| unwritten(path, error))
}

fn unwritten(path: &Path, error: std::io::Error) -> Error {
    Error::invalid(format!("'{}' cannot be written: {error}", path.display())).with_source(error)
}

/// What to do next.
fn farewell(url: &str) -> String {
    format!(
        "ask it from another terminal:
  starmart sql --url {url} -c \"{QUESTION}\"
or from Python (pip install adbc-driver-flightsql pyarrow):
  import adbc_driver_flightsql.dbapi as flight
  with flight.connect(\"{url}\") as mart, mart.cursor() as cursor:
      cursor.execute(\"{QUESTION}\")
      print(cursor.fetch_arrow_table())
Ctrl-C ends it."
    )
}
