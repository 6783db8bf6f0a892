use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use k8s_store::{
    Error, Field, Hash, KeyRange, KeyValue, Lease, LeaseId, LeaseStatus, Leases, Maintenance, Op, OpResult, Page,
    RangeOptions, Revision, Snapshot, Status, Store, Txn, TxnOutcome, Watch, WatchBatch, WatchOptions, WatchSource,
};
use tokio::time::Instant;

use crate::Metrics;
use crate::metrics::Operation;

/// A store that is counted: calls by outcome, their latencies, bytes read and written, watches and their events.
#[derive(Clone, Debug)]
pub struct Metered<S> {
    store: S,
    metrics: Metrics,
}

impl<S> Metered<S> {
    /// Counts what is asked of `store` in `metrics`.
    pub fn new(store: S, metrics: Metrics) -> Self {
        Self { store, metrics }
    }

    /// The store below.
    pub fn into_inner(self) -> S {
        self.store
    }

    async fn count<T>(&self, operation: Operation, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let called = Instant::now();
        let result = call.await;
        self.metrics.answered(operation, called, &result);
        result
    }
}

/// Bytes of what was read.
fn size_of_page(page: &Page) -> usize {
    page.items.iter().map(size_of).sum()
}

fn size_of(kv: &KeyValue) -> usize {
    kv.key.len() + kv.value.len()
}

/// Bytes of what a branch writes.
fn size_of_writes(ops: &[Op], results: &[OpResult]) -> usize {
    let sizes = ops.iter().zip(results).map(|(op, result)| match (op, result) {
        (Op::Put(put), _) => match &put.value {
            Field::Set(value) => put.key.len() + value.len(),
            Field::Keep => put.key.len(),
        },
        (Op::Txn(txn), OpResult::Txn(outcome)) => size_of_writes(branch(txn, outcome), &outcome.results),
        _ => 0,
    });
    sizes.sum()
}

fn branch<'a>(txn: &'a Txn, outcome: &TxnOutcome) -> &'a [Op] {
    if outcome.succeeded { &txn.then } else { &txn.otherwise }
}

/// Bytes of what a transaction returns.
fn size_of_reads(outcome: &TxnOutcome) -> usize {
    let sizes = outcome.results.iter().map(|result| match result {
        OpResult::Put { prev } => prev.as_ref().map_or(0, size_of),
        OpResult::Delete { prev, .. } => prev.iter().map(size_of).sum(),
        OpResult::Range(page) => size_of_page(page),
        OpResult::Txn(outcome) => size_of_reads(outcome),
    });
    sizes.sum()
}

/// What will be needed of a transaction once it is answered: its values are shared, not copied.
fn kept(txn: &Txn) -> Option<Txn> {
    (!txn.is_read_only()).then(|| txn.clone())
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Store> Store for Metered<S> {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        let page = self.count(Operation::range, self.store.range(range, options)).await?;
        self.metrics.read(size_of_page(&page));
        Ok(page)
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let kept = kept(&txn);
        let outcome = self.count(Operation::txn, self.store.txn(txn)).await?;
        if let Some(txn) = kept {
            self.metrics.written(size_of_writes(branch(&txn, &outcome), &outcome.results));
        }
        self.metrics.read(size_of_reads(&outcome));
        Ok(outcome)
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        let below = self.count(Operation::watch, self.store.watch(range, options)).await?;
        self.metrics.watch_opened();
        Ok(Watch::new(below.opened_at(), Counted { below, metrics: self.metrics.clone() }))
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.count(Operation::compact, self.store.compact(revision)).await
    }

    async fn status(&self) -> Result<Status, Error> {
        let status = self.count(Operation::status, self.store.status()).await?;
        self.metrics.status(&status);
        Ok(status)
    }
}

struct Counted {
    below: Watch,
    metrics: Metrics,
}

impl WatchSource for Counted {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>> {
        let next = Pin::new(&mut self.below).poll_next(cx);
        match &next {
            Poll::Ready(Some(Ok(batch))) => self.metrics.watch_told(batch.events.len()),
            Poll::Ready(Some(Err(error))) => self.metrics.watch_ended(error),
            _ => {}
        }
        next
    }

    fn request_progress(mut self: Pin<&mut Self>) {
        self.below.request_progress();
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.watch_dropped();
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Leases> Leases for Metered<S> {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        self.count(Operation::grant, self.store.grant(ttl, id)).await
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        self.count(Operation::keep_alive, self.store.keep_alive(id)).await
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        self.count(Operation::revoke, self.store.revoke(id)).await
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        self.count(Operation::time_to_live, self.store.time_to_live(id)).await
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        self.count(Operation::leases, self.store.leases()).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Maintenance> Maintenance for Metered<S> {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        self.count(Operation::snapshot, self.store.snapshot()).await
    }

    async fn defragment(&self) -> Result<(), Error> {
        self.count(Operation::defragment, self.store.defragment()).await
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        self.count(Operation::hash, self.store.hash(revision)).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.count(Operation::close, self.store.close()).await
    }
}
