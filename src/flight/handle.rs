//! What a client carries for the server, so that the server keeps nothing: what was decided, as JSON, and the statement
//! as it is. Within JSON the statement's quotes, line breaks and other control characters would take up to six bytes each.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The form of what is written and read here.
const FORM: u32 = 4;
/// Stands between what is written as JSON, which has no line break, and the statement.
const SEPARATOR: u8 = b'\n';

/// What comes before the statement.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head<T> {
    form: u32,
    /// How many bytes of SQL follow.
    sql_bytes: usize,
    decided: T,
}

/// What every form has.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// Writes what was decided about a statement.
///
/// # Errors
/// Internal: it cannot be written.
pub(super) fn write(decided: &impl Serialize, sql: &str) -> Result<Vec<u8>> {
    let head = Head { form: FORM, sql_bytes: sql.len(), decided };
    let mut handle = serde_json::to_vec(&head)
        .map_err(|error| Error::internal("a statement's handle cannot be written").with_source(error))?;
    handle.push(SEPARATOR);
    handle.extend(sql.as_bytes());
    Ok(handle)
}

/// Reads what was decided, and the statement. `what` names the handle in errors.
///
/// # Errors
/// Invalid: it was not issued here, or by another release.
pub(super) fn read<T: DeserializeOwned>(what: &str, handle: &[u8]) -> Result<(T, String)> {
    let malformed = || Error::invalid(format!("malformed {what}: send it back as it was issued"));
    let mut parts = handle.splitn(2, |byte| *byte == SEPARATOR);
    let (Some(head), Some(sql)) = (parts.next(), parts.next()) else { return Err(malformed()) };
    let Form { form } = serde_json::from_slice(head).map_err(|error| malformed().with_source(error))?;
    if form != FORM {
        return Err(Error::invalid(format!(
            "the {what} has form {form}, this server reads form {FORM}: ask the statement again"
        )));
    }
    let head: Head<T> = serde_json::from_slice(head).map_err(|error| malformed().with_source(error))?;
    if sql.len() != head.sql_bytes {
        return Err(malformed());
    }
    let sql = String::from_utf8(sql.to_vec()).map_err(|error| malformed().with_source(error))?;
    Ok((head.decided, sql))
}
