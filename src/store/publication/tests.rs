//! Writing and publishing: modes, repair, leases lost, disks full.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use chrono::TimeDelta;
use datafusion::common::ScalarValue;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;
use crate::error::Kind;
use crate::store::WriteMode::{Append, Replace};
use crate::store::kit::{
    Death, Mortal, SMALL, contents, dead, load, pin, published, rows, schema, stream, unchanged, write,
};
use crate::store::{Owner, Store};

fn memory() -> (Arc<dyn ObjectStore>, Store) {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    (Arc::clone(&objects), Store::with_object_store(objects, "test"))
}

fn me() -> Owner {
    Owner::this_process()
}

#[tokio::test]
async fn replace_and_append_make_versions_that_stay() {
    let (_, store) = memory();
    assert_eq!(store.latest().await.unwrap(), None);
    assert_eq!(load(&store, &me(), &[("a", Replace, 0..10), ("b", Replace, 0..3)]).await.unwrap(), 1);
    assert_eq!(load(&store, &me(), &[("a", Append, 10..12)]).await.unwrap(), 2);
    assert_eq!(load(&store, &me(), &[("a", Replace, 70..71), ("b", Replace, 0..0)]).await.unwrap(), 3);
    assert_eq!(published(&store, 1, "a").await, Vec::from_iter(0..10));
    assert_eq!(published(&store, 2, "a").await, Vec::from_iter(0..12));
    assert_eq!(published(&store, 2, "b").await, Vec::from_iter(0..3));
    assert_eq!(published(&store, 3, "a").await, [70]);
    assert!(published(&store, 3, "b").await.is_empty());
    let numbers: Vec<u64> = store.versions().await.unwrap().iter().map(|version| version.number).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let error = store.snapshot(4).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.to_string(), "the mart has no version 4; the newest is 3");
}

#[tokio::test]
async fn a_snapshot_tells_the_files_and_their_columns() {
    let (_, store) = memory();
    load(&store, &me(), &[("a", Replace, 1..9)]).await.unwrap();
    let snapshot = store.snapshot(1).await.unwrap();
    let table = &snapshot.tables["a"];
    assert_eq!(table.schema, schema());
    assert_eq!(table.rows(), 8);
    assert_eq!(table.files.len(), 2);
    let stats = &table.files[0].stats;
    assert_eq!(stats[0].min, Some(ScalarValue::Int64(Some(1))));
    assert_eq!(stats[0].max, Some(ScalarValue::Int64(Some(4))));
    assert!(stats[0].exact && !stats[1].exact);
    assert_eq!(stats[1].min, Some(ScalarValue::from("n001")));
    assert_eq!(stats[1].null_count, Some(1));
    assert_eq!(stats[2].max, Some(ScalarValue::Decimal128(Some(28), 38, 2)));
    assert_eq!(stats[3].max, Some(ScalarValue::TimestampMicrosecond(Some(4_000_004), Some("UTC".into()))));
    assert_eq!(stats[4].min, Some(ScalarValue::Date32(Some(1))));
    assert_eq!((&stats[5].min, &stats[5].max, stats[5].null_count), (&None, &None, Some(0)));
    assert_eq!(stats[6].null_count, Some(1));
}

#[tokio::test]
async fn a_load_that_changes_nothing_writes_nothing() {
    let (objects, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..10)]).await.unwrap();
    let before = contents(objects.as_ref()).await;
    drop(store.begin(&me()).await.unwrap());
    let mut publication = store.begin(&me()).await.unwrap();
    let same = write(&mut publication, "a", Append, 0..0).await.unwrap();
    assert_eq!(same.delta_version, 0);
    drop(publication);
    assert_eq!(contents(objects.as_ref()).await, before);
}

