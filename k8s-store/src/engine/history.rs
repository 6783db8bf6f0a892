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

/// A batch and how many bytes it holds, so that letting go of it, long after, reads nothing of it.
#[derive(Debug)]
struct Weighed {
    batch: Batch,
    bytes: usize,
}

/// The last transactions, one batch for each revision without a gap.
#[derive(Debug)]
pub(super) struct History {
    batches: VecDeque<Weighed>,
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
        let skip = revision.0.saturating_sub(self.first().0).min(self.batches.len() as u64);
        self.batches.range(skip as usize..).map(|weighed| &weighed.batch)
    }

    /// The revision of the first batch, or the next one if there is none.
    fn first(&self) -> Revision {
        Revision(self.latest.0 + 1 - self.batches.len() as u64)
    }

    /// Adds the batch of the next revision.
    pub(super) fn push(&mut self, batch: Batch) {
        self.latest = revision_of(&batch);
        let bytes = size_of(&batch);
        self.events += batch.len();
        self.bytes += bytes;
        self.batches.push_back(Weighed { batch, bytes });
    }

    /// Takes the last batch back.
    pub(super) fn pop_last(&mut self) -> Option<Batch> {
        let weighed = self.batches.pop_back()?;
        self.latest = self.latest.previous();
        Some(self.forget(weighed))
    }

    /// Lets go of what is too much, but not of the batch of `keep` and those after it, and returns it.
    pub(super) fn trim(&mut self, keep: Revision) -> Vec<Batch> {
        let mut forgotten = Vec::new();
        while (self.events > self.limits.events || self.bytes > self.limits.bytes) && self.first() < keep {
            forgotten.extend(self.pop());
        }
        forgotten
    }

    /// Lets go of the batches before `oldest`, which is at most the latest revision, and returns them.
    pub(super) fn compact(&mut self, oldest: Revision) -> Vec<Batch> {
        let mut forgotten = Vec::new();
        while !self.batches.is_empty() && self.first() < oldest {
            forgotten.extend(self.pop());
        }
        self.oldest = oldest;
        forgotten
    }

    fn pop(&mut self) -> Option<Batch> {
        let weighed = self.batches.pop_front()?;
        self.oldest = self.first();
        Some(self.forget(weighed))
    }

    fn forget(&mut self, Weighed { batch, bytes }: Weighed) -> Batch {
        self.events -= batch.len();
        self.bytes -= bytes;
        batch
    }
}

fn size_of(batch: &[Event]) -> usize {
    let size = |event: &Event| {
        event.kv.key.len() + event.kv.value.len() + event.prev.as_ref().map_or(0, |prev| prev.value.len())
    };
    batch.iter().map(size).sum()
}
