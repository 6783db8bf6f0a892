//! Promise 13.

use std::sync::Arc;

use k8s_store::{Error, KeyRange, Op, RangeOptions, Revision, Store, Txn, WatchOptions};

use super::support::{Sure, nothing_more, put, refused, sure, told};

/// And says from where on there is something.
pub async fn the_past_is_forgotten(store: Arc<dyn Store>) {
    let first = store.set("a", "1").await;
    let second = store.set("a", "2").await;
    store.set("a", "3").await;
    sure(store.compact(second).await);
    assert_eq!(sure(store.status().await).oldest, second);
    let error = refused(store.range(KeyRange::all(), RangeOptions::at(first)).await);
    assert!(matches!(error, Error::Compacted { asked, oldest } if asked == first && oldest == second), "{error}");
    assert_eq!(store.all_at(second).await, "a=2");
}

/// To be read and watched from; the deletion that it made is not lost.
pub async fn the_compacted_revision_stays(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let base = store.set("b", "1").await;
    let gone = store.unset(KeyRange::one("a")).await;
    store.set("c", "1").await;
    sure(store.compact(gone).await);
    assert_eq!(store.all_at(gone).await, "b=1");
    let mut watch = store.follow(KeyRange::all(), WatchOptions::since(gone)).await;
    assert_eq!(told(&mut watch, base, 2).await, ["1: -a", "2: c=1"]);
}

/// However old they are.
pub async fn the_latest_versions_stay(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    store.set("b", "1").await;
    let last = store.set("b", "2").await;
    let before = store.read(KeyRange::all(), RangeOptions::latest()).await;
    sure(store.compact(last).await);
    assert_eq!(store.read(KeyRange::all(), RangeOptions::latest()).await, before);
    assert_eq!(store.now().await, last);
}

/// With what they had not delivered when the history went.
pub async fn open_watches_go_on(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    store.set("a", "1").await;
    store.set("a", "2").await;
    let last = store.set("a", "3").await;
    sure(store.compact(last).await);
    store.set("a", "4").await;
    assert_eq!(told(&mut watch, base, 4).await, ["1: a=1", "2: a=2", "3: a=3", "4: a=4"]);
    nothing_more(&mut watch).await;
}

/// In open watches, and in those that start at the compacted revision.
pub async fn previous_versions_outlive_it(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now().prev()).await;
    store.set("a", "1").await;
    store.set("a", "2").await;
    let last = store.unset(KeyRange::one("a")).await;
    sure(store.compact(last).await);
    let mut late = store.follow(KeyRange::all(), WatchOptions::since(last).prev()).await;
    assert_eq!(told(&mut watch, base, 3).await, ["1: a=1", "2: a=2(1)", "3: -a(2)"]);
    assert_eq!(told(&mut late, base, 1).await, ["3: -a(2)"]);
}

/// It is told of it, or that the history is gone; never of what came after it as if nothing had been.
pub async fn a_watch_behind_loses_no_deletion(store: Arc<dyn Store>) {
    let mut seen = store.now().await;
    for n in 0..5 {
        store.set("a", &n.to_string()).await;
        let behind = store.follow(KeyRange::one("a"), WatchOptions::after(seen)).await;
        let gone = store.unset(KeyRange::one("a")).await;
        sure(store.compact(gone).await);
        seen = store.set("b", "after").await;
        let at = store.follow(KeyRange::one("a"), WatchOptions::since(gone)).await;
        for mut watch in [behind, at] {
            watch.request_progress();
            let mut deletions = 0;
            loop {
                match watch.next().await {
                    Some(Ok(batch)) if batch.is_progress() => break assert_eq!(deletions, 1, "a deletion is lost"),
                    Some(Ok(batch)) => deletions += usize::from(batch.revision == gone),
                    Some(Err(Error::Compacted { .. })) => break,
                    other => panic!("neither events nor the reason: {other:?}"),
                }
            }
        }
    }
}

/// As with any other failure inside.
pub async fn a_transaction_that_reads_the_forgotten_changes_nothing(store: Arc<dyn Store>) {
    let first = store.set("a", "1").await;
    let last = store.set("a", "2").await;
    sure(store.compact(last).await);
    let old = Op::Range(KeyRange::all(), RangeOptions::at(first));
    for txn in [
        Txn::always(put("a", "3")).then(old.clone()),
        Txn::always(old.clone()).then(put("a", "3")),
        Txn::always(put("a", "3")).then(Txn::always(old)),
    ] {
        let error = refused(store.txn(txn).await);
        assert!(matches!(error, Error::Compacted { asked, .. } if asked == first), "{error}");
    }
    assert_eq!((store.now().await, store.all().await), (last, "a=2".to_owned()));
}

/// With the error that says why not.
pub async fn only_the_present_and_past_compact_once(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let last = store.set("a", "2").await;
    let error = refused(store.compact(Revision(last.0 + 1)).await);
    assert!(matches!(error, Error::Future { latest, .. } if latest == last), "{error}");
    sure(store.compact(last).await);
    for again in [last, last.previous()] {
        let error = refused(store.compact(again).await);
        assert!(matches!(error, Error::Compacted { asked, oldest } if asked == again && oldest == last), "{error}");
    }
}
