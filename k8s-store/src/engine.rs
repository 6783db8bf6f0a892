//! For makers of stores: the multi-version map in memory that [`Memory`](crate::Memory) is, with a door for a log.
//!
//! Users of stores need nothing here. The parts may change with any minor version.
//!
//! # Stages
//! A change is *staged* first: under one lock it is decided on the state with everything staged before it, and gets
//! its revision. Readers and watches do not see it until it is *published*. A store in memory publishes at once; one
//! with a log publishes once the log is safe, or [retracts](Stage::retract) all that is staged if that fails.
//!
//! The latest versions and a log of the last events lie under one lock. The log serves reads at older revisions,
//! which undo its newer events, reads of what is published while more is staged, and watches that start in the past.
//! Open watches are fed after the lock is released, by reference: a batch exists once, however many follow it.

use std::fmt;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockWriteGuard};
use tokio::sync::Notify;

use crate::{
    Error, Event, KeyRange, KeyValue, Lease, LeaseId, LeaseStatus, Page, RangeOptions, Revision, Status, Txn,
    TxnOutcome, Watch, WatchOptions,
};

mod commit;
mod expiry;
mod fill;
mod hash;
mod history;
mod hub;
mod keys;
mod leases;
mod order;
mod read;
mod retract;
mod state;
mod watch;

pub use commit::Change;
pub use expiry::{Next, expire};
pub use fill::Fill;
pub(crate) use hash::encode;

use history::{Batch, History};
use hub::Hub;
use state::State;

/// How much of the past to keep. What exceeds either is compacted, except the last transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events.
    pub events: usize,
    /// Bytes of the keys and values, old and new, of those events.
    pub bytes: usize,
}

/// The map, its past, its watches and its leases.
///
/// # Ordering
/// What is staged has the order in which [`Engine::stage`] was entered, and is published in that order. Once a call
/// that publishes has returned, its events are in every watch that wants them.
pub struct Engine {
    state: RwLock<State>,
    hub: Arc<Hub>,
    lease_due_earlier: Arc<Notify>,
}

/// The right to change, held by one at a time.
///
/// Dropping it leaves what was staged staged.
pub struct Stage<'a> {
    engine: &'a Engine,
    state: RwLockWriteGuard<'a, State>,
}

/// How far the staged changes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The revision of the last change.
    pub revision: Revision,
    /// How many leases were granted or ended so far.
    lease_changes: u64,
}

/// History that was let go of; dropping it may take a while and needs no lock.
#[derive(Debug)]
#[must_use = "it is dropped best when nobody waits"]
pub struct Forgotten {
    _batches: Vec<Batch>,
}

impl Engine {
    /// An empty map.
    pub fn new(limits: Limits) -> Self {
        Self::of(State::new(History::new(limits)))
    }

    fn of(state: State) -> Self {
        Self { state: RwLock::new(state), hub: Arc::new(Hub::default()), lease_due_earlier: Arc::new(Notify::new()) }
    }

    /// Reads what is published.
    ///
    /// # Errors
    /// [`Error::Compacted`], [`Error::Future`] and [`Error::Closed`].
    pub fn range(&self, range: &KeyRange, options: RangeOptions) -> Result<Page, Error> {
        self.state.read().open()?.read_published(range, options)
    }

