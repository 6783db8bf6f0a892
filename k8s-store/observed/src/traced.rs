use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use k8s_store::{
    Error, Hash, KeyRange, Lease, LeaseId, LeaseStatus, Leases, Maintenance, Page, RangeOptions, Revision, Snapshot,
    Status, Store, Txn, TxnOutcome, Watch, WatchBatch, WatchOptions, WatchSource,
};
use tracing::field::{Empty, display};
use tracing::{Instrument, Span, debug, debug_span};

use crate::metrics::kind;

/// A store whose calls are spans of `tracing`, at level debug and with target `k8s_store`.
///
/// A span has the range or the number of operations, and of the answer the revision and what it held, or the kind of
/// the error. Keys are in it, values never. Watches are spans as long as they are open, with an event for their end.
#[derive(Clone, Debug)]
pub struct Traced<S> {
    store: S,
}

/// A range as text: `key`, `[start, end)` or `[start, ...)`.
struct Shown<'a>(&'a KeyRange);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.0.start().escape_ascii();
        match (self.0.as_one(), self.0.end()) {
            (Some(_), _) => write!(f, "{start}"),
            (None, Some(end)) => write!(f, "[{start}, {})", end.escape_ascii()),
            (None, None) => write!(f, "[{start}, ...)"),
        }
    }
}

impl<S> Traced<S> {
    /// Traces what is asked of `store`.
    pub fn new(store: S) -> Self {
        Self { store }
    }

    /// The store below.
    pub fn into_inner(self) -> S {
        self.store
    }
}

/// Runs `call` in `span` and writes down what of the answer `note` says. Costs nothing if nobody listens.
async fn follow<T>(
    span: Span,
    call: impl Future<Output = Result<T, Error>>,
    note: impl FnOnce(&Span, &T),
) -> Result<T, Error> {
    if span.is_disabled() {
        return call.await;
    }
    let result = call.instrument(span.clone()).await;
    match &result {
        Ok(answer) => note(&span, answer),
        Err(error) => {
            span.record("error", kind(error));
            span.in_scope(|| debug!(target: "k8s_store", %error, "failed"));
        }
    }
    result
}

fn at(span: &Span, revision: Revision) {
    span.record("revision", revision.0);
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Store> Store for Traced<S> {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        let asked = options.revision.map(|revision| revision.0);
        let span = debug_span!(target: "k8s_store", "range", range = %Shown(&range), asked, limit = options.limit,
            revision = Empty, items = Empty, count = Empty, error = Empty);
        follow(span, self.store.range(range, options), |span, page| {
            at(span, page.revision);
            span.record("items", page.items.len()).record("count", page.count);
        })
        .await
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let span = debug_span!(target: "k8s_store", "txn", compares = txn.compares.len(), then = txn.then.len(),
            otherwise = txn.otherwise.len(), revision = Empty, succeeded = Empty, error = Empty);
        follow(span, self.store.txn(txn), |span, outcome| {
            at(span, outcome.revision);
            span.record("succeeded", outcome.succeeded);
        })
        .await
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        let start = options.start.map(|start| start.0);
        let span = debug_span!(target: "k8s_store", "watch", range = %Shown(&range), start, revision = Empty,
            batches = Empty, error = Empty);
        let below =
            follow(span.clone(), self.store.watch(range, options), |span, watch| at(span, watch.opened_at())).await?;
        if span.is_disabled() {
            return Ok(below);
        }
        Ok(Watch::new(below.opened_at(), Heard { below, span, batches: 0 }))
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        let span = debug_span!(target: "k8s_store", "compact", revision = revision.0, error = Empty);
        follow(span, self.store.compact(revision), |_, ()| {}).await
    }

    async fn status(&self) -> Result<Status, Error> {
        let span = debug_span!(target: "k8s_store", "status", revision = Empty, error = Empty);
        follow(span, self.store.status(), |span, status| at(span, status.revision)).await
    }
}

struct Heard {
    below: Watch,
    span: Span,
    batches: u64,
}

impl WatchSource for Heard {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>> {
        let next = Pin::new(&mut self.below).poll_next(cx);
        match &next {
            Poll::Ready(Some(Ok(batch))) => self.batches += u64::from(!batch.is_progress()),
            Poll::Ready(Some(Err(error))) => {
                self.span.record("error", kind(error));
                self.span.in_scope(|| debug!(target: "k8s_store", %error, "watch ended"));
            }
            _ => {}
        }
        next
    }

    fn request_progress(mut self: Pin<&mut Self>) {
        self.below.request_progress();
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.span.record("batches", self.batches);
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Leases> Leases for Traced<S> {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        let span = debug_span!(target: "k8s_store", "grant", ttl = ttl.as_secs_f64(), lease = Empty, error = Empty);
        follow(span, self.store.grant(ttl, id), |span, lease| {
            span.record("lease", display(lease.id));
        })
        .await
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        let span = debug_span!(target: "k8s_store", "keep_alive", lease = %id, error = Empty);
        follow(span, self.store.keep_alive(id), |_, _| {}).await
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        let span = debug_span!(target: "k8s_store", "revoke", lease = %id, revision = Empty, error = Empty);
        follow(span, self.store.revoke(id), |span, revision| at(span, *revision)).await
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        let span = debug_span!(target: "k8s_store", "time_to_live", lease = %id, error = Empty);
        follow(span, self.store.time_to_live(id), |_, _| {}).await
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        let span = debug_span!(target: "k8s_store", "leases", items = Empty, error = Empty);
        follow(span, self.store.leases(), |span, leases| {
            span.record("items", leases.len());
        })
        .await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Maintenance> Maintenance for Traced<S> {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        let span = debug_span!(target: "k8s_store", "snapshot", revision = Empty, error = Empty);
        follow(span, self.store.snapshot(), |span, snapshot| at(span, snapshot.revision())).await
    }

    async fn defragment(&self) -> Result<(), Error> {
        let span = debug_span!(target: "k8s_store", "defragment", error = Empty);
        follow(span, self.store.defragment(), |_, ()| {}).await
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        let span = debug_span!(target: "k8s_store", "hash", revision = Empty, error = Empty);
        follow(span, self.store.hash(revision), |span, hash| at(span, hash.revision)).await
    }

    async fn close(&self) -> Result<(), Error> {
        let span = debug_span!(target: "k8s_store", "close", error = Empty);
        follow(span, self.store.close(), |_, ()| {}).await
    }
}
