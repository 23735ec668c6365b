//! The shell: `starmart sql` on a terminal. Statements are typed in an `editor` with completion, asked through the door,
//! and their answers shown; what begins with a backslash is for the shell itself.

mod ask;
mod caret;
mod colour;
mod command;
mod complete;
mod describe;
mod editor;
mod history;
mod margin;
mod names;
mod pager;
mod raw;
mod words;

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::error::{Error, Result};

use super::Setting;
use super::door::Door;
use super::output::{self, Form, Format};
use super::statement::{Statement, Verb, split};
use ask::Interrupts;
use command::{Command, Expanded};
use editor::{Editor, Known, Typed};
use names::Names;
use raw::Cooked;

/// What the prompt says of the project's mart.
const HERE: &str = "starmart";
/// How long a prompt waits for the names that completion offers.
const MOMENT: Duration = Duration::from_millis(200);
/// How long names are taken for those that there are.
const FRESH: Duration = Duration::from_secs(60);

/// Converses until its user leaves.
///
/// # Errors
/// Unavailable: the terminal is gone. Internal: it cannot be used.
pub(super) async fn run(setting: &Setting, door: Door, url: Option<&str>, format: Format) -> Result<ExitCode> {
    setting.conversing.store(true, Ordering::Relaxed);
    let _cooked = Cooked::keep();
    let name = url.map_or(HERE, |url| url.rsplit_once("://").map_or(url, |(_, place)| place));
    let mut shell = Shell::new(setting, door, format)?;
    let mut editor = Editor::new(&format!("{name}> "), Arc::clone(&shell.known), setting.terminal)?;
    let place = url.map_or_else(|| setting.directory.display().to_string(), str::to_owned);
    setting.terminal.note(&format!("starmart {} at {place}; \\? for help", env!("CARGO_PKG_VERSION")));
    loop {
        shell.refresh().await;
        shell.interrupts.forget().await;
        let (back, typed) = output::apart(move || {
            let typed = editor.read()?;
            Ok((editor, typed))
        })
        .await?;
        editor = back;
        match typed {
            Typed::Text(text) => match shell.take(&text).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => setting.terminal.error(&error),
            },
            Typed::Nothing => {}
            Typed::End => break,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What lasts from one statement to the next.
struct Shell<'s> {
    setting: &'s Setting,
    door: Door,
    interrupts: Interrupts,
    known: Known,
    /// When names were last asked for.
    asked: Option<Instant>,
    format: Format,
    form: Form,
    timing: bool,
    pager: bool,
}

impl<'s> Shell<'s> {
    fn new(setting: &'s Setting, door: Door, format: Format) -> Result<Self> {
        Ok(Self {
            setting,
            door,
            interrupts: Interrupts::listen()?,
            known: Known::default(),
            asked: None,
            format,
            form: Form::Fitting,
            timing: false,
            pager: true,
        })
    }

    /// Fetches names that are no longer fresh, for no longer than a moment; what comes later is there for the next line.
    async fn refresh(&mut self) {
        if self.asked.is_some_and(|asked| asked.elapsed() < FRESH) {
            return;
        }
        self.asked = Some(clock::monotonic());
        let (door, known) = (self.door.clone(), Arc::clone(&self.known));
        let fetching = tokio::spawn(async move {
            match Names::fetch(&door).await {
                Ok(names) => *known.write().unwrap_or_else(PoisonError::into_inner) = names,
                // Whoever asks for them is told why; completion has nothing to offer.
                Err(error) => tracing::info!(%error, "no names to complete"),
            }
        });
        let _ = tokio::time::timeout(MOMENT, fetching).await;
    }

    /// The names as they are now.
    async fn names(&mut self) -> Result<Option<Names>> {
        let Some(names) = self.interrupts.unless(Names::fetch(&self.door)).await? else { return Ok(None) };
        self.asked = Some(clock::monotonic());
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = names.clone();
        Ok(Some(names))
    }

    /// Does what is typed; whether the shell goes on.
    async fn take(&mut self, text: &str) -> Result<bool> {
        match Command::parse(text).transpose()? {
            Some(Command::Quit) => return Ok(false),
            Some(command) => self.obey(command).await?,
            None => {
                self.all(split(text)?).await;
            }
        }
        Ok(true)
    }

    async fn obey(&mut self, command: Command) -> Result<()> {
        let on = |on: bool| if on { "on" } else { "off" };
        match command {
            Command::Quit => {}
            Command::Help => output::print(command::help()).await?,
            Command::List { system } => {
                if let Some(names) = self.names().await? {
                    self.show(describe::list(&names, system, self.sheet())).await?;
                }
            }
            Command::Describe(name) => {
                if let Some(names) = self.names().await? {
                    self.show(describe::describe(&names, &name, self.sheet())?).await?;
                }
            }
            Command::Timing(given) => {
                self.timing = given.unwrap_or(!self.timing);
                self.say(&format!("timing is {}", on(self.timing)));
            }
            Command::Pager(given) => {
                self.pager = given.unwrap_or(!self.pager);
                self.say(&format!("the pager is {}", on(self.pager)));
            }
            Command::Expanded(given) => self.expand(given),
            Command::Format(given) => {
                self.format = given.unwrap_or(self.format);
                self.say(&format!("results are printed as {}", self.format.name()));
            }
            Command::Include(file) => self.include(&file).await?,
            Command::Set(Some((name, value))) => {
                let value = value.replace('\'', "''");
                self.all(split(&format!("SET {name} = '{value}'"))?).await;
            }
            Command::Set(None) => {
                self.all(split(&complete::SETTINGS.map(|name| format!("SHOW {name};")).concat())?).await;
            }
        }
        Ok(())
    }

    /// Changes how rows stand.
    fn expand(&mut self, given: Option<Expanded>) {
        self.form = match given {
            Some(Expanded::Auto) => Form::Fitting,
            Some(Expanded::On) => Form::Upright,
            None if self.form != Form::Upright => Form::Upright,
            Some(Expanded::Off) | None => Form::Abreast,
        };
        self.say(match self.form {
            Form::Fitting => "rows stand upright where they do not fit",
            Form::Upright => "rows stand upright",
            Form::Abreast => "rows stand side by side",
        });
    }

    /// Runs the statements of a file, up to the first that fails.
    async fn include(&mut self, file: &Path) -> Result<()> {
        let path = file.to_owned();
        let text = output::apart(move || {
            std::fs::read_to_string(&path).map_err(|error| {
                Error::invalid(format!("'{}' cannot be read: {error}", path.display())).with_source(error)
            })
        });
        let statements = split(&text.await?)?;
        self.all(statements).await;
        Ok(())
    }

    /// Asks statements one by one; what goes wrong, or is stopped, ends them.
    async fn all(&mut self, statements: Vec<Statement>) {
        for statement in statements {
            match self.ask(&statement).await {
                Ok(true) => {}
                Ok(false) => {
                    self.setting.terminal.note("\ncancelled");
                    return;
                }
                Err(error) => {
                    self.setting.terminal.error(&error);
                    if let Some(pointed) = caret::pointed(&error, &statement.text) {
                        self.setting.terminal.note(&pointed);
                    }
                    return;
                }
            }
            if statement.verb == Verb::Set {
                // It may be another version now, with other names.
                self.asked = None;
            }
        }
    }

    /// Says what is no result.
    fn say(&self, text: &str) {
        self.setting.terminal.note(text);
    }
}
