//! Promise 15.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use k8s_store::{KeyRange, Store, StoreExt};
use tokio::time::sleep;

use super::support::{Sure, bytes, sure};

/// The same that writes answer, and the oldest that reads accept.
pub async fn status_tells_where_the_store_is(store: Arc<dyn Store>) {
    let before = sure(store.status().await);
    assert!(before.oldest <= before.revision);
    let first = store.set("a", "1").await;
    let last = store.set("a", "2").await;
    assert_eq!(sure(store.status().await).revision, last);
    store.read(KeyRange::all(), k8s_store::RangeOptions::latest()).await;
    assert_eq!(sure(store.status().await).revision, last);
    sure(store.compact(first).await);
    let after = sure(store.status().await);
    assert_eq!((after.oldest, after.revision), (first, last));
}

/// What is in use is a part of the whole, which soon knows of a megabyte.
pub async fn sizes_follow_the_contents(store: Arc<dyn Store>) {
    let before = sure(store.status().await);
    for n in 0..16 {
        sure(store.put(bytes(&format!("k{n}")), Bytes::from(vec![n; 1 << 16])).await);
    }
    let mut after = sure(store.status().await);
    for _ in 0..100 {
        if after.size >= 1 << 20 {
            break;
        }
        // Whoever tells the size of a file may write to it later.
        sleep(Duration::from_millis(50)).await;
        after = sure(store.status().await);
    }
    for status in [before, after] {
        assert!(status.size_in_use <= status.size, "{status:?}");
    }
    assert!(after.size >= before.size.max(1 << 20), "{before:?} then {after:?}");
}
