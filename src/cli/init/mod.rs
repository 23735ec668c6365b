//! `starmart init`: a new project that explains itself, by an example or over files that are there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use chrono_tz::Tz;
use clap::Args;

use crate::config::{Config, FILE, local_mart};
use crate::error::{Error, Result};
use crate::ingest::propose::{Overview, Proposal, Request, plain, propose};
use crate::ingest::{Progress, Silent};

use super::Setting;
use super::bars::Bars;
use super::files::{File, content, make, shell_word};
use super::output::{Grid, Sheet, Side, counted, grouped, lay_out};

/// Make a project: an example, or a model proposed for your CSV and Parquet files.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  starmart init shop                                        a small example that loads and answers at once
  starmart init shop --from sales-*.csv products.parquet    tables, keys, joins and cubes proposed from all rows
  starmart init shop --from shop/data/*.csv --timezone Asia/Taipei")]
pub(super) struct Init {
    /// The project's folder; files that are in it stay.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The files to propose a model for; they are read, and stay where they are.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    from: Vec<PathBuf>,
    /// Whose days and months, and whose clock wrote times without a zone; UTC if it is not said.
    #[arg(long, value_name = "ZONE", requires = "from")]
    timezone: Option<Tz>,
}

const MODEL: &str = include_str!("example/shop.yaml");
const SALES: &str = include_str!("example/sales.csv");
const PRODUCTS: &str = include_str!("example/products.csv");
const QUESTION: &str = "SELECT department, revenue, average_sale FROM shop ORDER BY revenue DESC";

/// What else a configuration may say, with the defaults.
const MORE: &str = "\
# limits:
#   memory: 4 GiB                     # of all queries and loads together; by default 60 % of the machine's
#   deadline: 5 minutes               # of one query
# serve:
#   flight: 127.0.0.1:31337           # Arrow Flight SQL
#   http: 127.0.0.1:8080              # /healthz and /readyz
";
const IGNORE: &str = ".gitignore";
const IGNORED: &str = "\
# What loads and queries write.
/mart/
/.starmart/
# Large data does not belong into git: take the # out.
# /data/
";

impl Init {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        if setting.config.is_some() {
            return Err(Error::misconfigured("init writes a starmart.yaml of its own; leave --config out"));
        }
        let dir = plain(&setting.directory.join(&self.dir))?;
        refuse_what_is_there(&dir, self.from.is_empty())?;
        let mart = setting.mart.as_deref().unwrap_or("mart");
        local_mart(&dir, mart)?;
        let proposal = if self.from.is_empty() { None } else { Some(self.proposal(&dir, setting).await?) };
        let mut files = match &proposal {
            None => {
                vec![file("cubes/shop.yaml", MODEL), file("data/sales.csv", SALES), file("data/products.csv", PRODUCTS)]
            }
            Some(proposal) => vec![
                file("cubes/tables.yaml", &proposal.tables_yaml()),
                file("cubes/cubes.yaml", &proposal.cubes_yaml()),
            ],
        };
        let data = proposal.as_ref().and_then(|proposal| proposal.data.as_deref()).unwrap_or(Path::new("data"));
        files.push(file(FILE, &(Config::render(mart, data)? + MORE)));
        if content(&dir.join(IGNORE))?.is_none() {
            files.push(file(IGNORE, IGNORED));
        }
        make(&dir, &files)?;
        setting.terminal.note(&self.farewell(&files, proposal.as_ref()));
        Ok(ExitCode::SUCCESS)
    }

    /// A model for the files. It takes a thread of its own: all rows are read.
    async fn proposal(&self, dir: &Path, setting: &Setting) -> Result<Proposal> {
        let files = self.from.iter().map(|file| setting.directory.join(file)).collect();
        let request = Request { project: dir.to_path_buf(), files, timezone: self.timezone };
        let watched = setting.terminal.is_watched();
        let progress: Arc<dyn Progress> = if watched { Arc::new(Bars::default()) } else { Arc::new(Silent) };
        let work = tokio::task::spawn_blocking(move || propose(&request, progress.as_ref()));
        work.await.map_err(|error| Error::internal("reading the files stopped unexpectedly").with_source(error))?
    }

    /// What was made, and what to do next.
    fn farewell(&self, files: &[File], proposal: Option<&Proposal>) -> String {
        let dir = shell_word(&self.dir.display().to_string());
        let found = proposal.map_or_else(String::new, |proposal| format!("{}\n", overview(&proposal.overview())));
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let advice = match proposal {
            Some(_) => "cubes/tables.yaml says why each type, key and join was proposed: read it, and look for CHECK",
            None => "cubes/shop.yaml explains itself: replace its tables by yours",
        };
        let question = proposal.map_or_else(|| QUESTION.to_owned(), Proposal::question);
        format!(
            "{found}made in {dir}: {}\n{advice}\n\nnext:\n  starmart -C {dir} check\n  starmart -C {dir} load\n  starmart -C {dir} sql \
             -c \"{question}\"",
            names.join(", ")
        )
    }
}

fn file(name: &str, text: &str) -> File {
    (name.to_owned(), text.as_bytes().to_vec())
}

/// A project that is there stays as it is: its model would be read together with the new one.
fn refuse_what_is_there(dir: &Path, example: bool) -> Result<()> {
    let data = if example { &["data/sales.csv", "data/products.csv"][..] } else { &[] };
    let mut there: Vec<String> = std::iter::once(&FILE)
        .chain(data)
        .filter(|name| dir.join(name).symlink_metadata().is_ok())
        .map(|name| (*name).to_owned())
        .collect();
    if let Ok(entries) = std::fs::read_dir(dir.join("cubes")) {
        let names = entries.flatten().map(|entry| entry.file_name());
        let is_model = |name: &std::ffi::OsString| {
            Path::new(name).extension().is_some_and(|end| end == OsStr::new("yaml") || end == OsStr::new("yml"))
        };
        there.extend(names.filter(is_model).map(|name| format!("cubes/{}", name.to_string_lossy())));
    }
    there.sort();
    if there.is_empty() {
        return Ok(());
    }
    Err(Error::misconfigured(format!(
        "'{}' holds {} already, and nothing is written over; name another folder",
        dir.display(),
        there.join(", ")
    )))
}

/// The tables and what was found of them.
fn overview(tables: &[Overview]) -> String {
    let mut grid = Grid::new(&[
        ("table", Side::Left),
        ("rows", Side::Right),
        ("primary key", Side::Left),
        ("joins", Side::Left),
        ("cube", Side::Left),
    ]);
    for table in tables {
        let cube = |measures| counted(measures as u64, "measure", "measures");
        grid.row(vec![
            table.table.clone(),
            grouped(table.rows),
            if table.key.is_empty() { "none".to_owned() } else { table.key.join(", ") },
            table.joins.join(", "),
            table.measures.map(cube).unwrap_or_default(),
        ]);
    }
    lay_out(&grid, Sheet::PLAIN).text.trim_end().to_owned()
}
