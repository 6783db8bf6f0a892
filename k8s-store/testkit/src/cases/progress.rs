//! Promise 11.

use std::sync::Arc;
use std::time::Duration;

use k8s_store::{KeyRange, Store, WatchOptions};

use super::support::{Sure, next, told};

/// Again and again, without any event.
pub async fn progress_comes_on_request(store: Arc<dyn Store>) {
    let base = store.set("a", "1").await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    for _ in 0..3 {
        watch.request_progress();
        let batch = next(&mut watch).await;
        assert!(batch.is_progress() && batch.revision == base);
    }
}

/// What was written before the request comes first.
pub async fn progress_comes_after_events(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    store.set("a", "1").await;
    store.set("a", "2").await;
    watch.request_progress();
    assert_eq!(told(&mut watch, base, 3).await, ["1: a=1", "2: a=2", "2: ..."]);
}

/// A watch of a quiet range learns that time goes on.
pub async fn progress_counts_what_is_not_watched(store: Arc<dyn Store>) {
    let mut watch = store.follow(KeyRange::one("quiet"), WatchOptions::from_now()).await;
    for n in 0..5 {
        let written = store.set("busy", &n.to_string()).await;
        watch.request_progress();
        let batch = next(&mut watch).await;
        assert!(batch.is_progress() && batch.revision >= written, "{} < {written}", batch.revision);
    }
}

/// Without being asked, and not without end between events.
pub async fn progress_comes_at_intervals(store: Arc<dyn Store>) {
    let options = WatchOptions::from_now().progress(Duration::from_millis(200));
    let mut watch = store.follow(KeyRange::one("quiet"), options).await;
    let written = store.set("busy", "1").await;
    for _ in 0..2 {
        let batch = next(&mut watch).await;
        assert!(batch.is_progress() && batch.revision >= written);
    }
    let written = store.set("quiet", "1").await;
    assert_eq!(told(&mut watch, written.previous(), 2).await, ["1: quiet=1", "1: ..."]);
}
