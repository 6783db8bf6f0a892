use std::fmt;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use crate::{Error, Revision};

/// What an operator does to a store that others use at the same time.
///
/// # Contract
/// Implemented by stores beside [`Store`](crate::Store). None of these changes a key or a revision.
///
/// # Cancellation
/// Dropping a future or a snapshot stops the work and leaves the store as usable as before; only
/// [`Maintenance::close`] cannot be taken back.
#[async_trait::async_trait]
pub trait Maintenance: Send + Sync + Debug + 'static {
    /// A copy of the store as of one revision, in the backend's own format, taken while it goes on serving.
    ///
    /// # Errors
    /// Those of the backend; later ones come on the stream.
    async fn snapshot(&self) -> Result<Snapshot, Error>;

    /// Gives the space of forgotten history back. What has nothing to give back returns at once.
    ///
    /// # Errors
    /// Those of the backend.
    async fn defragment(&self) -> Result<(), Error>;

    /// A hash over all keys and values as of `revision`, or of now: equal for equal contents.
    ///
    /// # Errors
    /// [`Error::Compacted`] and [`Error::Future`] when the revision is not held.
    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error>;

    /// Ends the store: what was accepted is finished, watches end with [`Error::Closed`], and so does every later
    /// call but this one.
    ///
    /// # Errors
    /// Those of the backend; the store is closed all the same.
    async fn close(&self) -> Result<(), Error>;
}

/// A hash of a store's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    /// The revision whose contents were hashed.
    pub revision: Revision,
    /// The oldest revision that the store held.
    pub oldest: Revision,
    /// The hash.
    pub hash: u32,
}

/// A copy of a store as a stream of pieces, to be written one after the other.
pub struct Snapshot {
    revision: Revision,
    pieces: Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>,
}

impl Snapshot {
    /// A snapshot of `revision`. For backends.
    pub fn new(revision: Revision, pieces: impl Stream<Item = Result<Bytes, Error>> + Send + 'static) -> Self {
        Self { revision, pieces: Box::pin(pieces) }
    }

    /// The revision that was copied.
    pub fn revision(&self) -> Revision {
        self.revision
    }
}

impl Stream for Snapshot {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.as_mut().poll_next(cx)
    }
}

impl Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("revision", &self.revision).finish_non_exhaustive()
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl<S: Maintenance + ?Sized> Maintenance for Arc<S> {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        (**self).snapshot().await
    }

    async fn defragment(&self) -> Result<(), Error> {
        (**self).defragment().await
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        (**self).hash(revision).await
    }

    async fn close(&self) -> Result<(), Error> {
        (**self).close().await
    }
}
