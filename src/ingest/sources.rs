//! Source files: what a table's patterns name, and the headers that tell its columns.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::{DateTime, Utc};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::model::{FileFormat, Schemas, Spec, TableSchema, mart_type, type_name};
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

/// The files that patterns name, by path. `*` and `?` stand for any characters of one name; names that begin with a
/// dot must be written so.
///
/// # Errors
/// Invalid: a pattern that names no file or leaves the folder, or a file that is empty or cannot be read.
pub(super) fn files(table: &str, patterns: &[String], root: &Path) -> Result<Vec<SourceFile>> {
    named(patterns, root)
        .map_err(|error| Error::new(error.kind(), format!("table '{table}': {error}")).with_source(error))
}

fn named(patterns: &[String], root: &Path) -> Result<Vec<SourceFile>> {
    let mut found = BTreeMap::new();
    for pattern in patterns {
        let mut of_pattern = BTreeMap::new();
        expand(root, "", &parts(pattern)?, &mut of_pattern)?;
        if of_pattern.is_empty() {
            return Err(Error::invalid(format!("no file '{pattern}' under '{}'", root.display())));
        }
        found.append(&mut of_pattern);
    }
    let file = |(shown, path): (String, PathBuf)| {
        let meta = fs::metadata(&path).map_err(|error| unreadable(&shown, error))?;
        let modified = meta.modified().map_err(|error| unreadable(&shown, error))?;
        if meta.len() == 0 {
            return Err(Error::invalid(format!("'{shown}' is empty")));
        }
        Ok(SourceFile { path, shown, size: meta.len(), modified: DateTime::<Utc>::from(modified) })
    };
    found.into_iter().map(file).collect()
}

fn parts(pattern: &str) -> Result<Vec<String>> {
    let outside = || Error::invalid(format!("'{pattern}' leaves the data's folder; write a path relative to it"));
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
    let is_pattern = part.contains(['*', '?']);
    let names = if is_pattern { listed(folder, shown, part)? } else { vec![part.clone()] };
    for name in names {
        let path = folder.join(&name);
        let shown = if shown.is_empty() { name } else { format!("{shown}/{name}") };
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => expand(&path, &shown, rest, found)?,
            Ok(_) if !rest.is_empty() => {}
            Ok(meta) if meta.is_file() => drop(found.insert(shown, path)),
            Ok(_) => return Err(Error::invalid(format!("'{shown}' is no regular file; take it out of the folder"))),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unreadable(&shown, error)),
            // A file left out in silence would be rows left out in silence.
            Err(_) if is_pattern => {
                return Err(Error::invalid(format!(
                    "'{shown}' is a link to a file that is not there; mend or remove it"
                )));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

fn listed(folder: &Path, shown: &str, pattern: &str) -> Result<Vec<String>> {
    let unread = |error| unreadable(&folder.display().to_string(), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let name = entry.map_err(unread)?.file_name();
        let text = name.to_string_lossy();
        if !matches(pattern, &text) || (text.starts_with('.') && !pattern.starts_with('.')) {
            continue;
        }
        match name.to_str() {
            Some(name) => names.push(name.to_owned()),
            None => return Err(Error::invalid(format!("'{shown}/{text}' has a name that is not UTF-8; rename it"))),
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
            let fields = builder.schema().fields();
            let mut names = BTreeSet::new();
            if let Some(twice) = fields.iter().find(|field| !names.insert(field.name())) {
                let (shown, name) = (&file.shown, twice.name());
                return Err(Error::invalid(format!("table '{table}': '{shown}' has two columns '{name}'; rename one")));
            }
            let fields = fields.iter().map(|field| Field::new(field.name(), field.data_type().clone(), true));
            Arc::new(Schema::new(fields.collect::<Vec<_>>()))
        }
        FileFormat::Csv => csv::header(table, file)?,
    };
    if schema.fields().is_empty() {
        return Err(Error::invalid(format!("table '{table}': '{}' has no columns", file.shown)));
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
        let found = header(table, &file, format)?;
        first = Some(match first {
            None => (found, file.shown),
            Some((known, shown)) => {
                let both = together(&known, &found).map_err(|what| {
                    let pair = format!("the columns of '{}' differ from those of '{shown}'", file.shown);
                    Error::invalid(format!("table '{table}': {pair}: {what}; make them alike"))
                })?;
                (both, shown)
            }
        });
    }
    first.map(|(schema, _)| schema).ok_or_else(|| Error::invalid(format!("table '{table}' names no file")))
}

/// The columns of two files of one table, or the first difference. Their order, and how a type is stored, do not matter;
/// a column that holds nothing but NULL has no type yet.
pub(super) fn together(known: &Schema, found: &Schema) -> Result<SchemaRef, String> {
    let mut fields = Vec::with_capacity(known.fields().len());
    for field in known.fields() {
        let name = field.name();
        let Some((_, other)) = found.column_with_name(name) else { return Err(format!("it lacks '{name}'")) };
        let (one, two) = (kind(field.data_type()), kind(other.data_type()));
        fields.push(match (&one, &two) {
            (DataType::Null, _) => Arc::new(other.clone()),
            (_, DataType::Null) => Arc::clone(field),
            _ if one == two => Arc::clone(field),
            _ => return Err(format!("'{name}' is {}, not {}", type_name(&two), type_name(&one))),
        });
    }
    match found.fields().iter().find(|field| known.column_with_name(field.name()).is_none()) {
        Some(more) => Err(format!("it has '{}' besides", more.name())),
        None => Ok(Arc::new(Schema::new(fields))),
    }
}

/// The type that the mart would store; a timestamp without a zone is none with one.
fn kind(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => kind(values),
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Null => DataType::Null,
        other => mart_type(other).unwrap_or_else(|| other.clone()),
    }
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

    fn of(columns: &[(&str, DataType)]) -> Schema {
        Schema::new(columns.iter().map(|(name, of)| Field::new(*name, of.clone(), true)).collect::<Vec<_>>())
    }

    #[test]
    fn files_of_one_table_agree_in_names_and_types_of_the_mart() {
        use DataType::{Date32, Int32, Int64, LargeUtf8, Null, Utf8};
        let at = |unit, zone: Option<&str>| DataType::Timestamp(unit, zone.map(Into::into));
        let words = DataType::Dictionary(Box::new(Int32), Box::new(Utf8));
        let (micros, nanos) = (TimeUnit::Microsecond, TimeUnit::Nanosecond);
        for (one, two) in [
            (words, LargeUtf8),
            (Int32, Int64),
            (at(micros, Some("UTC")), at(nanos, Some("Asia/Taipei"))),
            (at(micros, None), at(nanos, None)),
            (Null, Int64),
            (Int64, Null),
        ] {
            let both = together(&of(&[("a", one), ("b", Utf8)]), &of(&[("b", Utf8), ("a", two)])).unwrap();
            assert_ne!(both.field(0).data_type(), &Null);
        }
        for (two, what) in [
            (vec![("a", Utf8)], "'a' is text, not integer"),
            (vec![("b", Int64)], "it lacks 'a'"),
            (vec![("a", Int64), ("b", Date32)], "it has 'b' besides"),
        ] {
            assert_eq!(together(&of(&[("a", Int64)]), &of(&two)).unwrap_err(), what);
        }
        let zoned = of(&[("a", at(micros, Some("UTC")))]);
        let what = together(&zoned, &of(&[("a", at(micros, None))])).unwrap_err();
        assert_eq!(what, "'a' is timestamp without a zone, not timestamp");
    }
}
