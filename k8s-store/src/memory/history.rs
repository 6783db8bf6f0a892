use std::collections::VecDeque;
use std::sync::Arc;

use crate::{Event, Revision};

/// What one transaction changed, never nothing. Shared by the log and all watches.
pub(super) type Batch = Arc<[Event]>;

/// The revision of the transaction that made `batch`.
pub(super) fn revision_of(batch: &[Event]) -> Revision {
    batch.first().map_or(Revision::ZERO, |event| event.kv.mod_revision)
}

/// The last transactions, one batch for each revision without a gap.
#[derive(Debug)]
pub(super) struct History {
    batches: VecDeque<Batch>,
    latest: Revision,
    oldest: Revision,
    events: usize,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

impl History {
    pub(super) fn new(max_events: usize, max_bytes: usize) -> Self {
        let (latest, oldest) = (Revision::FIRST, Revision::FIRST);
        Self { batches: VecDeque::new(), latest, oldest, events: 0, bytes: 0, max_events, max_bytes }
    }

    pub(super) fn latest(&self) -> Revision {
        self.latest
    }

    /// The oldest revision that can be read, and whose batch is here (the first revision has none).
    pub(super) fn oldest(&self) -> Revision {
        self.oldest
    }

    pub(super) fn last(&self) -> Option<&Batch> {
        self.batches.back()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The batches from `revision` on.
    pub(super) fn since(&self, revision: Revision) -> impl Iterator<Item = &Batch> {
        let first = self.latest.0 + 1 - self.batches.len() as u64;
        let skip = revision.0.saturating_sub(first).min(self.batches.len() as u64);
        self.batches.range(skip as usize..)
    }

    /// Adds the batch of the next revision and lets go of what is too much.
    pub(super) fn push(&mut self, batch: Batch) {
        self.latest = revision_of(&batch);
        self.events += batch.len();
        self.bytes += size_of(&batch);
        self.batches.push_back(batch);
        while self.batches.len() > 1 && (self.events > self.max_events || self.bytes > self.max_bytes) {
            drop(self.pop());
        }
    }

    /// Lets go of the batches before `oldest`, which is at most the latest revision, and returns them.
    pub(super) fn compact(&mut self, oldest: Revision) -> Vec<Batch> {
        let mut forgotten = Vec::new();
        while self.batches.front().is_some_and(|batch| revision_of(batch) < oldest) {
            forgotten.extend(self.pop());
        }
        self.oldest = oldest;
        forgotten
    }

    fn pop(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.events -= batch.len();
        self.bytes -= size_of(&batch);
        self.oldest = revision_of(&batch).next();
        Some(batch)
    }
}

fn size_of(batch: &[Event]) -> usize {
    let size = |event: &Event| {
        event.kv.key.len() + event.kv.value.len() + event.prev.as_ref().map_or(0, |prev| prev.value.len())
    };
    batch.iter().map(size).sum()
}
