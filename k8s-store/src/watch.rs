use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use crate::{Error, Event, EventKind, Revision};

/// How to follow a range. The default follows every change from now on, without previous values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchOptions {
    /// The first revision wanted, which may be in the future; none is the one after now.
    pub start: Option<Revision>,
    /// Fill [`Event::prev`].
    pub prev: bool,
    /// Report progress after this long without an event, which must not be zero and needs a tokio runtime with time.
    /// It can also be [asked for](Watch::request_progress).
    pub progress: Option<Duration>,
    /// How many undelivered batches to hold before the watch is given up with [`Error::Overflowed`]. At least 1.
    /// Backends may hold more, and history that is replayed does not count.
    pub buffer: usize,
    /// Which kinds of change to report.
    pub filter: EventFilter,
}

/// Which kinds of change a watch reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventFilter {
    /// Writes and deletions.
    #[default]
    All,
    /// Writes only.
    Puts,
    /// Deletions only.
    Deletes,
}

/// The changes that one transaction made in a watched range, or a report of progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchBatch {
    /// The transaction's revision. Without events: nothing more comes at or below this revision.
    pub revision: Revision,
    /// In the order in which the transaction made them, each key at most once. Empty for a report of progress.
    pub events: Vec<Event>,
}

/// A stream of the changes in a range, one batch per transaction that made any.
///
/// # Ordering
/// Revisions rise from batch to batch; a report of progress may repeat the revision of the batch before it.
///
/// # End
/// An error is the last item: [`Error::Overflowed`] if the reader was too slow, [`Error::Compacted`] if the history it
/// still needed is gone, [`Error::Closed`] if the store is. What came before the error is complete up to its last
/// revision, so a new watch from the revision after it misses nothing.
///
/// # Cancellation
/// Dropping a call of [`Watch::next`] loses nothing. Dropping the watch ends it.
pub struct Watch {
    opened_at: Revision,
    source: Pin<Box<dyn WatchSource>>,
}

/// What a backend implements to hand out a [`Watch`].
///
/// `poll_next` follows the rules of [`Watch`]; after an error it is not called again.
pub trait WatchSource: Send + 'static {
    /// The next batch.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>>;

    /// Delivers a report of progress as soon as everything up to the store's revision as of this call is delivered.
    fn request_progress(self: Pin<&mut Self>);
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { start: None, prev: false, progress: None, buffer: 1024, filter: EventFilter::All }
    }
}

impl WatchOptions {
    /// Follows changes from now on.
    pub fn from_now() -> Self {
        Self::default()
    }

    /// Follows changes from `revision` on, itself included.
    pub fn since(revision: Revision) -> Self {
        Self { start: Some(revision), ..Self::default() }
    }

    /// Follows changes after `revision`: where to go on from a list that was read at `revision`.
    pub fn after(revision: Revision) -> Self {
        Self::since(revision.next())
    }

    /// Fills [`Event::prev`].
    pub fn prev(self) -> Self {
        Self { prev: true, ..self }
    }

    /// Reports progress after each `interval` without an event.
    pub fn progress(self, interval: Duration) -> Self {
        Self { progress: Some(interval), ..self }
    }

    /// Holds up to `batches` undelivered batches.
    pub fn buffer(self, batches: usize) -> Self {
        Self { buffer: batches, ..self }
    }

    /// Reports only some kinds of change.
    pub fn filter(self, filter: EventFilter) -> Self {
        Self { filter, ..self }
    }
}

impl EventFilter {
    /// Whether events of `kind` pass.
    pub fn passes(self, kind: EventKind) -> bool {
        match self {
            Self::All => true,
            Self::Puts => kind == EventKind::Put,
            Self::Deletes => kind == EventKind::Delete,
        }
    }
}

impl WatchBatch {
    /// Whether this only reports progress.
    pub fn is_progress(&self) -> bool {
        self.events.is_empty()
    }
}

impl Watch {
    /// A watch over `source`, opened when the store was at `opened_at`. For backends.
    pub fn new(opened_at: Revision, source: impl WatchSource) -> Self {
        Self { opened_at, source: Box::pin(source) }
    }

    /// The store's revision when the watch was opened.
    pub fn opened_at(&self) -> Revision {
        self.opened_at
    }

    /// The next batch; none after the end.
    ///
    /// # Errors
    /// See [`Watch`]; nothing comes after an error.
    pub async fn next(&mut self) -> Option<Result<WatchBatch, Error>> {
        poll_fn(|cx| self.source.as_mut().poll_next(cx)).await
    }

    /// Asks for a report of progress: a batch without events whose revision is at least the store's revision as of
    /// this call, delivered after all events up to it. Several requests may be answered by one report.
    pub fn request_progress(&mut self) {
        self.source.as_mut().request_progress();
    }
}

impl Stream for Watch {
    type Item = Result<WatchBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.source.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("opened_at", &self.opened_at).finish_non_exhaustive()
    }
}
