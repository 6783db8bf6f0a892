//! Promise 17.

use k8s_store::{Error, KeyRange, RangeOptions, StoreExt, WatchOptions};

use super::Maintained;
use super::support::{Sure, refused, sure, together};

fn closed<T>(result: Result<T, Error>) {
    let error = refused(result);
    assert!(matches!(error, Error::Closed), "{error}");
}

/// But closing it again.
pub async fn a_closed_store_refuses_everything(Maintained { store, maintenance }: Maintained) {
    let revision = store.set("a", "1").await;
    sure(maintenance.close().await);
    closed(store.put("a".into(), "2".into()).await);
    closed(store.range(KeyRange::all(), RangeOptions::latest()).await);
    closed(store.watch(KeyRange::all(), WatchOptions::from_now()).await);
    closed(store.compact(revision).await);
    closed(store.status().await);
    closed(maintenance.snapshot().await);
    closed(maintenance.hash(None).await);
    closed(maintenance.defragment().await);
    sure(maintenance.close().await);
}

/// Those that are read and those that are not, with the reason.
pub async fn closing_ends_watches(Maintained { store, maintenance }: Maintained) {
    let base = store.now().await;
    let mut read = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    let mut unread = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    store.set("a", "1").await;
    assert_eq!(super::support::told(&mut read, base, 1).await, ["1: a=1"]);
    sure(maintenance.close().await);
    closed(read.next().await.expect("it says why"));
    assert!(read.next().await.is_none());
    loop {
        match unread.next().await {
            Some(Ok(batch)) => assert_eq!(batch.revision, base.next()),
            Some(Err(error)) => break assert!(matches!(error, Error::Closed), "{error}"),
            None => panic!("a watch ended without a reason"),
        }
    }
}

/// Whoever writes meanwhile is answered, and the answers are of one order: first those that are done, then the refused.
pub async fn closing_answers_whoever_writes(Maintained { store, maintenance }: Maintained) {
    let done = together(4, |i| {
        let (store, maintenance) = (std::sync::Arc::clone(&store), std::sync::Arc::clone(&maintenance));
        async move {
            let (mut done, mut refused) = (0, 0);
            for n in 0..20 {
                match store.put(format!("k{i}").into(), n.to_string().into()).await {
                    Ok(_) => done += 1,
                    Err(Error::Closed | Error::Uncertain { .. }) => refused += 1,
                    Err(error) => panic!("neither done nor closed: {error}"),
                }
                assert!(refused == 0 || n >= done, "a closed store took a write");
                if i == 0 && n == 10 {
                    sure(maintenance.close().await);
                }
                tokio::task::yield_now().await;
            }
            (i, done)
        }
    })
    .await;
    assert!(done.contains(&(0, 11)), "{done:?}");
}
