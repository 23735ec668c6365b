//! What `starmart check` finds out: a model without faults, and with data, whether its files hold what was written, its
//! claims and its tests.

use std::pin::pin;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::ingest::{self, Progress};
use crate::model::{Model, ModelTest};
use crate::plan::NotLoaded;
use crate::query::{Principal, Settings};
use crate::store::{Integrity, Snapshot, Verdict, Verified};

use super::Mart;
use super::project::Project;

/// What a check found, besides faults of the model, which are its error.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// How many tables the model has.
    pub tables: usize,
    /// How many cubes.
    pub cubes: usize,
    /// How many measures in all cubes.
    pub measures: usize,
    /// With data: what became of every data file.
    pub files: Vec<Verified>,
    /// With data: the verdict on every claim, but for those about tables whose files are damaged.
    pub claims: Vec<Verdict>,
    /// With data: how each of the model's tests came out.
    pub tests: Vec<TestOutcome>,
}

/// How one of the model's tests came out.
#[derive(Debug, Clone)]
pub struct TestOutcome {
    /// The test's name.
    pub name: String,
    /// What the model expects.
    pub expected: String,
    /// What the query answered, or the error it ended with.
    pub got: String,
    /// What that means.
    pub result: TestResult,
}

/// What came of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestResult {
    /// The answer is what the model expects.
    Passes,
    /// It is not.
    Fails,
    /// There is none: what is asked needs a table that has never been loaded.
    Skipped,
}

impl CheckReport {
    /// Whether nothing was found wrong.
    pub fn passes(&self) -> bool {
        self.damaged().next().is_none()
            && self.claims.iter().all(|claim| claim.holds)
            && self.tests.iter().all(|test| test.result != TestResult::Fails)
    }

    /// The data files that do not hold what was written, each with what is wrong with it.
    pub fn damaged(&self) -> impl Iterator<Item = (&Verified, &str)> {
        self.files.iter().filter_map(|file| match &file.integrity {
            Integrity::Damaged(what) => Some((file, what.as_str())),
            Integrity::Whole | Integrity::NotVerifiable => None,
        })
    }

    /// How many data files came out so.
    pub fn count(&self, integrity: &Integrity) -> usize {
        self.files.iter().filter(|file| file.integrity == *integrity).count()
    }
}

impl Mart {
    /// Checks the model against the files it names; `data` also reads every data file of the newest mart version, checks
    /// its claims and runs the model's tests against it.
    ///
    /// # Errors
    /// Misconfigured: every fault of the model, one a line. With `data`, NotFound: nothing has been loaded.
    pub async fn check(self: &Arc<Self>, data: bool, progress: &dyn Progress) -> Result<CheckReport> {
        let model = Project::read(&self.config)?.model_of_files(&self.config, &self.functions)?;
        let mut report = CheckReport {
            tables: model.tables.len(),
            cubes: model.cubes.len(),
            measures: model.cubes.values().map(|cube| cube.measures.len()).sum(),
            ..CheckReport::default()
        };
        if data {
            let adopted = self.adopt(self.newest().await?).await?;
            report.files = verify(&adopted.snapshot, progress).await?;
            let mut sound = Snapshot::clone(&adopted.snapshot);
            for (file, _) in report.damaged() {
                sound.tables.remove(&file.table);
            }
            report.claims = ingest::test_claims(&model, &sound, &self.engine, &self.functions).await?;
            report.tests = self.run_tests(&model).await;
        }
        Ok(report)
    }

    async fn run_tests(self: &Arc<Self>, model: &Model) -> Vec<TestOutcome> {
        let mut outcomes = Vec::with_capacity(model.tests.len());
        for test in &model.tests {
            let (got, result) = match self.value_of(&test.query).await {
                Ok(got) if agrees(test, &got) => (got, TestResult::Passes),
                Ok(got) => (got, TestResult::Fails),
                Err(error) if NotLoaded::caused(&error) => (error.to_string(), TestResult::Skipped),
                Err(error) => (format!("error: {error}"), TestResult::Fails),
            };
            let (name, expected) = (test.name.clone(), test.expect.clone());
            outcomes.push(TestOutcome { name, expected, got, result });
        }
        outcomes
    }

    /// The one value that a query answers, as text.
    async fn value_of(self: &Arc<Self>, sql: &str) -> Result<String> {
        let session = self.session(Principal::local(), Settings::default());
        let batches: Vec<RecordBatch> = session.query(sql).await?.try_collect().await?;
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let batch = batches.iter().find(|batch| batch.num_rows() > 0);
        match batch {
            Some(batch) if rows == 1 && batch.num_columns() == 1 => text(batch),
            _ => Err(Error::invalid(format!("a test's query answers one row of one column, this one {rows} rows"))),
        }
    }
}

/// What became of every data file.
async fn verify(snapshot: &Snapshot, progress: &dyn Progress) -> Result<Vec<Verified>> {
    let all = snapshot.tables.values().flat_map(|table| &table.files).map(|file| file.size).sum();
    let (mut verified, mut bytes) = (Vec::new(), 0);
    let mut files = pin!(snapshot.verify());
    while let Some(file) = files.try_next().await? {
        bytes += file.bytes;
        progress.verify(bytes, all);
        verified.push(file);
    }
    Ok(verified)
}

fn text(batch: &RecordBatch) -> Result<String> {
    let internal = |error| Error::internal("a test's answer cannot be shown").with_source(error);
    let column = batch.column(0);
    if column.is_null(0) {
        return Ok("null".into());
    }
    let shown = match column.data_type() {
        DataType::Float64 => cast(column, &DataType::Utf8).map_err(internal)?,
        _ => Arc::clone(column),
    };
    let formatter = ArrayFormatter::try_new(&shown, &FormatOptions::default()).map_err(internal)?;
    Ok(formatter.value(0).to_string())
}

/// Equal as text, or as numbers within the test's tolerance.
fn agrees(test: &ModelTest, got: &str) -> bool {
    if test.expect == got {
        return true;
    }
    match (test.expect.parse::<f64>(), got.parse::<f64>()) {
        (Ok(expected), Ok(got)) => (expected - got).abs() <= test.tolerance.unwrap_or(0.0),
        _ => false,
    }
}
