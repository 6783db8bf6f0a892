//! A store that forgets when the process ends.
//!
//! The latest versions and a log of the last events, under one lock. The log serves both reads
//! at older revisions, which undo its newer events, and watches that start in the past. Open watches are fed after
//! the lock is released, by reference: a batch exists once, however many follow it.

use std::fmt;
use std::sync::Arc;

use k8s_env::Tasks;
use parking_lot::RwLock;
use tokio::sync::Notify;

use crate::{Error, KeyRange, Page, RangeOptions, Revision, Status, Store, Txn, TxnOutcome, Watch, WatchOptions};

mod builder;
mod commit;
mod history;
mod hub;
mod keys;
mod leases;
mod maintenance;
mod read;
mod state;
mod watch;

pub use builder::Builder;

use hub::Hub;
use state::State;

/// A store in memory with a bounded history.
///
/// # Time
/// Every call completes in its first poll, so a caller in the same process goes on without a turn of the runtime.
/// When a transaction has answered, its events are ready in every watch that wants them. The first lease starts one
/// task on the current tokio runtime, which the store owns and which ends the leases; all else needs no runtime.
///
/// # History
/// The last 10,000 events, or 256 MiB of them, are kept ([`Memory::builder`] changes that); older ones are compacted
/// by themselves.
///
/// # End
/// Dropping the store ends its watches with [`Error::Closed`], and its lease task.
pub struct Memory {
    shared: Arc<Shared>,
    tasks: Tasks,
}

struct Shared {
    state: RwLock<State>,
    hub: Arc<Hub>,
    lease_due_earlier: Arc<Notify>,
}

impl Memory {
    /// An empty store with the default history.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An empty store of your own measure.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Store for Memory {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        self.shared.state.read().open()?.read(&range, options, &[])
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        txn.check()?;
        if txn.is_read_only() {
            return self.shared.state.read().open()?.look(txn);
        }
        self.shared.change(|state| state.commit(txn))
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        watch::open(&self.shared, range, options)
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        // What is forgotten is freed after the lock is released.
        let forgotten = self.shared.state.write().open_mut()?.compact(revision)?;
        drop(forgotten);
        Ok(())
    }

    async fn status(&self) -> Result<Status, Error> {
        Ok(self.shared.state.read().open()?.status())
    }
}

impl Shared {
    /// Runs a step that may commit a batch, and hands the batch to the watches.
    fn change<T>(&self, step: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        let (outcome, told) = {
            let mut state = self.state.write();
            let before = state.revision();
            let outcome = step(state.open_mut()?)?;
            // Under the lock, so that batches are queued in the order of their revisions.
            let committed = if state.revision() > before { state.last_batch() } else { None };
            (outcome, committed.is_some_and(|batch| self.hub.enqueue(batch)))
        };
        if told {
            self.hub.dispatch();
        }
        Ok(outcome)
    }

    fn close(&self) {
        self.state.write().close();
        self.hub.close();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}
