use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

/// Wakes one worker, which is a thread or a task. A ring before the wait is not lost.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    thread: Condvar,
    task: Notify,
}

impl Bell {
    pub(crate) fn ring(&self) {
        let mut rung = self.rung.lock();
        if !*rung {
            *rung = true;
            self.thread.notify_one();
            self.task.notify_one();
        }
    }

    /// Waits on this thread; says whether the bell rang before the time was over.
    pub(crate) fn wait_for(&self, time: Duration) -> bool {
        let mut rung = self.rung.lock();
        if !*rung {
            self.thread.wait_for(&mut rung, time);
        }
        std::mem::take(&mut *rung)
    }

    pub(crate) fn wait_on_thread(&self) {
        let mut rung = self.rung.lock();
        while !*rung {
            self.thread.wait(&mut rung);
        }
        *rung = false;
    }

    pub(crate) async fn wait(&self) {
        while !std::mem::take(&mut *self.rung.lock()) {
            self.task.notified().await;
        }
    }
}
