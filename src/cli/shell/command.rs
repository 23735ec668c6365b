//! Commands of the shell itself, which begin with a backslash.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::yaml::hint;

use super::super::output::Format;
use super::complete::{Candidate, SETTINGS, full_name};
use super::names::Names;

/// What the shell is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    /// Lists cubes and tables; those of the system too.
    List {
        system: bool,
    },
    Describe(String),
    Timing(Option<bool>),
    /// Whether rows stand upright: on, off, or where it must be.
    Expanded(Option<Expanded>),
    Pager(Option<bool>),
    Format(Option<Format>),
    Include(PathBuf),
    /// Sets a setting; shows them without one.
    Set(Option<(String, String)>),
    Quit,
}

/// When rows stand upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expanded {
    On,
    Off,
    Auto,
}

/// The commands, what they take, and what they do.
const COMMANDS: [(&str, &str, &str); 10] = [
    ("\\?", "", "lists these commands"),
    ("\\d", "[NAME]", "lists cubes and tables; or describes one and its columns"),
    ("\\dS", "", "lists the tables of the system too"),
    ("\\timing", "[on|off]", "also tells the time to the first rows"),
    ("\\x", "[on|off|auto]", "rows upright, as names and values; auto where they do not fit"),
    ("\\pager", "[on|off]", "long results in $PAGER"),
    ("\\format", "[table|csv|json]", "how results are printed"),
    ("\\i", "FILE", "runs the statements of a file"),
    ("\\set", "[NAME VALUE]", "SET NAME = 'VALUE'; or shows the settings"),
    ("\\q", "", "leaves, as do exit, quit and Ctrl-D"),
];

impl Command {
    /// The command that a line is; none if it is SQL.
    ///
    /// # Errors
    /// Invalid: there is no such command, or it does not take that.
    pub(super) fn parse(line: &str) -> Option<Result<Self>> {
        let line = line.trim();
        match line.trim_end_matches(';').trim_end().to_ascii_lowercase().as_str() {
            "help" => return Some(Ok(Self::Help)),
            "quit" | "exit" => return Some(Ok(Self::Quit)),
            _ => {}
        }
        line.starts_with('\\').then(|| Self::read(line))
    }

    fn read(line: &str) -> Result<Self> {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim().trim_end_matches(';').trim_end();
        let given = Some(rest).filter(|rest| !rest.is_empty());
        let alone = |command| if given.is_none() { Ok(command) } else { Err(misused(name)) };
        match name.trim_end_matches(';') {
            "\\?" | "\\h" | "\\help" => alone(Self::Help),
            "\\d" => Ok(given.map_or(Self::List { system: false }, |name| Self::Describe(name.to_owned()))),
            "\\dS" => alone(Self::List { system: true }),
            "\\timing" => switch(name, given).map(Self::Timing),
            "\\pager" => switch(name, given).map(Self::Pager),
            "\\x" => match given {
                Some("auto") => Ok(Self::Expanded(Some(Expanded::Auto))),
                given => {
                    let on = |on| if on { Expanded::On } else { Expanded::Off };
                    switch(name, given).map(|given| Self::Expanded(given.map(on)))
                }
            },
            "\\format" => given.map(format).transpose().map(Self::Format),
            "\\i" => given.map(|file| Self::Include(file.into())).ok_or_else(|| misused(name)),
            "\\set" => match given.map(|given| given.split_once(char::is_whitespace)) {
                None => Ok(Self::Set(None)),
                Some(Some((name, value))) => {
                    let value = value.trim().trim_matches('\'').to_owned();
                    Ok(Self::Set(Some((name.to_owned(), value))))
                }
                Some(None) => Err(misused(name)),
            },
            "\\q" | "\\quit" | "\\exit" => alone(Self::Quit),
            unknown => {
                let near = hint(unknown, COMMANDS.iter().map(|(name, ..)| *name));
                Err(Error::invalid(format!("unknown command '{unknown}'{near}; \\? lists the commands")))
            }
        }
    }
}

fn switch(name: &str, given: Option<&str>) -> Result<Option<bool>> {
    match given {
        None => Ok(None),
        Some("on") => Ok(Some(true)),
        Some("off") => Ok(Some(false)),
        Some(_) => Err(misused(name)),
    }
}

fn format(name: &str) -> Result<Format> {
    match Format::from_str(name, false) {
        Ok(format @ (Format::Table | Format::Csv | Format::Json)) => Ok(format),
        _ => Err(misused("\\format")),
    }
}

