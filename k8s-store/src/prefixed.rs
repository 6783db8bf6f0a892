use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::{
    Compare, Delete, Error, Event, Hash, KeyRange, KeyValue, Lease, LeaseId, LeaseStatus, Leases, Maintenance, Op,
    OpResult, Page, Put, RangeOptions, Revision, Snapshot, Status, Store, Txn, TxnOutcome, Watch, WatchBatch,
    WatchOptions, WatchSource,
};

/// The part of a store under a prefix, as a store: many logical stores in one.
///
/// Callers never see the prefix, nor a key outside of it. Revisions, compaction, leases and upkeep are those of the
/// store below, shared by all its parts: revisions rise with gaps here, who compacts or closes does it for all, and a
/// snapshot or a hash is of everything.
#[derive(Clone, Debug)]
pub struct Prefixed<S> {
    store: S,
    prefix: Bytes,
}

impl<S> Prefixed<S> {
    /// The keys of `store` that start with `prefix`, which should end with a separator so that no other prefix starts
    /// with it.
    pub fn new(store: S, prefix: impl Into<Bytes>) -> Self {
        Self { store, prefix: prefix.into() }
    }

    /// The prefix.
    pub fn prefix(&self) -> &Bytes {
        &self.prefix
    }

    /// The store below.
    pub fn into_inner(self) -> S {
        self.store
    }

    fn down(&self, key: &[u8]) -> Bytes {
        let mut full = BytesMut::with_capacity(self.prefix.len() + key.len());
        full.extend_from_slice(&self.prefix);
        full.extend_from_slice(key);
        full.freeze()
    }

    fn range_down(&self, range: &KeyRange) -> KeyRange {
        let start = self.down(range.start());
        match (range.as_one(), range.end()) {
            (Some(_), _) => KeyRange::one(start),
            (None, Some(end)) => KeyRange::range(start, self.down(end)),
            (None, None) => match KeyRange::prefix(self.prefix.clone()).end() {
                Some(end) => KeyRange::range(start, end.clone()),
                None => KeyRange::from(start),
            },
        }
    }

    fn txn_down(&self, txn: Txn) -> Txn {
        let compare = |compare: Compare| Compare { range: self.range_down(&compare.range), ..compare };
        let ops = |ops: Vec<Op>| ops.into_iter().map(|op| self.op_down(op)).collect();
        Txn {
            compares: txn.compares.into_iter().map(compare).collect(),
            then: ops(txn.then),
            otherwise: ops(txn.otherwise),
        }
    }

    fn op_down(&self, op: Op) -> Op {
        match op {
            Op::Put(put) => Op::Put(Put { key: self.down(&put.key), ..put }),
            Op::Delete(delete) => Op::Delete(Delete { range: self.range_down(&delete.range), ..delete }),
            Op::Range(range, options) => Op::Range(self.range_down(&range), options),
            Op::Txn(txn) => Op::Txn(self.txn_down(txn)),
        }
    }

    fn up(&self) -> Up {
        Up(self.prefix.len())
    }
}

/// Takes the prefix off what comes from the store below.
#[derive(Clone, Copy)]
struct Up(usize);

impl Up {
    fn key(self, key: &mut Bytes) {
        let _prefix = key.split_to(self.0.min(key.len()));
    }

    fn kv(self, kv: &mut KeyValue) {
        self.key(&mut kv.key);
    }

    fn page(self, mut page: Page) -> Page {
        page.items.iter_mut().for_each(|kv| self.kv(kv));
        page
    }

    fn event(self, event: &mut Event) {
        self.kv(&mut event.kv);
        if let Some(kv) = &mut event.prev {
            self.kv(kv);
        }
    }

    fn outcome(self, outcome: TxnOutcome) -> TxnOutcome {
        let results = outcome.results.into_iter().map(|result| self.result(result)).collect();
        TxnOutcome { results, ..outcome }
    }

    fn result(self, result: OpResult) -> OpResult {
        match result {
            OpResult::Put { mut prev } => {
                if let Some(kv) = &mut prev {
                    self.kv(kv);
                }
                OpResult::Put { prev }
            }
            OpResult::Delete { deleted, mut prev } => {
                for kv in &mut prev {
                    self.kv(kv);
                }
                OpResult::Delete { deleted, prev }
            }
            OpResult::Range(page) => OpResult::Range(self.page(page)),
            OpResult::Txn(outcome) => OpResult::Txn(self.outcome(outcome)),
        }
    }

    fn error(self, mut error: Error) -> Error {
        if let Error::NotFound { key } = &mut error {
            self.key(key);
        }
        error
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl<S: Store> Store for Prefixed<S> {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        Ok(self.up().page(self.store.range(self.range_down(&range), options).await?))
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        // Here, because with the prefix no key is empty and messages would name keys that the caller does not know.
        txn.check()?;
        let outcome = self.store.txn(self.txn_down(txn)).await;
        outcome.map(|outcome| self.up().outcome(outcome)).map_err(|error| self.up().error(error))
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        let below = self.store.watch(self.range_down(&range), options).await?;
        Ok(Watch::new(below.opened_at(), Follower { below, up: self.up() }))
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.store.compact(revision).await
    }

    async fn status(&self) -> Result<Status, Error> {
        self.store.status().await
    }
}

struct Follower {
    below: Watch,
    up: Up,
}

impl WatchSource for Follower {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>> {
        let up = self.up;
        let next = futures_core::Stream::poll_next(Pin::new(&mut self.below), cx);
        next.map_ok(|mut batch| {
            batch.events.iter_mut().for_each(|event| up.event(event));
            batch
        })
    }

    fn request_progress(mut self: Pin<&mut Self>) {
        self.below.request_progress();
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl<S: Leases> Leases for Prefixed<S> {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        self.store.grant(ttl, id).await
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        self.store.keep_alive(id).await
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        self.store.revoke(id).await
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        let mut status = self.store.time_to_live(id).await?;
        status.keys.retain(|key| key.starts_with(&self.prefix));
        status.keys.iter_mut().for_each(|key| self.up().key(key));
        Ok(status)
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        self.store.leases().await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl<S: Maintenance> Maintenance for Prefixed<S> {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        self.store.snapshot().await
    }

    async fn defragment(&self) -> Result<(), Error> {
        self.store.defragment().await
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        self.store.hash(revision).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.store.close().await
    }
}
