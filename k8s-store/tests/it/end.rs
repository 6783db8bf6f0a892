use k8s_store::{Error, KeyRange, Maintenance, Memory, Prefixed, RangeOptions, Store, StoreExt, WatchOptions};

#[tokio::test(start_paused = true)]
async fn dropping_the_store_ends_its_watches() {
    let store = Memory::new();
    let mut watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    store.put("a".into(), "1".into()).await.unwrap();
    drop(store);
    assert_eq!(watch.next().await.unwrap().unwrap().events.len(), 1);
    assert!(matches!(watch.next().await, Some(Err(Error::Closed))));
    assert!(watch.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_waiting_watch_learns_of_the_end() {
    let store = Memory::new();
    let watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    let mut watch =
        Prefixed::new(store, "t/").watch(KeyRange::all(), WatchOptions::from_now()).await.map(|_| watch).unwrap();
    assert!(matches!(watch.next().await, Some(Err(Error::Closed))));
}

#[tokio::test(start_paused = true)]
async fn a_closed_store_refuses_everything() {
    let store = Memory::new();
    let mut watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(watch.next().await, Some(Err(Error::Closed))));
    assert!(matches!(store.put("a".into(), "1".into()).await, Err(Error::Closed)));
    assert!(matches!(store.range(KeyRange::all(), RangeOptions::latest()).await, Err(Error::Closed)));
    assert!(matches!(store.watch(KeyRange::all(), WatchOptions::from_now()).await, Err(Error::Closed)));
    assert!(matches!(store.status().await, Err(Error::Closed)));
}
