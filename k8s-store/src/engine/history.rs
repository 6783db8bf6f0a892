use std::collections::VecDeque;
use std::sync::Arc;

use super::Limits;
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
    limits: Limits,
}

impl History {
    pub(super) fn new(limits: Limits) -> Self {
        let (latest, oldest) = (Revision::FIRST, Revision::FIRST);
        Self { batches: VecDeque::new(), latest, oldest, events: 0, bytes: 0, limits }
    }

    /// A history that begins with what made `revision`, if that is known.
    pub(super) fn beginning_at(revision: Revision, batch: Option<Batch>, limits: Limits) -> Self {
        let mut history = Self { latest: revision, oldest: revision, ..Self::new(limits) };
        if let Some(batch) = batch {
            history.push(batch);
        }
        history
    }

    pub(super) fn latest(&self) -> Revision {
        self.latest
    }

    /// The oldest revision that can be read, and whose batch is here (the first revision has none).
    pub(super) fn oldest(&self) -> Revision {
        self.oldest
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

    /// Adds the batch of the next revision.
    pub(super) fn push(&mut self, batch: Batch) {
        self.latest = revision_of(&batch);
        self.events += batch.len();
        self.bytes += size_of(&batch);
        self.batches.push_back(batch);
    }

    /// Takes the last batch back.
    pub(super) fn pop_last(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_back()?;
        self.forget_size(&batch);
        self.latest = self.latest.previous();
        Some(batch)
    }

    /// Lets go of what is too much, but not of the batch of `keep` and those after it.
    pub(super) fn trim(&mut self, keep: Revision) {
        while self.events > self.limits.events || self.bytes > self.limits.bytes {
            if self.batches.front().is_none_or(|batch| revision_of(batch) >= keep) {
                return;
            }
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
        self.forget_size(&batch);
        self.oldest = revision_of(&batch).next();
        Some(batch)
    }

    fn forget_size(&mut self, batch: &Batch) {
        self.events -= batch.len();
        self.bytes -= size_of(batch);
    }
}

fn size_of(batch: &[Event]) -> usize {
    let size = |event: &Event| {
        event.kv.key.len() + event.kv.value.len() + event.prev.as_ref().map_or(0, |prev| prev.value.len())
    };
    batch.iter().map(size).sum()
}
