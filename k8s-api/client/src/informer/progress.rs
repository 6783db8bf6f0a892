use parking_lot::Mutex;
use tokio::sync::Notify;

/// How far an informer has come.
///
/// Not a `tokio::sync::watch`, which wakes those who wait in random order: a simulated cluster must start its controllers
/// in the same order every time.
#[derive(Debug)]
pub(super) struct Progress {
    stage: Mutex<Stage>,
    changed: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The cache is not filled yet.
    Starting,
    /// The cache has been filled once.
    Synced,
    /// Nothing more will come.
    Ended,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { stage: Mutex::new(Stage::Starting), changed: Notify::new() }
    }

    pub(super) fn stage(&self) -> Stage {
        *self.stage.lock()
    }

    /// Moves to a stage and wakes those who wait, in the order in which they came.
    pub(super) fn reach(&self, stage: Stage) {
        if std::mem::replace(&mut *self.stage.lock(), stage) != stage {
            self.changed.notify_waiters();
        }
    }

    /// Waits until the cache has been filled or never will be; tells which.
    pub(super) async fn started(&self) -> Stage {
        loop {
            let changed = self.changed.notified();
            match self.stage() {
                Stage::Starting => changed.await,
                stage => return stage,
            }
        }
    }
}
