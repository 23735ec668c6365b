//! The files that a project is to be made of: which tables they are, and how a model refers to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use arrow::datatypes::SchemaRef;

use crate::error::{Error, Result};
use crate::ingest::sources::{self, SourceFile, header, together, unreadable};
use crate::model::FileFormat;

use super::encoding;
use super::names::{fold, title};

/// Files that are one table.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) patterns: Vec<String>,
    pub(super) format: FileFormat,
    pub(super) files: Vec<SourceFile>,
    pub(super) schema: SchemaRef,
}

/// The tables of a project's files, and the folder of `data` if it is not the project's own.
pub(super) fn gather(project: &Path, files: &[PathBuf]) -> Result<(Vec<Draft>, Option<PathBuf>)> {
    let mut paths = Vec::new();
    for file in files {
        let path = checked(file)?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let data = if paths.iter().all(|path| path.starts_with(project)) { None } else { Some(shared_folder(&paths)) };
    let root = data.as_deref().map_or(project, |data| data.parent().unwrap_or(data));
    let mut found = Vec::new();
    for path in &paths {
        found.push(Found::read(root, path)?);
    }
    Ok((tables(root, found)?, data))
}

/// A file with its columns.
struct Found {
    file: SourceFile,
    /// Its path as a model writes it.
    pattern: String,
    stem: String,
    format: FileFormat,
    schema: SchemaRef,
}

impl Found {
    fn read(root: &Path, path: &Path) -> Result<Self> {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let relative = path.strip_prefix(root).unwrap_or(path);
        let pattern = relative.to_str().ok_or_else(|| not_utf8(path))?.to_owned();
        let format = if pattern.ends_with(".csv") { FileFormat::Csv } else { FileFormat::Parquet };
        let file = sources::files(&stem, std::slice::from_ref(&pattern), root)?;
        let file = file.into_iter().next().ok_or_else(|| Error::invalid(format!("'{pattern}' is no file")))?;
        let schema = header(&stem, &file, format).map_err(|error| encoding::explained(error, &file, format))?;
        Ok(Self { file, pattern, stem, format, schema })
    }

    /// What the file shares with others of its kind: its folder and its name without the number at its end.
    fn series(&self) -> (String, String, bool) {
        let number = |last: char| last.is_ascii_digit() || "-_. ".contains(last);
        let stem = self.stem.trim_end_matches(number);
        let folder = self.pattern.rsplit_once('/').map_or("", |(folder, _)| folder);
        let stem = if stem.is_empty() { &self.stem } else { stem };
        (folder.to_owned(), stem.to_owned(), self.format == FileFormat::Csv)
    }
}

fn not_utf8(path: &Path) -> Error {
    Error::invalid(format!("'{}' has a name that is not UTF-8; rename it", path.display()))
}

/// The file's path from the root of all, if it is one that can be loaded.
fn checked(file: &Path) -> Result<PathBuf> {
    let shown = file.display();
    let meta = fs::metadata(file).map_err(|error| unreadable(&shown.to_string(), error))?;
    if meta.is_dir() {
        return Err(Error::invalid(format!("'{shown}' is a folder; name its files, such as {shown}/*.csv")));
    }
    let name = file.file_name().and_then(|name| name.to_str()).ok_or_else(|| not_utf8(file))?;
    if !(name.ends_with(".csv") || name.ends_with(".parquet")) {
        let what = "ends neither in .csv nor in .parquet, and other files do not load";
        return Err(Error::invalid(format!("'{shown}' {what}; write it as one of these")));
    }
    let path = plain(file)?;
    if path.to_string_lossy().contains(['*', '?']) {
        return Err(Error::invalid(format!(
            "'{shown}' holds * or ?, which stand for other names in a model; rename it"
        )));
    }
    Ok(path)
}

/// A path from the root, without `.` and `..`.
///
/// # Errors
/// Invalid: there is no current folder to begin from.
pub fn plain(path: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(path).map_err(|error| unreadable(&path.display().to_string(), error))?;
    let mut plain = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    Ok(plain)
}

/// The deepest folder above all files, beneath the root: its parent is what paths are relative to.
fn shared_folder(paths: &[PathBuf]) -> PathBuf {
    let first = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new("/"));
    let shared = first.ancestors().find(|folder| paths.iter().all(|path| path.starts_with(folder)));
    match shared {
        Some(folder) if folder.parent().is_some() => folder.to_path_buf(),
        _ => first.iter().take(2).collect(),
    }
}

/// Files of one series and the same columns are one table.
fn tables(root: &Path, found: Vec<Found>) -> Result<Vec<Draft>> {
    let mut series: Vec<Vec<Found>> = Vec::new();
    for file in found {
        let alike =
            |group: &Vec<Found>| group[0].series() == file.series() && together(&group[0].schema, &file.schema).is_ok();
        match series.iter_mut().find(|group| alike(group)) {
            Some(group) => group.push(file),
            None => series.push(vec![file]),
        }
    }
    let mut drafts: Vec<Draft> = Vec::new();
    let mut named = BTreeMap::new();
    for group in series {
        let draft = draft(root, group, drafts.len() + 1)?;
        let shown = draft.patterns.join("', '");
        if let Some(other) = named.insert(draft.name.clone(), shown.clone()) {
            return Err(Error::invalid(format!(
                "'{other}' and '{shown}' would both be table '{}', and their columns are not the same; rename one",
                draft.name
            )));
        }
        drafts.push(draft);
    }
    Ok(drafts)
}

