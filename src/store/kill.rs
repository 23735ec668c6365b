//! A load that dies at any operation: the version before it reads as it was, the next load succeeds at once, and no
//! row of the dead load ever comes to light.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::memory::InMemory;
use proptest::collection::vec;
use proptest::prelude::*;

use super::WriteMode::{Append, Replace};
use super::kit::{Change, Death, Mortal, dead, load, published};
use super::{Owner, Store};

/// What every version should hold.
type Expected = BTreeMap<u64, BTreeMap<&'static str, Vec<i64>>>;

fn open(objects: &Arc<dyn ObjectStore>) -> Store {
    Store::with_object_store(Arc::clone(objects), "test")
}

/// The tables after `changes` to version `number`.
fn after(expected: &Expected, number: u64, changes: &[Change]) -> BTreeMap<&'static str, Vec<i64>> {
    let mut tables = expected.get(&number).cloned().unwrap_or_default();
    for (name, mode, ids) in changes {
        let rows = tables.entry(name).or_default();
        if *mode == Replace {
            rows.clear();
        }
        rows.extend(ids.clone());
    }
    tables
}

async fn check(store: &Store, expected: &Expected) {
    assert_eq!(store.latest().await.unwrap(), expected.keys().next_back().copied());
    for (number, tables) in expected {
        let version = store.version(*number).await.unwrap();
        assert!(version.tables.keys().eq(tables.keys()), "version {number}");
        for (name, rows) in tables {
            assert_eq!(published(store, *number, name).await, *rows, "table {name} of version {number}");
            assert_eq!(version.tables[*name].rows, rows.len() as u64);
        }
    }
}

/// One load that may die; returns whether it did, and notes the version if it was published.
async fn attempt(objects: &Arc<dyn ObjectStore>, expected: &mut Expected, changes: &[Change], death: Death) -> bool {
    let mortal = Mortal::new(Arc::clone(objects), death);
    let store = Store::with_object_store(Arc::clone(&mortal) as Arc<dyn ObjectStore>, "test");
    let result = load(&store, &dead(), changes).await;
    let newest = expected.keys().next_back().copied().unwrap_or(0);
    let reached = open(objects).latest().await.unwrap().unwrap_or(0);
    assert!(result.is_err() || reached == newest + 1, "a load that says it is done is done");
    if reached > newest {
        expected.insert(reached, after(expected, newest, changes));
    }
    mortal.is_dead()
}

/// One load that lives.
async fn succeed(objects: &Arc<dyn ObjectStore>, expected: &mut Expected, changes: &[Change]) {
    let newest = expected.keys().next_back().copied().unwrap_or(0);
    let number = load(&open(objects), &Owner::this_process(), changes).await.unwrap();
    assert_eq!(number, newest + 1);
    expected.insert(number, after(expected, newest, changes));
}

#[tokio::test]
async fn a_load_may_die_at_every_operation() {
    let base = InMemory::new();
    let mut before = Expected::new();
    let shared: Arc<dyn ObjectStore> = Arc::new(base.fork());
    succeed(&shared, &mut before, &[("a", Replace, 0..10), ("b", Replace, 100..105)]).await;
    let dying: [Change; 3] = [("a", Append, 10..16), ("b", Replace, 200..203), ("c", Replace, 300..302)];
    let base: Vec<_> = super::kit::contents(shared.as_ref()).await;
    for takes_effect in [false, true] {
        for left in 0.. {
            let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            for (path, bytes) in &base {
                object_store::ObjectStoreExt::put(objects.as_ref(), path, bytes.clone().into()).await.unwrap();
            }
            let mut expected = before.clone();
            let died = attempt(&objects, &mut expected, &dying, Death::Operations { left, takes_effect }).await;
            check(&open(&objects), &expected).await;
            succeed(&objects, &mut expected, &[("a", Append, 50..52), ("c", Replace, 400..403)]).await;
            succeed(&objects, &mut expected, &[("b", Append, 900..901), ("c", Append, 500..501)]).await;
            check(&open(&objects), &expected).await;
            if !died {
                assert!(left > 20, "a load takes many operations, not {left}");
                break;
            }
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let name = prop_oneof![Just("a"), Just("b"), Just("c")];
    let mode = prop_oneof![Just(Replace), Just(Append)];
    let change = (name, mode, 0..1000_i64, 0..10_i64);
    vec(change, 1..4).prop_map(|changes| {
        let ranged = changes.into_iter().map(|(name, mode, from, count)| (name, (mode, from..from + count)));
        let once: BTreeMap<&'static str, (_, Range<i64>)> = ranged.collect();
        once.into_iter().map(|(name, (mode, ids))| (name, mode, ids)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_of_deaths_reads_as_published(
        history in vec((changes(), 0..60_i64, any::<bool>(), any::<bool>()), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let mut expected = Expected::new();
            for (changes, left, takes_effect, lives) in history {
                match lives {
                    true => succeed(&objects, &mut expected, &changes).await,
                    false => drop(attempt(&objects, &mut expected, &changes, Death::Operations { left, takes_effect }).await),
                }
            }
            check(&open(&objects), &expected).await;
        });
    }
}
