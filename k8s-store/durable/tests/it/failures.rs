//! A disk that is full or broken, and a store that goes on as far as it can.

use std::sync::Arc;

use k8s_store::{Error, KeyRange, Maintenance, RangeOptions, Retry, Revision, Store, StoreExt};
use k8s_store_durable::disk::{Faults, Simulated};
use k8s_store_durable::{Builder, Durable};

fn builder() -> Builder {
    Durable::builder().on_runtime().segment_size(4096)
}

async fn fill(store: &Durable) -> (u64, Error) {
    for n in 0..1_000 {
        if let Err(error) = store.put("a".into(), vec![b'x'; 1000].into()).await {
            return (n, error);
        }
    }
    panic!("the disk is never full")
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_writes_and_serves_reads_until_there_is_room() {
    let disk = Simulated::new(1);
    let store = builder().open_on(Arc::new(disk.clone())).await.unwrap();
    disk.set_faults(Faults { capacity: Some(50_000), ..Faults::default() });
    let (written, error) = fill(&store).await;
    assert!(matches!(error, Error::NoSpace) && error.retry() == Retry::Backoff, "{error}");
    assert!(written > 20);
    let mut watch = store.watch(KeyRange::all(), k8s_store::WatchOptions::from_now()).await.unwrap();
    assert!(matches!(store.put("a".into(), vec![b'x'; 5000].into()).await, Err(Error::NoSpace)));
    let page = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
    assert_eq!((page.revision, page.count), (Revision(written + 1), 1));
    disk.set_faults(Faults::default());
    let revision = store.put("a".into(), "1".into()).await.unwrap();
    assert_eq!(revision, Revision(written + 2));
    let batch = watch.next().await.unwrap().unwrap();
    assert_eq!((batch.revision, &batch.events[0].kv.value[..]), (revision, &b"1"[..]));
    drop(store);
    disk.crash();
    let store = builder().open_on(Arc::new(disk)).await.unwrap();
    assert_eq!(store.get("a".into()).await.unwrap().unwrap().value, "1");
}

#[tokio::test(start_paused = true)]
async fn after_a_failed_sync_nothing_is_acknowledged_until_reopened() {
    let disk = Simulated::new(1);
    let store = builder().open_on(Arc::new(disk.clone())).await.unwrap();
    let kept = store.put("a".into(), "kept".into()).await.unwrap();
    disk.set_faults(Faults { failing_syncs: 1, ..Faults::default() });
    let error = store.put("a".into(), "perhaps".into()).await.unwrap_err();
    assert!(matches!(error, Error::Uncertain { .. }) && error.retry() == Retry::Never, "{error}");
    disk.set_faults(Faults::default());
    for _ in 0..3 {
        assert!(matches!(store.put("a".into(), "no".into()).await, Err(Error::Unavailable { .. })));
        let page = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
        assert_eq!((page.revision, &page.items[0].value[..]), (kept, &b"kept"[..]));
    }
    store.close().await.unwrap();
    drop(store);
    // The system says that all is well by now. What is found is written again, and lasts.
    let store = builder().open_on(Arc::new(disk.clone())).await.unwrap();
    let found = store.get("a".into()).await.unwrap().unwrap();
    drop(store);
    disk.crash();
    let store = builder().open_on(Arc::new(disk)).await.unwrap();
    assert_eq!(store.get("a".into()).await.unwrap().unwrap(), found);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_is_taken_back() {
    let disk = Simulated::new(3);
    let store = builder().open_on(Arc::new(disk.clone())).await.unwrap();
    disk.set_faults(Faults { failing_writes: 2, ..Faults::default() });
    let mut refused = 0;
    for n in 0..50 {
        match store.put("a".into(), n.to_string().into()).await {
            Ok(_) => {}
            Err(Error::Unavailable { .. } | Error::Uncertain { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 10);
}