#[tokio::test]
async fn rows_never_published_do_not_come_to_light() {
    let (_, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    for (mode, ids) in [(Append, 10..13), (Replace, 20..23), (Replace, 0..0)] {
        let mut publication = store.begin(&me()).await.unwrap();
        write(&mut publication, "a", mode, ids.clone()).await.unwrap();
        write(&mut publication, "new", Replace, ids).await.unwrap();
    }
    load(&store, &me(), &[("b", Replace, 0..1)]).await.unwrap();
    assert_eq!(published(&store, 2, "a").await, [0, 1, 2]);
    load(&store, &me(), &[("a", Append, 3..4), ("new", Append, 7..8)]).await.unwrap();
    assert_eq!(published(&store, 3, "a").await, [0, 1, 2, 3]);
    assert_eq!(published(&store, 3, "new").await, [7]);
}

#[tokio::test]
async fn columns_change_with_replace_and_are_put_right_after_a_death() {
    let (_, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    let other = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, true)]));
    let narrow = rows(5..6).project(&[0]).unwrap();
    let mut publication = store.begin(&me()).await.unwrap();
    let table = publication.write("a", Arc::clone(&other), Replace, &[], stream(vec![narrow.clone()])).await.unwrap();
    assert_eq!(table.schema, other);
    drop(publication);
    load(&store, &me(), &[("a", Append, 3..4)]).await.unwrap();
    assert_eq!(published(&store, 2, "a").await, [0, 1, 2, 3]);
    assert_eq!(store.snapshot(2).await.unwrap().tables["a"].schema, schema());

    let mut publication = store.begin(&me()).await.unwrap();
    let error =
        publication.write("a", Arc::clone(&other), Append, &[], stream(vec![narrow.clone()])).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    let table = publication.write("a", Arc::clone(&other), Replace, &[], stream(vec![narrow])).await.unwrap();
    let tables = BTreeMap::from([("a".into(), pin(&table))]);
    publication.publish(Draft { model_hash: String::new(), tables, verdicts: Vec::new() }).await.unwrap();
    assert_eq!(store.snapshot(3).await.unwrap().tables["a"].schema, other);
    assert_eq!(store.snapshot(2).await.unwrap().tables["a"].schema, schema());
}

