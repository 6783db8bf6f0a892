use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Wake, Waker};

use futures_util::task::AtomicWaker;

/// Who wakes it passes the wake on to the task.
const WAITS: u8 = 0;
/// Its future is being polled: who wakes it leaves a note.
const POLLED: u8 = 1;
/// There is a note.
const WOKEN: u8 = 2;

/// Keeps the wakes of a future from its task while the future is polled, so that it can go on by itself.
///
/// A runtime takes a task that wakes itself for one that lets others go first: it wakes a second thread, which takes the
/// task over. For a request that is answered at once that was a quarter of what it cost.
#[derive(Debug, Default)]
pub(crate) struct Again {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Again {
    /// Takes notes from now on, for a future that is polled by `task`.
    pub(crate) fn begin(&self, task: &Waker) {
        self.task.register(task);
        self.state.store(POLLED, Ordering::SeqCst);
    }

    /// Whether the future was woken since it began, and goes on. If not, wakes go to the task from now on.
    pub(crate) fn is_wanted(&self) -> bool {
        let rests = self.state.compare_exchange(POLLED, WAITS, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if !rests {
            self.state.store(POLLED, Ordering::SeqCst);
        }
        !rests
    }

    /// Lets other tasks go first, and is polled again after them.
    pub(crate) fn give_way(&self) {
        self.state.store(WAITS, Ordering::SeqCst);
        self.task.wake();
    }
}

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.compare_exchange(POLLED, WOKEN, Ordering::SeqCst, Ordering::SeqCst) == Err(WAITS) {
            self.task.wake();
        }
    }
}
