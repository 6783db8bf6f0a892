use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::LeaseId;

/// What is next for whoever ends the leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This lease's time is over: end it and ask again.
    End(LeaseId),
    /// One was ended: ask again.
    Again,
    /// Nothing before this moment.
    At(Instant),
    /// There is no lease.
    Idle,
    /// There is no store any more.
    Gone,
}

/// Ends leases as their time comes, by calling `end_next` at every moment at which there may be one, until it answers
/// [`Next::Gone`]. `due_earlier` tells of a lease that ends before those known.
///
/// Needs a tokio runtime with time.
pub async fn expire(due_earlier: Arc<Notify>, mut end_next: impl FnMut() -> Next) {
    loop {
        match end_next() {
            Next::End(_) | Next::Again => {}
            Next::At(until) => {
                tokio::select! {
                    biased;
                    () = due_earlier.notified() => {}
                    () = sleep_until(until) => {}
                }
            }
            Next::Idle => due_earlier.notified().await,
            Next::Gone => return,
        }
    }
}
