//! Writers who share a sync wait for each other's news, and for nobody's attention.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use k8s_env::Tasks;
use k8s_store::{Error, KeyRange, Maintenance, RangeOptions, Store, StoreExt};
use k8s_store_durable::Durable;
use tokio::sync::mpsc;

use crate::scratch::scratch;

const ROUNDS: usize = 300;

type Writing = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Begins to put a key, and looks no further; none if that was done at once.
async fn begun(store: &Arc<Durable>, key: String) -> Option<Writing> {
    let store = Arc::clone(store);
    let mut writing: Writing = Box::pin(async move { store.put(key.into(), "x".into()).await.map(drop) });
    poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx))).await.is_pending().then_some(writing)
}

async fn ended(writing: Option<Writing>) {
    if let Some(writing) = writing {
        writing.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_look_holds_nobody_up() {
    let tasks = Tasks::new();
    let store = Arc::new(Durable::open(scratch()).await.unwrap());
    for n in 0..ROUNDS {
        let first = begun(&store, format!("first/{n}")).await;
        let (tell, mut told) = mpsc::unbounded_channel();
        for i in 0..4 {
            let (store, tell) = (Arc::clone(&store), tell.clone());
            tasks.spawn(async move {
                let put = store.put(format!("other/{n}/{i}").into(), "x".into()).await;
                tell.send(put.map(drop)).unwrap();
            });
        }
        for _ in 0..4 {
            told.recv().await.unwrap().unwrap();
        }
        ended(first).await;
    }
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_holds_nobody_up_and_is_written() {
    let store = Arc::new(Durable::open(scratch()).await.unwrap());
    for n in 0..ROUNDS {
        let first = begun(&store, format!("a/{n}")).await;
        let second = begun(&store, format!("b/{n}")).await;
        let third = begun(&store, format!("c/{n}")).await;
        if n % 2 == 0 {
            drop(first);
            ended(third).await;
            drop(second);
        } else {
            drop(third);
            ended(second).await;
            drop(first);
        }
    }
    store.put("last".into(), "x".into()).await.unwrap();
    let all = store.range(KeyRange::all(), RangeOptions::latest().count_only()).await.unwrap();
    assert_eq!(all.count, 3 * ROUNDS as u64 + 1, "what comes later is on the disk later");
    store.close().await.unwrap();
}
