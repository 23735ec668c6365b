//! Tables for tests, from text.

use chrono_tz::Tz;
use tempfile::TempDir;

use super::files::gather;
use super::survey::{Table, survey};
use crate::ingest::Silent;

/// The tables of CSV files with these names and texts, and the folder that holds them: keys are tested by reading again.
pub(super) fn tables(files: &[(&str, &str)]) -> (TempDir, Vec<Table>) {
    let folder = TempDir::new().unwrap();
    let read = |(name, text): &(&str, &str)| {
        let path = folder.path().join(format!("{name}.csv"));
        std::fs::write(&path, text).unwrap();
        let (mut drafts, _) = gather(folder.path(), &[path]).unwrap();
        survey(drafts.remove(0), Tz::UTC, &Silent).unwrap()
    };
    let tables = files.iter().map(read).collect();
    (folder, tables)
}
