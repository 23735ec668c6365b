//! Joins: each goes to a table with a primary key, all of which its keys cover, with the same types.

use std::collections::BTreeSet;

use crate::model::conversion::type_name;
use crate::model::spec::{JoinSpec, Written};
use crate::model::{Join, Table};

use super::Resolver;
use super::names::unknown_of;

impl Resolver<'_> {
    /// Resolves the joins of all tables.
    pub(super) fn joins(&mut self) {
        for spec in self.spec.tables.values() {
            let joins = spec.joins.iter().filter_map(|join| self.join(&spec.name, join)).collect();
            if let Some(table) = self.tables.get_mut(&spec.name) {
                table.joins = joins;
            }
        }
    }

    fn join(&mut self, from: &str, spec: &JoinSpec) -> Option<Join> {
        if self.spec.is_faulty(&spec.place) {
            return None;
        }
        let about = format!("join '{}'", spec.name);
        let (name, place) = spec.table.as_ref().map_or((&spec.name, &spec.place), |table| (&table.value, &table.place));
        if !self.spec.tables.contains_key(name) {
            self.unknown_table(&about, place, name);
            return None;
        }
        // Either may be missing because it is faulty itself.
        let mine = self.tables.get(from)?;
        let theirs = self.tables.get(name)?;
        if self.spec.tables.get(name).is_some_and(|table| self.spec.is_faulty(&table.place)) {
            return None;
        }
        let join = JoinKeys { spec, mine, theirs, faulty: &self.faulty };
        match join.pairs() {
            Ok(keys) => Some(Join { name: spec.name.clone(), table: name.clone(), keys }),
            Err(faults) => {
                let place = |at: At<'_>| at.map_or(&spec.place, |at| &at.place).clone();
                let placed: Vec<_> = faults.into_iter().map(|(at, message)| (place(at), message)).collect();
                for (place, message) in placed {
                    self.fault(&about, &place, &message);
                }
                None
            }
        }
    }
}

struct JoinKeys<'a> {
    spec: &'a JoinSpec,
    mine: &'a Table,
    theirs: &'a Table,
    faulty: &'a BTreeSet<(String, String)>,
}

type At<'a> = Option<&'a Written<String>>;

/// Faults, each with its place if it has one of its own.
type Misfits<'a> = Vec<(At<'a>, String)>;

impl<'a> JoinKeys<'a> {
    /// My columns with theirs in the order of their primary key, or every fault with its place.
    fn pairs(&self) -> Result<Vec<(String, String)>, Misfits<'a>> {
        let key = &self.theirs.primary_key;
        if key.is_empty() {
            let message =
                format!("table '{}' has no `primary_key`, so it may have many rows for one of mine", self.theirs.name);
            return Err(vec![(None, message)]);
        }
        let mut faults = Vec::new();
        let mut pairs = Vec::new();
        if self.spec.keys.iter().all(|(_, theirs)| theirs.is_none()) {
            if self.spec.keys.len() != key.len() {
                let message = format!(
                    "{} for the primary key of '{}', which is {}; name as many columns, in its order",
                    count(self.spec.keys.len()),
                    self.theirs.name,
                    key.join(", ")
                );
                return Err(vec![(self.spec.keys.first().map(|(mine, _)| mine), message)]);
            }
            pairs.extend(self.spec.keys.iter().zip(key).map(|((mine, _), theirs)| (mine, theirs.clone())));
        } else {
            pairs = self.mapped(&mut faults);
        }
        for (mine, theirs) in &pairs {
            if let Some(message) = self.mismatch(&mine.value, theirs) {
                faults.push((Some(*mine), message));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(pairs.into_iter().map(|(mine, theirs)| (mine.value.clone(), theirs)).collect())
    }

    /// The pairs of a map `mine: theirs`, in the order of the primary key.
    fn mapped(&self, faults: &mut Vec<(At<'a>, String)>) -> Vec<(&'a Written<String>, String)> {
        let key = &self.theirs.primary_key;
        for theirs in self.spec.keys.iter().filter_map(|(_, theirs)| theirs.as_ref()) {
            if !key.contains(&theirs.value) {
                let message = format!(
                    "'{}' is not in the primary key of '{}', which is {}",
                    theirs.value,
                    self.theirs.name,
                    key.join(", ")
                );
                faults.push((Some(theirs), message));
            }
        }
        let mut pairs = Vec::new();
        for column in key {
            let named =
                |theirs: &Option<Written<String>>| theirs.as_ref().is_some_and(|theirs| &theirs.value == column);
            let mut mine = self.spec.keys.iter().filter(|(_, theirs)| named(theirs)).map(|(mine, _)| mine);
            match (mine.next(), mine.next()) {
                (Some(mine), None) => pairs.push((mine, column.clone())),
                (None, _) => faults.push((
                    None,
                    format!(
                        "'{column}' of the primary key of '{}' is not covered; map a column to it",
                        self.theirs.name
                    ),
                )),
                (Some(_), Some(second)) => {
                    faults.push((Some(second), format!("'{column}' is covered twice; map one column to it")));
                }
            }
        }
        pairs
    }

    fn mismatch(&self, mine: &str, theirs: &str) -> Option<String> {
        let faulty = |table: &Table, column: &str| self.faulty.contains(&(table.name.clone(), column.to_owned()));
        if faulty(self.mine, mine) || faulty(self.theirs, theirs) {
            return None;
        }
        let Some(mine) = self.mine.column(mine) else {
            let known = self.mine.columns.iter().map(|column| column.name.as_str());
            return Some(unknown_of("column", mine, &format!(" of table '{}'", self.mine.name), known));
        };
        // A key that is not a column is noted where it is written.
        let theirs = self.theirs.column(theirs)?;
        (mine.data_type != theirs.data_type).then(|| {
            format!(
                "'{}' is {} and '{}' of '{}' is {}; declare the same type for both",
                mine.name,
                type_name(&mine.data_type),
                theirs.name,
                self.theirs.name,
                type_name(&theirs.data_type)
            )
        })
    }
}

fn count(columns: usize) -> String {
    if columns == 1 { "one column".into() } else { format!("{columns} columns") }
}
