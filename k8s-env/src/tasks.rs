use std::future::Future;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::task::{AbortHandle, JoinSet};

/// The tasks that one component owns.
///
/// Dropping the set cancels all of them at their next await point. [`Tasks::stop`] cancels and also waits until each
/// has let go of what it held. There is no way to start a task that outlives its set.
///
/// # Panics
/// A task that panics is reported through `tracing` when the next one is spawned or the set is stopped; the others
/// go on.
#[derive(Debug, Default)]
pub struct Tasks(Arc<Mutex<Set>>);

/// A handle with which parts of a component spawn into its [`Tasks`], without keeping the set alive.
#[derive(Clone, Debug)]
pub struct Spawner(Weak<Mutex<Set>>);

#[derive(Debug, Default)]
struct Set {
    running: JoinSet<()>,
    stopped: bool,
}

impl Tasks {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts `task` on the current runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        spawn_into(&self.0, task);
    }

    /// A handle that spawns into this set as long as the set lives.
    pub fn spawner(&self) -> Spawner {
        Spawner(Arc::downgrade(&self.0))
    }

    /// Cancels every task and waits until all are gone. Later spawns through a [`Spawner`] do nothing.
    ///
    /// Cancellation: dropping the future leaves the rest of the tasks cancelled but not waited for.
    pub async fn stop(&self) {
        let mut running = {
            let mut set = self.0.lock();
            set.stopped = true;
            std::mem::take(&mut set.running)
        };
        running.abort_all();
        while let Some(end) = running.join_next().await {
            report(end);
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let mut set = self.0.lock();
        set.stopped = true;
        set.running.abort_all();
    }
}

impl Spawner {
    /// Starts `task` if the set still runs; otherwise drops it. The handle returned can cancel this one task.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
        spawn_into(&*self.0.upgrade()?, task)
    }
}

fn spawn_into(set: &Mutex<Set>, task: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
    let mut set = set.lock();
    if set.stopped {
        return None;
    }
    while let Some(end) = set.running.try_join_next() {
        report(end);
    }
    Some(set.running.spawn(task))
}

fn report(end: Result<(), tokio::task::JoinError>) {
    if let Err(error) = end
        && error.is_panic()
    {
        tracing::error!(%error, "a task panicked");
    }
}
