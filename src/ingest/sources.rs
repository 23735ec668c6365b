//! Source files: what a table's patterns name, and the headers that tell its columns.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use chrono::{DateTime, Utc};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::model::{FileFormat, Schemas, Spec, TableSchema};
use crate::store::Input;

use super::csv;

/// A source file: where it is, and what it is called in messages and in the mart's record.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) shown: String,
    pub(super) size: u64,
    pub(super) modified: DateTime<Utc>,
}

impl SourceFile {
    /// The record of the file, with its content's hash where one is asked for.
    pub(super) fn input(&self, hashed: bool) -> Result<Input> {
        let sha256 = if hashed { Some(self.sha256()?) } else { None };
        Ok(Input { path: self.shown.clone(), size: self.size, modified: self.modified, sha256 })
    }

    /// That the file is as it was when the load decided to read it: rows of two states of it belong to neither.
    pub(super) fn still_the_same(&self, table: &str) -> Result<()> {
        let meta = fs::metadata(&self.path).map_err(|error| unreadable(&self.shown, error))?;
        let modified = meta.modified().map_err(|error| unreadable(&self.shown, error))?;
        if meta.len() == self.size && DateTime::<Utc>::from(modified) == self.modified {
            return Ok(());
        }
        Err(Error::invalid(format!("table '{table}': '{}' changed while it was loaded; load it again", self.shown)))
    }

    /// SHA-256 of the content, in hex.
    pub(super) fn sha256(&self) -> Result<String> {
        let mut file = self.open()?;
        let mut hasher = Sha256::new();
        std::io::copy(&mut file, &mut hasher).map_err(|error| unreadable(&self.shown, error))?;
        Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(super) fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|error| unreadable(&self.shown, error))
    }

    /// The file's text from behind a byte order mark.
    pub(super) fn open_text(&self) -> Result<File> {
        let mut file = self.open()?;
        let mut mark = [0; 3];
        let read = file.read(&mut mark).map_err(|error| unreadable(&self.shown, error))?;
        let start = if read == 3 && mark == [0xef, 0xbb, 0xbf] { 3 } else { 0 };
        file.seek(SeekFrom::Start(start)).map_err(|error| unreadable(&self.shown, error))?;
        Ok(file)
    }
}

pub(super) fn unreadable(shown: &str, error: std::io::Error) -> Error {
    Error::invalid(format!("'{shown}' cannot be read: {error}")).with_source(error)
}

/// The files that patterns name, by path. `*` and `?` stand for any characters of one name.
///
/// # Errors
/// Invalid: a pattern that names no file or leaves the folder, or a file that is empty.
pub(super) fn files(table: &str, patterns: &[String], root: &Path) -> Result<Vec<SourceFile>> {
    let mut found = BTreeMap::new();
    for pattern in patterns {
        let before = found.len();
        let parts = parts(table, pattern)?;
        expand(root, "", &parts, &mut found)?;
        if found.len() == before {
            return Err(Error::invalid(format!("table '{table}': no file '{pattern}' under '{}'", root.display())));
        }
    }
    found
        .into_iter()
        .map(|(shown, path)| {
            let meta = fs::metadata(&path).map_err(|error| unreadable(&shown, error))?;
            let modified = meta.modified().map_err(|error| unreadable(&shown, error))?;
            if meta.len() == 0 {
                return Err(Error::invalid(format!("table '{table}': '{shown}' is empty")));
            }
            Ok(SourceFile { path, shown, size: meta.len(), modified: DateTime::<Utc>::from(modified) })
        })
        .collect()
}

fn parts(table: &str, pattern: &str) -> Result<Vec<String>> {
    let outside = || {
        Error::invalid(format!("table '{table}': '{pattern}' leaves the data's folder; write a path relative to it"))
    };
    Path::new(pattern)
        .components()
        .filter(|component| !matches!(component, Component::CurDir))
        .map(|component| match component {
            Component::Normal(name) => name.to_str().map(str::to_owned).ok_or_else(outside),
            _ => Err(outside()),
        })
        .collect()
}

