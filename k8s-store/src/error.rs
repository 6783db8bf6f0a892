use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use crate::{LeaseId, Revision};

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The history asked for is gone: read anew, and watch from there.
    #[error("revision {asked} is compacted, the oldest is {oldest}")]
    Compacted {
        /// The revision asked for.
        asked: Revision,
        /// The oldest that can be read.
        oldest: Revision,
    },
    /// The revision asked for has not happened.
    #[error("revision {asked} is in the future, the latest is {latest}")]
    Future {
        /// The revision asked for.
        asked: Revision,
        /// The store's revision.
        latest: Revision,
    },
    /// A watch fell behind by more than its buffer: watch again from after the last revision that came.
    #[error("watch fell behind")]
    Overflowed,
    /// The store was closed. It will not come back.
    #[error("store is closed")]
    Closed,
    /// The request makes no sense in any state of the store.
    #[error("invalid request: {reason}")]
    Invalid {
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// Whoever uses the store may not do this: nothing was read or written, and nothing will be until an operator
    /// allows it. Another request may well be allowed.
    #[error("not allowed: {reason}")]
    Denied {
        /// What the store says.
        reason: Cow<'static, str>,
    },
    /// A put would keep a part of a key that does not exist. Nothing was written.
    #[error("key {:?} not found", String::from_utf8_lossy(.key))]
    NotFound {
        /// The key.
        key: Bytes,
    },
    /// The lease does not exist: it was never granted, was revoked, or ran out. Nothing was written.
    #[error("lease {id} not found")]
    LeaseNotFound {
        /// The lease.
        id: LeaseId,
    },
    /// A lease of this name exists.
    #[error("lease {id} exists")]
    LeaseExists {
        /// The lease.
        id: LeaseId,
    },
    /// What was stored is damaged. Nobody can read it until an operator restores it.
    #[error("store is corrupt: {place}")]
    Corrupt {
        /// Where the damage is.
        place: Cow<'static, str>,
    },
    /// There is no room. Writes are refused and reads go on until there is.
    #[error("no space left")]
    NoSpace,
    /// The disk or the network failed and nothing was written.
    #[error("store is unavailable")]
    Unavailable {
        /// What failed.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The disk or the network failed when it was too late to know whether the write took place: read back.
    #[error("outcome is unknown")]
    Uncertain {
        /// What failed.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

/// Whether the same request may succeed if it is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Not as it is: change the request, or read first.
    Never,
    /// At once.
    Now,
    /// After waiting, longer each time.
    Backoff,
}

impl Error {
    /// [`Error::Invalid`] for `reason`.
    pub fn invalid(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { reason: reason.into() }
    }

    /// Whether the same request may succeed if it is made again. For a watch: from after the last revision that came.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Overflowed => Retry::Now,
            Self::NoSpace | Self::Unavailable { .. } => Retry::Backoff,
            _ => Retry::Never,
        }
    }
}
