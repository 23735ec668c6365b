//! The folder that queries spill to. Several processes may work on one project, so each has a folder of its own
//! beneath, held by a lock; what dead processes left behind is removed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::error::{Error, Kind, Result};

/// A folder for spilled data; it is removed when dropped.
#[derive(Debug)]
pub(super) struct SpillFolder {
    path: PathBuf,
    lock: PathBuf,
    /// Held for as long as the folder is in use.
    _held: File,
}

impl SpillFolder {
    /// A fresh folder beneath `parent`, after removing those whose process is gone.
    pub(super) fn open(parent: &Path) -> Result<Self> {
        let failed = |error: io::Error| unusable(parent, error);
        fs::create_dir_all(parent).map_err(failed)?;
        for entry in fs::read_dir(parent).map_err(failed)? {
            let lock = entry.map_err(failed)?.path();
            if lock.extension().is_some_and(|extension| extension == "lock") {
                remove_if_dead(&lock);
            }
        }
        let (path, lock, held) = loop {
            let name = Uuid::new_v4().simple().to_string();
            let (path, lock) = (parent.join(&name), parent.join(format!("{name}.lock")));
            let held = File::create_new(&lock).map_err(failed)?;
            held.lock().map_err(failed)?;
            // A process that cleans up may have taken it for a dead one's before it was locked.
            if lock.exists() {
                break (path, lock, held);
            }
        };
        fs::create_dir(&path).map_err(failed)?;
        Ok(Self { path, lock, _held: held })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        remove(&self.path, &self.lock);
    }
}

/// The error of a folder that queries cannot spill to.
fn unusable(parent: &Path, error: io::Error) -> Error {
    let folder = parent.display();
    let (kind, reason) = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            (Kind::Misconfigured, "permission denied; let this user write to the project".to_owned())
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            (Kind::Misconfigured, "the file system is read-only; put the project on one that is not".to_owned())
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            (Kind::Misconfigured, "a file lies where a folder should; remove it".to_owned())
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (Kind::Exhausted, "the disk is full; free some space".to_owned())
        }
        _ => (Kind::Unavailable, error.to_string()),
    };
    Error::new(kind, format!("queries cannot spill to '{folder}': {reason}")).with_source(error)
}

/// Removes the folder of `lock` unless a process holds it.
fn remove_if_dead(lock: &Path) {
    if let Ok(file) = File::open(lock)
        && file.try_lock().is_ok()
    {
        remove(&lock.with_extension(""), lock);
    }
}

/// Removes a folder, then its lock. What cannot be removed now is tried again at the next start.
fn remove(path: &Path, lock: &Path) {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "spilled data could not be removed");
        }
        _ => {
            if let Err(error) = fs::remove_file(lock)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %lock.display(), %error, "a lock could not be removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_folders_go_and_living_ones_stay() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("dead")).unwrap();
        fs::write(parent.path().join("dead").join("data"), "x").unwrap();
        fs::write(parent.path().join("dead.lock"), "").unwrap();
        let first = SpillFolder::open(parent.path()).unwrap();
        assert!(!parent.path().join("dead").exists());
        let second = SpillFolder::open(parent.path()).unwrap();
        assert!(first.path().exists() && second.path().exists());
        drop((first, second));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join(".starmart");
        fs::write(&file, "").unwrap();
        for folder in [file.clone(), file.join("spill")] {
            let error = SpillFolder::open(&folder).unwrap_err();
            assert_eq!(error.kind(), Kind::Misconfigured);
            let said = format!("queries cannot spill to '{}': a file lies where a folder should", folder.display());
            assert!(error.to_string().starts_with(&said), "{error}");
        }
    }
}
