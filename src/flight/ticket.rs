//! Tickets: a pinned statement on its way from GetFlightInfo to DoGet. A ticket parks nothing on the server, so any
//! server of the same mart and model can redeem it; it can say nothing that a statement could not say.

use arrow::datatypes::Schema;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::sql::{Any, ProstMessageExt, TicketStatementQuery};
use arrow_flight::{IpcMessage, SchemaAsIpc};
use prost::Message;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::handle;
use crate::error::{Error, Result};
use crate::mart::Pinned;

/// What a ticket holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ticket {
    /// The statement, pinned.
    pub(super) pinned: Pinned,
    /// The fingerprint of the schema that was announced.
    pub(super) schema: String,
}

impl Ticket {
    /// A ticket for a statement whose result was announced as `schema`.
    pub(super) fn new(pinned: Pinned, schema: &Schema) -> Result<Self> {
        Ok(Self { pinned, schema: fingerprint(schema)? })
    }

    /// The ticket as Flight SQL carries it.
    pub(super) fn encode(&self) -> Result<arrow_flight::Ticket> {
        let mut decided = self.clone();
        let sql = std::mem::take(&mut decided.pinned.sql);
        let query = TicketStatementQuery { statement_handle: handle::write(&decided, &sql)?.into() };
        Ok(arrow_flight::Ticket::new(query.as_any().encode_to_vec()))
    }

    /// Reads the handle of a statement's ticket.
    ///
    /// # Errors
    /// Invalid: it was not issued here, or by another release.
    pub(super) fn decode(handle: &[u8]) -> Result<Self> {
        let (mut ticket, sql): (Self, String) = handle::read("ticket", handle)?;
        if !ticket.pinned.sql.is_empty() {
            return Err(Error::invalid("malformed ticket: a statement stands in two places"));
        }
        // Planning computes with the time, in nanoseconds and on the wall of the zone.
        if ticket.pinned.now.timestamp_nanos_opt().is_none() {
            return Err(Error::invalid(format!("malformed ticket: no statement was asked at {}", ticket.pinned.now)));
        }
        ticket.pinned.sql = sql;
        Ok(ticket)
    }
}

/// Reads the message inside a ticket or a descriptor's command.
///
/// # Errors
/// Invalid: no such message.
pub(super) fn message(what: &str, bytes: &[u8]) -> Result<Any> {
    let any = Any::decode(bytes).map_err(|error| not_flight_sql(what).with_source(error))?;
    if any.type_url.is_empty() { Err(not_flight_sql(what)) } else { Ok(any) }
}

fn not_flight_sql(what: &str) -> Error {
    Error::invalid(format!("the {what} is not a Flight SQL message; use a Flight SQL client"))
}

/// Tells schemas apart, as they go over the wire.
pub(super) fn fingerprint(schema: &Schema) -> Result<String> {
    let options = IpcWriteOptions::default();
    let IpcMessage(bytes) =
        SchemaAsIpc::new(schema, &options).try_into().map_err(|error: arrow::error::ArrowError| {
            Error::internal("the schema cannot be written").with_source(error)
        })?;
    Ok(format!("{:x}", Sha256::digest(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::query::Settings;
    use arrow::datatypes::{DataType, Field};
    use chrono::DateTime;

    fn ticket() -> Ticket {
        let pinned = Pinned {
            sql: "SELECT 'Ünï\n數', $1".into(),
            parameters: vec!["'數'".into()],
            settings: Settings { mart_version: Some(2), timezone: Some("Asia/Taipei".into()) },
            mart_version: 2,
            now: DateTime::from_timestamp(1_700_000_000, 5).unwrap(),
            model_hash: "abc".into(),
        };
        Ticket::new(pinned, &Schema::new(vec![Field::new("x", DataType::Utf8, true)])).unwrap()
    }

    fn handle(ticket: &Ticket) -> Vec<u8> {
        let any = message("ticket", &ticket.encode().unwrap().ticket).unwrap();
        any.unpack::<TicketStatementQuery>().unwrap().unwrap().statement_handle.to_vec()
    }

    #[test]
    fn tickets_come_back_as_issued() {
        let back = Ticket::decode(&handle(&ticket())).unwrap();
        assert_eq!(format!("{back:?}"), format!("{:?}", ticket()));
    }

    #[test]
    fn a_statement_takes_no_more_than_its_bytes() {
        let mut ticket = ticket();
        ticket.pinned.sql = "\u{1}\"\n\\".repeat(1 << 18);
        let handle = handle(&ticket);
        assert!(handle.len() < (1 << 20) + 1024);
        assert_eq!(Ticket::decode(&handle).unwrap().pinned.sql, ticket.pinned.sql);
    }

    #[test]
    fn every_truncation_is_refused() {
        let handle = handle(&ticket());
        for length in 0..handle.len() {
            assert_eq!(Ticket::decode(&handle[..length]).unwrap_err().kind(), Kind::Invalid, "{length}");
        }
    }

    #[test]
    fn foreign_tickets_are_refused() {
        let text = String::from_utf8(handle(&ticket())).unwrap();
        let newer = text.replacen("\"form\":4", "\"form\":5", 1);
        let error = Ticket::decode(newer.as_bytes()).unwrap_err();
        assert!(error.kind() == Kind::Invalid && error.message().contains("form 5"), "{error}");
        for hostile in [
            text.replacen("\"form\":4", "\"form\":4,\"deadline\":99", 1),
            text.replacen("\"sql\":", "\"files\":[\"/etc/passwd\"],\"sql\":", 1),
            text.replacen("\"sql\":\"\"", "\"sql\":\"SELECT 2\"", 1),
            text.replacen("SELECT", "SELECT 1,", 1),
            text.replacen("\"mart_version\":2,\"now\"", "\"mart_version\":-2,\"now\"", 1),
            text.replacen("\"settings\":{", "\"settings\":{\"deadline\":99,", 1),
            text.replacen("\"now\":\"2023", "\"now\":\"+262142", 1),
            text.replacen("\"now\":\"2023", "\"now\":\"-262143", 1),
            text.replacen("\"now\":\"2023", "\"now\":\"9999", 1),
            format!("{text} {text}"),
            "null".into(),
            String::new(),
        ] {
            assert_ne!(hostile, text);
            assert_eq!(Ticket::decode(hostile.as_bytes()).unwrap_err().kind(), Kind::Invalid, "{hostile}");
        }
    }

    #[test]
    fn bytes_that_are_no_message_are_refused() {
        for bytes in [&b""[..], b"SELECT 1", &[0xff; 20], &[0x0a, 0xff, 0xff]] {
            assert_eq!(message("ticket", bytes).unwrap_err().kind(), Kind::Invalid, "{bytes:?}");
        }
    }

    #[test]
    fn schemas_are_told_apart() {
        let one = |nullable| Schema::new(vec![Field::new("x", DataType::Int64, nullable)]);
        assert_eq!(fingerprint(&one(true)).unwrap(), fingerprint(&one(true)).unwrap());
        assert_ne!(fingerprint(&one(true)).unwrap(), fingerprint(&one(false)).unwrap());
    }
}
