//! Files to a proposed model: types, keys, joins and cubes, each guess with its reason, for their owner to check. All rows
//! are read; nothing is decided by a sample, and nothing is written here.
//!
//! `files` makes tables of files, `survey` reads them once, `keys` tests what may name a row, `joins` what may name a row
//! elsewhere, `cubes` takes facts from descriptions, and `write` says it all in YAML.

mod cubes;
mod encoding;
mod files;
mod joins;
mod keys;
mod names;
mod survey;
mod types;
mod values;
mod write;

pub use files::plain;

use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;

use crate::error::Result;

use super::{Outcome, Progress, TableReport};
use cubes::{Cube, Found};
use joins::Joins;
use keys::Key;
use survey::Table;

/// What a model is to be proposed for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The project's folder, as [`plain`] makes it; it need not be there.
    pub project: PathBuf,
    /// The files to load.
    pub files: Vec<PathBuf>,
    /// The zone of days and of wall clocks without a zone; UTC if it is not known.
    pub timezone: Option<Tz>,
}

/// A model proposed for some files.
#[derive(Debug)]
pub struct Proposal {
    /// The folder of `data`, where it is not the project's own.
    pub data: Option<PathBuf>,
    timezone: Tz,
    is_zone_given: bool,
    locale: &'static str,
    tables: Vec<Table>,
    keys: Vec<Option<Key>>,
    joins: Vec<Joins>,
    cubes: Vec<Cube>,
}

/// A proposed table, for a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// The columns of its primary key; none if it has none.
    pub key: Vec<String>,
    /// The tables that it joins.
    pub joins: Vec<String>,
    /// How many measures its cube has; none where it has no cube.
    pub measures: Option<usize>,
}

/// Reads the files and proposes a model for them.
///
/// # Errors
/// Invalid: a file that is missing, empty, without rows or no table; two of one name; a row that cannot be read.
pub fn propose(request: &Request, progress: &dyn Progress) -> Result<Proposal> {
    let (drafts, data) = files::gather(&request.project, &request.files)?;
    let timezone = request.timezone.unwrap_or(Tz::UTC);
    let (mut tables, mut keys) = (Vec::new(), Vec::new());
    for draft in drafts {
        let table = survey::survey(draft, timezone, progress)?;
        progress.done(&read(&table));
        progress.test(&table.name);
        keys.push(keys::find(&table)?);
        tables.push(table);
    }
    let joins = (0..tables.len()).map(|at| joins::find(&tables, &keys, at)).collect::<Result<Vec<_>>>()?;
    let cubes = Found { tables: &tables, keys: &keys, joins: &joins }.cubes();
    let columns = tables.iter().flat_map(|table| table.columns.iter().filter_map(|column| column.title.as_deref()));
    let locale = names::locale(tables.iter().filter_map(|table| table.title.as_deref()).chain(columns));
    Ok(Proposal { data, timezone, is_zone_given: request.timezone.is_some(), locale, tables, keys, joins, cubes })
}

fn read(table: &Table) -> TableReport {
    TableReport {
        table: table.name.clone(),
        outcome: Outcome::WouldLoad,
        read: table.rows,
        loaded: 0,
        orphans: Vec::new(),
        false_claims: Vec::new(),
        elapsed: Duration::ZERO,
    }
}

impl Proposal {
    /// The tables and what was found of them.
    pub fn overview(&self) -> Vec<Overview> {
        let of = |(at, table): (usize, &Table)| Overview {
            table: table.name.clone(),
            rows: table.rows,
            key: self.keys[at].iter().flat_map(|key| &key.columns).map(|at| table.columns[*at].name.clone()).collect(),
            joins: self.joins[at].joins.iter().map(|join| self.tables[join.to].name.clone()).collect(),
            measures: self.cubes.iter().find(|cube| cube.name == table.name).map(measures),
        };
        self.tables.iter().enumerate().map(of).collect()
    }

    /// A question to begin with, which the proposed model answers.
    pub fn question(&self) -> String {
        let Some(cube) = self.cubes.iter().max_by_key(|cube| (sums(cube), cube.dimensions.len())) else {
            return "SELECT 1".into();
        };
        let proposed = || cube.measures.iter().filter(|measure| measure.unsummed.is_none());
        let measure = proposed().find(|measure| measure.expr.starts_with("sum")).or_else(|| proposed().next());
        let measure = measure.map_or("1", |measure| measure.name.as_str());
        let joined = cube.dimensions.iter().find(|(name, expr)| expr.contains('.') && Some(name) != cube.time.as_ref());
        match (joined.or(cube.dimensions.first()), &cube.time) {
            (Some((name, _)), _) => {
                format!("SELECT {name}, {measure} FROM {} ORDER BY {measure} DESC LIMIT 5", cube.name)
            }
            (None, Some(time)) => format!("SELECT {time}__month, {measure} FROM {}", cube.name),
            (None, None) => format!("SELECT {measure} FROM {}", cube.name),
        }
    }
}

fn measures(cube: &Cube) -> usize {
    cube.measures.iter().filter(|measure| measure.unsummed.is_none()).count()
}

fn sums(cube: &Cube) -> usize {
    let is_sum = |measure: &&cubes::Measure| measure.unsummed.is_none() && measure.expr.starts_with("sum");
    cube.measures.iter().filter(is_sum).count()
}

#[cfg(test)]
mod kit;
