//! The terminal as it was. Reading a line puts it into another mode, in which a shell that is told to stop must not leave it.

use std::io::{Write, stdin, stdout};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// What ends the marking of pasted text, and the line.
const LEFT: &[u8] = b"\x1b[?2004l\n";

/// Puts the terminal back into the mode that it had.
pub(super) struct Cooked {
    mode: Option<Termios>,
}

impl Cooked {
    /// Takes note of the mode that the terminal is in.
    pub(super) fn keep() -> Self {
        Self { mode: tcgetattr(stdin()).ok() }
    }
}

impl Drop for Cooked {
    fn drop(&mut self) {
        let Some(kept) = &self.mode else { return };
        let is_changed = tcgetattr(stdin()).is_ok_and(|now| now.local_modes != kept.local_modes);
        if is_changed && tcsetattr(stdin(), OptionalActions::Drain, kept).is_ok() {
            // Where the terminal is gone, there is nothing to put back.
            let _ = stdout().write_all(LEFT).and_then(|()| stdout().flush());
        }
    }
}
