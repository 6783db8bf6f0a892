use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use k8s_store::{
    Error, Hash, KeyRange, KeyValue, Lease, LeaseId, LeaseStatus, Leases, Maintenance, OpResult, Page, RangeOptions,
    Revision, Snapshot, Status, Store, Txn, TxnOutcome, Watch, WatchOptions,
};

use crate::data_keys::{DataKeys, Openers};
use crate::{Builder, KeyProvider, comparisons, values, watch};

/// A store whose values are encrypted in the store below.
///
/// Keys, revisions, versions and leases are not. Cloning the store below, if it can be, is up to the caller:
/// an `Arc` of this one shares its keys.
///
/// # Comparisons of values
/// are made here: what they compare is read and decrypted, and the transaction runs on the condition that it is
/// unchanged, again if it is not. Each try that fails means that another writer succeeded. A comparison over a range
/// becomes one condition for each of its keys.
///
/// # Errors
/// Beside those of the store below: [`Error::Corrupt`] for a value that is not what was encrypted for its key, and
/// [`Error::Unavailable`] when the [`KeyProvider`] fails; a transaction has not written anything then. If it did, and
/// the previous versions it should return cannot be decrypted, it is [`Error::Uncertain`].
#[derive(Debug)]
pub struct Encrypted<S> {
    pub(crate) store: S,
    pub(crate) keys: Arc<DataKeys>,
}

impl<S> Encrypted<S> {
    /// Encrypts what is written to `store` from here on with data keys that `provider` wraps.
    pub fn new(store: S, provider: impl KeyProvider) -> Self {
        Self::builder(store, provider).build()
    }

    /// The same with choices.
    pub fn builder(store: S, provider: impl KeyProvider) -> Builder<S> {
        Builder::new(store, Box::new(provider))
    }

    /// The store below.
    pub fn into_inner(self) -> S {
        self.store
    }
}

impl<S: Store> Encrypted<S> {
    /// Runs a transaction that compares no values.
    async fn run(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let is_read = txn.is_read_only();
        let sealed = if is_read { txn.clone() } else { values::sealed(txn.clone(), &*self.keys.sealer().await?) };
        let outcome = self.store.txn(sealed).await?;
        self.open_outcome(&txn, outcome).await.map_err(|error| if is_read { error } else { uncertain(error) })
    }

    /// Runs a transaction whose comparisons of values are decided first; none if what they compare has changed.
    async fn try_decided(&self, txn: &Txn) -> Result<Option<TxnOutcome>, Error> {
        let (mut conditions, mut answers) = (Vec::new(), Vec::new());
        for compare in comparisons::of_values(txn) {
            let found = self.range(compare.range.clone(), RangeOptions::latest()).await?;
            answers.push(comparisons::holds(compare, &found));
            conditions.extend(comparisons::unchanged(&compare.range, &found));
        }
        let decided = comparisons::decided(txn, &mut answers.into_iter());
        let outcome = self.run(Txn::when(conditions).then(decided)).await?;
        Ok(outcome.results.into_iter().next().and_then(|result| match result {
            OpResult::Txn(inner) => Some(inner),
            _ => None,
        }))
    }

    async fn open_outcome(&self, txn: &Txn, mut outcome: TxnOutcome) -> Result<TxnOutcome, Error> {
        let openers = self.keys.openers(collect(|visit| values::in_outcome(txn, &mut outcome, visit))).await?;
        values::in_outcome(txn, &mut outcome, &mut |kv| open(&self.keys, &openers, kv))?;
        Ok(outcome)
    }
}

/// Decrypts a value in place.
pub(crate) fn open(keys: &DataKeys, openers: &Openers, kv: &mut KeyValue) -> Result<(), Error> {
    kv.value = keys.open(openers, &kv.key, &kv.value)?;
    Ok(())
}

/// The values that `visit_all` visits.
pub(crate) fn collect(
    visit_all: impl FnOnce(&mut dyn FnMut(&mut KeyValue) -> Result<(), Infallible>) -> Result<(), Infallible>,
) -> Vec<Bytes> {
    let mut all = Vec::new();
    let Ok(()) = visit_all(&mut |kv| {
        all.push(kv.value.clone());
        Ok(())
    });
    all
}

fn uncertain(error: Error) -> Error {
    Error::Uncertain { source: Arc::new(error) }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Store> Store for Encrypted<S> {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        let mut page = self.store.range(range, options).await?;
        let openers = self.keys.openers(collect(|visit| values::in_page(&mut page, options, visit))).await?;
        values::in_page(&mut page, options, &mut |kv| open(&self.keys, &openers, kv))?;
        Ok(page)
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        txn.check()?;
        if comparisons::of_values(&txn).is_empty() {
            return self.run(txn).await;
        }
        loop {
            if let Some(outcome) = self.try_decided(&txn).await? {
                return Ok(outcome);
            }
        }
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        let below = self.store.watch(range, options).await?;
        Ok(watch::decrypted(below, Arc::clone(&self.keys)))
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.store.compact(revision).await
    }

    async fn status(&self) -> Result<Status, Error> {
        self.store.status().await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Leases> Leases for Encrypted<S> {
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
        self.store.time_to_live(id).await
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        self.store.leases().await
    }
}

/// Of what is stored: snapshots stay encrypted, and hashes are of the encrypted values, which differ for equal ones.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Maintenance> Maintenance for Encrypted<S> {
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