    /// Up to `limit` keys after `after` as they are published, without counting the rest, and the revision of that.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn page(&self, after: Option<&[u8]>, limit: usize) -> Result<(Vec<KeyValue>, Revision), Error> {
        let state = self.state.read();
        let state = state.open()?;
        Ok((state.page(after, limit), state.published()))
    }

    /// How many keys there are, those that are only staged included.
    pub fn keys(&self) -> usize {
        self.state.read().keys.len()
    }

    /// Runs a transaction that writes nothing, or returns it if its answer would depend on what is only staged.
    ///
    /// # Errors
    /// Those of [`Store::txn`](crate::Store::txn).
    pub fn look(&self, txn: Txn) -> Result<Result<TxnOutcome, Txn>, Error> {
        let state = self.state.read();
        let state = state.open()?;
        if state.is_settled() { state.look(txn).map(Ok) } else { Ok(Err(txn)) }
    }

    /// Opens a watch of what is published.
    ///
    /// # Errors
    /// Those of [`Store::watch`](crate::Store::watch).
    pub fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        watch::open(self, range, options)
    }

    /// Where the map is; the size is that of the keys, the values and the history.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn status(&self) -> Result<Status, Error> {
        Ok(self.state.read().open()?.status())
    }

    /// Waits for the right to change.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn stage(&self) -> Result<Stage<'_>, Error> {
        let state = self.state.write();
        state.open()?;
        Ok(Stage { engine: self, state })
    }

    /// Fails as [`Engine::compact`] would.
    ///
    /// # Errors
    /// Those of [`Store::compact`](crate::Store::compact).
    pub fn check_compact(&self, revision: Revision) -> Result<(), Error> {
        self.state.read().open()?.check_compact(revision)
    }

    /// Forgets the history before `revision`.
    ///
    /// # Errors
    /// Those of [`Store::compact`](crate::Store::compact).
    pub fn compact(&self, revision: Revision) -> Result<Forgotten, Error> {
        Ok(Forgotten { _batches: self.state.write().open_mut()?.compact(revision)? })
    }

    /// Makes everything staged up to `mark` visible, and hands it to the watches.
    pub fn publish(&self, mark: Mark) -> Forgotten {
        self.release(self.state.write(), mark)
    }

    fn release(&self, mut state: RwLockWriteGuard<'_, State>, mark: Mark) -> Forgotten {
        // Queued under the lock, in the order of the revisions; handed out after it.
        let published = state.publish(mark, &self.hub);
        drop(state);
        if published.told {
            self.hub.dispatch();
        }
        Forgotten { _batches: published.forgotten }
    }

    /// Whether everything staged is published.
    pub fn is_settled(&self) -> bool {
        self.state.read().is_settled()
    }

    /// What [`expire`] waits for beside the time.
    pub fn lease_due_earlier(&self) -> Arc<Notify> {
        Arc::clone(&self.lease_due_earlier)
    }

    /// The lease whose time is over, if there is one, or when that will be.
    pub fn next_due(&self) -> Next {
        self.state.read().open().map_or(Next::Gone, |state| state.leases.next_due())
    }

    /// What there is to know of a lease. With what is only staged if something is: see [`Engine::is_settled`].
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`] and [`Error::Closed`].
    pub fn lease(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        self.state.read().open()?.leases.status(id)
    }

    /// The leases in the order of their names, as [`Engine::lease`] sees them, and how far what is staged goes.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn leases(&self) -> Result<(Vec<Lease>, Mark), Error> {
        let state = self.state.read();
        let state = state.open()?;
        Ok((state.leases.list(), state.mark()))
    }

    /// How far everything is published.
    pub fn published_mark(&self) -> Mark {
        self.state.read().published_mark()
    }

    /// Ends everything: each later call fails with [`Error::Closed`], and so does each watch.
    pub fn close(&self) {
        self.state.write().close();
        self.hub.close();
    }
}

impl Stage<'_> {
    /// Runs a transaction.
    ///
    /// # Errors
    /// Those of [`Store::txn`](crate::Store::txn); nothing is staged then.
    pub fn txn(&mut self, txn: Txn) -> Result<TxnOutcome, Error> {
        self.state.commit(txn)
    }

    /// Starts a lease.
    ///
    /// # Errors
    /// Those of [`Leases::grant`](crate::Leases::grant).
    pub fn grant(&mut self, ttl: std::time::Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        let id = self.state.leases.grant(ttl, id)?;
        self.engine.lease_due_earlier.notify_one();
        Ok(Lease { id, ttl })
    }

    /// Starts a lease's time again, which is not staged: it holds at once.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`].
    pub fn keep_alive(&mut self, id: LeaseId) -> Result<Lease, Error> {
        self.state.leases.keep_alive(id)
    }

    /// Ends a lease and deletes its keys.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`].
    pub fn end_lease(&mut self, id: LeaseId) -> Result<(), Error> {
        let keys = self.state.leases.end(id)?;
        self.state.delete_all(keys);
        Ok(())
    }

    /// Whether the time of a lease is over.
    pub fn is_due(&self, id: LeaseId) -> bool {
        self.state.leases.is_due(id)
    }

    /// How far the staged changes go by now.
    pub fn mark(&self) -> Mark {
        self.state.mark()
    }

    /// What was staged after `revision`: the events of each transaction.
    pub fn staged_after(&self, revision: Revision) -> impl Iterator<Item = &[Event]> {
        self.state.history.since(revision.next()).map(|batch| &batch[..])
    }

    /// Whether everything staged is published.
    pub fn is_settled(&self) -> bool {
        self.state.is_settled()
    }

    /// Takes back all that is staged and not published: nobody has seen it.
    pub fn retract(&mut self) {
        self.state.retract();
        self.engine.lease_due_earlier.notify_one();
    }

    /// Publishes all that is staged.
    pub fn publish(self) -> Forgotten {
        let mark = self.mark();
        self.engine.release(self.state, mark)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("mark", &self.mark()).finish_non_exhaustive()
    }
}