fn misused(name: &str) -> Error {
    let usage = COMMANDS.iter().find(|(known, ..)| *known == name).map_or("", |(_, takes, _)| *takes);
    Error::invalid(format!("write {}", format!("{name} {usage}").trim_end()))
}

/// What there is to tell a person.
pub(super) fn help() -> String {
    let uses = COMMANDS.map(|(name, takes, does)| (format!("{name} {takes}"), does));
    let width = uses.iter().map(|(usage, _)| usage.len()).max().unwrap_or_default();
    let lines = uses.map(|(usage, does)| format!("  {usage:width$}  {does}\n")).concat();
    format!(
        "Statements end with a semicolon and may have many lines. TAB completes; Ctrl-C clears\nthe line, or stops the query.\n\
         {lines}"
    )
}

/// What may follow in a command that is typed up to here: from where on, and the candidates.
pub(super) fn complete(typed: &str, names: &Names) -> (usize, Vec<Candidate>) {
    let indent = typed.len() - typed.trim_start().len();
    let plain = |words: &[&str]| words.iter().map(|word| Candidate::plain(*word)).collect::<Vec<_>>();
    let Some((name, _)) = typed.trim_start().split_once(char::is_whitespace) else {
        let names: Vec<&str> = COMMANDS.iter().map(|(name, ..)| *name).collect();
        return (indent, begun(&typed[indent..], plain(&names)));
    };
    let start = typed.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let is_first = typed[indent + name.len()..start].trim().is_empty();
    let candidates = match name {
        _ if !is_first => Vec::new(),
        "\\d" => {
            let named = |relation: &super::names::Relation| match relation.is_cube() {
                true => Candidate::plain(&relation.name),
                false => Candidate::plain(full_name(relation, names).shown),
            };
            names.relations.iter().map(named).collect()
        }
        "\\timing" | "\\pager" => plain(&["on", "off"]),
        "\\x" => plain(&["on", "off", "auto"]),
        "\\format" => plain(&["table", "csv", "json"]),
        "\\set" => plain(&SETTINGS),
        _ => Vec::new(),
    };
    (start, begun(&typed[start..], candidates))
}

fn begun(typed: &str, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.retain(|candidate| candidate.shown.starts_with(typed));
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        Command::parse(line).unwrap().unwrap_err().message().to_owned()
    }

    #[test]
    fn commands_are_read() {
        let parsed = |line| Command::parse(line).map(Result::unwrap);
        assert_eq!(parsed("SELECT 1"), None);
        assert_eq!(parsed("help"), Some(Command::Help));
        assert_eq!(parsed("EXIT;"), Some(Command::Quit));
        assert_eq!(parsed("quit"), Some(Command::Quit));
        assert_eq!(parsed(" \\q"), Some(Command::Quit));
        assert_eq!(parsed("\\d"), Some(Command::List { system: false }));
        assert_eq!(parsed("\\dS"), Some(Command::List { system: true }));
        assert_eq!(parsed("\\d  mart.部門;"), Some(Command::Describe("mart.部門".into())));
        assert_eq!(parsed("\\x"), Some(Command::Expanded(None)));
        assert_eq!(parsed("\\x auto"), Some(Command::Expanded(Some(Expanded::Auto))));
        assert_eq!(parsed("\\timing on"), Some(Command::Timing(Some(true))));
        assert_eq!(parsed("\\pager off"), Some(Command::Pager(Some(false))));
        assert_eq!(parsed("\\format csv"), Some(Command::Format(Some(Format::Csv))));
        assert_eq!(parsed("\\i a b.sql"), Some(Command::Include("a b.sql".into())));
        let zone = Command::Set(Some(("timezone".into(), "Asia/Taipei".into())));
        assert_eq!(parsed("\\set timezone 'Asia/Taipei'"), Some(zone));
        assert_eq!(parsed("\\set"), Some(Command::Set(None)));
    }

    #[test]
    fn slips_are_told_with_the_way_out() {
        assert_eq!(said("\\timng"), "unknown command '\\timng'; did you mean '\\timing'?; \\? lists the commands");
        assert_eq!(said("\\zzzzzz"), "unknown command '\\zzzzzz'; \\? lists the commands");
        assert_eq!(said("\\x maybe"), "write \\x [on|off|auto]");
        assert_eq!(said("\\format parquet"), "write \\format [table|csv|json]");
        assert_eq!(said("\\i"), "write \\i FILE");
        assert_eq!(said("\\q now"), "write \\q");
        assert_eq!(said("\\set timezone"), "write \\set [NAME VALUE]");
    }

    #[test]
    fn help_names_every_command() {
        assert!(COMMANDS.iter().all(|(name, ..)| help().contains(&format!("  {name} "))));
    }
}
