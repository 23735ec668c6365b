//! What goes to stderr: errors, notes and the log, in colour only where a person looks.

use std::error::Error as StdError;
use std::io::{IsTerminal, Write, stderr, stdout};

use tracing_subscriber::EnvFilter;

use crate::error::Error;

use super::output::{Form, Sheet};

/// How much to say, and whether in colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    pub(super) quiet: bool,
    verbose: bool,
    colour: bool,
    /// NO_COLOR is set.
    pub(super) plain: bool,
}

impl Terminal {
    pub(super) fn new(quiet: bool, verbose: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { quiet, verbose, colour: stderr().is_terminal() && !plain, plain }
    }

    /// Whether a person looks at stderr.
    pub(super) fn is_watched(self) -> bool {
        !self.quiet && stderr().is_terminal()
    }

    /// What tables are printed on: a terminal of some width, in colour unless NO_COLOR is set, or anything else.
    pub(super) fn sheet(self) -> Sheet {
        if !stdout().is_terminal() {
            return Sheet::PLAIN;
        }
        let width = rustix::termios::tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col));
        Sheet { width: width.filter(|width| *width > 0), colour: !self.plain, formats: true, form: Form::Fitting }
    }

    /// How many lines the terminal has.
    pub(super) fn height(self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(stdout()).ok();
        size.map(|size| usize::from(size.ws_row)).filter(|height| *height > 0)
    }

    /// Starts the log.
    pub(super) fn log(self) {
        let level = if self.verbose { "starmart=info,warn" } else { "starmart=warn,off" };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        let logging = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(self.colour);
        // A second start keeps the first log, which is as good.
        let _ = logging.try_init();
    }

    /// Says something that is no result. Where stderr is gone nobody listens.
    pub(super) fn note(self, text: &str) {
        if !self.quiet {
            let _ = writeln!(stderr(), "{text}");
        }
    }

    /// Says what must not be missed, also when quiet.
    pub(super) fn warn(self, text: &str) {
        let (on, off) = if self.colour { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
        let _ = writeln!(stderr(), "{on}warning:{off} {text}");
    }

    /// Says what went wrong; with `-v` also why.
    pub(super) fn error(self, error: &Error) {
        let (on, off) = if self.colour { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let mut err = stderr();
        let _ = writeln!(err, "{on}error:{off} {error}");
        let mut cause = StdError::source(error).filter(|_| self.verbose);
        while let Some(source) = cause {
            let _ = writeln!(err, "  caused by: {source}");
            cause = source.source();
        }
    }
}
