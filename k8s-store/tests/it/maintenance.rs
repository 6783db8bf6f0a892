use futures_core::Stream;
use k8s_store::{Error, KeyRange, Maintenance, Memory, RangeOptions, Revision, Snapshot, Store, StoreExt};

async fn filled(order: impl IntoIterator<Item = u32>) -> Memory {
    let store = Memory::new();
    for n in order {
        store.put(format!("k{n}").into(), vec![n as u8; 1000].into()).await.unwrap();
    }
    store
}

async fn written(mut snapshot: Snapshot) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut snapshot).poll_next(cx)).await {
        all.extend_from_slice(&piece.unwrap());
    }
    all
}

#[tokio::test]
async fn a_snapshot_is_of_one_revision_whatever_is_written_meanwhile() {
    let store = filled(0..3000).await;
    let snapshot = store.snapshot().await.unwrap();
    let before = written(store.snapshot().await.unwrap()).await;
    store.put("k0".into(), "new".into()).await.unwrap();
    assert_eq!(snapshot.revision(), Revision(3001));
    assert_eq!(written(snapshot).await, before);
    assert_ne!(written(store.snapshot().await.unwrap()).await, before);
    assert!(before.starts_with(b"k8s-store memory 1\n") && before.len() > 3_000_000);
}

#[tokio::test]
async fn equal_contents_have_equal_hashes() {
    let (one, two) = (filled(0..100).await, filled(0..100).await);
    let hash = async |store: &Memory, revision| store.hash(revision).await.map(|hash| hash.hash);
    let same = hash(&one, None).await.unwrap();
    assert_eq!(same, hash(&two, None).await.unwrap());
    two.put("k7".into(), "new".into()).await.unwrap();
    assert_ne!(same, hash(&two, None).await.unwrap());
    assert_eq!(same, hash(&two, Some(Revision(101))).await.unwrap());
    assert!(matches!(hash(&two, Some(Revision(999))).await, Err(Error::Future { .. })));
}

#[tokio::test]
async fn defragmenting_changes_nothing() {
    let store = filled(0..10).await;
    let before = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
    store.defragment().await.unwrap();
    assert_eq!(store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap(), before);
}
