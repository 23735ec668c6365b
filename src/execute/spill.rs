//! The folder that queries spill to. Several processes may work on one project, so each has a folder of its own
//! beneath, held by a lock; what dead processes left behind is removed.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::error::{Error, Result};

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
        let failed = |error: std::io::Error| {
            let message = format!("the folder {} for spilled data cannot be used: {error}", parent.display());
            match error.kind() {
                ErrorKind::PermissionDenied
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::NotADirectory
                | ErrorKind::AlreadyExists => Error::misconfigured(format!(
                    "{message}; let this user write there, or work on a copy of the project"
                )),
                _ => Error::unavailable(message),
            }
            .with_source(error)
        };
        fs::create_dir_all(parent).map_err(failed)?;
        for entry in fs::read_dir(parent).map_err(failed)? {
            let lock = entry.map_err(failed)?.path();
            if lock.extension().is_some_and(|extension| extension == "lock") {
                remove_if_dead(&lock);
            }
        }
        let name = Uuid::new_v4().simple().to_string();
        let (path, lock) = (parent.join(&name), parent.join(format!("{name}.lock")));
        let held = File::create_new(&lock).map_err(failed)?;
        held.lock().map_err(failed)?;
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
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "spilled data could not be removed");
        }
        _ => {
            if let Err(error) = fs::remove_file(lock) {
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
    fn a_file_in_the_way_is_told() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("spill");
        fs::write(&file, "").unwrap();
        assert_eq!(SpillFolder::open(&file).unwrap_err().kind(), crate::error::Kind::Misconfigured);
    }
}
