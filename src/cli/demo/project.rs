//! The demo's project: its files, and the record of what the demo has written, so that it never writes over what is
//! somebody else's, nor over what somebody has changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::config::{Config, FILE};
use crate::error::{Error, Result};
use crate::ingest::made;

use crate::cli::files::{File, content, put, remove, unwritten};

/// The model and the reports that ship.
const MODEL: [(&str, &str); 7] = [
    ("cubes/labels/campaign_type.csv", include_str!("../../../cubes/labels/campaign_type.csv")),
    ("cubes/labels/department.csv", include_str!("../../../cubes/labels/department.csv")),
    ("cubes/tables.yaml", include_str!("../../../cubes/tables.yaml")),
    ("cubes/sales.yaml", include_str!("../../../cubes/sales.yaml")),
    ("cubes/campaigns.yaml", include_str!("../../../cubes/campaigns.yaml")),
    ("cubes/redemptions.yaml", include_str!("../../../cubes/redemptions.yaml")),
    ("reports/executive.yaml", include_str!("../../../reports/executive.yaml")),
];
/// The tests of the real figures.
const TESTS: (&str, &str) = ("cubes/tests.yaml", include_str!("../../../cubes/tests.yaml"));
/// The largest table.
const PROMOTIONS: (&str, &str) = ("cubes/promotions.yaml", include_str!("../../../cubes/promotions.yaml"));
/// Where the record stands in the project: lines as `sha256sum` writes them.
const RECORD: &str = ".starmart/demo";

/// Writes the project into `dir`: over the real data in the folder `data`, or without one over data that is made.
///
/// # Errors
/// Misconfigured: something is in the way; nothing has been written then. Exhausted, Misconfigured: the folder cannot be
/// written.
pub(super) fn write(dir: &Path, data: Option<&Path>, mart: &str, all: bool) -> Result<Config> {
    let data_folder = match data {
        Some(data) => fs::canonicalize(data),
        None => std::path::absolute(dir.join("data")),
    };
    let data_folder = data_folder.map_err(|error| unwritten(dir, error))?;
    if data_folder.file_name().is_none_or(|name| name != "data") {
        return Err(Error::misconfigured(format!(
            "the model names its files data/…, so the data's folder must be called data, not '{}'",
            data_folder.display()
        )));
    }
    let real = data.is_some();
    let mut files: Vec<File> = if real { Vec::new() } else { made::files()? };
    let model = MODEL.into_iter().chain(real.then_some(TESTS)).chain(all.then_some(PROMOTIONS));
    files.extend(model.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())));
    files.push((FILE.to_owned(), Config::render(mart, &data_folder)?.into_bytes()));
    let unwanted = [TESTS.0, PROMOTIONS.0].into_iter().filter(|name| files.iter().all(|(file, _)| file != name));
    let unwanted: Vec<&str> = unwanted.collect();

    let mut record = Record::read(dir)?;
    record.refuse_what_is_in_the_way(&files, &unwanted)?;
    record.add(&files)?;
    for (name, bytes) in &files {
        put(&dir.join(name), bytes)?;
    }
    for name in unwanted {
        remove(&dir.join(name))?;
    }
    Config::load(dir, None)
}

/// What the demo has ever written into a folder.
struct Record<'a> {
    dir: &'a Path,
    lines: BTreeSet<String>,
}

impl<'a> Record<'a> {
    fn read(dir: &'a Path) -> Result<Self> {
        let text = content(&dir.join(RECORD))?.unwrap_or_default();
        Ok(Self { dir, lines: String::from_utf8_lossy(&text).lines().map(str::to_owned).collect() })
    }

    /// Whether a file is as the demo once wrote it.
    fn knows(&self, name: &str, bytes: &[u8]) -> bool {
        self.lines.contains(&line(name, bytes))
    }

    fn refuse_what_is_in_the_way(&self, files: &[File], unwanted: &[&str]) -> Result<()> {
        let mut foreign = Vec::new();
        let wanted = files.iter().map(|(name, bytes)| (name.as_str(), Some(bytes)));
        for (name, bytes) in wanted.chain(unwanted.iter().map(|name| (*name, None))) {
            if let Some(there) = content(&self.dir.join(name))?
                && Some(&there) != bytes
                && !self.knows(name, &there)
            {
                foreign.push(name);
            }
        }
        if foreign.is_empty() {
            return Ok(());
        }
        Err(Error::misconfigured(format!(
            "'{}' holds files that the demo did not write, or that have been changed since: {}; name another folder with \
             --dir, or go on with this project by `starmart -C DIR load` and `serve`",
            self.dir.display(),
            foreign.join(", ")
        )))
    }

    /// Notes the files that are about to be written: a demo that is killed meanwhile knows them again.
    fn add(&mut self, files: &[File]) -> Result<()> {
        self.lines.extend(files.iter().map(|(name, bytes)| line(name, bytes)));
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        put(&self.dir.join(RECORD), text.as_bytes())
    }
}

fn line(name: &str, bytes: &[u8]) -> String {
    format!("{:x}  {name}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use tempfile::TempDir;

    fn text(dir: &Path, name: &str) -> String {
        fs::read_to_string(dir.join(name)).unwrap()
    }

    #[test]
    fn a_demo_is_written_again_as_it_was() {
        let dir = TempDir::new().unwrap();
        let first = write(dir.path(), None, "mart", true).unwrap();
        assert_eq!(write(dir.path(), None, "mart", true).unwrap(), first);
        assert!(dir.path().join(PROMOTIONS.0).is_file());
        write(dir.path(), None, "mart", false).unwrap();
        assert!(!dir.path().join(PROMOTIONS.0).exists(), "what only --all writes goes without it");
    }

    #[test]
    fn what_the_demo_did_not_write_stays() {
        for (name, theirs) in [(FILE, "version: 1\n"), ("cubes/sales.yaml", "# mine\n"), ("data/products.parquet", "x")]
        {
            let dir = TempDir::new().unwrap();
            fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            fs::write(dir.path().join(name), theirs).unwrap();
            let error = write(dir.path(), None, "mart", false).unwrap_err();
            assert_eq!(error.kind(), Kind::Misconfigured);
            assert!(error.message().contains(name) && error.message().contains("--dir"), "{error}");
            assert_eq!(text(dir.path(), name), theirs);
            assert!(!dir.path().join(RECORD).exists(), "nothing is written");
        }
    }

    #[test]
    fn what_was_changed_since_stays() {
        let dir = TempDir::new().unwrap();
        write(dir.path(), None, "mart", true).unwrap();
        for name in ["cubes/tables.yaml", PROMOTIONS.0] {
            let before = text(dir.path(), name);
            fs::write(dir.path().join(name), "# changed\n").unwrap();
            let error = write(dir.path(), None, "mart", false).unwrap_err();
            assert!(error.message().contains(name), "{error}");
            assert_eq!(text(dir.path(), name), "# changed\n");
            fs::write(dir.path().join(name), before).unwrap();
        }
    }
}
