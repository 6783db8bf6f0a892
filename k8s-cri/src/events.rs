use std::pin::Pin;

use async_trait::async_trait;
use futures_core::Stream;
use jiff::Timestamp;

use crate::{ContainerId, Result, SandboxId};

/// A subscriber's view of all changes. Dropping it ends the subscription.
pub type EventStream = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// News of sandboxes and containers, so that nobody needs to poll.
///
/// # Contract
/// Every change of a sandbox's or container's state after `subscribe` returned reaches the subscriber, or
/// [`Event::Missed`] does. The stream ends only when the runtime goes away. Each subscriber has its own bounded
/// queue; one that is slow misses events and holds nobody up.
///
/// # Ordering
/// Events of one sandbox come in the order in which they happened, and only after status calls show the change.
///
/// # Cancellation
/// A dropped `subscribe` leaves nothing behind.
#[async_trait]
pub trait Events: Send + Sync {
    /// Starts to listen. What happened before is not told: list after subscribing.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable), and [`Error::Unsupported`](crate::Error::Unsupported) when
    /// the runtime has no events and the caller must poll.
    async fn subscribe(&self) -> Result<EventStream>;
}

/// Something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A sandbox changed: ask for its status.
    Sandbox {
        /// Which one.
        id: SandboxId,
        /// How.
        kind: EventKind,
        /// When.
        at: Timestamp,
    },
    /// A container changed: ask for its status.
    Container {
        /// Which one.
        id: ContainerId,
        /// The sandbox it lives in.
        sandbox: SandboxId,
        /// How.
        kind: EventKind,
        /// When.
        at: Timestamp,
    },
    /// Some events were dropped because the queue was full: list everything anew.
    Missed,
}

/// How something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It exists now.
    Created,
    /// It runs now.
    Started,
    /// It runs no more.
    Stopped,
    /// It exists no more; status calls answer "not found".
    Deleted,
}
