//! Prepared statements. Their handles hold everything: the statement, and the values once they are bound, so that any
//! server of the same mart can go on with one, and none needs to keep any. A handle says nothing that a statement could
//! not.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::handle;
use crate::clock;
use crate::error::{Error, Result};

/// How long a handle is good for.
pub(super) const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// What the values of a statement may take, written as literals. A request with their handle must be read.
const VALUES_BYTES: usize = 256 << 10;

/// A prepared statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prepared {
    /// Tells it from every other, with values or without.
    pub(super) id: Uuid,
    /// When it was prepared.
    since: DateTime<Utc>,
    /// The values that are bound, each a literal of SQL.
    pub(super) values: Vec<String>,
    /// The statement, which its handle has apart.
    #[serde(skip)]
    pub(super) sql: String,
}

impl Prepared {
    /// A statement without values.
    pub(super) fn new(sql: String) -> Self {
        Self { id: Uuid::new_v4(), since: clock::now(), values: Vec::new(), sql }
    }

    /// The same statement with these values, in place of any before.
    ///
    /// # Errors
    /// Invalid: they are too long.
    pub(super) fn with_values(self, values: Vec<String>) -> Result<Self> {
        let bytes: usize = values.iter().map(String::len).sum();
        if bytes > VALUES_BYTES {
            return Err(Error::invalid(format!(
                "the values take {bytes} bytes as SQL, and {VALUES_BYTES} is the most; filter by a table instead"
            )));
        }
        Ok(Self { values, ..self })
    }

    /// The handle that clients carry.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        handle::write(self, &self.sql)
    }

    /// Reads a handle.
    ///
    /// # Errors
    /// Invalid: it was not issued here, or by another release. NotFound: it is too old.
    pub(super) fn decode(issued: &[u8]) -> Result<Self> {
        let (prepared, sql): (Self, String) = handle::read("prepared statement", issued)?;
        let age = clock::now().signed_duration_since(prepared.since);
        if age.to_std().is_ok_and(|age| age > LIFETIME) {
            return Err(Error::not_found("the prepared statement is more than a day old; prepare it again"));
        }
        Ok(Self { sql, ..prepared })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn prepared() -> Prepared {
        Prepared::new("SELECT $1\n, '數'".into()).with_values(vec!["'a\nb'".into(), "NULL".into()]).unwrap()
    }

    #[test]
    fn handles_come_back_as_issued() {
        let prepared = prepared();
        assert_eq!(Prepared::decode(&prepared.encode().unwrap()).unwrap(), prepared);
    }

    #[test]
    fn every_truncation_is_refused() {
        let handle = prepared().encode().unwrap();
        for length in 0..handle.len() {
            assert_eq!(Prepared::decode(&handle[..length]).unwrap_err().kind(), Kind::Invalid, "{length}");
        }
    }

    #[test]
    fn an_old_handle_is_told_so() {
        let old = Prepared { since: clock::now() - chrono::Duration::hours(25), ..prepared() };
        assert_eq!(Prepared::decode(&old.encode().unwrap()).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn values_are_bounded() {
        let long = vec!["x".repeat(VALUES_BYTES + 1)];
        assert_eq!(prepared().with_values(long).unwrap_err().kind(), Kind::Invalid);
    }
}
