//! A store that forgets when the process ends: an [`Engine`] that publishes at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use k8s_env::Tasks;

use crate::engine::{Engine, Stage};
use crate::{Error, KeyRange, Page, RangeOptions, Revision, Status, Store, Txn, TxnOutcome, Watch, WatchOptions};

mod builder;
mod leases;
mod maintenance;

pub use builder::Builder;

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
    engine: Arc<Engine>,
    has_lease_task: AtomicBool,
    tasks: Tasks,
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
        self.engine.range(&range, options)
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        txn.check()?;
        if !txn.is_read_only() {
            return self.change(|stage| stage.txn(txn));
        }
        match self.engine.look(txn)? {
            Ok(outcome) => Ok(outcome),
            Err(txn) => self.change(|stage| stage.txn(txn)),
        }
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        self.engine.watch(range, options)
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        // What is forgotten is freed after the lock is released.
        self.engine.compact(revision).map(drop)
    }

    async fn status(&self) -> Result<Status, Error> {
        self.engine.status()
    }
}

impl Memory {
    fn change<T>(&self, step: impl FnOnce(&mut Stage<'_>) -> Result<T, Error>) -> Result<T, Error> {
        change(&self.engine, step)
    }
}

/// Runs a step and publishes what it staged.
fn change<T>(engine: &Engine, step: impl FnOnce(&mut Stage<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let mut stage = engine.stage()?;
    let outcome = step(&mut stage)?;
    drop(stage.publish());
    Ok(outcome)
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.engine.close();
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}
