use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_core::Stream;
use k8s_store::{Error, EventKind, Revision, Watch, WatchBatch, WatchSource};

use super::{Defect, HIDDEN, Known};

type Told = Result<WatchBatch, Error>;

/// A watch that tells what it hears as its defect wants it.
pub(super) struct Broken {
    below: Watch,
    defect: Defect,
    known: Arc<Known>,
    opened_at: Revision,
    /// To be told before anything else is heard.
    ready: VecDeque<Told>,
    /// To be told after the next batch.
    late: Option<Told>,
    batches: u64,
    /// How many batches were there at once.
    in_a_row: u64,
}

impl Broken {
    pub(super) fn new(below: Watch, defect: Defect, known: Arc<Known>) -> Self {
        let opened_at = below.opened_at();
        Self { below, defect, known, opened_at, ready: VecDeque::new(), late: None, batches: 0, in_a_row: 0 }
    }

    /// Puts what was heard in line, broken.
    fn hear(&mut self, told: Told) {
        let Ok(mut batch) = told else { return self.ready.push_back(told) };
        if batch.is_progress() {
            if self.defect == Defect::ProgressBehind {
                batch.revision = self.opened_at;
            }
            return self.ready.push_back(Ok(batch));
        }
        batch.events.retain(|event| event.kv.key != HIDDEN);
        self.batches += 1;
        self.in_a_row += 1;
        let n = self.batches;
        match self.defect {
            Defect::DropsDeletions => batch.events.retain(|event| event.kind == EventKind::Put),
            Defect::DropsPartOfABatch if batch.events.len() > 1 => drop(batch.events.pop()),
            Defect::LosesEventsWhenStarved if self.in_a_row == 3 => batch.events.clear(),
            Defect::LosesDeletionWhenCompacted if batch.revision.0 == self.known.compacted.load(Ordering::Acquire) => {
                batch.events.retain(|event| event.kind == EventKind::Put);
            }
            Defect::ForgetsPrevious => batch.events.iter_mut().for_each(|event| event.prev = None),
            Defect::WrongPrevious => batch.events.iter_mut().for_each(|event| {
                event.prev = event.prev.take().map(|_| event.kv.clone());
            }),
            _ => {}
        }
        if batch.events.is_empty() {
            return;
        }
        let late = self.late.take();
        match self.defect {
            Defect::TearsBatches => {
                let revision = batch.revision;
                let parts = batch.events.into_iter().map(|event| WatchBatch { revision, events: vec![event] });
                self.ready.extend(parts.map(Ok));
            }
            Defect::RepeatsBatches if n.is_multiple_of(3) => self.ready.extend([Ok(batch.clone()), Ok(batch)]),
            Defect::GoesBackInTime if n.is_multiple_of(4) => {
                self.late = Some(Ok(batch.clone()));
                self.ready.push_back(Ok(batch));
            }
            Defect::TellsWhatWasNotCommitted if n.is_multiple_of(3) => {
                let mut never = batch.clone();
                never.revision = batch.revision.next();
                for event in &mut never.events {
                    event.kv.mod_revision = never.revision;
                    event.kv.value = "never".into();
                }
                self.ready.extend([Ok(batch), Ok(never)]);
            }
            _ => self.ready.push_back(Ok(batch)),
        }
        self.ready.extend(late);
    }
}

impl WatchSource for Broken {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Told>> {
        let this = &mut *self;
        loop {
            if this.defect == Defect::Reorders
                && this.ready.len() == 1
                && matches!(&this.ready[0], Ok(one) if !one.is_progress())
            {
                // Whatever else is there already goes first.
                if let Poll::Ready(Some(next)) = Pin::new(&mut this.below).poll_next(cx) {
                    this.hear(next);
                    this.ready.rotate_left(1);
                }
            }
            if let Some(told) = this.ready.pop_front() {
                return Poll::Ready(Some(told));
            }
            match Pin::new(&mut this.below).poll_next(cx) {
                Poll::Ready(Some(Err(Error::Overflowed))) if this.defect == Defect::EndsInSilence => {
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(told)) => this.hear(told),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    this.in_a_row = 0;
                    return Poll::Pending;
                }
            }
        }
    }

    fn request_progress(mut self: Pin<&mut Self>) {
        if self.defect == Defect::ProgressAheadOfEvents {
            let revision = Revision(self.known.latest.load(Ordering::Acquire));
            self.ready.push_back(Ok(WatchBatch { revision, events: Vec::new() }));
        } else {
            self.below.request_progress();
        }
    }
}
