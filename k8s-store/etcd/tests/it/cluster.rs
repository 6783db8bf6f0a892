//! Nothing is lost and nothing doubled, whatever happens to members.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use k8s_env::Tasks;
use k8s_store::{Error, EventKind, KeyRange, RangeOptions, Revision, Store, StoreExt, Swap, WatchOptions};
use k8s_store_etcd::Etcd;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{sleep, timeout};

use crate::members::Members;

const WRITERS: usize = 4;
const WATCHERS: usize = 3;

/// What those who write and those who watch found out.
#[derive(Default)]
struct Found {
    /// Keys that were written, at which revision.
    acknowledged: Mutex<BTreeMap<Bytes, Revision>>,
    /// Keys of which nobody knows.
    uncertain: Mutex<Vec<Bytes>>,
    refused: AtomicU64,
    increments: AtomicU64,
    uncertain_increments: AtomicU64,
    stop: AtomicBool,
}

/// Creates keys of its own, one after the other, and now and then increments what all increment.
async fn write(store: Etcd, writer: usize, found: Arc<Found>) {
    for n in 0.. {
        if found.stop.load(Ordering::Relaxed) {
            return;
        }
        let key = Bytes::from(format!("keys/{writer}/{n:06}"));
        match store.create(key.clone(), "once".into()).await {
            Ok(Swap::Done(revision)) => drop(found.acknowledged.lock().await.insert(key, revision)),
            Ok(Swap::Stale(_)) => panic!("{key:?} was there before it was written: written twice"),
            Err(Error::Uncertain { .. }) => found.uncertain.lock().await.push(key),
            Err(Error::Unavailable { .. }) => drop(found.refused.fetch_add(1, Ordering::Relaxed)),
            Err(error) => panic!("{error}"),
        }
        if n % 5 == 0 {
            increment(&store, &found).await;
        }
        sleep(Duration::from_millis(2)).await;
    }
}

async fn increment(store: &Etcd, found: &Found) {
    let Ok(now) = store.get("counter".into()).await else { return };
    let (seen, count) = now.map_or((Revision::ZERO, 0), |kv| (kv.mod_revision, number(&kv.value)));
    match store.update("counter".into(), seen, (count + 1).to_string().into()).await {
        Ok(Swap::Done(_)) => drop(found.increments.fetch_add(1, Ordering::Relaxed)),
        Err(Error::Uncertain { .. }) => drop(found.uncertain_increments.fetch_add(1, Ordering::Relaxed)),
        _ => {}
    }
}

fn number(value: &Bytes) -> u64 {
    std::str::from_utf8(value).unwrap().parse().unwrap()
}

/// Sends on what it sees, and fails where that is out of order.
async fn follow(store: Etcd, from: Revision, seen: mpsc::UnboundedSender<(Bytes, Revision)>) {
    let options = WatchOptions::after(from).progress(Duration::from_millis(300));
    let mut watch = store.watch(KeyRange::prefix("keys/"), options).await.unwrap();
    let mut last = from;
    while let Some(batch) = watch.next().await {
        let batch = batch.unwrap();
        assert!(batch.revision > last || (batch.is_progress() && batch.revision == last), "{batch:?} after {last}");
        last = batch.revision;
        for event in batch.events {
            assert_eq!((event.kind, event.kv.version, event.kv.mod_revision), (EventKind::Put, 1, last));
            if seen.send((event.kv.key, last)).is_err() {
                return;
            }
        }
    }
}

/// What happens to members while all write and watch.
async fn misfortunes(members: &mut Members) {
    let second = Duration::from_secs(1);
    for n in 0..3 {
        members.kill(n);
        sleep(2 * second).await;
        members.run(n);
        sleep(2 * second).await;
        members.signal(n, "-STOP");
        sleep(5 * second).await;
        members.signal(n, "-CONT");
        sleep(second).await;
        members.members[n].to_clients.cut(true);
        sleep(5 * second).await;
        members.members[n].to_clients.cut(false);
    }
    // No two members hear of each other: no leader, no writes, and then again.
    members.members.iter().for_each(|member| member.to_peers.cut(true));
    sleep(4 * second).await;
    members.members.iter().for_each(|member| member.to_peers.cut(false));
    sleep(4 * second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_may_die_stop_and_vanish() {
    let Some(mut members) = Members::start().await else { return };
    let patient = Duration::from_secs(30);
    let store = Etcd::builder(members.endpoints()).patience(patient).connect().await.unwrap();
    let from = store.put("counter".into(), "0".into()).await.unwrap();
    let (found, tasks) = (Arc::new(Found::default()), Tasks::new());
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS {
        let (sender, receiver) = mpsc::unbounded_channel();
        tasks.spawn(follow(store.clone(), from, sender));
        watchers.push(receiver);
    }
    let (done, mut finished) = mpsc::channel::<()>(1);
    for writer in 0..WRITERS {
        let (store, found, done) = (store.clone(), Arc::clone(&found), done.clone());
        tasks.spawn(async move {
            write(store, writer, found).await;
            drop(done);
        });
    }
    drop(done);
    misfortunes(&mut members).await;
    found.stop.store(true, Ordering::Relaxed);
    assert!(timeout(2 * patient, finished.recv()).await.is_ok(), "writers do not end");

    let page = store.range(KeyRange::prefix("keys/"), RangeOptions::latest()).await.unwrap();
    let there: BTreeMap<_, _> = page.items.into_iter().map(|kv| (kv.key, kv.mod_revision)).collect();
    let (acknowledged, uncertain) = (found.acknowledged.lock().await, found.uncertain.lock().await);
    for (key, revision) in acknowledged.iter() {
        assert_eq!(there.get(key), Some(revision), "{key:?} was acknowledged and is not there");
    }
    let unexpected: Vec<_> = there.keys().filter(|key| !acknowledged.contains_key(*key)).collect();
    assert!(unexpected.iter().all(|key| uncertain.contains(key)), "written, though refused: {unexpected:?}");
    for watcher in &mut watchers {
        let mut seen = BTreeMap::new();
        while seen.len() < there.len() {
            let next = timeout(Duration::from_secs(20), watcher.recv()).await;
            let (key, revision) = next.expect("a watch misses something").expect("a watch failed");
            assert!(seen.insert(key.clone(), revision).is_none(), "{key:?} came twice");
        }
        assert_eq!(seen, there);
    }
    let counter = number(&store.get("counter".into()).await.unwrap().unwrap().value);
    let (sure, perhaps) =
        (found.increments.load(Ordering::Relaxed), found.uncertain_increments.load(Ordering::Relaxed));
    assert!((sure..=sure + perhaps).contains(&counter), "{counter} of {sure} and perhaps {perhaps}");
    println!(
        "three members killed, paused, cut off: {} writes acknowledged, {} uncertain of which {} took place, {} refused; \
         {WATCHERS} watches saw all {} once and in order; {counter} increments of {sure} sure and {perhaps} uncertain",
        acknowledged.len(),
        uncertain.len(),
        unexpected.len(),
        found.refused.load(Ordering::Relaxed),
        there.len(),
    );
    assert!(acknowledged.len() > 1000, "hardly anything was written: {}", acknowledged.len());
}
