use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use k8s_env::Tasks;
use k8s_store::{
    Delete, Error, KeyRange, KeyValue, Page, Put, RangeOptions, Revision, Store, StoreExt, Txn, TxnOutcome, Watch,
    WatchBatch, WatchOptions,
};
use tokio::sync::mpsc;

use crate::text;

/// What the cases say to a store that must not fail.
pub(super) trait Sure {
    async fn now(&self) -> Revision;
    async fn set(&self, key: &str, value: &str) -> Revision;
    async fn unset(&self, range: KeyRange) -> Revision;
    async fn run(&self, txn: Txn) -> TxnOutcome;
    async fn read(&self, range: KeyRange, options: RangeOptions) -> Page;
    async fn all(&self) -> String;
    async fn all_at(&self, revision: Revision) -> String;
    async fn one(&self, key: &str) -> Option<KeyValue>;
    async fn follow(&self, range: KeyRange, options: WatchOptions) -> Watch;
}

impl<S: Store + ?Sized> Sure for S {
    async fn now(&self) -> Revision {
        sure(self.status().await).revision
    }

    async fn set(&self, key: &str, value: &str) -> Revision {
        sure(self.put(bytes(key), bytes(value)).await)
    }

    async fn unset(&self, range: KeyRange) -> Revision {
        self.run(Txn::always(Delete::range(range))).await.revision
    }

    async fn run(&self, txn: Txn) -> TxnOutcome {
        sure(self.txn(txn).await)
    }

    async fn read(&self, range: KeyRange, options: RangeOptions) -> Page {
        sure(self.range(range, options).await)
    }

    async fn all(&self) -> String {
        text::page(&self.read(KeyRange::all(), RangeOptions::latest()).await)
    }

    async fn all_at(&self, revision: Revision) -> String {
        text::page(&self.read(KeyRange::all(), RangeOptions::at(revision)).await)
    }

    async fn one(&self, key: &str) -> Option<KeyValue> {
        sure(self.get(bytes(key)).await)
    }

    async fn follow(&self, range: KeyRange, options: WatchOptions) -> Watch {
        sure(self.watch(range, options).await)
    }
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(super) fn put(key: &str, value: &str) -> Put {
    Put::new(bytes(key), bytes(value))
}

#[track_caller]
pub(super) fn sure<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the store failed: {error}"),
    }
}

/// The next batch, which must come.
pub(super) async fn next(watch: &mut Watch) -> WatchBatch {
    let Ok(batch) = tokio::time::timeout(Duration::from_secs(20), watch.next()).await else {
        panic!("a batch does not come")
    };
    match batch {
        Some(Ok(batch)) => batch,
        Some(Err(error)) => panic!("the watch failed: {error}"),
        None => panic!("the watch ended"),
    }
}

/// The next `n` batches as `revision - base: events`.
pub(super) async fn told(watch: &mut Watch, base: Revision, n: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..n {
        let batch = next(watch).await;
        told.push(format!("{}: {}", batch.revision.0 - base.0, text::batch(&batch)));
    }
    told
}

/// Fails unless the watch has delivered all there is.
pub(super) async fn nothing_more(watch: &mut Watch) {
    watch.request_progress();
    let batch = next(watch).await;
    assert!(batch.is_progress(), "more than expected: {}", text::batch(&batch));
}

#[track_caller]
pub(super) fn refused<T>(result: Result<T, Error>) -> Error {
    match result {
        Ok(_) => panic!("the store did what it should refuse"),
        Err(error) => error,
    }
}

/// Runs `n` tasks and returns what they say, in any order.
pub(super) async fn together<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    n: u64,
    mut task: impl FnMut(u64) -> F,
) -> Vec<T> {
    let tasks = Tasks::new();
    let (say, mut hear) = mpsc::unbounded_channel();
    for i in 0..n {
        let (say, task) = (say.clone(), task(i));
        tasks.spawn(async move {
            let _nobody_listens = say.send(task.await);
        });
    }
    drop(say);
    let mut said = Vec::new();
    while let Some(one) = hear.recv().await {
        said.push(one);
    }
    assert_eq!(said.len() as u64, n, "a task panicked");
    said
}
