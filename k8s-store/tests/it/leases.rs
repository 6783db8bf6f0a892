use std::time::Duration;

use k8s_store::{KeyRange, Leases, Memory, Put, Store, StoreExt, Txn, WatchOptions};
use tokio::time::{Instant, sleep};

async fn tied(store: &Memory, key: &'static str, ttl: u64) {
    let lease = store.grant(Duration::from_secs(ttl), None).await.unwrap();
    store.txn(Txn::always(Put::new(key, "x").lease(lease.id))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn leases_end_on_time_in_order_of_their_ends() {
    let store = Memory::new();
    let mut watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    let start = Instant::now();
    for (key, ttl) in [("last", 3600), ("first", 10), ("middle", 600)] {
        tied(&store, key, ttl).await;
        watch.next().await.unwrap().unwrap();
    }
    for (key, ttl) in [("first", 10), ("middle", 600), ("last", 3600)] {
        let batch = watch.next().await.unwrap().unwrap();
        assert_eq!(batch.events[0].kv.key, key);
        let (due, now) = (Duration::from_secs(ttl), start.elapsed());
        assert!(now >= due && now < due + Duration::from_millis(5), "{now:?}");
    }
    assert_eq!(store.leases().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn the_task_goes_with_the_store() {
    let store = Memory::new();
    tied(&store, "a", 10).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 1);
    drop(store);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_without_leases_has_no_task() {
    let store = Memory::new();
    store.put("a".into(), "1".into()).await.unwrap();
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    assert!(store.grant(Duration::MAX, None).await.is_err());
}
