use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::{Error, LeaseId, Revision};

/// Keys that go away by themselves: a key tied to a lease is deleted when the lease ends.
///
/// # Contract
/// A lease ends when it is revoked, or when its time to live passes without a keep-alive; never earlier, and soon
/// after. All its keys are then deleted in one transaction, which watches see like any other. Implemented by stores
/// beside [`Store`](crate::Store). Time is `tokio::time`.
///
/// # Ordering
/// Once a call that ends a lease has answered, its keys are gone.
///
/// # Cancellation
/// Dropping the future of a call that changes something does not say whether it took place.
#[async_trait::async_trait]
pub trait Leases: Send + Sync + Debug + 'static {
    /// Starts a lease, named `id` or by the store.
    ///
    /// # Errors
    /// [`Error::LeaseExists`], and [`Error::Invalid`] for a time to live of zero.
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error>;

    /// Starts the time to live again.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`] when it has ended.
    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error>;

    /// Ends a lease now and deletes its keys; returns the store's revision after that.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`] when it has ended.
    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error>;

    /// Tells how long a lease has left and which keys are tied to it.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`] when it has ended.
    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error>;

    /// Lists the leases that have not ended, in the order of their names.
    ///
    /// # Errors
    /// Those of the backend.
    async fn leases(&self) -> Result<Vec<LeaseId>, Error>;
}

/// A lease, as granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its name.
    pub id: LeaseId,
    /// How long it lives from now without a keep-alive. May be longer than was asked for.
    pub ttl: Duration,
}

/// A lease, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseStatus {
    /// Its name.
    pub id: LeaseId,
    /// How long it lives without a keep-alive.
    pub ttl: Duration,
    /// How much of that is left.
    pub remaining: Duration,
    /// The keys tied to it, in byte order.
    pub keys: Vec<Bytes>,
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl<S: Leases + ?Sized> Leases for Arc<S> {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        (**self).grant(ttl, id).await
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        (**self).keep_alive(id).await
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        (**self).revoke(id).await
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        (**self).time_to_live(id).await
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        (**self).leases().await
    }
}
