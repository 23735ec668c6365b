//! From what storage says went wrong to who must act on it.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io;
use std::iter;

use crate::error::{Error, Kind};

/// `doing` failed with `source`: the kind and the way out come from what lies at the bottom of it.
pub(crate) fn fault(doing: impl Display, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    let source = source.into();
    let (kind, reason) = reason(source.as_ref());
    Error::new(kind, format!("cannot {doing}: {reason}")).with_source(source)
}

/// Whether the object that was asked for is not there.
pub(crate) fn is_missing(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. })
}

fn reason(error: &(dyn StdError + 'static)) -> (Kind, String) {
    let chain: Vec<_> = iter::successors(Some(error), |&link| link.source()).collect();
    if let Some(known) = chain.iter().rev().find_map(|link| known(*link)) {
        return known;
    }
    let deepest = chain.last().map_or_else(String::new, ToString::to_string);
    match chain.iter().any(|link| link.is::<io::Error>() || link.is::<object_store::Error>()) {
        true => (Kind::Unavailable, format!("the store fails ({deepest}); try again")),
        false => (Kind::Internal, deepest),
    }
}

fn known(error: &(dyn StdError + 'static)) -> Option<(Kind, String)> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::StorageFull => Some((Kind::Exhausted, full("no space left on the disk"))),
            io::ErrorKind::QuotaExceeded => Some((Kind::Exhausted, full("the disk quota is used up"))),
            io::ErrorKind::FileTooLarge => Some((Kind::Exhausted, full("the file is larger than the disk allows"))),
            io::ErrorKind::PermissionDenied => Some((Kind::Misconfigured, denied())),
            io::ErrorKind::ReadOnlyFilesystem => {
                Some((Kind::Misconfigured, "the file system is read-only; put the mart on one that is not".into()))
            }
            io::ErrorKind::NotADirectory => {
                Some((Kind::Misconfigured, "a file lies where a folder should; name another mart".into()))
            }
            _ => None,
        };
    }
    match error.downcast_ref::<object_store::Error>()? {
        object_store::Error::NotFound { path, .. } => {
            Some((Kind::NotFound, format!("'{path}' is missing; restore it from a backup")))
        }
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            Some((Kind::Misconfigured, denied()))
        }
        object_store::Error::InvalidPath { source } => Some((Kind::Misconfigured, source.to_string())),
        _ => None,
    }
}

fn full(what: &str) -> String {
    format!("{what}; nothing was published: free some space and try again")
}

fn denied() -> String {
    "permission denied; let this user read and write the mart's folder".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(kind: io::ErrorKind) -> object_store::Error {
        object_store::Error::Generic { store: "test", source: Box::new(io::Error::from(kind)) }
    }

    #[test]
    fn a_full_disk_is_exhausted_however_deep_it_lies() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let direct = fault("write 'a'", stored(kind));
            assert_eq!(direct.kind(), Kind::Exhausted);
            assert!(direct.to_string().starts_with("cannot write 'a': "), "{direct}");
            let wrapped = parquet::errors::ParquetError::External(Box::new(stored(kind)));
            assert_eq!(fault("write 'a'", wrapped).kind(), Kind::Exhausted);
            assert_eq!(fault("write 'a'", io::Error::other(stored(kind))).kind(), Kind::Exhausted);
        }
    }

    #[test]
    fn each_cause_has_its_kind() {
        let missing = object_store::Error::NotFound { path: "p".into(), source: "gone".into() };
        assert_eq!(fault("read", missing).kind(), Kind::NotFound);
        assert_eq!(fault("read", stored(io::ErrorKind::PermissionDenied)).kind(), Kind::Misconfigured);
        assert_eq!(fault("read", stored(io::ErrorKind::TimedOut)).kind(), Kind::Unavailable);
        assert_eq!(fault("read", std::fmt::Error).kind(), Kind::Internal);
    }

    #[test]
    fn the_cause_is_kept() {
        assert!(fault("read", stored(io::ErrorKind::TimedOut)).source().is_some());
    }
}
