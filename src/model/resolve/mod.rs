//! A [`Spec`] and the schemas of its tables to a [`Model`]: tables first, derived ones after those they read, then
//! joins, then cubes. Every fault is noted where it is written; what hangs on something faulty is passed over, and what
//! hangs on an absent table is left out whole.

mod columns;
mod derived;
mod dimensions;
mod growth;
mod instants;
mod joins;
mod leaves;
mod left_out;
mod measures;
mod names;
mod presentation;
mod rows;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

use crate::error::{Error, Result};
use crate::sql::Functions;
use crate::yaml::Faults;

use super::spec::{Place, Written};
use super::{LeftOut, Model, Schemas, Spec, Table};

/// Resolves a spec against the schemas of its tables.
///
/// # Errors
/// Misconfigured: every fault of the spec's files and of what they mean.
pub fn resolve(spec: &Spec, schemas: &Schemas, functions: &Functions) -> Result<Model> {
    let mut resolver = Resolver {
        spec,
        schemas,
        functions,
        faults: spec.faults.clone(),
        tables: BTreeMap::new(),
        faulty: BTreeSet::new(),
        left_out: LeftOut::default(),
    };
    resolver.tables();
    resolver.joins();
    let mut cubes = BTreeMap::new();
    for spec in spec.cubes.values() {
        let cube = resolver.cube(spec);
        if let Some(why) = resolver.wants(spec, cube.as_ref()) {
            resolver.left_out.cubes.insert(spec.name.clone(), why);
        } else if let Some(cube) = cube {
            cubes.insert(cube.name.clone(), cube);
        }
    }
    let Resolver { faults, tables, left_out, .. } = resolver;
    faults.into_result(Model {
        defaults: spec.defaults.clone(),
        tables,
        cubes,
        tests: spec.tests.clone(),
        left_out,
        hash: spec.hash.clone(),
    })
}

/// What is resolved so far, and what was wrong on the way.
struct Resolver<'a> {
    spec: &'a Spec,
    schemas: &'a Schemas,
    functions: &'a Functions,
    faults: Faults,
    tables: BTreeMap<String, Table>,
    /// Columns, each by its table and name, that are missing or whose type is wrong: what uses them is passed over.
    faulty: BTreeSet<(String, String)>,
    /// What is absent, and what hangs on it.
    left_out: LeftOut,
}

impl Resolver<'_> {
    /// Notes a fault of `about`, such as `measure 'aov'`. An empty message says that it is noted elsewhere.
    fn fault(&mut self, about: &str, place: &Place, message: &str) {
        if !message.is_empty() {
            place.fault(&mut self.faults, format!("{about}: {message}"));
        }
    }

    /// Notes SQL that does not parse, at the word where.
    fn misparsed(&mut self, about: &str, sql: &Written<String>, error: &Error) {
        let (place, message) = sql.misparsed(error);
        self.fault(about, &place, &message);
    }

    /// Notes that there is no such table, unless a file that could not be read may hold it.
    fn unknown_table(&mut self, about: &str, place: &Place, name: &str) {
        if self.spec.is_whole {
            let message = names::unknown("table", name, self.spec.tables.keys().map(String::as_str));
            self.fault(about, place, &message);
        }
    }

    /// The zone of the model's wall clocks.
    fn zone(&self) -> Tz {
        self.spec.defaults.timezone
    }

    fn is_faulty(&self, table: &str, column: &str) -> bool {
        self.faulty.contains(&(table.to_owned(), column.to_owned()))
    }

    fn note_faulty(&mut self, table: &str, column: &str) {
        self.faulty.insert((table.to_owned(), column.to_owned()));
    }
}
