use std::time::Duration;

/// What happens to a key after it was reconciled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing until something changes; its failures are forgotten.
    Done,
    /// It is reconciled again after this time, or earlier when something changes; its failures are forgotten.
    RequeueAfter(Duration),
    /// It is reconciled again as after a failure, after a delay that grows each time.
    Requeue,
}
