use bytes::Bytes;

use crate::{Compare, Delete, Error, KeyRange, KeyValue, Op, OpResult, Put, RangeOptions, Revision, Store, Txn};

/// What callers of a [`Store`] say most often, in one line each.
///
/// Implemented for every store; each call is one [`Store::range`] or one [`Store::txn`], with its errors.
#[async_trait::async_trait]
pub trait StoreExt: Store {
    /// Reads one key as of now.
    ///
    /// # Errors
    /// Those of [`Store::range`].
    async fn get(&self, key: Bytes) -> Result<Option<KeyValue>, Error> {
        let page = self.range(KeyRange::one(key), RangeOptions::latest()).await?;
        Ok(page.items.into_iter().next())
    }

    /// Writes a key whether it exists or not; returns the new revision.
    ///
    /// # Errors
    /// Those of [`Store::txn`].
    async fn put(&self, key: Bytes, value: Bytes) -> Result<Revision, Error> {
        Ok(self.txn(Txn::always(Put::new(key, value))).await?.revision)
    }

    /// Writes a key that does not exist.
    ///
    /// # Errors
    /// Those of [`Store::txn`].
    async fn create(&self, key: Bytes, value: Bytes) -> Result<Swap, Error> {
        self.update(key, Revision::ZERO, value).await
    }

    /// Writes a key that was last written at `seen`.
    ///
    /// # Errors
    /// Those of [`Store::txn`].
    async fn update(&self, key: Bytes, seen: Revision, value: Bytes) -> Result<Swap, Error> {
        self.swap(key.clone(), seen, Put::new(key, value).into()).await
    }

    /// Deletes a key that was last written at `seen`.
    ///
    /// # Errors
    /// Those of [`Store::txn`].
    async fn delete(&self, key: Bytes, seen: Revision) -> Result<Swap, Error> {
        self.swap(key.clone(), seen, Delete::one(key).into()).await
    }

    /// Runs `op` if `key` was last written at `seen` ([`Revision::ZERO`]: does not exist), or else reads it.
    ///
    /// # Errors
    /// Those of [`Store::txn`].
    async fn swap(&self, key: Bytes, seen: Revision, op: Op) -> Result<Swap, Error> {
        let txn = Txn::when([Compare::unchanged(key.clone(), seen)])
            .then(op)
            .otherwise(Op::Range(KeyRange::one(key), RangeOptions::latest()));
        let outcome = self.txn(txn).await?;
        if outcome.succeeded {
            return Ok(Swap::Done(outcome.revision));
        }
        Ok(match outcome.results.into_iter().next() {
            Some(OpResult::Range(page)) => Swap::Stale(page.items.into_iter().next()),
            _ => Swap::Stale(None),
        })
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

/// Whether a conditional change took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// It did, at this revision.
    Done(Revision),
    /// It did not: this is what the key holds, if it exists. Decide again on that.
    Stale(Option<KeyValue>),
}

impl Swap {
    /// The new revision, if the change took place.
    pub fn done(self) -> Option<Revision> {
        match self {
            Self::Done(revision) => Some(revision),
            Self::Stale(_) => None,
        }
    }
}
