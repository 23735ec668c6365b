//! What a pack carries with it, so that its figures can be computed again: the record `pack.json`, and the answers that
//! were drawn, each with its question.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::query::Principal;

use super::ask::Answered;
use super::data::{self, Data};
use super::resolve::Report;

/// The record's name among the files that a pack carries.
pub const RECORD: &str = "pack.json";
/// The name of the file of all figures.
pub const FIGURES: &str = "figures.csv";

/// What a pack was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The form of this record: 1.
    pub format: u32,
    /// The report's name.
    pub report: String,
    /// SHA-256 of the file that the report stands in.
    pub report_hash: String,
    /// The language.
    pub locale: String,
    /// The first day that it is about.
    pub first: NaiveDate,
    /// The last day that it is about.
    pub last: NaiveDate,
    /// The last day whose facts count.
    pub as_of: NaiveDate,
    /// The moment of the last fact, by the wall clock of the model's zone.
    pub last_fact: NaiveDateTime,
    /// The zone of wall clocks.
    pub timezone: String,
    /// Who asked.
    pub principal: String,
    /// The mart version that was read.
    pub mart_version: u64,
    /// SHA-256 of the model's files.
    pub model_hash: String,
    /// The questions, each with the file of its answer.
    pub queries: Vec<Question>,
}

/// A question and where its answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The file of the answer, CSV.
    pub file: String,
    /// The question.
    pub sql: String,
}

/// The circumstances of a run.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// Who asked.
    pub principal: Principal,
    /// The mart version that was read.
    pub mart_version: u64,
    /// SHA-256 of the model's files.
    pub model_hash: String,
    /// The zone of wall clocks.
    pub timezone: String,
}

/// A file beside a report's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Its name.
    pub name: String,
    /// What it is.
    pub bytes: Vec<u8>,
}

impl Record {
    /// The record of a run in one language.
    pub fn new(report: &Report, data: &Data, circumstances: &Circumstances, locale: &str) -> Self {
        let frame = &data.frame;
        Self {
            format: 1,
            report: report.name.clone(),
            report_hash: report.hash.clone(),
            locale: locale.to_owned(),
            first: frame.week.first(),
            last: frame.week.last(),
            as_of: frame.as_of,
            last_fact: frame.last_fact,
            timezone: circumstances.timezone.clone(),
            principal: circumstances.principal.name.clone(),
            mart_version: circumstances.mart_version,
            model_hash: circumstances.model_hash.clone(),
            queries: questions(report, data)
                .into_iter()
                .map(|(file, answered)| Question { file, sql: answered.sql.clone() })
                .collect(),
        }
    }

    /// The record as a file.
    ///
    /// # Errors
    /// Internal: it cannot be written.
    pub fn file(&self) -> Result<Carried> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::internal("the record of a pack cannot be written").with_source(error))?;
        Ok(Carried { name: RECORD.to_owned(), bytes: (text + "\n").into_bytes() })
    }

    /// The record that a file holds.
    ///
    /// # Errors
    /// Invalid: it is none, or of a later form.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let record: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::invalid(format!("{RECORD} is no record of a pack: {error}")).with_source(error))?;
        match record.format {
            1 => Ok(record),
            later => Err(Error::invalid(format!(
                "{RECORD} has the form {later}, and this version reads 1; take a newer one"
            ))),
        }
    }
}

/// The answers that were drawn, and all figures: aggregates, never rows.
///
/// # Errors
/// Internal: one cannot be written.
pub fn answers(report: &Report, data: &Data) -> Result<Vec<Carried>> {
    let figures = Carried { name: FIGURES.to_owned(), bytes: data::csv(&data.figures(report))? };
    let answers =
        questions(report, data).into_iter().map(|(name, answered)| Ok(Carried { name, bytes: answered.csv()? }));
    std::iter::once(Ok(figures)).chain(answers).collect()
}

/// The questions with the names of their answers' files: the tile's, numbered where it has several.
fn questions<'a>(report: &Report, data: &'a Data) -> Vec<(String, &'a Answered)> {
    let tiles = report.pages.iter().flat_map(|page| &page.tiles).map(|tile| tile.name.as_str());
    let shown = data.pages.iter().flatten().map(super::data::Shown::answered);
    let all = std::iter::once(("period", data.frame.answered.iter().collect::<Vec<_>>())).chain(tiles.zip(shown));
    let named = all.flat_map(|(name, answers)| {
        let only = answers.len() == 1;
        let name = name.to_owned();
        answers.into_iter().enumerate().map(move |(at, answered)| {
            (if only { format!("{name}.csv") } else { format!("{name}-{}.csv", at + 1) }, answered)
        })
    });
    named.collect()
}
