//! What a descriptor or a ticket asks for: the commands that are answered, and every other one refused by name.

use arrow_flight::FlightDescriptor;
use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::sql::{Any, Command, CommandGetSqlInfo, CommandStatementQuery};

use super::ticket::{self, Ticket};
use crate::error::{Error, Result};

/// The longest statement that is read.
const SQL_BYTES: usize = 1 << 20;

/// What a descriptor describes.
#[derive(Debug)]
pub(super) enum Asked {
    /// The result of a statement.
    Statement(String),
    /// What this server is.
    Info(CommandGetSqlInfo),
}

/// What a ticket is good for.
#[derive(Debug)]
pub(super) enum Redeemed {
    /// The result of a pinned statement.
    Statement(Box<Ticket>),
    /// What this server is.
    Info(CommandGetSqlInfo),
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
        Command::CommandStatementQuery(query) => statement(query).map(Asked::Statement),
        Command::CommandGetSqlInfo(command) => Ok(Asked::Info(command)),
        other => Err(refused(other.type_url())),
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
        Command::CommandGetSqlInfo(command) => Ok(Redeemed::Info(command)),
        other => Err(refused(other.type_url())),
    }
}

/// The refusal of a message that a call carries, whatever it may be: by name where it has one.
pub(super) fn refused_message(call: &str, bytes: &[u8]) -> Error {
    match ticket::message(call, bytes) {
        Ok(any) => refused(&any.type_url),
        Err(_nameless) => refused(call),
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

fn statement(query: CommandStatementQuery) -> Result<String> {
    if query.transaction_id.is_some_and(|id| !id.is_empty()) {
        return Err(Error::unimplemented("transactions are not there; leave out transaction_id"));
    }
    within_length(&query.query)?;
    Ok(query.query)
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
    use arrow_flight::sql::{CommandGetTables, ProstMessageExt};
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
        let error = ask(&CommandGetTables::default()).unwrap_err();
        assert!(error.kind() == Kind::Unimplemented && error.message().starts_with("CommandGetTables "), "{error}");
        let unknown = Any { type_url: "type.googleapis.com/x.Secret".into(), value: Vec::new().into() };
        let error = asked(&FlightDescriptor::new_cmd(unknown.encode_to_vec())).unwrap_err();
        assert!(error.kind() == Kind::Unimplemented && error.message().starts_with("Secret "), "{error}");
        let error = asked(&FlightDescriptor::new_path(vec!["sales".into()])).unwrap_err();
        assert_eq!(error.kind(), Kind::Unimplemented);
        assert!(refused_message("DoPut", b"junk").message().starts_with("DoPut "));
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
