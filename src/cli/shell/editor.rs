//! The line editor: rustyline, with our completion, colours, margins and history. Nothing else knows of it.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use rustyline::completion::{Candidate as Shown, Completer};
use rustyline::config::{Behavior, ColorMode, CompletionType, Config};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Cmd, ConditionalEventHandler, Context, Event, EventContext, EventHandler, Helper, KeyEvent, RepeatCount,
};
use unicode_width::UnicodeWidthStr;

use crate::error::{Error, Result};

use super::super::statement::is_whole;
use super::super::terminal::Terminal;
use super::command::Command;
use super::complete::{Candidate, complete};
use super::history::History;
use super::names::Names;
use super::{colour, margin};

/// What a person has typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Text(String),
    /// Ctrl-C: the line is given up.
    Nothing,
    /// Ctrl-D.
    End,
}

/// The names that completion offers; they may be fetched anew while a line is typed.
pub(super) type Known = Arc<RwLock<Names>>;

/// The editor of a terminal.
pub(super) struct Editor {
    inner: rustyline::Editor<Pen, FileHistory>,
    history: History,
    prompt: String,
}

impl Editor {
    /// An editor that shows `prompt`, with the history of earlier shells.
    ///
    /// # Errors
    /// Internal: the terminal cannot be used.
    pub(super) fn new(prompt: &str, known: Known, terminal: Terminal) -> Result<Self> {
        let width = prompt.width();
        let config = Config::builder()
            .max_history_size(History::ENTRIES)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(unusable)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .behavior(Behavior::Stdio)
            // Margins are drawn as colours are; whether there are colours is for the pen to say.
            .color_mode(ColorMode::Forced)
            .tab_stop(u8::try_from(width).unwrap_or(u8::MAX))
            .build();
        let mut inner = rustyline::Editor::with_config(config).map_err(unusable)?;
        inner.set_helper(Some(Pen { known, width, colour: !terminal.plain, earlier: HistoryHinter::new() }));
        for key in [KeyEvent::from('\r'), KeyEvent::ctrl('j')] {
            inner.bind_sequence(key, EventHandler::Conditional(Box::new(Enter)));
        }
        let mut history = History::of_user(terminal);
        history.load(&mut inner);
        Ok(Self { inner, history, prompt: prompt.to_owned() })
    }

    /// Waits for what is typed next, and keeps it in the history.
    ///
    /// # Errors
    /// Unavailable: the terminal is gone.
    pub(super) fn read(&mut self) -> Result<Typed> {
        match self.inner.readline(self.prompt.as_str()) {
            Ok(text) => {
                self.history.keep(&mut self.inner, &margin::with(text.trim_end()));
                Ok(Typed::Text(margin::without(&text)))
            }
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Ok(Typed::Nothing),
            Err(error) => Err(Error::unavailable(format!("the terminal cannot be read: {error}")).with_source(error)),
        }
    }
}

fn unusable(error: ReadlineError) -> Error {
    Error::internal(format!("the terminal cannot be used: {error}")).with_source(error)
}

/// Whether Enter sends what is typed.
fn is_sent(typed: &str) -> bool {
    let typed = margin::without(typed);
    Command::parse(&typed).is_some() || is_whole(&typed)
}

/// Enter: sends what is whole, or else begins a line with its margin.
struct Enter;

impl ConditionalEventHandler for Enter {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        Some(if is_sent(context.line()) { Cmd::AcceptLine } else { Cmd::Insert(1, margin::BREAK.to_owned()) })
    }
}

/// What the editor asks while a line is typed.
struct Pen {
    known: Known,
    /// The prompt's width, and the margin's.
    width: usize,
    colour: bool,
    earlier: HistoryHinter,
}

impl Helper for Pen {}

impl Completer for Pen {
    type Candidate = Candidate;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Candidate>)> {
        Ok(complete(line, at, &self.known.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Shown for Candidate {
    fn display(&self) -> &str {
        &self.shown
    }

    fn replacement(&self) -> &str {
        &self.written
    }
}

impl Hinter for Pen {
    type Hint = String;

    fn hint(&self, line: &str, at: usize, context: &Context<'_>) -> Option<String> {
        self.earlier.hint(line, at, context).filter(|_| self.colour)
    }
}

impl Highlighter for Pen {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let text = if self.colour { Cow::Owned(colour::coloured(line, &known.reserved)) } else { Cow::Borrowed(line) };
        Cow::Owned(margin::drawn(&text, self.width))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if self.colour { Cow::Owned(colour::bold(prompt)) } else { Cow::Borrowed(prompt) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(colour::dim(&margin::drawn(hint, self.width)))
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}

/// Asked in place of [`Enter`] on terminals where lines cannot be edited.
impl Validator for Pen {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_sent(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_sends_what_is_whole() {
        for sent in ["", "\\d", "help", "exit", "SELECT 1;", "SELECT\n\t1;\n\t"] {
            assert!(is_sent(sent), "{sent}");
        }
        for open in ["SELECT 1", "SELECT 1\n\t", "SELECT ';", "help me"] {
            assert!(!is_sent(open), "{open}");
        }
    }
}
