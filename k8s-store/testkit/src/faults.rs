//! Failures at random by seed, in front of any store.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use k8s_env::Random;
use k8s_store::{
    Error, Hash, KeyRange, Lease, LeaseId, LeaseStatus, Leases, Maintenance, Page, RangeOptions, Revision, Snapshot,
    Status, Store, Txn, TxnOutcome, Watch, WatchBatch, WatchOptions, WatchSource,
};
use parking_lot::RwLock;
use tokio::time::sleep;

/// How often what fails, in parts of a thousand. The default is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Calls that fail with [`Error::Unavailable`] before anything is done.
    pub before: u64,
    /// Calls that are done and fail all the same: [`Error::Uncertain`] if they may have changed something, or else
    /// [`Error::Unavailable`].
    pub after: u64,
    /// Batches of a watch instead of which it ends with [`Error::Unavailable`].
    pub cut: u64,
    /// Calls that wait first, and again before their answer.
    pub delayed: u64,
    /// For how long at most.
    pub delay: Duration,
}

/// A store that fails now and then, as a disk or a network would.
///
/// What fails when is drawn from a seed, so with the same calls in the same order the same ones fail. Clones share the
/// faults, which can be changed at any time, and the seed.
#[derive(Clone, Debug)]
pub struct Faulty<S> {
    store: S,
    chance: Chance,
}

#[derive(Clone, Debug)]
struct Chance {
    faults: Arc<RwLock<Faults>>,
    random: Random,
}

#[derive(Debug, thiserror::Error)]
#[error("a fault was injected")]
struct Injected;

impl<S> Faulty<S> {
    /// Fails `store` as `faults` say, drawn from `random`.
    pub fn new(store: S, faults: Faults, random: Random) -> Self {
        Self { store, chance: Chance { faults: Arc::new(RwLock::new(faults)), random } }
    }

    /// Fails otherwise from now on, open watches included.
    pub fn set(&self, faults: Faults) {
        *self.chance.faults.write() = faults;
    }

    async fn read<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.chance.before().await?;
        let answer = call.await?;
        if self.chance.after().await { Err(unavailable()) } else { Ok(answer) }
    }

    async fn write<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.chance.before().await?;
        let answer = call.await?;
        if self.chance.after().await { Err(Error::Uncertain { source: Arc::new(Injected) }) } else { Ok(answer) }
    }
}

impl Chance {
    fn strikes(&self, per_thousand: impl Fn(&Faults) -> u64) -> bool {
        let often = per_thousand(&self.faults.read());
        often > 0 && self.random.below(1000) < often
    }

    async fn wait(&self) {
        if self.strikes(|faults| faults.delayed) {
            let most = self.faults.read().delay;
            sleep(most.mul_f64(self.random.unit())).await;
        }
    }

    async fn before(&self) -> Result<(), Error> {
        self.wait().await;
        if self.strikes(|faults| faults.before) { Err(unavailable()) } else { Ok(()) }
    }

    async fn after(&self) -> bool {
        self.wait().await;
        self.strikes(|faults| faults.after)
    }
}

fn unavailable() -> Error {
    Error::Unavailable { source: Arc::new(Injected) }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Store> Store for Faulty<S> {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        self.read(self.store.range(range, options)).await
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        if txn.is_read_only() { self.read(self.store.txn(txn)).await } else { self.write(self.store.txn(txn)).await }
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        let below = self.read(self.store.watch(range, options)).await?;
        Ok(Watch::new(below.opened_at(), Wire { below, chance: self.chance.clone(), is_cut: false }))
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.write(self.store.compact(revision)).await
    }

    async fn status(&self) -> Result<Status, Error> {
        self.read(self.store.status()).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Leases> Leases for Faulty<S> {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        self.write(self.store.grant(ttl, id)).await
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        self.write(self.store.keep_alive(id)).await
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        self.write(self.store.revoke(id)).await
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        self.read(self.store.time_to_live(id)).await
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        self.read(self.store.leases()).await
    }
}

/// Snapshots break off like watches. Closing never fails.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Maintenance> Maintenance for Faulty<S> {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        let below = self.read(self.store.snapshot()).await?;
        Ok(Snapshot::new(below.revision(), Pieces { below, chance: self.chance.clone(), is_cut: false }))
    }

    async fn defragment(&self) -> Result<(), Error> {
        self.read(self.store.defragment()).await
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        self.read(self.store.hash(revision)).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.store.close().await
    }
}

struct Wire {
    below: Watch,
    chance: Chance,
    is_cut: bool,
}

impl WatchSource for Wire {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>> {
        if self.is_cut {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut self.below).poll_next(cx);
        if matches!(next, Poll::Ready(Some(Ok(_)))) && self.chance.strikes(|faults| faults.cut) {
            self.is_cut = true;
            return Poll::Ready(Some(Err(unavailable())));
        }
        next
    }

    fn request_progress(mut self: Pin<&mut Self>) {
        self.below.request_progress();
    }
}

struct Pieces {
    below: Snapshot,
    chance: Chance,
    is_cut: bool,
}

impl Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_cut {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut self.below).poll_next(cx);
        if matches!(next, Poll::Ready(Some(Ok(_)))) && self.chance.strikes(|faults| faults.cut) {
            self.is_cut = true;
            return Poll::Ready(Some(Err(unavailable())));
        }
        next
    }
}
