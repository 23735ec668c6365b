//! What a model is resolved without: tables that are absent, those derived from them, and cubes that lack a part for
//! want of them. A cube without its filter or a dimension would answer something else, so it is left out whole.

use std::collections::BTreeSet;

use crate::model::spec::CubeSpec;
use crate::model::{Cube, MissingTable};

use super::Resolver;

impl Resolver<'_> {
    /// Leaves a table out that reads the tables `reads`, because of what is said.
    pub(super) fn leave_out(&mut self, table: &str, why: &str, reads: &[String]) {
        let missing = MissingTable { why: why.to_owned(), reads: reads.to_vec() };
        self.left_out.tables.insert(table.to_owned(), missing);
    }

    /// Why a derived table is left out: the first that it reads is.
    pub(super) fn missing_read(&self, reads: &[String]) -> Option<String> {
        reads.iter().find_map(|read| self.left_out.tables.get(read)).map(|missing| missing.why.clone())
    }

    /// Why a cube is left out: it is not whole, and its fact table or one that joins lead to is left out.
    pub(super) fn wants(&self, spec: &CubeSpec, cube: Option<&Cube>) -> Option<String> {
        if self.left_out.tables.is_empty() || cube.is_some_and(|cube| is_whole(spec, cube)) {
            return None;
        }
        let (mut seen, mut open) = (BTreeSet::new(), vec![spec.table.value.as_str()]);
        while let Some(table) = open.pop() {
            if let Some(missing) = self.left_out.tables.get(table) {
                return Some(missing.why.clone());
            }
            if let Some(spec) = self.spec.tables.get(table).filter(|_| seen.insert(table)) {
                open.extend(spec.joins.iter().map(|join| join.table.as_ref().map_or(&*join.name, |name| &*name.value)));
            }
        }
        None
    }
}

/// Whether all that is written of a cube is there.
fn is_whole(spec: &CubeSpec, cube: &Cube) -> bool {
    let has_dimension = |name: &String| cube.dimensions.iter().any(|dimension| dimension.name == *name);
    spec.dimensions.iter().all(|dimension| has_dimension(&dimension.name))
        && spec.measures.iter().all(|spec| cube.measures.iter().any(|measure| measure.name == spec.name))
        && spec.time.is_some() == cube.time.is_some()
        && spec.filter.is_some() == cube.filter.is_some()
}
