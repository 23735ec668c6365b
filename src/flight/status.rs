//! Errors on the wire: each kind is one gRPC code, and back again at the client.

use std::error::Error as StdError;

use tonic::{Code, Status};

use crate::error::{Error, Kind};

/// What a message may take once percent-encoded: it travels in a header, and some clients take 8 KiB of headers.
const MESSAGE_BYTES: usize = 4096;

/// The status that tells a client about `error`.
pub(super) fn of(error: &Error) -> Status {
    if error.kind() == Kind::Internal {
        tracing::error!(error = %error, source = ?error.source(), "internal error");
    } else {
        tracing::debug!(kind = ?error.kind(), error = %error, source = ?error.source(), "refused");
    }
    Status::new(code(error.kind()), trimmed(error.message()))
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::Misconfigured => Code::FailedPrecondition,
        Kind::Denied => Code::PermissionDenied,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Deadline => Code::DeadlineExceeded,
        Kind::Cancelled => Code::Cancelled,
        Kind::Unavailable => Code::Unavailable,
        Kind::Unimplemented => Code::Unimplemented,
        Kind::Internal => Code::Internal,
    }
}

/// The error that `status` tells of, at the client.
pub(super) fn error(status: Status) -> Error {
    // A status with a source was made on this side: the connection failed, nobody answered.
    if status.source().is_some() && status.code() != Code::OutOfRange {
        return Error::unavailable("the connection to the server failed").with_source(status);
    }
    let kind = match status.code() {
        Code::InvalidArgument => Kind::Invalid,
        // tonic's answer to a message beyond the size that was allowed.
        Code::OutOfRange | Code::ResourceExhausted => Kind::Exhausted,
        Code::NotFound => Kind::NotFound,
        Code::FailedPrecondition => Kind::Misconfigured,
        Code::PermissionDenied | Code::Unauthenticated => Kind::Denied,
        Code::DeadlineExceeded => Kind::Deadline,
        Code::Cancelled => Kind::Cancelled,
        Code::Unavailable => Kind::Unavailable,
        Code::Unimplemented => Kind::Unimplemented,
        Code::Ok | Code::Unknown | Code::AlreadyExists | Code::Aborted | Code::Internal | Code::DataLoss => {
            Kind::Internal
        }
    };
    let message = match status.message() {
        "" => format!("the server answered {:?} without a message", status.code()),
        message => message.to_owned(),
    };
    Error::new(kind, message)
}

/// The error that the status of a first call to `url` tells of: whoever does not speak gRPC shows here.
pub(super) fn first_error(status: Status, url: &str) -> Error {
    let spoken = status.source().is_none() && !status.message().starts_with("grpc-status header missing");
    if spoken || status.code() == Code::OutOfRange {
        return error(status);
    }
    Error::unavailable(format!("no Flight SQL server answers at {url}; is it the address that starmart serve names?"))
        .with_source(status)
}

fn trimmed(message: &str) -> String {
    let mut room = MESSAGE_BYTES;
    for (at, character) in message.char_indices() {
        let plain = character.is_ascii_alphanumeric();
        let takes = if plain { 1 } else { 3 * character.len_utf8() };
        if takes > room {
            return format!("{}…", &message[..at]);
        }
        room -= takes;
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 10] = [
        Kind::Invalid,
        Kind::NotFound,
        Kind::Misconfigured,
        Kind::Denied,
        Kind::Exhausted,
        Kind::Deadline,
        Kind::Cancelled,
        Kind::Unavailable,
        Kind::Unimplemented,
        Kind::Internal,
    ];

    #[test]
    fn kinds_survive_the_wire() {
        for kind in KINDS {
            let back = error(of(&Error::new(kind, "no column \"x\"")));
            assert_eq!((back.kind(), back.message()), (kind, "no column \"x\""));
        }
    }

    #[test]
    fn unauthenticated_is_denied_and_no_message_is_said() {
        assert_eq!(error(Status::unauthenticated("who?")).kind(), Kind::Denied);
        assert_eq!(error(Status::internal("")).message(), "the server answered Internal without a message");
    }

    #[test]
    fn a_web_server_is_no_flight_server() {
        let missing = Status::unimplemented("grpc-status header missing, mapped from HTTP status code 404");
        assert_eq!(first_error(missing, "grpc://x").kind(), Kind::Unavailable);
        assert_eq!(first_error(of(&Error::unimplemented("later")), "grpc://x").message(), "later");
    }

    #[test]
    fn long_messages_fit_a_header() {
        let ascii = of(&Error::invalid("a".repeat(10_000)));
        assert_eq!(ascii.message().chars().count(), MESSAGE_BYTES + 1);
        let chinese = of(&Error::invalid("營".repeat(10_000)));
        assert_eq!(chinese.message().chars().count(), MESSAGE_BYTES / 9 + 1);
        assert!(chinese.message().ends_with('…'));
        assert_eq!(of(&Error::invalid("短")).message(), "短");
    }
}
