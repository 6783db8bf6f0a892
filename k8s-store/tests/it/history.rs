use k8s_store::{Delete, Error, KeyRange, Memory, Put, RangeOptions, Revision, Store, StoreExt, Txn, WatchOptions};

async fn write(store: &Memory, n: u64) {
    for i in 0..n {
        store.put("a".into(), format!("{i:04}").into()).await.unwrap();
    }
}

#[tokio::test]
async fn what_exceeds_the_history_is_compacted() {
    let store = Memory::builder().history(10).build();
    write(&store, 10).await;
    assert_eq!(store.status().await.unwrap().oldest, Revision(1));
    write(&store, 15).await;
    let status = store.status().await.unwrap();
    assert_eq!((status.revision, status.oldest), (Revision(26), Revision(17)));
    let read = async |n| store.range(KeyRange::all(), RangeOptions::at(Revision(n))).await;
    assert_eq!(read(17).await.unwrap().items[0].value, "0005");
    assert!(matches!(read(16).await, Err(Error::Compacted { oldest: Revision(17), .. })));
    assert!(store.watch(KeyRange::all(), WatchOptions::since(Revision(17))).await.is_ok());
    assert!(store.watch(KeyRange::all(), WatchOptions::since(Revision(16))).await.is_err());
}

#[tokio::test]
async fn history_has_a_limit_in_bytes_too() {
    let store = Memory::builder().history_bytes(1000).build();
    for _ in 0..10 {
        store.put("a".into(), vec![0; 200].into()).await.unwrap();
    }
    // A key of one byte and two values of 200 for each overwrite.
    assert_eq!(store.status().await.unwrap().oldest, Revision(10));
    assert_eq!(store.status().await.unwrap().size, 201 + 2 * 401);
}

#[tokio::test]
async fn a_transaction_larger_than_the_history_is_kept_whole() {
    let store = Memory::builder().history(2).build();
    let txn = (0..5).fold(Txn::default(), |txn, n| txn.then(Put::new(format!("k{n}"), "x")));
    let revision = store.txn(txn).await.unwrap().revision;
    let mut watch = store.watch(KeyRange::all(), WatchOptions::since(revision)).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().events.len(), 5);
}

#[tokio::test]
async fn sizes_return_to_where_they_were() {
    let store = Memory::new();
    let empty = store.status().await.unwrap().size;
    write(&store, 100).await;
    let last = store.txn(Txn::always(Delete::range(KeyRange::all()))).await.unwrap().revision;
    assert!(store.status().await.unwrap().size > 400);
    store.put("b".into(), "1".into()).await.unwrap();
    let last = store.txn(Txn::always(Delete::one("b"))).await.unwrap().revision.max(last);
    store.compact(last).await.unwrap();
    // The deletion that stays watchable holds its key and the value before.
    assert_eq!(store.status().await.unwrap().size, empty + 2);
}
