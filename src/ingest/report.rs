//! What a load says of its tables: those that stopped and why, the others in numbers, and what claims came to.

use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::model::Table;
use crate::store::{Claim, Verdict};

use super::{Orphans, Outcome, TableReport};

/// A table's report, with nothing read.
pub(super) fn of(table: &Table, outcome: Outcome, loaded: u64) -> TableReport {
    TableReport {
        table: table.name.clone(),
        outcome,
        read: 0,
        loaded,
        orphans: Vec::new(),
        false_claims: Vec::new(),
        elapsed: Duration::ZERO,
    }
}

/// Adds to each table's report what its claims came to.
pub(super) fn tell(reports: &mut [TableReport], verdicts: &[Verdict]) {
    for verdict in verdicts {
        let Some(report) = reports.iter_mut().find(|report| report.table == verdict.table) else { continue };
        if let Claim::Join { name } = &verdict.claim
            && verdict.orphans > 0
        {
            let orphans = Orphans { join: name.clone(), keys: verdict.orphan_keys, rows: verdict.orphans };
            report.orphans.push(orphans);
        }
        if !verdict.holds {
            report.false_claims.push(format!("{} ({})", claim_name(verdict), verdict.detail));
        }
    }
}

fn claim_name(verdict: &Verdict) -> String {
    let keys = |one: &str, several: &str| match verdict.violations {
        1 => format!("1 key {one}"),
        many => format!("{many} keys {several}"),
    };
    match &verdict.claim {
        Claim::PrimaryKey => format!("primary key: {}", keys("breaks it", "break it")),
        Claim::Join { name } => {
            format!("join {name}: {}", keys("names several rows", "name several rows"))
        }
    }
}

/// The tables that stopped, and why.
#[derive(Default)]
pub(super) struct Stopped {
    names: Vec<String>,
    messages: Vec<String>,
    kind: Option<Kind>,
}

impl Stopped {
    pub(super) fn add(&mut self, table: &str, error: &Error) {
        self.names.push(table.to_owned());
        self.kind.get_or_insert(error.kind());
        let message = error.to_string();
        let named = message.contains(&format!("table '{table}'"));
        self.messages.push(if named { message } else { format!("table '{table}': {message}") });
    }

    /// Adds a table that reads one of those that stopped, if it does: nothing is to be said of it.
    pub(super) fn takes_along(&mut self, table: &str, reads: &[String]) -> bool {
        let stops = reads.iter().any(|read| self.names.contains(read));
        if stops {
            self.names.push(table.to_owned());
        }
        stops
    }

    pub(super) fn into_result(self) -> Result<()> {
        match self.kind {
            None => Ok(()),
            Some(kind) => {
                let said = self.messages.join("\n");
                Err(Error::new(kind, format!("{said}\nnothing was published")))
            }
        }
    }
}
