//! What this server says about itself: the few facts that drivers ask for when they connect.

use arrow_flight::sql::metadata::{SqlInfoData, SqlInfoDataBuilder};
use arrow_flight::sql::{SqlInfo, SqlSupportedTransaction};

use crate::error::{Error, Result};

/// The facts, keyed and typed as Flight SQL lays down.
pub(super) fn facts() -> Result<SqlInfoData> {
    let mut facts = SqlInfoDataBuilder::new();
    facts.append(SqlInfo::FlightSqlServerName, "Starmart");
    facts.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    facts.append(SqlInfo::FlightSqlServerArrowVersion, arrow::ARROW_VERSION);
    facts.append(SqlInfo::FlightSqlServerReadOnly, true);
    facts.append(SqlInfo::FlightSqlServerSql, true);
    facts.append(SqlInfo::FlightSqlServerSubstrait, false);
    facts.append(SqlInfo::FlightSqlServerTransaction, SqlSupportedTransaction::None as i32);
    facts.append(SqlInfo::FlightSqlServerCancel, true);
    facts.build().map_err(|error| Error::internal("the server's facts cannot be written").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_picked_by_code() {
        let facts = facts().unwrap();
        assert_eq!(facts.record_batch([]).unwrap().num_rows(), 8);
        assert_eq!(facts.record_batch([8]).unwrap().num_rows(), 1);
        assert_eq!(facts.record_batch([0, 1, 2, 4711]).unwrap().num_rows(), 3);
        assert_eq!(facts.schema().as_ref(), SqlInfoDataBuilder::schema());
    }
}
