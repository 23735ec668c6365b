//! A [`Spec`] and the schemas of its tables to a [`Model`]: tables first, derived ones after those they read, then
//! joins, then cubes. Every fault is noted where it is written; what hangs on something faulty is passed over.

mod columns;
mod derived;
mod dimensions;
mod joins;
mod measures;
mod names;
mod rows;
mod tables;

use std::collections::BTreeMap;

use crate::error::Result;
use crate::sql::Functions;
use crate::yaml::Faults;

use super::{Model, Schemas, Spec, Table};

/// Resolves a spec against the schemas of its tables; the error lists every fault.
pub fn resolve(spec: &Spec, schemas: &Schemas, functions: &Functions) -> Result<Model> {
    let mut resolver = Resolver { spec, schemas, functions, faults: Faults::default(), tables: BTreeMap::new() };
    resolver.tables();
    resolver.joins();
    let mut cubes = BTreeMap::new();
    for cube in spec.cubes.values() {
        if let Some(cube) = resolver.cube(cube) {
            cubes.insert(cube.name.clone(), cube);
        }
    }
    let Resolver { faults, tables, .. } = resolver;
    faults.into_result(Model {
        defaults: spec.defaults.clone(),
        tables,
        cubes,
        tests: spec.tests.clone(),
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
}
