//! Reading logs: what others wrote into them is refused by name, and checkpoints change nothing.

use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;
use crate::error::Kind;
use crate::store::WriteMode::{Append, Replace};
use crate::store::kit::{ids, load};
use crate::store::{Owner, Store};

const COLUMNS: &str =
    r#"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}"#;
const PLAIN: &str = r#"{"minReaderVersion":1,"minWriterVersion":2}"#;
const STATS: &str = r#"{\"numRecords\":1}"#;

/// A log with one commit.
async fn table(protocol: &str, partitions: &str, configuration: &str, add: &str) -> DeltaTable {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let log = format!(
        r#"{{"protocol":{protocol}}}
{{"metaData":{{"id":"0b7ee0c2-5ba8-4f7d-9f4e-d6a3d9d2c4a7","format":{{"provider":"parquet","options":{{}}}},"schemaString":"{COLUMNS}","partitionColumns":{partitions},"configuration":{configuration},"createdTime":1}}}}
{add}"#
    );
    objects.put(&"tables/t/_delta_log/00000000000000000000.json".into(), log.into()).await.unwrap();
    DeltaTable::new(&objects, "t").unwrap()
}

fn add_of(more: &str) -> String {
    format!(
        r#"{{"add":{{"path":"a.parquet","partitionValues":{{}},"size":9,"modificationTime":1,"dataChange":true{more}}}}}"#
    )
}

#[tokio::test]
async fn what_others_wrote_is_refused_by_name() {
    let features = |feature: &str| {
        format!(
            r#"{{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["{feature}"],"writerFeatures":["{feature}"]}}"#
        )
    };
    let stats = format!(r#","stats":"{STATS}""#);
    let cases = [
        (features("deletionVectors"), "[]", "{}", add_of(&stats), "the table feature 'deletionVectors'"),
        (features("columnMapping"), "[]", "{}", add_of(&stats), "the table feature 'columnMapping'"),
        (features("typeWidening"), "[]", "{}", add_of(&stats), "the table feature 'typeWidening'"),
        (PLAIN.into(), r#"["id"]"#, "{}", String::new(), "partition columns"),
        (PLAIN.into(), "[]", "{}", add_of(""), "files without statistics"),
    ];
    for (protocol, partitions, configuration, add, what) in cases {
        let error = table(&protocol, partitions, configuration, &add).await.at(0).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured, "{what}: {error}");
        let said = format!("table 't' at Delta version 0 has {what}, which starmart does not read");
        assert!(error.to_string().starts_with(&said), "{error}");
    }
    let known = table(PLAIN, "[]", "{}", &add_of(&stats)).await.at(0).await.unwrap();
    assert_eq!(known.table.rows(), 1);
}

#[tokio::test]
async fn a_newer_protocol_is_no_damage() {
    let add = add_of(&format!(r#","stats":"{STATS}""#));
    let table = table(PLAIN, "[]", "{}", &add).await;
    let newer = r#"{"protocol":{"minReaderVersion":99,"minWriterVersion":99}}"#;
    let objects = table.log.object_store(None);
    objects.put(&"_delta_log/00000000000000000001.json".into(), newer.into()).await.unwrap();
    for error in [table.at(1).await.unwrap_err(), table.last().await.unwrap_err()] {
        assert_eq!(error.kind(), Kind::Misconfigured, "{error}");
        let said = "table 't' at Delta version 1 has reader version 99, which starmart does not read: another or a newer \
                    program wrote to the mart; restore it from a backup or load into a new one";
        assert_eq!(error.to_string(), said);
    }
    assert_eq!(table.at(0).await.unwrap().table.rows(), 1, "the version before it is read");
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_named() {
    for (protocol, add) in [("{}", String::new()), (PLAIN, "{\"add\":".to_owned())] {
        let error = table(protocol, "[]", "{}", &add).await.at(0).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured, "{error}");
        assert!(error.to_string().contains("table 't' at Delta version 0"), "{error}");
    }
    let missing = table(PLAIN, "[]", "{}", "").await.at(7).await.unwrap_err();
    assert_eq!(missing.kind(), Kind::Misconfigured, "{missing}");
    assert!(missing.to_string().contains("Delta version 7"), "{missing}");
}

#[tokio::test]
async fn checkpoints_keep_files_and_bounds_as_they_were() {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let store = Store::with_object_store(Arc::clone(&objects), "test");
    let me = Owner::this_process();
    load(&store, &me, &[("a", Replace, 0..3)]).await.unwrap();
    load(&store, &me, &[("a", Append, 3..7)]).await.unwrap();
    let before = store.snapshot(2).await.unwrap();

    let mut foreign = deltalake_core::DeltaTable::new(DeltaTable::new(&objects, "a").unwrap().log);
    foreign.load().await.unwrap();
    deltalake_core::checkpoints::create_checkpoint(&foreign, None).await.unwrap();
    let log = "tables/a/_delta_log/00000000000000000000.json".into();
    objects.delete(&log).await.unwrap();

    let store = Store::with_object_store(Arc::clone(&objects), "test");
    assert_eq!(store.snapshot(2).await.unwrap().tables, before.tables);
    drop(store.begin(&me).await.unwrap());
    load(&store, &me, &[("a", Append, 7..8)]).await.unwrap();
    let after = store.snapshot(3).await.unwrap();
    assert_eq!(ids(&objects, &after.tables["a"]).await, Vec::from_iter(0..8));
    assert_eq!(after.tables["a"].files[..2], before.tables["a"].files);
}

#[tokio::test]
async fn a_table_is_created_as_the_mart_wants_it() {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let store = Store::with_object_store(Arc::clone(&objects), "test");
    load(&store, &Owner::this_process(), &[("a", Replace, 0..3)]).await.unwrap();
    let log = objects.get(&"tables/a/_delta_log/00000000000000000000.json".into()).await.unwrap();
    let log = String::from_utf8(log.bytes().await.unwrap().to_vec()).unwrap();
    for wanted in [
        r#""delta.enableExpiredLogCleanup":"false""#,
        r#""minReaderVersion":1"#,
        r#"\"numRecords\":3"#,
        r#"\"maxValues\":{\"id\":2,"#,
    ] {
        assert!(log.contains(wanted), "{wanted} in {log}");
    }
}
