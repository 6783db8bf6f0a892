use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use k8s_api::Status;
use k8s_api_client::WatchEvent;
use tokio::time::{Instant, Sleep};

use super::cache::{Change, Cursor, Found};
use super::{Cache, Selection};

/// How many changes a watcher takes from the log at a time, and how many bytes of objects it thereby keeps alive: one that
/// does not read shall not keep much.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 256 * 1024;
/// How often a watcher that asked for bookmarks gets one.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With what is there, as added.
    State {
        /// Whether a bookmark closes it.
        bookmark: bool,
    },
    /// After this revision.
    After(u64),
}

/// How to watch.
pub(crate) struct WatchPlan {
    pub(crate) start: Start,
    pub(crate) selection: Selection,
    pub(crate) bookmarks: bool,
    pub(crate) timeout: Option<Duration>,
}

/// One watcher's view of a cache.
pub(crate) struct Watcher {
    cache: Arc<Cache>,
    selection: Selection,
    cursor: Cursor,
    /// Changes up to here were not asked for.
    after: u64,
    ready: VecDeque<WatchEvent>,
    /// Everything up to here has been reported.
    seen: u64,
    bookmark: Option<Pin<Box<Sleep>>>,
    deadline: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

impl Watcher {
    /// Starts watching at once.
    ///
    /// # Errors
    /// 410 when changes after the start have been dropped.
    pub(crate) fn start(cache: Arc<Cache>, plan: WatchPlan) -> Result<Self, Status> {
        let WatchPlan { start, selection, bookmarks, timeout } = plan;
        let mut ready = VecDeque::new();
        let (cursor, seen) = match start {
            Start::After(revision) => match cache.subscribe_after(revision) {
                Some(cursor) => (cursor, revision),
                None => {
                    return Err(Status::expired(format!(
                        "too old resource version: {revision} ({})",
                        cache.revision()
                    )));
                }
            },
            Start::State { bookmark } => {
                let (entries, revision, cursor) = cache.subscribe_with_state(&selection);
                let wanted = entries.into_iter().filter(|(_, entry)| selection.matches(entry));
                ready.extend(wanted.map(|(_, entry)| WatchEvent::Added(entry.object().clone())));
                if bookmark {
                    ready.push_back(WatchEvent::Bookmark { revision, initial_events_end: true });
                }
                (cursor, revision)
            }
        };
        let bookmark = bookmarks.then(|| Box::pin(tokio::time::sleep(BOOKMARK_INTERVAL)));
        let deadline = timeout.map(|after| Box::pin(tokio::time::sleep(after)));
        let after = if let Start::After(revision) = start { revision } else { 0 };
        Ok(Self { cache, selection, cursor, after, ready, seen, bookmark, deadline, ended: false })
    }

    fn translate(&self, change: &Change) -> Option<WatchEvent> {
        // A watch may begin in the future.
        if change.revision <= self.after || !self.selection.covers(&change.key) {
            return None;
        }
        let object = || change.entry.object().clone();
        if change.deleted {
            let was = change.prev.as_ref().is_some_and(|prev| self.selection.matches(prev));
            return was.then(|| WatchEvent::Deleted(object()));
        }
        if self.selection.is_everything() {
            return Some(match change.prev {
                None => WatchEvent::Added(object()),
                Some(_) => WatchEvent::Modified(object()),
            });
        }
        let was = change.prev.as_ref().filter(|prev| self.selection.matches(prev));
        match (was, self.selection.matches(&change.entry)) {
            (None, true) => Some(WatchEvent::Added(object())),
            (Some(_), true) => Some(WatchEvent::Modified(object())),
            (Some(prev), false) => Some(WatchEvent::Deleted(prev.object().at_revision(change.revision))),
            (None, false) => None,
        }
    }

    fn poll_bookmark(&mut self, cx: &mut Context<'_>) -> Option<WatchEvent> {
        let timer = self.bookmark.as_mut()?;
        if timer.as_mut().poll(cx).is_pending() {
            return None;
        }
        timer.as_mut().reset(Instant::now() + BOOKMARK_INTERVAL);
        // Registers the timer's waker again; it cannot be due yet.
        let _ = timer.as_mut().poll(cx);
        let reached = self.seen <= self.cache.revision();
        reached.then_some(WatchEvent::Bookmark { revision: self.seen, initial_events_end: false })
    }
}

impl Stream for Watcher {
    type Item = WatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(event));
            }
            match this.cache.poll_changes(&mut this.cursor, cx, BATCH, BATCH_BYTES) {
                Found::Changes(changes, upto) => {
                    let events: Vec<_> = changes.iter().filter_map(|change| this.translate(change)).collect();
                    this.ready.extend(events);
                    this.seen = this.seen.max(upto);
                }
                Found::Lost => {
                    this.ended = true;
                    let status = Status::expired(format!("too old resource version: {}", this.seen));
                    return Poll::Ready(Some(WatchEvent::Error(status)));
                }
                Found::Nothing => {
                    if let Some(deadline) = &mut this.deadline
                        && deadline.as_mut().poll(cx).is_ready()
                    {
                        this.ended = true;
                        continue;
                    }
                    return match this.poll_bookmark(cx) {
                        Some(bookmark) => Poll::Ready(Some(bookmark)),
                        None => Poll::Pending,
                    };
                }
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.cache.unsubscribe(&self.cursor);
    }
}
