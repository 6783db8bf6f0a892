//! A work queue: each item once, later, and not too often.
//!
//! Upstream: `k8s.io/client-go/util/workqueue`.

mod limits;
mod state;

use std::fmt;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

pub use limits::Limits;
use state::{Next, State};

/// A queue of items to work on. Cloning shares it.
///
/// - An item that is added several times before somebody takes it is handed out once.
/// - An item is never worked on by two at once: when it is added while somebody has it, it is handed out again after
///   they are done.
/// - Items come in the order in which they were first added.
///
/// The queue holds each item once, however often it is added, so its size is bounded by the number of different items.
pub struct Queue<T: Clone + Eq + Hash>(Arc<Inner<T>>);

struct Inner<T> {
    state: Mutex<State<T>>,
    arrivals: Notify,
}

/// An item that somebody works on. Dropping it says that they are done.
pub struct Taken<T: Clone + Eq + Hash> {
    item: T,
    queue: Queue<T>,
}

impl<T: Clone + Eq + Hash> Queue<T> {
    /// An empty queue with these limits on retries.
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Inner { state: Mutex::new(State::new(limits)), arrivals: Notify::new() }))
    }

    /// Adds an item to be taken as soon as possible.
    pub fn add(&self, item: T) {
        if self.0.state.lock().add(item) {
            self.0.arrivals.notify_one();
        }
    }

    /// Adds several items under one lock.
    pub fn extend(&self, items: impl IntoIterator<Item = T>) {
        let mut state = self.0.state.lock();
        let mut woken = false;
        for item in items {
            woken |= state.add(item);
        }
        drop(state);
        if woken {
            self.0.arrivals.notify_one();
        }
    }

    /// Adds an item to be taken after a delay. Of several delays of one item the shortest counts.
    pub fn add_after(&self, item: T, delay: Duration) {
        if delay.is_zero() {
            return self.add(item);
        }
        if self.0.state.lock().add_at(item, Instant::now() + delay) {
            self.0.arrivals.notify_one();
        }
    }

    /// Adds an item again after a failure, after a delay that grows with each failure of this item and with the rate
    /// of all failures.
    pub fn add_rate_limited(&self, item: T) {
        let delay = self.0.state.lock().failure_delay(&item);
        self.add_after(item, delay);
    }

    /// Forgets the failures of an item.
    pub fn forget(&self, item: &T) {
        self.0.state.lock().forget(item);
    }

    /// How often an item has failed since it was last forgotten.
    pub fn failures(&self, item: &T) -> u32 {
        self.0.state.lock().failures(item)
    }

    /// Waits for the next item; `None` when the queue is shut down and nothing is left that can be taken.
    ///
    /// # Cancellation
    /// Nothing is lost when the future is dropped.
    pub async fn take(&self) -> Option<Taken<T>> {
        loop {
            let next = self.0.state.lock().next(Instant::now());
            match next {
                Next::Item { item, more } => {
                    // One notification may stand for many items: pass it on.
                    if more {
                        self.0.arrivals.notify_one();
                    }
                    return Some(Taken { item, queue: self.clone() });
                }
                Next::ShutDown => {
                    self.0.arrivals.notify_one();
                    return None;
                }
                Next::Wait(None) => self.0.arrivals.notified().await,
                Next::Wait(Some(due)) => {
                    // Elapsed or notified, the state says what to do.
                    let _ = tokio::time::timeout_at(due, self.0.arrivals.notified()).await;
                }
            }
        }
    }

    /// How many items can be taken now.
    pub fn len(&self) -> usize {
        self.0.state.lock().len()
    }

    /// Whether no item can be taken now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in no more items and drops the delayed ones; those that can be taken still are.
    pub fn shut_down(&self) {
        self.0.state.lock().shut_down();
        self.0.arrivals.notify_one();
    }
}

impl<T: Clone + Eq + Hash> Drop for Taken<T> {
    fn drop(&mut self) {
        if self.queue.0.state.lock().done(&self.item) {
            self.queue.0.arrivals.notify_one();
        }
    }
}

impl<T: Clone + Eq + Hash> Deref for Taken<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T: Clone + Eq + Hash> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone + Eq + Hash> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({} ready)", self.len())
    }
}

impl<T: Clone + Eq + Hash + fmt::Debug> fmt::Debug for Taken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Taken({:?})", self.item)
    }
}

impl<T: Clone + Eq + Hash + fmt::Display> fmt::Display for Taken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.item.fmt(f)
    }
}
