use std::sync::Arc;
use std::time::Duration;

use k8s_store::Error;
use k8s_store::engine::Mark;
use tokio::time::Instant;

use crate::failure::{refused, uncertain};
use crate::log::{Failure, Log};
use crate::queue::{Gate, Group};
use crate::store::Shared;
use crate::verdict::Verdict;

/// A group of so many bytes makes good use of a sync, so more are not waited for.
const ENOUGH: usize = 512 << 10;

/// Writes groups of changes, one after the other, and lets them be seen.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
    log: Log,
    /// The buffer that is not in the queue.
    spare: Vec<u8>,
    /// What those who waited for the last group may still be telling each other.
    told: Option<Verdict>,
    syncs: bool,
    /// How many changes are likely to come at once.
    expected: usize,
    /// How long a sync takes, about.
    pace: Duration,
}

/// What the writer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// Nothing was there to write.
    Nothing,
    /// A group.
    Some,
    /// The last group.
    Last,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, log: Log, syncs: bool) -> Self {
        Self { shared, log, spare: Vec::new(), told: None, syncs, expected: 1, pace: Duration::ZERO }
    }

    /// Writes until the store is closed, on this thread.
    pub(crate) fn run(mut self) {
        loop {
            self.shared.queue.bell.wait_on_thread();
            loop {
                if self.shared.is_dropped() {
                    return;
                }
                self.gather();
                match self.write() {
                    Wrote::Some => {}
                    Wrote::Nothing => break,
                    Wrote::Last => return,
                }
            }
        }
    }

    /// Writes until the store is closed, on this runtime, for a disk that does not block.
    pub(crate) async fn run_as_task(mut self) {
        loop {
            let shared = Arc::clone(&self.shared);
            shared.queue.bell.wait().await;
            loop {
                match self.write() {
                    Wrote::Some => tokio::task::yield_now().await,
                    Wrote::Nothing => break,
                    Wrote::Last => return,
                }
            }
        }
    }

    /// Waits a moment for those who were just answered to come back, so that they share one sync instead of taking
    /// turns at two. Not longer than a part of what a sync takes.
    fn gather(&mut self) {
        let here = {
            let mut waiting = self.shared.queue.lock();
            let here = waiting.group.waiters;
            if here == 0 || here >= self.expected || waiting.group.frame.len() >= ENOUGH {
                return;
            }
            waiting.wanted = self.expected;
            here
        };
        let limit = self.pace / 4;
        let begun = Instant::now();
        while begun.elapsed() < limit {
            // The bell may ring for the first of the group, too.
            if !self.shared.queue.bell.wait_for(limit.saturating_sub(begun.elapsed())) {
                break;
            }
            let waiting = self.shared.queue.lock();
            if waiting.group.waiters >= self.expected || waiting.group.frame.len() >= ENOUGH {
                return;
            }
        }
        self.expected = here.max(self.shared.queue.lock().group.waiters);
    }

    /// Writes what waits.
    pub(crate) fn write(&mut self) -> Wrote {
        self.told = None;
        let Some(mut group) = self.shared.queue.take(std::mem::take(&mut self.spare)) else { return Wrote::Nothing };
        match self.append(&mut group) {
            Ok(()) => self.publish(&mut group),
            Err(Failure::Refused(error)) => self.refuse(&mut group, &refused(error)),
            Err(Failure::Lost(error)) => self.fail(&mut group, error),
        }
        self.spare = group.frame;
        if group.closes {
            return Wrote::Last;
        }
        self.told = Some(group.verdict);
        Wrote::Some
    }

    fn append(&mut self, group: &mut Group) -> Result<(), Failure> {
        if group.rotate && !self.log.is_fresh() {
            self.log.rotate()?;
        }
        if !group.frame.is_empty() {
            let last = group.mark.map_or(self.log.last, |mark| mark.revision);
            if group.only_closes() {
                self.log.close(&mut group.frame)?;
            } else {
                self.log.append(&mut group.frame, last)?;
            }
            if self.syncs || group.closes {
                let begun = Instant::now();
                self.log.sync()?;
                self.pace = (self.pace * 7 + begun.elapsed()) / 8;
            }
        }
        Ok(())
    }

    fn publish(&mut self, group: &mut Group) {
        // What is forgotten is freed after they are told.
        let _by_itself = group.mark.map(|mark| self.shared.engine.publish(mark));
        // It can have been forgotten by itself meanwhile.
        let _on_request = group.compact.map(|revision| self.shared.engine.compact(revision));
        // Before they are told: those who come back at once must not be counted twice.
        self.expected = group.waiters + self.shared.queue.lock().group.waiters;
        group.verdict.tell(Ok(()));
        self.shared.keeper.look(&self.shared);
    }

    /// Takes back everything staged: what is staged was decided on what could not be written.
    fn refuse(&mut self, group: &mut Group, error: &Error) {
        let rest = self.retract(None);
        group.verdict.tell(Err(error.clone()));
        rest.verdict.tell(Err(error.clone()));
        if rest.closes {
            group.closes = true;
        }
    }

    fn fail(&mut self, group: &mut Group, error: std::io::Error) {
        let error = Arc::new(error);
        tracing::error!(%error, "the disk failed: writes are refused until the store is opened again");
        let from_now_on = Error::Unavailable { source: Arc::clone(&error) as _ };
        let rest = self.retract(Some(Gate::Failed(from_now_on.clone())));
        group.verdict.tell(Err(uncertain(&error)));
        rest.verdict.tell(Err(from_now_on));
        if rest.closes {
            group.closes = true;
        }
    }

    /// Takes back what is staged, and what waits.
    fn retract(&self, gate: Option<Gate>) -> Group {
        // Nobody stages between the two.
        let stage = self.shared.engine.stage();
        let mut waiting = self.shared.queue.lock();
        if let Ok(mut stage) = stage {
            stage.retract();
        }
        if let Some(gate) = gate {
            waiting.gate = gate;
        }
        waiting.compacting = k8s_store::Revision::ZERO;
        waiting.retractions += 1;
        waiting.wanted = usize::MAX;
        let group = std::mem::take(&mut waiting.group);
        drop(waiting);
        self.shared.queue.freed();
        group
    }
}

impl Shared {
    /// Whether what is staged up to `mark` is published.
    pub(crate) fn is_published(&self, mark: Mark) -> bool {
        self.engine.published_mark() >= mark
    }
}
