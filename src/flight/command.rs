//! What a descriptor or a ticket asks for: the commands that are answered, and every other one refused by name.

use arrow_flight::FlightDescriptor;
use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::sql::{Any, Command};

use super::metadata::Metadata;
use super::prepared::Prepared;
use super::ticket::{self, Ticket};
use crate::error::{Error, Result};

/// The longest statement that is read.
pub(super) const SQL_BYTES: usize = 1 << 20;

/// What a descriptor describes.
#[derive(Debug)]
pub(super) enum Asked {
    /// The result of a statement.
    Statement(String),
    /// The result of a prepared statement with its values.
    Prepared(Prepared),
    /// What there is to ask, and what the server is.
    Metadata(Metadata),
}

/// What a ticket is good for.
#[derive(Debug)]
pub(super) enum Redeemed {
    /// The result of a pinned statement.
    Statement(Box<Ticket>),
    /// What there is to ask, and what the server is.
    Metadata(Metadata),
}

/// Reads a descriptor.
///
/// # Errors
/// Invalid: no Flight SQL. Unimplemented: a command that is not answered.
pub(super) fn asked(descriptor: &FlightDescriptor) -> Result<Asked> {
    if descriptor.r#type() == DescriptorType::Path {
        return Err(Error::unimplemented("paths are not served; ask a Flight SQL statement"));
    }
    match read(ticket::message("descriptor's command", &descriptor.cmd)?)? {
        Command::CommandStatementQuery(query) => {
            sql(query.query, query.transaction_id.as_deref()).map(Asked::Statement)
        }
        Command::CommandPreparedStatementQuery(query) => {
            Prepared::decode(&query.prepared_statement_handle).map(Asked::Prepared)
        }
        other => Metadata::of(other).map(Asked::Metadata),
    }
}

/// Reads a ticket.
///
/// # Errors
/// Invalid: not a ticket of this server. Unimplemented: a command that is not answered.
pub(super) fn redeemed(issued: &arrow_flight::Ticket) -> Result<Redeemed> {
    match read(ticket::message("ticket", &issued.ticket)?)? {
        Command::TicketStatementQuery(query) => {
            let ticket = Ticket::decode(&query.statement_handle)?;
            within_length(&ticket.pinned.sql)?;
            Ok(Redeemed::Statement(Box::new(ticket)))
        }
        other => Metadata::of(other).map(Redeemed::Metadata),
    }
}

/// The refusal of a command, an action or a call by its name.
pub(super) fn refused(name: &str) -> Error {
    let name = name.rsplit(['/', '.']).next().unwrap_or(name);
    let name: String = name.chars().take(80).collect();
    Error::unimplemented(format!("{name} is not there; ask statements directly (CommandStatementQuery)"))
}

fn read(any: Any) -> Result<Command> {
    Command::try_from(any).map_err(|error| Error::invalid("malformed Flight SQL command").with_source(error))
}

/// Reads what is put: the values of a prepared statement.
///
/// # Errors
/// Invalid: no Flight SQL. Denied: what would write. Unimplemented: anything else.
pub(super) fn put(command: &[u8]) -> Result<Prepared> {
    match read(ticket::message("descriptor's command", command)?)? {
        Command::CommandPreparedStatementQuery(query) => Prepared::decode(&query.prepared_statement_handle),
        Command::CommandStatementUpdate(_)
        | Command::CommandPreparedStatementUpdate(_)
        | Command::CommandStatementIngest(_) => {
            Err(Error::denied("SQL only reads here: tables are written by `starmart load`"))
        }
        other => Err(refused(other.type_url())),
    }
}

/// The statement of a request.
pub(super) fn sql(sql: String, transaction: Option<&[u8]>) -> Result<String> {
    if transaction.is_some_and(|id| !id.is_empty()) {
        return Err(Error::unimplemented("transactions are not there; leave out transaction_id"));
    }
    within_length(&sql)?;
    Ok(sql)
}

fn within_length(sql: &str) -> Result<()> {
    if sql.len() > SQL_BYTES {
        return Err(Error::invalid(format!(
            "the statement has {} bytes, more than the {SQL_BYTES} allowed",
            sql.len()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use arrow_flight::sql::{CommandGetTables, CommandStatementQuery, CommandStatementSubstraitPlan, ProstMessageExt};
    use prost::Message;

    fn ask(message: &impl ProstMessageExt) -> Result<Asked> {
        asked(&FlightDescriptor::new_cmd(message.as_any().encode_to_vec()))
    }

    fn query(sql: &str, transaction: Option<&'static [u8]>) -> CommandStatementQuery {
        CommandStatementQuery { query: sql.into(), transaction_id: transaction.map(Into::into) }
    }

    #[test]
    fn statements_are_read() {
        assert!(matches!(ask(&query("SELECT 1", None)), Ok(Asked::Statement(sql)) if sql == "SELECT 1"));
        assert!(matches!(ask(&query("SELECT 1", Some(b""))), Ok(Asked::Statement(_))));
    }

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        let error = ask(&query("SELECT 1", Some(b"t"))).unwrap_err();
        assert!(error.kind() == Kind::Unimplemented && error.message().contains("transaction"), "{error}");
        let error = ask(&CommandStatementSubstraitPlan::default()).unwrap_err();
        assert!(error.message().starts_with("CommandStatementSubstraitPlan "), "{error}");
        assert_eq!(error.kind(), Kind::Unimplemented);
        let unknown = Any { type_url: "type.googleapis.com/x.Secret".into(), value: Vec::new().into() };
        let error = asked(&FlightDescriptor::new_cmd(unknown.encode_to_vec())).unwrap_err();
        assert!(error.kind() == Kind::Unimplemented && error.message().starts_with("Secret "), "{error}");
        let error = asked(&FlightDescriptor::new_path(vec!["sales".into()])).unwrap_err();
        assert_eq!(error.kind(), Kind::Unimplemented);
        let error = put(&CommandGetTables::default().as_any().encode_to_vec()).unwrap_err();
        assert!(error.kind() == Kind::Unimplemented && error.message().starts_with("CommandGetTables "), "{error}");
        assert_eq!(put(b"junk").unwrap_err().kind(), Kind::Invalid);
    }

    #[test]
    fn what_is_wrong_is_invalid() {
        let error = asked(&FlightDescriptor::new_cmd("SELECT 1")).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert_eq!(ask(&query(&"x".repeat(SQL_BYTES + 1), None)).unwrap_err().kind(), Kind::Invalid);
        let broken = Any { type_url: CommandStatementQuery::type_url().into(), value: vec![0x0a, 0xff].into() };
        assert_eq!(asked(&FlightDescriptor::new_cmd(broken.encode_to_vec())).unwrap_err().kind(), Kind::Invalid);
        assert_eq!(redeemed(&arrow_flight::Ticket::new("x")).unwrap_err().kind(), Kind::Invalid);
    }
}
