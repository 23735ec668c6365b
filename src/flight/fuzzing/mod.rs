//! What Flight's clients send, for [`crate::fuzzing`]: bytes to what they ask for, without a mart.

use arrow_flight::{Action, FlightData, FlightDescriptor};
use futures::stream;
use prost::Message;

use super::command::{self, Asked, Redeemed};
use super::prepared::Prepared;
use super::ticket::Ticket;
use super::{action, values};
use crate::error::Result;

/// A statement and its values.
pub(crate) type Statement = (String, Vec<String>);

/// A statement's ticket without the message around it, which is written as it was read.
pub(crate) fn ticket(bytes: &[u8]) -> Result<Statement> {
    let ticket = Ticket::decode(bytes)?;
    if let Redeemed::Statement(again) = command::redeemed(&ticket.encode()?)? {
        assert_eq!(format!("{again:?}"), format!("{ticket:?}"));
    }
    Ok((ticket.pinned.sql, ticket.pinned.parameters))
}

/// A prepared statement's handle, which is written as it was read.
pub(crate) fn handle(bytes: &[u8]) -> Result<Statement> {
    let prepared = Prepared::decode(bytes)?;
    assert_eq!(Prepared::decode(&prepared.encode()?)?, prepared);
    Ok((prepared.sql, prepared.values))
}

/// A message as each call takes it: what describes a result, what redeems it, what is put.
pub(crate) fn command(bytes: &[u8]) -> [Result<Option<Statement>>; 3] {
    let asked = command::asked(&FlightDescriptor::new_cmd(bytes.to_vec())).map(|asked| match asked {
        Asked::Statement(sql) => Some((sql, Vec::new())),
        Asked::Prepared(Prepared { sql, values, .. }) => Some((sql, values)),
        Asked::Metadata(metadata) => {
            assert!(!metadata.schema().fields().is_empty());
            None
        }
    });
    let redeemed = command::redeemed(&arrow_flight::Ticket::new(bytes.to_vec())).map(|redeemed| match redeemed {
        Redeemed::Statement(ticket) => Some((ticket.pinned.sql, ticket.pinned.parameters)),
        Redeemed::Metadata(_) => None,
    });
    let put = command::put(bytes).map(|Prepared { sql, values, .. }| Some((sql, values)));
    [asked, redeemed, put]
}

/// An action with its body.
pub(crate) fn action(bytes: &[u8]) -> Result<Option<String>> {
    let Ok(action) = Action::decode(bytes) else { return Ok(None) };
    action::asked(&action).map(|asked| match asked {
        action::Asked::Prepare(sql) => Some(sql),
        action::Asked::Close(_) | action::Asked::Cancel { .. } => None,
    })
}

/// The messages with the values of a prepared statement, each after its length.
pub(crate) fn values(mut bytes: &[u8]) -> Result<Vec<String>> {
    let messages = std::iter::from_fn(move || FlightData::decode_length_delimited(&mut bytes).ok());
    // Not even an empty message is without its length, so that they end.
    let messages: Vec<_> = messages.take(1 << 10).map(Ok).collect();
    futures::executor::block_on(values::row(stream::iter(messages)))
}

#[cfg(test)]
pub(crate) mod seeds;
