use std::fmt::Debug;
use std::sync::Arc;

use crate::{Error, KeyRange, Page, RangeOptions, Revision, Txn, TxnOutcome, Watch, WatchOptions};

/// An ordered, revisioned, watchable map from keys to values, both bytes.
///
/// # Contract
/// The numbered promises on the crate's front page are the law for every implementation; the cases of
/// `k8s-store-testkit` check them by number. Implemented by backends and by layers around them; called by whoever
/// keeps state, through `Arc<dyn Store>` where the backend is chosen at run time. Cloning an `Arc` of a store shares
/// it. The conveniences (`get`, `create`, `update`, ...) are in [`StoreExt`](crate::StoreExt).
///
/// # Ordering
/// Transactions are serialized: each behaves as if it ran alone, at a point between its call and its answer. Whatever
/// starts after an answer sees what was answered.
///
/// # Cancellation
/// Dropping the future of a read or of [`Store::watch`] changes nothing. Dropping the future of [`Store::txn`] or
/// [`Store::compact`] does not say whether it took place: read back to learn. Nothing is ever applied in part.
#[async_trait::async_trait]
pub trait Store: Send + Sync + Debug + 'static {
    /// Reads the keys of `range` in byte order, all as of one revision.
    ///
    /// # Errors
    /// [`Error::Compacted`] and [`Error::Future`] when the revision asked for is not held.
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error>;

    /// Runs `then` if every comparison holds and `otherwise` if not, as one atomic step.
    ///
    /// All comparisons, those of nested transactions too, see the state before the step; each operation sees what the
    /// operations before it did. If anything is written the step gets the next revision; if not, no revision is used.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty key or a key that one branch would change twice, [`Error::LeaseNotFound`],
    /// [`Error::NotFound`] when a put would keep a part of a key that is not there, and the errors of
    /// [`Store::range`] for reads inside. Nothing was written then. [`Error::Uncertain`] alone leaves it open.
    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error>;

    /// Follows the changes of the keys in `range`.
    ///
    /// Once this returns, every change after [`Watch::opened_at`] (or from [`WatchOptions::start`] on, if given)
    /// arrives on the stream, in order and without a gap, until the stream ends with an error or is dropped.
    ///
    /// # Errors
    /// [`Error::Compacted`] when the first revision wanted is no longer held.
    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error>;

    /// Forgets the history before `revision`, which becomes the oldest that can be read or watched from.
    ///
    /// Watches that are open already are not disturbed. The latest value of each key is never forgotten.
    ///
    /// # Errors
    /// [`Error::Compacted`] when that was forgotten before, [`Error::Future`] when it has not happened yet.
    async fn compact(&self, revision: Revision) -> Result<(), Error>;

    /// Tells where the store is.
    ///
    /// # Errors
    /// Those of the backend's transport or disk; a store in memory has none but [`Error::Closed`].
    async fn status(&self) -> Result<Status, Error>;
}

/// What a store says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The revision of the last committed transaction; 1 when there was none.
    pub revision: Revision,
    /// The oldest revision that can be read, or watched from; 1 when nothing was forgotten yet.
    pub oldest: Revision,
    /// Bytes that the store occupies, history and free space included, as far as the backend knows.
    pub size: u64,
    /// The part of `size` that would remain after defragmentation.
    pub size_in_use: u64,
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        (**self).range(range, options).await
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        (**self).txn(txn).await
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        (**self).watch(range, options).await
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        (**self).compact(revision).await
    }

    async fn status(&self) -> Result<Status, Error> {
        (**self).status().await
    }
}
