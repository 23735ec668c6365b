//! Exit codes, by who must act.

use std::process::ExitCode;

use crate::error::{Error, Kind};

/// Stopped by a limit, a signal, or for now.
pub(super) const STOPPED: u8 = 4;

/// The exit code of an error. A faulty model is what `check` looks for, and wrong usage in any other command.
pub(super) fn code(error: &Error, checking: bool) -> ExitCode {
    ExitCode::from(number(error.kind(), checking))
}

fn number(kind: Kind, checking: bool) -> u8 {
    match kind {
        Kind::Invalid | Kind::NotFound | Kind::Unimplemented => 1,
        Kind::Misconfigured if checking => 1,
        Kind::Misconfigured => 2,
        Kind::Denied => 3,
        Kind::Exhausted | Kind::Deadline | Kind::Cancelled | Kind::Unavailable => STOPPED,
        Kind::Internal => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_codes() {
        assert_eq!(number(Kind::Invalid, false), 1);
        assert_eq!(number(Kind::Misconfigured, false), 2);
        assert_eq!(number(Kind::Misconfigured, true), 1);
        assert_eq!(number(Kind::Denied, false), 3);
        assert_eq!(number(Kind::Unavailable, false), 4);
        assert_eq!(number(Kind::Internal, false), 5);
    }
}
