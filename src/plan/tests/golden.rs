//! `tests/plan/NAME.sql` beside the plan (`.plan`) or the refusal (`.err`) that it meets. `UPDATE=1` writes them.

use std::path::{Path, PathBuf};

use super::{Plan, planned};

/// A statement's plan or refusal, and the ending of the file that holds it.
fn outcome(sql: &str) -> (&'static str, String) {
    match planned(sql) {
        Ok(Plan { explained: Some(explained), .. }) => ("plan", format!("{}\n", explained.lines.join("\n"))),
        Ok(plan) => ("plan", format!("{}\n", plan.logical.display_indent())),
        Err(error) => ("err", format!("{:?}: {error}\n", error.kind())),
    }
}

#[test]
fn plans_and_refusals_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "sql"));
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let (ending, text) = outcome(&std::fs::read_to_string(&file).unwrap());
        let beside = file.with_extension(ending);
        if std::env::var_os("UPDATE").is_some() {
            for old in ["plan", "err"] {
                let _absent = std::fs::remove_file(file.with_extension(old));
            }
            std::fs::write(&beside, &text).unwrap();
        }
        let written = std::fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(written, text, "{}; UPDATE=1 writes it anew", beside.display());
    }
}
