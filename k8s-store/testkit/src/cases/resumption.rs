//! Promise 10.

use std::sync::Arc;

use k8s_store::{Error, KeyRange, Revision, Store, WatchOptions};

use super::support::{Sure, next, nothing_more, refused, sure, told};

/// The same from any point: what was replayed and what came live.
pub async fn a_watch_resumes_at_any_revision(store: Arc<dyn Store>) {
    let base = store.now().await;
    for n in 1..=4 {
        store.set(&format!("k{}", n % 2), &n.to_string()).await;
    }
    let mut watches = Vec::new();
    for seen in 0..=4 {
        watches.push(store.follow(KeyRange::all(), WatchOptions::after(Revision(base.0 + seen)).prev()).await);
    }
    store.unset(KeyRange::one("k0")).await;
    let all = ["1: k1=1", "2: k0=2", "3: k1=3(1)", "4: k0=4(2)", "5: -k0(4)"];
    for (seen, watch) in watches.iter_mut().enumerate() {
        assert_eq!(told(watch, base, 5 - seen).await, all[seen..]);
        nothing_more(watch).await;
    }
}

/// Nothing before the revision asked for.
pub async fn a_watch_waits_for_the_future(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::since(Revision(base.0 + 3))).await;
    for n in 1..=4 {
        store.set("a", &n.to_string()).await;
    }
    assert_eq!(told(&mut watch, base, 2).await, ["3: a=3", "4: a=4"]);
    nothing_more(&mut watch).await;
}

/// Though it may be told that nothing happened yet.
pub async fn a_watch_of_the_future_hears_of_nothing_old(store: Arc<dyn Store>) {
    let first = store.set("a", "old").await;
    let start = Revision(first.0 + 4);
    let mut watch = store.follow(KeyRange::all(), WatchOptions::since(start)).await;
    for n in 0..3 {
        watch.request_progress();
        store.set("a", &n.to_string()).await;
    }
    store.set("a", "new").await;
    let heard = loop {
        let batch = next(&mut watch).await;
        if !batch.is_progress() {
            break batch;
        }
        assert!(batch.revision >= first && batch.revision < start, "{} is not between", batch.revision);
    };
    assert_eq!((heard.revision, &heard.events[0].kv.value[..]), (start, &b"new"[..]));
    nothing_more(&mut watch).await;
}

/// At the call, or as the first thing on the stream.
pub async fn a_watch_of_the_forgotten_is_refused(store: Arc<dyn Store>) {
    let first = store.set("a", "1").await;
    store.set("a", "2").await;
    let last = store.set("a", "3").await;
    sure(store.compact(last).await);
    let error = match store.watch(KeyRange::all(), WatchOptions::since(first)).await {
        Err(error) => error,
        Ok(mut watch) => refused(watch.next().await.expect("it says why")),
    };
    assert!(matches!(error, Error::Compacted { oldest, .. } if oldest == last), "{error}");
    let mut watch = store.follow(KeyRange::all(), WatchOptions::since(last)).await;
    assert_eq!(next(&mut watch).await.revision, last);
}
