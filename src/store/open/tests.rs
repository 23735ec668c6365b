//! Opening marts, and the versions in them.

use std::fs;

use super::*;
use crate::error::Kind;
use crate::store::WriteMode::Replace;
use crate::store::kit::load;

#[test]
fn other_stores_are_refused_by_name() {
    for (url, what) in [
        (
            "s3://bucket/mart",
            "mart 's3://bucket/mart' lies in a store that does not work yet (s3); name a local folder",
        ),
        ("https://host/mart", "mart 'https://host/mart' lies in a store that does not work yet (https)"),
        ("file://far/mart", "mart 'file://far/mart' is not a folder of this host"),
        ("://", "mart '://' is not a URL"),
    ] {
        let error = Store::open(url).unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured);
        assert!(error.to_string().starts_with(what), "{error}");
    }
}

#[test]
fn a_file_is_not_a_mart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "x").unwrap();
    let error = Store::open(path.to_str().unwrap()).unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.to_string().ends_with("is a file; name a folder"), "{error}");
}

#[test]
fn names_of_folders_may_hold_anything() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("超市 100%#1");
    fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(folder.path().join("link/../link/mart").to_str().unwrap()).unwrap();
        load(&store, &Owner::this_process(), &[("a", Replace, 0..3)]).await.unwrap();
    });
    assert!(real.join("mart/_versions/00000000000000000001.json").is_file());
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    let versions = folder.path().join("_versions");
    fs::create_dir(&versions).unwrap();
    fs::write(versions.join("00000000000000000001.json"), r#"{"format": 2}"#).unwrap();
    assert_eq!(store.latest().await.unwrap(), Some(1));
    let errors = [
        store.version(1).await.unwrap_err(),
        store.snapshot(1).await.unwrap_err(),
        store.versions().await.unwrap_err(),
        store.begin(&Owner::this_process()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), Kind::Misconfigured);
        assert!(error.to_string().starts_with("this mart was written by a newer starmart (format 2)"), "{error}");
    }
}

#[tokio::test]
async fn an_empty_mart_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    let error = store.snapshot(1).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().ends_with("has no version 1; nothing is loaded yet: run starmart load"), "{error}");
}

#[tokio::test]
async fn newer_versions_are_seen_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let [writer, reader] = [0, 1].map(|_| Store::open(folder.path().to_str().unwrap()).unwrap());
    for number in 1..4 {
        load(&writer, &Owner::this_process(), &[("a", Replace, 0..3)]).await.unwrap();
        assert_eq!(reader.latest().await.unwrap(), Some(number));
    }
}

#[tokio::test]
async fn snapshots_are_kept_and_bounded() {
    let store = Store::with_object_store(Arc::new(object_store::memory::InMemory::new()), "test");
    load(&store, &Owner::this_process(), &[("a", Replace, 0..3), ("b", Replace, 0..1)]).await.unwrap();
    let first = store.snapshot(1).await.unwrap();
    assert!(Arc::ptr_eq(&first, &store.snapshot(1).await.unwrap()));
    load(&store, &Owner::this_process(), &[("b", Replace, 1..2)]).await.unwrap();
    let second = store.snapshot(2).await.unwrap();
    assert!(Arc::ptr_eq(&first.tables["a"], &second.tables["a"]), "tables that stay are shared");
    for _ in 0..SNAPSHOTS {
        let number = load(&store, &Owner::this_process(), &[("b", Replace, 0..0)]).await.unwrap();
        store.snapshot(number).await.unwrap();
    }
    assert_eq!(store.inner.snapshots.lock().unwrap().len(), SNAPSHOTS);
    assert!(!Arc::ptr_eq(&first, &store.snapshot(1).await.unwrap()));
}

#[tokio::test]
async fn a_version_says_its_own_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    load(&store, &Owner::this_process(), &[("a", Replace, 0..3)]).await.unwrap();
    let version = |name: &str| folder.path().join("_versions").join(name);
    for name in ["2.json", "000000000000000000003.json", "+0000000000000000004.json", "x.json"] {
        fs::copy(version("00000000000000000001.json"), version(name)).unwrap();
    }
    assert_eq!(store.versions().await.unwrap().len(), 1, "other names are no versions");
    fs::copy(version("00000000000000000001.json"), version("00000000000000000002.json")).unwrap();
    let error = store.version(2).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.to_string().contains("says that it is version 1; restore it from a backup"), "{error}");
}
