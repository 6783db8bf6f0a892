use std::task::{Context, Poll, Waker};

use k8s_store::{Error, KeyRange, Memory, Prefixed, Revision, Store, StoreExt, Watch, WatchBatch, WatchOptions};

fn poll(watch: &mut Watch) -> Poll<Option<Result<WatchBatch, Error>>> {
    std::pin::pin!(watch.next()).poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn a_full_buffer_ends_the_watch_after_what_it_holds() {
    let store = Memory::new();
    let mut watch = store.watch(KeyRange::all(), WatchOptions::from_now().buffer(3)).await.unwrap();
    for n in 0..5 {
        store.put("a".into(), n.to_string().into()).await.unwrap();
    }
    for revision in 2..5 {
        assert_eq!(watch.next().await.unwrap().unwrap().revision, Revision(revision));
    }
    assert!(matches!(watch.next().await, Some(Err(Error::Overflowed))));
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn what_is_not_watched_fills_no_buffer() {
    let store = Memory::builder().history(10).build();
    let mut watch = store.watch(KeyRange::one("quiet"), WatchOptions::from_now().buffer(1)).await.unwrap();
    for n in 0..1000 {
        store.put("busy".into(), n.to_string().into()).await.unwrap();
    }
    let revision = store.put("quiet".into(), "1".into()).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().revision, revision);
}

#[tokio::test]
async fn replayed_history_fills_no_buffer() {
    let store = Memory::new();
    for n in 0..100 {
        store.put("a".into(), n.to_string().into()).await.unwrap();
    }
    let options = WatchOptions::after(Revision::FIRST).buffer(1);
    let mut watch = store.watch(KeyRange::all(), options).await.unwrap();
    let last = store.put("a".into(), "last".into()).await.unwrap();
    for revision in 2..=last.0 {
        assert_eq!(watch.next().await.unwrap().unwrap().revision, Revision(revision));
    }
}

#[test]
fn calls_complete_in_their_first_poll_and_events_are_ready_then() {
    let mut context = Context::from_waker(Waker::noop());
    let store = Memory::new();
    let Poll::Ready(Ok(mut watch)) = store.watch(KeyRange::all(), WatchOptions::from_now()).as_mut().poll(&mut context)
    else {
        panic!("opening waits")
    };
    assert!(poll(&mut watch).is_pending());
    assert!(std::pin::pin!(store.put("a".into(), "1".into())).as_mut().poll(&mut context).is_ready());
    assert!(matches!(poll(&mut watch), Poll::Ready(Some(Ok(batch))) if batch.revision == Revision(2)));
    assert!(poll(&mut watch).is_pending());
}

#[tokio::test]
async fn tenants_see_only_themselves() {
    let store = std::sync::Arc::new(Memory::new());
    let (one, two) = (Prefixed::new(store.clone(), "one/"), Prefixed::new(store.clone(), "two/"));
    let mut watch = one.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    two.put("a".into(), "2".into()).await.unwrap();
    one.put("a".into(), "1".into()).await.unwrap();
    let batch = watch.next().await.unwrap().unwrap();
    assert_eq!((&batch.events[0].kv.key[..], batch.revision), (&b"a"[..], Revision(3)));
    assert_eq!(two.get("a".into()).await.unwrap().unwrap().value, "2");
    assert_eq!(store.get("one/a".into()).await.unwrap().unwrap().value, "1");
}
