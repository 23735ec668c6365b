//! Who gets the lease, and when.

use object_store::memory::InMemory;

use super::*;
use crate::error::Kind;
use crate::store::kit::{Death, Mortal, dead};

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

fn elsewhere() -> Owner {
    Owner { host: "far".into(), installation: String::new(), machine: "elsewhere".into(), pid: 7, started: 1 }
}

/// Taken by another process of this host than any other in the test.
async fn take(objects: &Arc<dyn ObjectStore>, owner: &Owner, seconds: i64) -> Result<Lease> {
    let now = clock::now() + TimeDelta::seconds(seconds);
    Lease::take(Arc::clone(objects), "test", owner, now, &LetGo::default()).await
}

#[tokio::test]
async fn generations_count_up_and_old_ones_go() {
    let objects = memory();
    for generation in 1..4 {
        let lease = take(&objects, &Owner::this_process(), 0).await.unwrap();
        assert_eq!(lease.record.generation, generation);
        lease.check().await.unwrap();
        assert_eq!(lease.place.generations().await.unwrap().len(), 1);
        lease.release().await;
    }
}

#[tokio::test]
async fn a_dead_process_of_this_host_is_taken_over_at_once() {
    let objects = memory();
    let left = take(&objects, &dead(), 0).await.unwrap();
    let taken = take(&objects, &Owner::this_process(), 0).await.unwrap();
    taken.check().await.unwrap();
    let error = left.check().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains(&format!("{} took it over", Owner::this_process())), "{error}");
}

#[tokio::test]
async fn another_host_is_taken_over_when_its_lease_has_expired() {
    let objects = memory();
    let _left = take(&objects, &elsewhere(), 0).await.unwrap();
    let error = take(&objects, &Owner::this_process(), 59).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains("by process 7 on host 'far' since "), "{error}");
    take(&objects, &Owner::this_process(), 61).await.unwrap().check().await.unwrap();
}

#[tokio::test]
async fn one_that_renews_is_not_taken_over() {
    let objects = memory();
    let lease = take(&objects, &elsewhere(), -50).await.unwrap();
    lease.place.renew(&lease.record).await.unwrap();
    assert_eq!(take(&objects, &Owner::this_process(), 30).await.unwrap_err().kind(), Kind::Unavailable);
}

#[tokio::test]
async fn the_heartbeat_renews_and_survives_a_fault() {
    let objects = memory();
    let lease = take(&objects, &elsewhere(), -50).await.unwrap();
    let mortal = Mortal::new(Arc::clone(&objects), Death::Operations { left: 0, takes_effect: false });
    let stop = CancellationToken::new();
    let beat = |objects| {
        let place = Place { objects, name: "test".into(), renewed: Mutex::new(clock::monotonic()) };
        keep_alive(Arc::new(place), lease.record.clone(), stop.clone(), Duration::from_millis(1))
    };
    let watch = async {
        let renewed = async || lease.place.newest().await.unwrap().unwrap().record.unwrap().expires;
        while mortal.left() > -3 || renewed().await == lease.record.expires {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    futures::future::join3(beat(Arc::clone(&mortal) as Arc<dyn ObjectStore>), beat(objects), watch).await;
    let renewed = lease.place.newest().await.unwrap().unwrap().record.unwrap();
    assert!(renewed.expires > lease.record.expires && renewed.holder == lease.record.holder);
}

#[tokio::test]
async fn renewing_late_does_not_win_the_lease_back() {
    let objects = memory();
    let late = take(&objects, &elsewhere(), 0).await.unwrap();
    let taken = take(&objects, &Owner::this_process(), 61).await.unwrap();
    late.place.renew(&late.record).await.unwrap();
    assert!(late.check().await.is_err());
    taken.check().await.unwrap();
}

#[tokio::test]
async fn one_generation_has_one_holder() {
    let objects = memory();
    let owner = Owner::this_process();
    let takes = futures::future::join_all((0..8).map(|_| take(&objects, &owner, 0))).await;
    assert_eq!(takes.iter().filter(|lease| lease.is_ok()).count(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_waited_for() {
    let objects = memory();
    objects.put(&Place::path(4), "{".into()).await.unwrap();
    let error = take(&objects, &Owner::this_process(), 0).await.unwrap_err();
    assert_eq!(error.to_string(), "the lease of mart test cannot be read; try again in 60 seconds");
    assert_eq!(take(&objects, &Owner::this_process(), 61).await.unwrap().record.generation, 5);
}

#[tokio::test]
async fn a_lease_that_arrived_unnoticed_is_free_to_its_process() {
    let objects = memory();
    let let_go = LetGo::default();
    // The listing works, and the put takes effect but fails.
    let mortal = Mortal::new(Arc::clone(&objects), Death::Operations { left: 1, takes_effect: true });
    let owner = Owner::this_process();
    let failed = Lease::take(mortal, "test", &owner, clock::now(), &let_go).await.unwrap_err();
    assert_eq!(failed.kind(), Kind::Unavailable);
    assert!(take(&objects, &owner, 0).await.is_err(), "another process waits");
    let lease = Lease::take(objects, "test", &owner, clock::now(), &let_go).await.unwrap();
    assert_eq!(lease.record.generation, 2);
}

#[tokio::test]
async fn a_lease_dropped_is_given_back() {
    let objects = memory();
    drop(take(&objects, &Owner::this_process(), 0).await.unwrap());
    let place = Place { objects, name: "test".into(), renewed: Mutex::new(clock::monotonic()) };
    while !place.newest().await.unwrap().unwrap().record.unwrap().released {
        tokio::task::yield_now().await;
    }
}