fn expand(folder: &Path, shown: &str, parts: &[String], found: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    let Some((part, rest)) = parts.split_first() else { return Ok(()) };
    let names = if part.contains(['*', '?']) { listed(folder, part)? } else { vec![part.clone()] };
    for name in names {
        let path = folder.join(&name);
        let shown = if shown.is_empty() { name } else { format!("{shown}/{name}") };
        if rest.is_empty() {
            if path.is_file() {
                found.insert(shown, path);
            }
        } else if path.is_dir() {
            expand(&path, &shown, rest, found)?;
        }
    }
    Ok(())
}

fn listed(folder: &Path, pattern: &str) -> Result<Vec<String>> {
    let unread = |error| unreadable(&folder.display().to_string(), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let name = entry.map_err(unread)?.file_name();
        if let Some(name) = name.to_str()
            && !name.starts_with('.')
            && matches(pattern, name)
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Whether a name fits a pattern of `*` and `?`, without backtracking beyond the last star.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == name[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((star_at, star_read)) => {
                    star = Some((star_at, star_read + 1));
                    at = star_at + 1;
                    read = star_read + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

/// The columns of a file, as its header or footer names them.
pub(super) fn header(table: &str, file: &SourceFile, format: FileFormat) -> Result<SchemaRef> {
    let schema = match format {
        FileFormat::Parquet => {
            let builder = ParquetRecordBatchReaderBuilder::try_new(file.open()?).map_err(|error| {
                Error::invalid(format!("table '{table}': '{}' is no whole Parquet file: {error}", file.shown))
                    .with_source(error)
            })?;
            let fields = builder.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
            Arc::new(Schema::new(fields.collect::<Vec<_>>()))
        }
        FileFormat::Csv => csv::header(table, file)?,
    };
    if schema.fields().is_empty() {
        return Err(Error::invalid(format!("table '{table}': '{}' is empty: it has no columns", file.shown)));
    }
    Ok(schema)
}

/// How many rows a table's files have, where their footers say so.
pub(super) fn row_count(files: &[SourceFile], format: FileFormat) -> Option<u64> {
    let rows = |file: &SourceFile| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file.open().ok()?).ok()?;
        u64::try_from(builder.metadata().file_metadata().num_rows()).ok()
    };
    if format == FileFormat::Parquet { files.iter().map(rows).sum() } else { None }
}

/// The schemas of all tables that come from files, by their headers alone; one whose files are missing, empty,
/// unreadable or disagree is unknown.
pub fn headers(spec: &Spec, root: &Path) -> Schemas {
    let mut schemas = Schemas::new();
    for (name, table) in &spec.tables {
        let Some(files) = &table.files else { continue };
        let schema = match table_header(name, &files.patterns, files.format, root) {
            Ok(schema) => TableSchema::File(schema),
            Err(error) => TableSchema::Unknown(error.to_string()),
        };
        schemas.insert(name.clone(), schema);
    }
    schemas
}

fn table_header(table: &str, patterns: &[String], format: FileFormat, root: &Path) -> Result<SchemaRef> {
    let mut first: Option<(SchemaRef, String)> = None;
    for file in files(table, patterns, root)? {
        let schema = header(table, &file, format)?;
        match &first {
            None => first = Some((schema, file.shown)),
            Some((known, shown)) if *known != schema => {
                return Err(Error::invalid(format!(
                    "table '{table}': the columns of '{}' differ from those of '{shown}'",
                    file.shown
                )));
            }
            Some(_) => {}
        }
    }
    first.map(|(schema, _)| schema).ok_or_else(|| Error::invalid(format!("table '{table}' names no file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        for (pattern, name, fits) in [
            ("a*.csv", "a1.csv", true),
            ("a*.csv", "b.csv", false),
            ("*", "部門.csv", true),
            ("??.csv", "部門.csv", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b", "ab1", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_stay_inside() {
        for pattern in ["../x.csv", "/etc/passwd", "data/../../x.csv"] {
            let error = files("t", &[pattern.to_owned()], Path::new(".")).unwrap_err();
            assert!(error.to_string().contains("leaves"), "{error}");
        }
    }
}
