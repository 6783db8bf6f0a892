use std::sync::Arc;
use std::time::Duration;

use k8s_store::{
    Error, KeyRange, Leases, Maintenance, Put, RangeOptions, Revision, Store, StoreExt, Txn, WatchOptions,
};
use k8s_store_durable::Durable;
use k8s_store_durable::disk::Simulated;

use crate::scratch::scratch;

#[tokio::test]
async fn the_past_survives_reopening() {
    let directory = scratch();
    let store = Durable::open(&directory).await.unwrap();
    for n in 0..5 {
        store.put("a".into(), n.to_string().into()).await.unwrap();
    }
    let lease = store.grant(Duration::from_secs(60), None).await.unwrap();
    store.txn(Txn::always(Put::new("leased", "x").lease(lease.id))).await.unwrap();
    store.compact(Revision(3)).await.unwrap();
    drop(store);

    let store = Durable::open(&directory).await.unwrap();
    let status = store.status().await.unwrap();
    assert_eq!((status.revision, status.oldest), (Revision(7), Revision(3)));
    let then = store.range(KeyRange::all(), RangeOptions::at(Revision(4))).await.unwrap();
    assert_eq!((&then.items[0].value[..], then.items[0].version), (&b"2"[..], 3));
    let mut watch = store.watch(KeyRange::all(), WatchOptions::since(Revision(3)).prev()).await.unwrap();
    let batch = watch.next().await.unwrap().unwrap();
    assert_eq!((batch.revision, &batch.events[0].prev.as_ref().unwrap().value[..]), (Revision(3), &b"0"[..]));
    assert_eq!(store.time_to_live(lease.id).await.unwrap().keys, ["leased"]);
    store.close().await.unwrap();
    assert!(matches!(store.put("a".into(), "x".into()).await, Err(Error::Closed)));
    let again = Durable::open(&directory).await.unwrap();
    assert_eq!(again.status().await.unwrap().revision, Revision(7));
}

#[tokio::test]
async fn one_at_a_time() {
    let directory = scratch();
    let store = Durable::open(&directory).await.unwrap();
    let second = Durable::open(&directory).await;
    assert!(matches!(second, Err(Error::Unavailable { .. })), "{second:?}");
    drop(store);
    Durable::open(&directory).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn leases_end_after_reopening() {
    let disk = Simulated::new(1);
    let open = || Durable::builder().on_runtime().open_on(Arc::new(disk.clone()));
    let store = open().await.unwrap();
    let lease = store.grant(Duration::from_secs(10), None).await.unwrap();
    store.txn(Txn::always(Put::new("a", "1").lease(lease.id))).await.unwrap();
    store.close().await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let store = open().await.unwrap();
    let mut watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    let opened = tokio::time::Instant::now();
    watch.next().await.unwrap().unwrap();
    assert!(opened.elapsed() >= Duration::from_secs(10));
    assert_eq!(store.leases().await.unwrap(), []);
}
