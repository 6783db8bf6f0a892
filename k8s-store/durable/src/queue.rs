use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use k8s_store::engine::Mark;
use k8s_store::{Error, Revision};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::bell::Bell;
use crate::format::{FRAME_HEADER, Record, write_events};
use crate::verdict::{Verdict, Wait};

/// How many bytes may wait to be written before writers have to wait themselves.
const ROOM: usize = 64 << 20;

/// What has been staged and waits to be written.
///
/// Locked inside the engine's stage only, so that the log has the order of the stages.
#[derive(Debug)]
pub(crate) struct Queue {
    group: Mutex<Waiting>,
    pub(crate) bell: Bell,
    /// Whether more waits than there is room for, for who has not locked the queue.
    is_full: AtomicBool,
    room: Notify,
}

#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) group: Group,
    /// Ring the bell once so many wait.
    pub(crate) wanted: usize,
    pub(crate) gate: Gate,
    /// The latest compaction that is staged.
    pub(crate) compacting: Revision,
    /// How often what was staged was taken back.
    pub(crate) retractions: u64,
}

/// Whether new changes are let in.
#[derive(Clone, Debug)]
pub(crate) enum Gate {
    Open,
    /// Not until the store is opened again: the disk failed when it must not.
    Failed(Error),
    Closed,
}

/// Changes that are written and acknowledged together.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// Records, after room for the frame's header.
    pub(crate) frame: Vec<u8>,
    pub(crate) mark: Option<Mark>,
    pub(crate) verdict: Verdict,
    /// How many wait for the verdict.
    pub(crate) waiters: usize,
    pub(crate) compact: Option<Revision>,
    /// Begin a new file before this.
    pub(crate) rotate: bool,
    pub(crate) closes: bool,
}

impl Queue {
    pub(crate) fn new() -> Self {
        let waiting = Waiting {
            group: Group::default(),
            wanted: usize::MAX,
            gate: Gate::Open,
            compacting: Revision::ZERO,
            retractions: 0,
        };
        Self { group: Mutex::new(waiting), bell: Bell::default(), is_full: AtomicBool::new(false), room: Notify::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.group.lock()
    }

    /// Waits until there is room for more.
    pub(crate) async fn room(&self) {
        while self.is_full.load(Ordering::Acquire) {
            let freed = self.room.notified();
            if self.is_full.load(Ordering::Acquire) {
                freed.await;
            }
        }
    }

    /// Notes whether there is still room, with what `waiting` holds by now.
    pub(crate) fn measure(&self, waiting: &Waiting) {
        if waiting.group.frame.len() >= ROOM {
            self.is_full.store(true, Ordering::Release);
        }
    }

    /// Lets those in who waited for room. If others filled it at this moment, the next of them notes that again.
    pub(crate) fn freed(&self) {
        if self.is_full.swap(false, Ordering::AcqRel) {
            self.room.notify_waiters();
        }
    }

    /// Takes what waits. `buffer` is used for what comes next.
    pub(crate) fn take(&self, mut buffer: Vec<u8>) -> Option<Group> {
        buffer.clear();
        let mut waiting = self.group.lock();
        waiting.wanted = usize::MAX;
        if waiting.group.is_empty() {
            return None;
        }
        let group = mem::replace(&mut waiting.group, Group { frame: buffer, ..Group::default() });
        drop(waiting);
        self.freed();
        Some(group)
    }
}

impl Waiting {
    /// Fails unless changes are let in.
    pub(crate) fn enter(&self) -> Result<(), Error> {
        match &self.gate {
            Gate::Open => Ok(()),
            Gate::Failed(error) => Err(error.clone()),
            Gate::Closed => Err(Error::Closed),
        }
    }
}

impl Group {
    pub(crate) fn is_empty(&self) -> bool {
        self.frame.is_empty() && self.waiters == 0 && !self.rotate && !self.closes
    }

    /// Whether all that it writes is that the store is closed.
    pub(crate) fn only_closes(&self) -> bool {
        self.closes && self.frame.len() == FRAME_HEADER + 1
    }

    pub(crate) fn add_events(&mut self, events: &[k8s_store::Event]) {
        if let Some(first) = events.first() {
            write_events(self.open(), first.kv.mod_revision, events);
        }
    }

    pub(crate) fn add(&mut self, record: &Record) {
        record.write(self.open());
    }

    fn open(&mut self) -> &mut Vec<u8> {
        if self.frame.is_empty() {
            self.frame.resize(FRAME_HEADER, 0);
        }
        &mut self.frame
    }

    /// Waits for it from now on.
    pub(crate) fn join(&mut self) -> Wait {
        self.waiters += 1;
        self.verdict.wait()
    }
}
