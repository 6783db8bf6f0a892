use k8s_store::{Compare, KeyRange, Memory, Put, RangeOptions, Revision, Store, StoreExt, Txn, WatchOptions};
use k8s_store_observed::{Metered, Metrics};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

#[tokio::test(start_paused = true)]
async fn calls_sizes_and_watches_are_counted() {
    let mut registry = Registry::default();
    let store = Metered::new(Memory::new(), Metrics::new(&mut registry));
    let count = |line: &str| {
        let mut page = String::new();
        encode(&mut page, &registry).unwrap();
        let found = page.lines().find_map(|found| found.strip_prefix(line)?.trim().parse::<u64>().ok());
        found.unwrap_or_default()
    };
    let watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    let mut slow = store.watch(KeyRange::all(), WatchOptions::from_now().buffer(1)).await.unwrap();
    store.put("key".into(), "12345".into()).await.unwrap();
    // The branch that ran is what counts.
    let absent = Txn::when([Compare::absent("key")]).then(Put::new("key", "x")).otherwise(Put::new("key", "xx").prev());
    store.txn(absent).await.unwrap();
    store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
    store.range(KeyRange::all(), RangeOptions::at(Revision(9))).await.unwrap_err();
    store.status().await.unwrap();

    assert_eq!(count(r#"store_operations_total{operation="txn",outcome="ok"}"#), 2);
    assert_eq!(count(r#"store_operations_total{operation="range",outcome="future"}"#), 1);
    assert_eq!(count(r#"store_operation_seconds_count{operation="range"}"#), 2);
    assert_eq!(count("store_written_bytes_total"), 8 + 5);
    assert_eq!(count("store_read_bytes_total"), 8 + 5);
    assert_eq!((count("store_revision"), count("store_oldest_revision")), (3, 1));
    assert!(count("store_size_bytes") > 0);

    assert_eq!(count("store_watches"), 2);
    assert!(slow.next().await.unwrap().is_ok() && slow.next().await.unwrap().is_err());
    assert_eq!(count("store_watch_events_total"), 1);
    assert_eq!(count(r#"store_watch_ends_total{outcome="overflowed"}"#), 1);
    drop((watch, slow));
    assert_eq!(count("store_watches"), 0);
}
