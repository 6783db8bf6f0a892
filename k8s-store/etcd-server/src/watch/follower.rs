use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::task::AtomicWaker;
use k8s_store::{Error, Event, KeyRange, Revision, Watch, WatchOptions};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::node::{Backend, Node};

/// How much is put into one message when more is ready: so much that the cost of a message is shared by many events,
/// and so little that other watches of the stream get their turn, and one that is not read costs little.
const MOST_EVENTS: usize = 1000;
const MOST_BYTES: usize = 64 << 10;

/// One watch of a stream, as a stream of what happens to it. It ends when it is cancelled or has failed.
///
/// A watch that falls behind its buffer is opened again from where it was, so that it reads history instead. Only
/// compaction can end it, as with etcd.
pub(super) struct Follower {
    id: i64,
    node: Arc<Node>,
    range: KeyRange,
    options: WatchOptions,
    control: Arc<Control>,
    state: State,
    /// Came after events that are on their way.
    next: Option<Result<Happening, Error>>,
    /// The last revision that nothing is missing up to.
    seen: Revision,
}

enum State {
    Open(Watch),
    Opening(BoxFuture<'static, Result<Watch, Error>>),
    Ended,
}

/// What happens to a watch.
pub(super) enum Happening {
    /// Changes, those of one revision whole, up to this revision.
    Events(Revision, Vec<Event>),
    /// Nothing more comes at or below this revision.
    Progress(Revision),
}

/// What the stream tells its watches.
#[derive(Debug, Default)]
pub(super) struct Control {
    cancelled: AtomicBool,
    progress_wanted: AtomicBool,
    waker: AtomicWaker,
}

impl Control {
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Makes the watch report progress, as of now or later. Several requests may be answered by one report.
    pub(super) fn request_progress(&self) {
        self.progress_wanted.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl Follower {
    pub(super) fn new(id: i64, node: Arc<Node>, range: KeyRange, options: WatchOptions, watch: Watch) -> Self {
        // Without a start the watch begins after now.
        let seen = options.start.map_or(watch.opened_at(), Revision::previous);
        let (control, state) = (Arc::default(), State::Open(watch));
        Self { id, node, range, options, control, state, next: None, seen }
    }

    pub(super) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    fn reopen(&mut self) {
        let options = WatchOptions { start: Some(self.seen.next()), ..self.options };
        let (store, range): (Arc<dyn Backend>, _) = (Arc::clone(&self.node.store), self.range.clone());
        self.state = State::Opening(Box::pin(async move { store.watch(range, options).await }));
    }

    fn poll_happening(&mut self, cx: &mut Context<'_>) -> Poll<Result<Happening, Error>> {
        loop {
            match &mut self.state {
                State::Ended => return Poll::Pending,
                State::Opening(opening) => self.state = State::Open(ready!(opening.as_mut().poll(cx))?),
                State::Open(watch) => {
                    if self.control.progress_wanted.swap(false, Ordering::AcqRel) {
                        watch.request_progress();
                    }
                    match ready!(Pin::new(watch).poll_next(cx)) {
                        Some(Ok(batch)) => {
                            self.seen = self.seen.max(batch.revision);
                            let happening = if batch.is_progress() {
                                Happening::Progress(batch.revision)
                            } else {
                                Happening::Events(batch.revision, batch.events)
                            };
                            return Poll::Ready(Ok(happening));
                        }
                        Some(Err(Error::Overflowed)) => {
                            // A report that was asked for and not made yet is owed by the new watch.
                            self.control.progress_wanted.store(true, Ordering::Release);
                            self.reopen();
                        }
                        Some(Err(error)) => return Poll::Ready(Err(error)),
                        None => return Poll::Ready(Err(Error::Closed)),
                    }
                }
            }
        }
    }

    /// Adds to events what else is ready.
    fn gather(&mut self, mut last: Revision, mut events: Vec<Event>, cx: &mut Context<'_>) -> Happening {
        let mut bytes: usize = events.iter().map(size).sum();
        while events.len() < MOST_EVENTS && bytes < MOST_BYTES {
            match self.poll_happening(cx) {
                Poll::Ready(Ok(Happening::Events(revision, more))) => {
                    bytes += more.iter().map(size).sum::<usize>();
                    events.extend(more);
                    last = revision;
                }
                Poll::Ready(other) => {
                    self.next = Some(other);
                    break;
                }
                Poll::Pending => break,
            }
        }
        Happening::Events(last, events)
    }
}

fn size(event: &Event) -> usize {
    event.kv.key.len() + event.kv.value.len() + event.prev.as_ref().map_or(0, |kv| kv.value.len())
}

impl Stream for Follower {
    type Item = (i64, Result<Happening, Error>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        // Before anything is looked at, so that what is told after that wakes.
        this.control.waker.register(cx.waker());
        if this.control.cancelled.load(Ordering::Acquire) {
            this.state = State::Ended;
        }
        if matches!(this.state, State::Ended) {
            return Poll::Ready(None);
        }
        let happening = match this.next.take() {
            Some(happening) => happening,
            None => match ready!(this.poll_happening(cx)) {
                Ok(Happening::Events(last, events)) => Ok(this.gather(last, events, cx)),
                other => other,
            },
        };
        if happening.is_err() {
            this.state = State::Ended;
        }
        Poll::Ready(Some((this.id, happening)))
    }
}
