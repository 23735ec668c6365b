//! `starmart sql`: statements in, results out, here or over Flight; on a terminal a shell.

use std::io::{IsTerminal, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::error::{Error, Result};

use super::door::Door;
use super::output::{self, Format};
use super::statement::{Statement, Verb, split};
use super::{Setting, shell};

/// Ask the mart in SQL: cubes by their names, tables as mart.NAME.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  starmart sql                                                a shell: TAB completes names, \\? lists commands
  starmart sql -c 'SELECT department, revenue FROM sales'     a table, cut to the terminal's width
  starmart sql -f month.sql --format csv > month.csv          statements of a file, every row whole
  echo 'SELECT revenue FROM sales' | starmart sql             statements from a pipe
  starmart sql --url 127.0.0.1:31337 -c 'SELECT 1'            ask a server; without -c a shell there")]
pub(super) struct Sql {
    /// The statements, separated by ;.
    #[arg(short, long, value_name = "SQL", conflicts_with = "file")]
    command: Option<String>,
    /// A file of statements.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Ask a server instead of the project's mart.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How to print results: a table for people, CSV with NULL empty, JSON with every digit, or a file of columns.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Sql {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        if self.command.is_none() && self.file.is_none() && stdin().is_terminal() {
            return self.converse(setting).await;
        }
        let statements = split(&self.text(setting).await?)?;
        if statements.is_empty() {
            return Err(Error::invalid("there is no statement"));
        }
        output::allowed(self.format, statements.iter().filter(|statement| statement.verb != Verb::Set).count())?;
        let door = Door::open(self.url.as_deref(), setting).await?;
        for statement in &statements {
            self.answer(&door, statement, setting).await?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn answer(&self, door: &Door, statement: &Statement, setting: &Setting) -> Result<()> {
        let (schema, batches) = door.query(&statement.text).await?;
        if statement.verb == Verb::Explain && self.format == Format::Table {
            output::print(output::plans(batches).await?).await
        } else {
            output::write(self.format, schema, batches, setting.terminal).await
        }
    }

    /// The shell, where both ends are a terminal.
    async fn converse(self, setting: &Setting) -> Result<ExitCode> {
        if !stdout().is_terminal() {
            return Err(Error::misconfigured(
                "the shell needs a terminal to write to; give a statement with -c or a file with -f",
            ));
        }
        output::allowed(self.format, 1)?;
        let door = Door::open(self.url.as_deref(), setting).await?;
        shell::run(setting, door, self.url.as_deref(), self.format).await
    }

    async fn text(&self, setting: &Setting) -> Result<String> {
        if let Some(command) = &self.command {
            return Ok(command.clone());
        }
        let Some(file) = self.file.as_ref().map(|file| setting.directory.join(file)) else {
            return output::apart(|| std::io::read_to_string(stdin()).map_err(|error| unreadable("stdin", error)))
                .await;
        };
        output::apart(move || {
            std::fs::read_to_string(&file).map_err(|error| unreadable(&format!("'{}'", file.display()), error))
        })
        .await
    }
}

fn unreadable(what: &str, error: std::io::Error) -> Error {
    Error::invalid(format!("{what} cannot be read: {error}")).with_source(error)
}
