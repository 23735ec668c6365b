//! What was typed in this shell and in earlier ones, in a file that is its user's alone.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

use super::super::terminal::Terminal;

/// The history of a user.
#[derive(Debug)]
pub(super) struct History {
    /// None where there is no place for it, or where it cannot be written.
    file: Option<PathBuf>,
    terminal: Terminal,
}

impl History {
    /// How many entries are kept.
    pub(super) const ENTRIES: usize = 1_000;

    /// The history of whoever runs this.
    pub(super) fn of_user(terminal: Terminal) -> Self {
        Self { file: place(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME")), terminal }
    }

    /// Reads what earlier shells have kept.
    pub(super) fn load<H: Helper>(&mut self, editor: &mut Editor<H, FileHistory>) {
        let Some(file) = &self.file else { return };
        match editor.load_history(file) {
            Ok(()) => {}
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.lose("read", &error),
        }
    }

    /// Keeps an entry, unless it begins with a blank or is the one before.
    pub(super) fn keep<H: Helper>(&mut self, editor: &mut Editor<H, FileHistory>, entry: &str) {
        let added = editor.add_history_entry(entry).unwrap_or_default();
        let Some(file) = self.file.as_ref().filter(|_| added) else { return };
        if let Err(error) = folder(file).map_err(ReadlineError::Io).and_then(|()| editor.append_history(file)) {
            self.lose("written", &error);
        }
    }

    /// Goes on without a file, which is said once.
    fn lose(&mut self, what: &str, error: &ReadlineError) {
        if let Some(file) = self.file.take() {
            self.terminal
                .warn(&format!("the history '{}' cannot be {what}: {error}; this shell keeps none", file.display()));
        }
    }
}

/// The file, by what the environment says of the user's folders.
fn place(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    // A path that is not absolute is to be passed over.
    let folder = |value: Option<OsString>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder(state).or_else(|| Some(folder(home)?.join(".local/state")))?;
    Some(state.join("starmart/history"))
}

/// Makes the folder of a file, for its user alone.
fn folder(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) => std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_users() {
        let place = |state: &str, home: &str| {
            let value = |text: &str| (!text.is_empty()).then(|| OsString::from(text));
            super::place(value(state), value(home)).map(|path| path.display().to_string())
        };
        assert_eq!(place("/s", "/h").as_deref(), Some("/s/starmart/history"));
        assert_eq!(place("", "/h").as_deref(), Some("/h/.local/state/starmart/history"));
        assert_eq!(place("relative", "/h").as_deref(), Some("/h/.local/state/starmart/history"));
        assert_eq!(place("", ""), None);
    }
}
