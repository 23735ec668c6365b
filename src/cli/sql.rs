//! `starmart sql`: statements in, results out, here or over Flight.

use std::io::{IsTerminal, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

use arrow::datatypes::SchemaRef;
use clap::Args;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::{Error, Result};
use crate::flight::client::Client;
use crate::mart::Session;
use crate::query::{Principal, Settings};
use crate::sql::StarmartDialect;

use super::Setting;
use super::output::{self, Batches, Format};

/// Ask the mart in SQL: cubes by their names, tables as mart.NAME.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  starmart sql -c 'SELECT department, revenue FROM sales'     a table, cut to the terminal's width
  starmart sql -f month.sql --format csv > month.csv          statements of a file, every row whole
  echo 'SELECT revenue FROM sales' | starmart sql             statements from a pipe
  starmart sql --url 127.0.0.1:31337 -c 'SELECT 1'            ask a server")]
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

/// Where statements go.
enum Door {
    Here(Session),
    There(Client),
}

impl Door {
    async fn query(&self, sql: &str) -> Result<(SchemaRef, Batches)> {
        Ok(match self {
            Self::Here(session) => {
                let answer = session.query(sql).await?;
                (SchemaRef::clone(&answer.schema), Box::pin(answer))
            }
            Self::There(client) => {
                let rows = client.query(sql).await?;
                (SchemaRef::clone(&rows.schema), Box::pin(rows))
            }
        })
    }
}

impl Sql {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        let statements = split(&self.text().await?)?;
        if statements.is_empty() {
            return Err(Error::invalid("there is no statement"));
        }
        output::allowed(self.format, statements.iter().filter(|statement| statement.verb != Verb::Set).count())?;
        let door = match &self.url {
            Some(url) => Door::There(Client::connect(url).await?),
            None => {
                let mart = setting.open().await?;
                Door::Here(mart.session(Principal::local(), Settings::default()))
            }
        };
        for statement in &statements {
            let (schema, batches) = door.query(&statement.text).await?;
            if statement.verb == Verb::Explain && self.format == Format::Table {
                output::plans(batches).await?;
            } else {
                output::write(self.format, schema, batches, setting.terminal).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn text(&self) -> Result<String> {
        if let Some(command) = &self.command {
            return Ok(command.clone());
        }
        let Some(file) = self.file.clone() else {
            if stdin().is_terminal() {
                return Err(Error::misconfigured(
                    "the interactive shell is not there yet; give a statement with -c, a file with -f, or pipe it in",
                ));
            }
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

/// One statement of a text.
#[derive(Debug, PartialEq, Eq)]
struct Statement {
    text: String,
    verb: Verb,
}

/// What a statement begins with, as far as it matters to what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// There is no result.
    Set,
    /// The result is a text of many lines.
    Explain,
    Other,
}

impl Statement {
    /// None where there are only blanks and comments.
    fn of(text: &str) -> Option<Self> {
        let tokens = Tokenizer::new(&StarmartDialect::default(), text).tokenize().ok()?;
        let first = tokens.iter().find(|token| !matches!(token, Token::Whitespace(_)))?;
        let verb = match first.to_string().to_uppercase().as_str() {
            "SET" => Verb::Set,
            "EXPLAIN" => Verb::Explain,
            _ => Verb::Other,
        };
        Some(Self { text: text.trim().to_owned(), verb })
    }
}

/// The statements of a text, cut at the semicolons that stand outside of quotes and comments.
fn split(text: &str) -> Result<Vec<Statement>> {
    let tokens = Tokenizer::new(&StarmartDialect::default(), text)
        .tokenize_with_location()
        .map_err(|error| Error::invalid(format!("the SQL does not parse: {error}")).with_source(error))?;
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut statements = Vec::new();
    let mut from = 0;
    for token in tokens.iter().filter(|token| token.token == Token::SemiColon) {
        let line = usize::try_from(token.span.start.line).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(token.span.start.column).unwrap_or(1).saturating_sub(1);
        let start = starts.get(line).copied().unwrap_or_default();
        let offset: usize = text[start..].chars().take(column).map(char::len_utf8).sum();
        statements.extend(Statement::of(&text[from..start + offset]));
        from = start + offset + 1;
    }
    statements.extend(Statement::of(&text[from..]));
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_outside_of_quotes() {
        let text = "SELECT 'a;b'; -- not; here\nSELECT '部門' AS \"x;y\";\n;  ";
        let texts: Vec<String> = split(text).unwrap().into_iter().map(|statement| statement.text).collect();
        assert_eq!(texts, ["SELECT 'a;b'", "-- not; here\nSELECT '部門' AS \"x;y\""]);
        assert!(split("  -- nothing").unwrap().is_empty());
        assert!(split("SELECT 'open").is_err());
    }

    #[test]
    fn verbs_are_told_apart() {
        let verbs = |text| split(text).unwrap().into_iter().map(|statement| statement.verb).collect::<Vec<_>>();
        assert_eq!(
            verbs("set timezone = 'UTC'; /* why */ Explain SELECT 1; SELECT 1"),
            [Verb::Set, Verb::Explain, Verb::Other]
        );
    }
}