#[tokio::test]
async fn a_second_load_is_told_who_has_the_first() {
    let (objects, store) = memory();
    let first = store.begin(&me()).await.unwrap();
    for store in [&store, &Store::with_object_store(objects, "test")] {
        let error = store.begin(&me()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
        let said = error.to_string();
        assert!(said.starts_with(&format!("mart test is being loaded by {} since 2", me())), "{said}");
    }
    drop(first);
    store.begin(&me()).await.unwrap();
}

#[tokio::test]
async fn one_that_was_overtaken_can_neither_commit_nor_publish() {
    let (objects, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    let mut stopped = store.begin(&me()).await.unwrap();
    let mut late = store.begin_at(&me(), clock::now() + TimeDelta::seconds(61)).await.unwrap();
    let error = write(&mut stopped, "a", Append, 50..51).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().starts_with("the lease of mart test was lost: "), "{error}");
    let before = contents(objects.as_ref()).await;
    let draft = unchanged(stopped.base());
    assert_eq!(stopped.publish(draft).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(contents(objects.as_ref()).await, before);
    let table = write(&mut late, "a", Append, 3..4).await.unwrap();
    let draft =
        Draft { model_hash: String::new(), tables: BTreeMap::from([("a".into(), pin(&table))]), verdicts: vec![] };
    assert_eq!(late.publish(draft).await.unwrap(), 2);
    assert_eq!(published(&store, 2, "a").await, [0, 1, 2, 3]);
}

#[tokio::test]
async fn a_commit_goes_to_the_expected_version_or_nowhere() {
    let (objects, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    let table = DeltaTable::new(&objects, "a").unwrap();
    for last in [None, Some(table.at(0).await.unwrap().log)] {
        if last.is_some() {
            load(&store, &me(), &[("a", Append, 3..4)]).await.unwrap();
        }
        let before = contents(objects.as_ref()).await;
        let goal = Goal::new(&schema(), None, &[]).unwrap();
        let refused = table.commit(last.as_ref(), goal).await.unwrap_err();
        assert!(matches!(refused, CommitError::Conflict), "{refused:?}");
        assert_eq!(contents(objects.as_ref()).await, before);
    }
}

#[tokio::test]
async fn a_commit_that_comes_between_stops_the_write() {
    let (objects, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    let mut publication = store.begin(&me()).await.unwrap();
    let between = Box::pin(futures::stream::once(async {
        let table = DeltaTable::new(&objects, "a").unwrap();
        let last = table.last().await.unwrap();
        table.commit(last.as_ref(), Goal::new(&schema(), None, &[]).unwrap()).await.unwrap();
        Ok(rows(3..4))
    }));
    let error = publication.write("a", schema(), Append, &[], between).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains("somebody else wrote table 'a'; nothing was published"), "{error}");
    drop(publication);
    load(&store, &me(), &[("a", Append, 4..5)]).await.unwrap();
    assert_eq!(published(&store, 2, "a").await, [0, 1, 2, 4]);
}

#[tokio::test]
async fn a_version_is_published_once() {
    let (objects, store) = memory();
    let publication = store.begin(&me()).await.unwrap();
    objects.put(&version_path(1), "{}".into()).await.unwrap();
    let error = publication.publish(unchanged(None)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains("somebody else published version 1"), "{error}");
    assert_eq!(objects.get(&version_path(1)).await.unwrap().bytes().await.unwrap(), "{}");
}

#[tokio::test]
async fn a_full_disk_publishes_nothing_and_the_next_load_succeeds() {
    let mut fill = 0;
    loop {
        let (objects, store) = memory();
        load(&store, &me(), &[("a", Replace, 0..10)]).await.unwrap();
        let full = Mortal::new(Arc::clone(&objects), Death::Bytes(fill));
        let small = Store::with_object_store(Arc::clone(&full) as Arc<dyn ObjectStore>, "test");
        let result = load(&small, &dead(), &[("a", Append, 10..20), ("b", Replace, 0..5)]).await;
        let version = store.latest().await.unwrap().unwrap();
        match result {
            Err(error) => {
                assert_eq!(error.kind(), Kind::Exhausted, "{error}");
                assert!(error.to_string().contains("no space left on the disk"), "{error}");
                assert_eq!(version, 1);
            }
            Ok(number) => assert_eq!((number, version), (2, 2)),
        }
        load(&store, &me(), &[("a", Append, 30..31)]).await.unwrap();
        let rows = published(&store, version + 1, "a").await;
        assert_eq!(rows.len(), if version == 1 { 11 } else { 21 });
        if !full.is_dead() {
            break;
        }
        fill += 500;
    }
}

#[tokio::test]
async fn files_of_a_failed_write_are_removed() {
    let (objects, store) = memory();
    let mut publication = store.begin(&me()).await.unwrap().with_sizes(SMALL);
    let broken = futures::stream::iter([Ok(rows(0..40)), Err(Error::invalid("row 41 is bad"))]);
    let error = publication.write("a", schema(), Replace, &[], broken).await.unwrap_err();
    assert_eq!(error.to_string(), "row 41 is bad");
    assert!(contents(objects.as_ref()).await.is_empty());
}

#[tokio::test]
async fn pins_that_this_load_did_not_write_are_refused() {
    let (_, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    let publication = store.begin(&me()).await.unwrap();
    let mut draft = unchanged(publication.base());
    draft.tables.get_mut("a").unwrap().delta_version = 1;
    assert_eq!(publication.publish(draft).await.unwrap_err().kind(), Kind::Internal);
    assert_eq!(store.latest().await.unwrap(), Some(1));
}

#[tokio::test]
async fn types_that_a_mart_does_not_have_are_refused() {
    let (_, store) = memory();
    let mut publication = store.begin(&me()).await.unwrap();
    let odd = Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, true)]));
    let error = publication.write("a", odd, Replace, &[], stream(vec![])).await.unwrap_err();
    assert_eq!(error.to_string(), "column 'n' of table 'a' has type Int32, which a mart does not have");
}

