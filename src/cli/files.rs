//! A project's files as commands write them: each whole or not at all, and none over what is somebody else's.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::report::record::Carried;

/// A file by its path in the project.
pub(super) type File = (String, Vec<u8>);

/// A file's content, if it is there.
pub(super) fn content(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Error::misconfigured(format!("'{}' cannot be read: {error}", path.display())).with_source(error))
        }
    }
}

/// Puts a file in place whole, unless it is there already.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    Beside::write(path, bytes)?.map_or(Ok(()), Beside::place)
}

/// Puts the files of a report in place, once all of them are written, and tells where they are.
pub(super) fn put_all(folder: &Path, files: Vec<Carried>) -> Result<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(&file.name)).collect();
    let written = paths.iter().zip(&files).map(|(path, file)| Beside::write(path, &file.bytes));
    let written = written.collect::<Result<Vec<_>>>()?;
    written.into_iter().flatten().try_for_each(Beside::place)?;
    Ok(paths)
}

/// A file that is written beside its place, and goes away if it is never put there.
struct Beside {
    path: PathBuf,
    beside: PathBuf,
}

impl Beside {
    /// Writes it; none if its place holds the same already.
    fn write(path: &Path, bytes: &[u8]) -> Result<Option<Self>> {
        if content(path)?.is_some_and(|there| there == bytes) {
            return Ok(None);
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| unwritten(path, error))?;
        let mut beside = path.to_path_buf();
        beside.as_mut_os_string().push(".tmp");
        let file = Self { path: path.to_path_buf(), beside };
        fs::write(&file.beside, bytes).map_err(|error| unwritten(path, error))?;
        Ok(Some(file))
    }

    fn place(self) -> Result<()> {
        fs::rename(&self.beside, &self.path).map_err(|error| unwritten(&self.path, error))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // What was put in place is no longer here.
        let _ = fs::remove_file(&self.beside);
    }
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritten(path, error)),
        _ => Ok(()),
    }
}

/// Makes files that are not there, all of them or none.
///
/// # Errors
/// Misconfigured: one is there, or the folder cannot be written. Exhausted: the disk is full.
pub(super) fn make(dir: &Path, files: &[File]) -> Result<()> {
    let mut made = Made::default();
    let outcome = files.iter().try_for_each(|(name, bytes)| made.file(&dir.join(name), bytes));
    outcome.inspect_err(|_| made.undo())
}

/// What has been made so far, in order.
#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Made {
    fn file(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        let unwritten = |error: std::io::Error| match error.kind() {
            ErrorKind::AlreadyExists => Error::misconfigured(format!("'{}' is there already", path.display())),
            _ => unwritten(path, error),
        };
        let above: Vec<&Path> = path.ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty()).collect();
        for folder in above.into_iter().rev().filter(|folder| !folder.is_dir()) {
            fs::create_dir(folder).map_err(unwritten)?;
            self.folders.push(folder.to_path_buf());
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(unwritten)?;
        self.files.push(path.to_path_buf());
        file.write_all(bytes).map_err(unwritten)
    }

    /// Takes back what was made; a folder into which somebody has put something meanwhile stays.
    fn undo(&self) {
        self.files.iter().rev().for_each(|path| drop(fs::remove_file(path)));
        self.folders.iter().rev().for_each(|path| drop(fs::remove_dir(path)));
    }
}

pub(super) fn unwritten(path: &Path, error: std::io::Error) -> Error {
    let message = format!("'{}' cannot be written: {error}", path.display());
    let full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge);
    let said = if full { Error::exhausted(message) } else { Error::misconfigured(message) };
    said.with_source(error)
}

/// A path as a shell reads it.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "/._-+@:,".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn all_files_are_made_or_none() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("mine"), "x").unwrap();
        let file = |name: &str| (name.to_owned(), b"new".to_vec());
        for last in ["mine", "mine/below"] {
            let error = make(folder.path(), &[file("a/b/one"), file("two"), file(last)]).unwrap_err();
            assert!(error.message().contains("mine"), "{error}");
            let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(left, ["mine"]);
        }
        assert_eq!(fs::read(folder.path().join("mine")).unwrap(), b"x");
        make(folder.path(), &[file("a/b/one"), file("two")]).unwrap();
        assert_eq!(fs::read(folder.path().join("a/b/one")).unwrap(), b"new");
    }
}
