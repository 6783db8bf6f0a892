//! Promises 8 and 9.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};

use k8s_store::{Delete, EventFilter, EventKind, KeyRange, Store, Txn, WatchOptions};

use super::support::{Sure, next, nothing_more, put, told};
use crate::text;

/// Creation, overwriting, deletion.
pub async fn changes_arrive_once_and_in_order(store: Arc<dyn Store>) {
    store.set("a", "before").await;
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    assert_eq!(watch.opened_at(), base);
    store.set("a", "1").await;
    store.set("b", "1").await;
    store.unset(KeyRange::one("a")).await;
    store.unset(KeyRange::one("a")).await;
    store.set("a", "2").await;
    assert_eq!(told(&mut watch, base, 4).await, ["1: a=1", "2: b=1", "3: -a", "4: a=2"]);
    nothing_more(&mut watch).await;
}

/// For each shape of range.
pub async fn only_the_range_is_watched(store: Arc<dyn Store>) {
    let base = store.now().await;
    let ranges = [
        KeyRange::one("a/1"),
        KeyRange::prefix("a/"),
        KeyRange::range("a/2", "b"),
        KeyRange::from("a/2"),
        KeyRange::range("b", "a"),
    ];
    let mut watches = Vec::new();
    for range in ranges {
        watches.push(store.follow(range, WatchOptions::from_now()).await);
    }
    for key in ["a", "a/1", "a/2", "b"] {
        store.set(key, "").await;
    }
    let expected: [&[&str]; 5] = [&["2: a/1="], &["2: a/1=", "3: a/2="], &["3: a/2="], &["3: a/2=", "4: b="], &[]];
    for (watch, expected) in watches.iter_mut().zip(expected) {
        assert_eq!(told(watch, base, expected.len()).await, expected);
        nothing_more(watch).await;
    }
}

/// Whole versions, and none for a creation.
pub async fn previous_versions_come_on_request(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut with = store.follow(KeyRange::all(), WatchOptions::from_now().prev()).await;
    let mut without = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    store.set("a", "1").await;
    let first = store.one("a").await;
    store.set("a", "2").await;
    let second = store.one("a").await;
    store.unset(KeyRange::one("a")).await;
    assert_eq!(told(&mut without, base, 3).await, ["1: a=1", "2: a=2", "3: -a"]);
    for prev in [None, first, second] {
        assert_eq!(next(&mut with).await.events[0].prev, prev);
    }
}

/// And nothing else of the key that is gone.
pub async fn deletions_carry_their_revision(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    let gone = store.unset(KeyRange::one("a")).await;
    let batch = next(&mut watch).await;
    let kv = &batch.events[0].kv;
    assert_eq!((batch.events[0].kind, kv.mod_revision, batch.revision), (EventKind::Delete, gone, gone));
    assert_eq!((&kv.key[..], kv.value.len(), kv.version, kv.create_revision.0), (&b"a"[..], 0, 0, 0));
}

/// Also within one transaction, and in what is replayed.
pub async fn kinds_can_be_filtered(store: Arc<dyn Store>) {
    let base = store.now().await;
    let options = |filter| WatchOptions::after(base).filter(filter);
    let mut puts = store.follow(KeyRange::all(), options(EventFilter::Puts)).await;
    let mut deletes = store.follow(KeyRange::all(), options(EventFilter::Deletes)).await;
    store.set("a", "1").await;
    store.run(Txn::always(put("b", "1")).then(Delete::one("a"))).await;
    store.unset(KeyRange::one("b")).await;
    let mut late = store.follow(KeyRange::all(), options(EventFilter::Deletes)).await;
    assert_eq!(told(&mut puts, base, 2).await, ["1: a=1", "2: b=1"]);
    assert_eq!(told(&mut deletes, base, 2).await, ["2: -a", "3: -b"]);
    assert_eq!(told(&mut late, base, 2).await, ["2: -a", "3: -b"]);
    for watch in [&mut puts, &mut deletes, &mut late] {
        nothing_more(watch).await;
    }
}

/// A call may wait, be dropped, and be made again.
pub async fn a_dropped_call_loses_nothing(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    for n in 1..=3 {
        {
            let call = std::pin::pin!(watch.next());
            assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        store.set("a", &n.to_string()).await;
        assert_eq!(told(&mut watch, base, 1).await, [format!("{n}: a={n}")]);
    }
}

/// Nobody is left out, whenever they came and whoever left.
pub async fn every_watch_gets_every_change(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watches = Vec::new();
    for n in 0..50 {
        let range = if n % 2 == 0 { KeyRange::one("a") } else { KeyRange::prefix("a") };
        watches.push(store.follow(range, WatchOptions::after(base)).await);
    }
    store.set("a", "1").await;
    drop(watches.split_off(40));
    store.set("a", "2").await;
    for watch in &mut watches {
        assert_eq!(told(watch, base, 2).await, ["1: a=1", "2: a=2"]);
    }
}

/// In the order in which the transaction made them, as far as they are in the range.
pub async fn one_transaction_is_one_batch(store: Arc<dyn Store>) {
    store.set("a/1", "old").await;
    store.set("b", "old").await;
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::prefix("a/"), WatchOptions::from_now()).await;
    let inner = Txn::always(put("a/0", "x"));
    let txn = Txn::always(put("a/2", "x")).then(Delete::one("b")).then(Delete::one("a/1")).then(inner);
    store.run(txn).await;
    let mut late = store.follow(KeyRange::prefix("a/"), WatchOptions::after(base)).await;
    for watch in [&mut watch, &mut late] {
        let batch = next(watch).await;
        assert_eq!((text::batch(&batch).as_str(), batch.revision), ("a/2=x -a/1 a/0=x", base.next()));
        assert!(batch.events.iter().all(|event| event.kv.mod_revision == batch.revision));
        nothing_more(watch).await;
    }
}
