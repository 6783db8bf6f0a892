//! Clients that use a store all at once, at random by seed, so that their [history](crate::history) can be judged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use k8s_env::{Random, Tasks};
use k8s_store::{Error, KeyRange, Revision, Store};
use tokio::sync::Notify;

mod reader;
mod writer;

/// Who does what.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What all choices are drawn from.
    pub seed: u64,
    /// How many clients read and write.
    pub clients: usize,
    /// How many calls each makes.
    pub calls: usize,
    /// How many keys they share.
    pub keys: u64,
    /// How many clients watch; the first watches everything from the beginning.
    pub watches: usize,
    /// Compact after this many calls, again and again; 0 is never.
    pub compact_every: usize,
    /// Leave at least this many of the last revisions when compacting.
    pub least_lag: u64,
    /// Drop all clients where they are after this many calls; 0 is never.
    pub cut_after: usize,
    /// How long the slow ones among the watching wait between two batches.
    pub slow: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 0,
            clients: 4,
            calls: 50,
            keys: 6,
            watches: 6,
            compact_every: 0,
            least_lag: 0,
            cut_after: 0,
            slow: Duration::from_millis(2),
        }
    }
}

/// What the clients share.
struct Stage {
    store: Arc<dyn Store>,
    plan: Plan,
    base: Revision,
    calls: AtomicUsize,
    writers: AtomicUsize,
    clients: AtomicUsize,
    over: AtomicBool,
    wake: Notify,
    /// Told when all clients have ended, or should.
    end: Notify,
    stuck: AtomicBool,
}

/// Runs all clients to their end: writers until they made their calls, readers until they heard of all that was
/// written. Errors of the store are what the clients expect.
///
/// Dropping the future stops the clients where they are.
///
/// # Errors
/// Those of [`Store::status`] before anything is done.
///
/// # Panics
/// When a watch goes on and on without reporting progress to the end.
pub async fn run(store: Arc<dyn Store>, plan: Plan) -> Result<(), Error> {
    let base = store.status().await?.revision;
    let (tasks, random) = (Tasks::new(), Random::seeded(plan.seed));
    let stage = Arc::new(Stage {
        store,
        plan,
        base,
        calls: AtomicUsize::new(0),
        writers: AtomicUsize::new(plan.clients),
        clients: AtomicUsize::new(plan.clients + plan.watches),
        over: AtomicBool::new(plan.clients == 0),
        wake: Notify::new(),
        end: Notify::new(),
        stuck: AtomicBool::new(false),
    });
    for n in 0..plan.watches {
        let (stage, random) = (Arc::clone(&stage), random.fork());
        tasks.spawn(async move {
            reader::read(&stage, n, &random).await;
            stage.client_ends();
        });
    }
    for n in 0..plan.clients {
        let (stage, random) = (Arc::clone(&stage), random.fork());
        tasks.spawn(async move {
            writer::write(&stage, n, &random).await;
            stage.writer_ends();
            stage.client_ends();
        });
    }
    if plan.watches + plan.clients > 0 {
        stage.end.notified().await;
    }
    tasks.stop().await;
    assert!(!stage.stuck.load(Ordering::Acquire), "a watch never says that it told all there is");
    Ok(())
}

impl Stage {
    /// Counts a call.
    fn count(&self) -> usize {
        let n = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if n == self.plan.cut_after {
            self.end.notify_one();
        }
        n
    }

    fn gets_nowhere(&self) {
        self.stuck.store(true, Ordering::Release);
        self.end.notify_one();
    }

    fn client_ends(&self) {
        if self.clients.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.end.notify_one();
        }
    }

    fn writer_ends(&self) {
        if self.writers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.over.store(true, Ordering::Release);
            self.wake.notify_waiters();
        }
    }

    /// Returns when nobody writes any more.
    async fn over(&self) {
        let woken = self.wake.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        if !self.over.load(Ordering::Acquire) {
            woken.await;
        }
    }

    fn key(&self, random: &Random) -> String {
        format!("k/{}", random.below(self.plan.keys))
    }

    fn range(&self, random: &Random) -> KeyRange {
        match random.below(5) {
            0 => KeyRange::all(),
            1 => KeyRange::prefix("k/"),
            2 => KeyRange::range(self.key(random), self.key(random)),
            3 => KeyRange::from(self.key(random)),
            _ => KeyRange::one(self.key(random)),
        }
    }
}
