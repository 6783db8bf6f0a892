//! Promise 16.

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use k8s_store::{Error, KeyRange, RangeOptions, Revision, Snapshot, WatchOptions};

use super::Maintained;
use super::support::{Sure, nothing_more, refused, sure, told};

async fn piece(snapshot: &mut Snapshot) -> Option<usize> {
    poll_fn(|cx| Pin::new(&mut *snapshot).poll_next(cx)).await.map(|piece| sure(piece).len())
}

/// Of a revision that the store had, to its end, whatever is written meanwhile.
pub async fn a_snapshot_is_taken_while_writing(Maintained { store, maintenance }: Maintained) {
    for n in 0..50 {
        store.set(&format!("k{n}"), "old").await;
    }
    let before = store.now().await;
    let mut snapshot = sure(maintenance.snapshot().await);
    let (mut bytes, mut n) = (0, 0);
    while let Some(len) = piece(&mut snapshot).await {
        bytes += len;
        n += 1;
        if n < 20 {
            store.set(&format!("k{n}"), "new").await;
        }
    }
    assert!(snapshot.revision() >= before && snapshot.revision() <= store.now().await, "{}", snapshot.revision());
    assert!(bytes >= 50 * 5, "{bytes} bytes cannot hold the contents");
    assert_eq!(store.read(KeyRange::all(), RangeOptions::latest()).await.count, 50);
}

/// Neither the present, nor the past, nor who watches.
pub async fn defragmenting_changes_nothing(Maintained { store, maintenance }: Maintained) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    let old = store.set("a", "1").await;
    store.set("a", "2").await;
    store.unset(KeyRange::one("a")).await;
    store.set("b", "1").await;
    sure(store.compact(old).await);
    let before = sure(store.status().await);
    sure(maintenance.defragment().await);
    let after = sure(store.status().await);
    assert_eq!((after.revision, after.oldest), (before.revision, before.oldest));
    assert_eq!((store.all().await.as_str(), store.all_at(old).await.as_str()), ("b=1", "a=1"));
    store.set("c", "1").await;
    assert_eq!(told(&mut watch, base, 5).await, ["1: a=1", "2: a=2", "3: -a", "4: b=1", "5: c=1"]);
    nothing_more(&mut watch).await;
}

/// The same as long as they are, at the present and in the past.
pub async fn a_hash_is_of_the_contents(Maintained { store, maintenance }: Maintained) {
    store.set("a", "1").await;
    let base = store.set("b", "1").await;
    let hash = async |revision: Option<Revision>| {
        let hash = sure(maintenance.hash(revision).await);
        (hash.revision, hash.hash)
    };
    let first = hash(None).await;
    assert_eq!((first.0, first), (base, hash(None).await));
    store.all().await;
    sure(maintenance.defragment().await);
    assert_eq!(hash(None).await, first);
    let last = store.set("b", "2").await;
    let second = hash(None).await;
    assert!(second.0 == last && second.1 != first.1);
    assert_eq!((hash(Some(base)).await, hash(Some(last)).await), (first, second));
    let error = refused(maintenance.hash(Some(last.next())).await);
    assert!(matches!(error, Error::Future { .. }), "{error}");
    sure(store.compact(last).await);
    let error = refused(maintenance.hash(Some(base)).await);
    assert!(matches!(error, Error::Compacted { .. }), "{error}");
}