#[tokio::test]
async fn a_log_that_was_cut_off_is_named() {
    let (objects, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    load(&store, &me(), &[("a", Append, 3..4)]).await.unwrap();
    objects.delete(&"tables/a/_delta_log/00000000000000000001.json".into()).await.unwrap();
    let error = load(&store, &me(), &[("a", Replace, 5..6)]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.to_string().contains("the log of table 'a' ends before its published Delta version 1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_folder_is_a_mart() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("deep/mart");
    let store = Store::open(place.to_str().unwrap()).unwrap();
    assert_eq!(store.latest().await.unwrap(), None);
    assert!(store.versions().await.unwrap().is_empty());
    assert!(!folder.path().join("deep").exists(), "reading creates nothing");
    load(&store, &me(), &[("a", Replace, 0..10)]).await.unwrap();
    load(&store, &me(), &[("a", Append, 10..12)]).await.unwrap();
    let again = Store::open(&format!("file://{}", place.display())).unwrap();
    assert_eq!(published(&again, 2, "a").await, Vec::from_iter(0..12));
}

/// What a build without today's checks may have left beyond the published version.
#[tokio::test]
async fn whatever_lies_beyond_the_published_version_is_put_right() {
    let price = |max: &str| {
        format!(
            r#"{{"add":{{"path":"x.parquet","partitionValues":{{}},"size":9,"modificationTime":1,"dataChange":true,"stats":"{{\"numRecords\":1,\"minValues\":{{\"price\":1}},\"maxValues\":{{{max}}},\"nullCount\":{{}}}}"}}}}"#
        )
    };
    let narrow = r#"{"metaData":{"id":"0b7ee0c2-5ba8-4f7d-9f4e-d6a3d9d2c4a7","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"price\",\"type\":\"decimal(12,2)\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{},"createdTime":1}}"#;
    let bare = r#"{"metaData":{"id":"0b7ee0c2-5ba8-4f7d-9f4e-d6a3d9d2c4a7","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[]}","partitionColumns":[],"configuration":{},"createdTime":1}}"#;
    for left in [
        format!("{narrow}\n{}", price(r#"\"price\":100000000000.00"#)),
        price(r#"\"price\":\"dear\""#),
        bare.to_owned(),
        format!("{bare}\n{}", price("")),
        r#"{"add":{"path":"x.parquet","partitionValues":{},"size":9,"modificationTime":1,"dataChange":true}}"#
            .to_owned(),
    ] {
        for mode in [Append, Replace] {
            let (objects, store) = memory();
            load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
            let path = "tables/a/_delta_log/00000000000000000001.json".into();
            objects.put(&path, left.clone().into()).await.unwrap();
            assert_eq!(published(&store, 1, "a").await, [0, 1, 2]);
            let loaded = load(&store, &me(), &[("a", mode, 3..4)]).await;
            assert_eq!(loaded.unwrap_or_else(|error| panic!("{left}: {error}")), 2);
            assert_eq!(published(&store, 2, "a").await, Vec::from_iter(if mode == Append { 0..4 } else { 3..4 }));
        }
    }
}

#[tokio::test]
async fn a_table_of_other_rows_than_published_is_damaged() {
    let (objects, store) = memory();
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    let path = version_path(1);
    let bytes = objects.get(&path).await.unwrap().bytes().await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap().replace(r#""rows": 3"#, r#""rows": 4"#);
    objects.put(&path, text.into()).await.unwrap();
    let store = Store::with_object_store(objects, "test");
    let appended = load(&store, &me(), &[("a", Append, 3..4)]).await.unwrap_err();
    for error in [store.snapshot(1).await.unwrap_err(), appended] {
        assert_eq!(error.kind(), Kind::Misconfigured);
        assert!(
            error.to_string().contains("table 'a' holds 3 rows at Delta version 0, and 4 were published"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_table_without_columns_is_refused() {
    let (objects, store) = memory();
    let mut publication = store.begin(&me()).await.unwrap();
    let error = publication.write("a", Arc::new(Schema::empty()), Replace, &[], stream(vec![])).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Invalid, "table 'a' has no columns"));
    assert!(contents(objects.as_ref()).await.is_empty());
}

#[tokio::test]
async fn a_publication_given_up_or_refused_gives_its_lease_back() {
    let (objects, store) = memory();
    let released = async |generation: u64| {
        let lease = objects.get(&format!("_lease/{generation:020}").into()).await.unwrap().bytes().await.unwrap();
        String::from_utf8(lease.to_vec()).unwrap().contains(r#""released":true"#)
    };
    store.begin(&me()).await.unwrap().abandon().await;
    assert!(released(1).await);
    let mut draft = unchanged(None);
    load(&store, &me(), &[("a", Replace, 0..3)]).await.unwrap();
    draft.tables.insert("b".into(), store.version(1).await.unwrap().tables["a"].clone());
    store.begin(&me()).await.unwrap().publish(draft).await.unwrap_err();
    assert!(released(3).await);
}