fn draft(root: &Path, mut group: Vec<Found>, position: usize) -> Result<Draft> {
    let words = if group.len() > 1 { group[0].series().1 } else { group[0].stem.clone() };
    let name = fold(&words, "table", position);
    group.sort_by(|one, two| one.pattern.cmp(&two.pattern));
    let patterns = patterns(root, &name, &group);
    let mut schema = SchemaRef::clone(&group[0].schema);
    for other in &group[1..] {
        schema = together(&schema, &other.schema).map_err(|what| Error::invalid(format!("table '{name}': {what}")))?;
    }
    let format = group[0].format;
    Ok(Draft {
        name,
        title: title(&words),
        patterns,
        format,
        files: group.into_iter().map(|one| one.file).collect(),
        schema,
    })
}

/// How a model names the files: by a pattern if it fits these and no others, so that the next of the series is read too.
fn patterns(root: &Path, table: &str, group: &[Found]) -> Vec<String> {
    let each = || group.iter().map(|one| one.pattern.clone()).collect::<Vec<_>>();
    let [first, .., last] = group else { return each() };
    // They are sorted: what the first and the last begin with, all begin with.
    let pairs = first.pattern.chars().zip(last.pattern.chars());
    let shared: String = pairs.take_while(|(one, two)| one == two).map(|(one, _)| one).collect();
    let ending = if first.format == FileFormat::Csv { "csv" } else { "parquet" };
    let shared = shared.strip_suffix(&format!(".{ending}")).unwrap_or(&shared);
    let pattern = format!("{}*.{ending}", shared.trim_end_matches(|last: char| last.is_ascii_digit()));
    match sources::files(table, std::slice::from_ref(&pattern), root) {
        Ok(files) if files.iter().map(|file| &file.shown).eq(group.iter().map(|one| &one.file.shown)) => vec![pattern],
        _ => each(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn written(files: &[(&str, &str)]) -> (TempDir, Vec<PathBuf>) {
        let folder = TempDir::new().unwrap();
        let put = |(name, text): &(&str, &str)| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let paths = files.iter().map(put).collect();
        (folder, paths)
    }

    fn of(files: &[(&str, &str)], project: &str) -> (Vec<(String, Vec<String>)>, Option<PathBuf>) {
        let (folder, paths) = written(files);
        let (drafts, data) = gather(&folder.path().join(project), &paths).unwrap();
        let inside = data.map(|data| data.strip_prefix(folder.path()).unwrap().to_path_buf());
        (drafts.into_iter().map(|draft| (draft.name, draft.patterns)).collect(), inside)
    }

    #[test]
    fn a_series_is_one_table() {
        let series = [("data/sales-2024.csv", "a,b\n"), ("data/sales-2025.csv", "b,a\n"), ("data/part.csv", "a\n")];
        let (tables, data) = of(&series, ".");
        assert_eq!(tables[0], ("sales".into(), vec!["data/sales-*.csv".into()]));
        assert_eq!((tables[1].0.as_str(), data), ("part", None));
        let other = [("data/sales-2024.csv", "a,b\n"), ("data/sales-2025.csv", "a,c\n")];
        let names: Vec<String> = of(&other, ".").0.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["sales_2024", "sales_2025"]);
    }

    #[test]
    fn a_pattern_fits_no_other_file() {
        let (folder, mut paths) =
            written(&[("d/sales-1.csv", "a\n"), ("d/sales-2.csv", "a\n"), ("d/sales-returns.csv", "x\n")]);
        paths.truncate(2);
        let (drafts, _) = gather(folder.path(), &paths).unwrap();
        assert_eq!(drafts[0].patterns, ["d/sales-1.csv", "d/sales-2.csv"]);
    }

    #[test]
    fn files_elsewhere_are_found_from_the_folder_they_share() {
        let (tables, data) = of(&[("x/a/one.csv", "a\n"), ("x/b/two.csv", "a\n")], "project");
        assert_eq!(data, Some(PathBuf::from("x")));
        assert_eq!(tables[1].1, ["x/b/two.csv"]);
        assert_eq!(shared_folder(&["/a/b/c.csv".into(), "/d/e.csv".into()]), Path::new("/a"));
    }

    #[test]
    fn what_is_no_table_is_said() {
        for (name, text, words) in [
            ("a.xlsx", "x", "neither in .csv"),
            ("a*.csv", "x\n", "stand for other names"),
            ("a.csv", "", "is empty"),
            ("a.csv", "a,a\n1,2\n", "names 'a' twice"),
            ("a.csv", "a;b\n1;2\n", "separated by commas"),
            ("a.parquet", "PAR1", "no whole Parquet file"),
        ] {
            let (folder, paths) = written(&[(name, text)]);
            let error = gather(folder.path(), &paths).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let (folder, paths) = written(&[("x/a.csv", "a\n"), ("y/a.csv", "b\n")]);
        let error = gather(folder.path(), &paths).unwrap_err().to_string();
        assert!(error.contains("'x/a.csv' and 'y/a.csv' would both be table 'a'"), "{error}");
        let error = gather(folder.path(), &[folder.path().join("x")]).unwrap_err().to_string();
        assert!(error.contains("is a folder"), "{error}");
        assert!(gather(folder.path(), &[folder.path().join("none.csv")]).is_err());
    }
}
