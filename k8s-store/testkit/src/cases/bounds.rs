//! Promise 12.

use std::sync::Arc;

use k8s_store::{Error, KeyRange, Store, WatchOptions};

use super::support::{Sure, next};

/// It gets everything, or a beginning without a gap and then the reason.
pub async fn a_slow_watch_has_no_gap(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now().buffer(4)).await;
    for n in 1..=50 {
        store.set("a", &n.to_string()).await;
    }
    let mut seen = base;
    while seen.0 < base.0 + 50 {
        match watch.next().await {
            Some(Ok(batch)) => {
                assert_eq!(batch.revision, seen.next());
                seen = batch.revision;
            }
            Some(Err(Error::Overflowed)) => {
                assert!(seen.0 >= base.0 + 4, "given up before the buffer was full");
                assert!(watch.next().await.is_none(), "something comes after the end");
                break;
            }
            other => panic!("neither a batch nor an overflow: {other:?}"),
        }
    }
    // Resuming from there misses nothing.
    let mut again = store.follow(KeyRange::all(), WatchOptions::after(seen)).await;
    while seen.0 < base.0 + 50 {
        let batch = next(&mut again).await;
        assert_eq!(batch.revision, seen.next());
        seen = batch.revision;
    }
}

/// Neither writers nor other watches.
pub async fn a_slow_watch_holds_nobody_up(store: Arc<dyn Store>) {
    let base = store.now().await;
    let _never_read = store.follow(KeyRange::all(), WatchOptions::from_now().buffer(1)).await;
    let mut read = store.follow(KeyRange::all(), WatchOptions::from_now().buffer(100)).await;
    for n in 1..=50 {
        store.set("a", &n.to_string()).await;
        assert_eq!(next(&mut read).await.revision.0, base.0 + n);
    }
}

/// However many there are: none is told the second thing before all were told the first.
pub async fn each_watch_has_its_turn(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watches = Vec::new();
    for n in 0..100 {
        let range = if n % 3 == 0 { KeyRange::one("a") } else { KeyRange::all() };
        watches.push(store.follow(range, WatchOptions::from_now()).await);
    }
    for n in 1..=5 {
        store.set("a", &n.to_string()).await;
        for watch in watches.iter_mut().rev() {
            assert_eq!(next(watch).await.revision.0, base.0 + n);
        }
        watches.rotate_left(17);
    }
}

/// Whoever is told the whole past takes nothing from whoever waits for the next thing.
pub async fn a_long_replay_delays_nobody(store: Arc<dyn Store>) {
    let base = store.now().await;
    for n in 0..100 {
        store.set("past", &n.to_string()).await;
    }
    let mut live = store.follow(KeyRange::one("live"), WatchOptions::from_now()).await;
    let mut behind = Vec::new();
    for _ in 0..20 {
        behind.push(store.follow(KeyRange::all(), WatchOptions::after(base)).await);
    }
    for n in 0..10 {
        let written = store.set("live", &n.to_string()).await;
        assert_eq!(next(&mut live).await.revision, written);
        for watch in &mut behind {
            assert_eq!(next(watch).await.revision.0, base.0 + n + 1);
        }
    }
}
