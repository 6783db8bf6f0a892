use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use foldhash::fast::RandomState;
use futures_core::Stream;
use k8s_api::Kind;
use parking_lot::Mutex;

use super::Event;

/// From this length on, a queue is compacted each time it has doubled.
const COMPACT_FROM: usize = 4096;

/// The changes of an informer as one subscriber sees them, in order.
///
/// A subscriber that falls behind by thousands of changes gets several changes of one object as one (from its oldest
/// state to its newest), so that the queue never grows much beyond the number of objects.
pub struct Events<K>(Arc<Mutex<Queue<K>>>);

/// Keeps a handler of an informer registered; dropping it ends that.
#[derive(Debug)]
#[must_use = "dropping it ends the registration"]
pub struct Registration(#[expect(dead_code, reason = "it is its being alive that counts")] Arc<()>);

/// Where the changes of an informer go.
pub(super) enum Sink<K> {
    Queue(Weak<Mutex<Queue<K>>>),
    Handler(Weak<()>, Handler<K>),
}

type Handler<K> = Box<dyn Fn(&[Event<K>]) + Send + Sync>;

pub(super) struct Queue<K> {
    waiting: VecDeque<Event<K>>,
    compact_at: usize,
    compact: fn(&mut VecDeque<Event<K>>),
    waker: Option<Waker>,
    closed: bool,
}

impl<K> Sink<K> {
    pub(super) fn handler(handler: Handler<K>) -> (Registration, Self) {
        let alive = Arc::new(());
        let sink = Self::Handler(Arc::downgrade(&alive), handler);
        (Registration(alive), sink)
    }

    /// Hands over a batch; `false` when nobody listens any more.
    pub(super) fn deliver(&self, events: &[Event<K>]) -> bool {
        match self {
            Self::Queue(queue) => {
                let Some(queue) = queue.upgrade() else { return false };
                let mut queue = queue.lock();
                queue.waiting.extend(events.iter().cloned());
                if queue.waiting.len() >= queue.compact_at {
                    let compact = queue.compact;
                    compact(&mut queue.waiting);
                    queue.compact_at = COMPACT_FROM.max(2 * queue.waiting.len());
                }
                queue.wake();
                true
            }
            Self::Handler(alive, handler) => {
                let listens = alive.strong_count() > 0;
                if listens {
                    handler(events);
                }
                listens
            }
        }
    }

    pub(super) fn close(&self) {
        if let Self::Queue(queue) = self
            && let Some(queue) = queue.upgrade()
        {
            let mut queue = queue.lock();
            queue.closed = true;
            queue.wake();
        }
    }
}

impl<K> Queue<K> {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl<K: Kind> Default for Events<K> {
    fn default() -> Self {
        let queue = Queue {
            waiting: VecDeque::new(),
            compact_at: COMPACT_FROM,
            compact: compact::<K>,
            waker: None,
            closed: false,
        };
        Self(Arc::new(Mutex::new(queue)))
    }
}

impl<K> Events<K> {
    pub(super) fn sink(&self) -> Sink<K> {
        Sink::Queue(Arc::downgrade(&self.0))
    }

    /// Waits for the next change; `None` when the informer has ended.
    ///
    /// # Cancellation
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event<K>> {
        std::future::poll_fn(|cx| self.poll(cx, VecDeque::pop_front)).await
    }

    /// Waits for changes and takes all that are there; `None` when the informer has ended.
    ///
    /// # Cancellation
    /// Nothing is lost when the future is dropped.
    pub async fn next_batch(&mut self) -> Option<VecDeque<Event<K>>> {
        let take = |waiting: &mut VecDeque<_>| (!waiting.is_empty()).then(|| std::mem::take(waiting));
        std::future::poll_fn(|cx| self.poll(cx, take)).await
    }

    fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        take: impl FnOnce(&mut VecDeque<Event<K>>) -> Option<T>,
    ) -> Poll<Option<T>> {
        let mut queue = self.0.lock();
        match take(&mut queue.waiting) {
            Some(taken) => Poll::Ready(Some(taken)),
            None if queue.closed => Poll::Ready(None),
            None => {
                queue.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<K> Stream for Events<K> {
    type Item = Event<K>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event<K>>> {
        self.poll(cx, VecDeque::pop_front)
    }
}

/// Merges the changes of each object into at most two: its end and its new beginning stay apart, since they may be two
/// objects of one name.
fn compact<K: Kind>(waiting: &mut VecDeque<Event<K>>) {
    let mut slots: Vec<Option<Event<K>>> = Vec::with_capacity(waiting.len());
    let mut last: HashMap<(String, String), usize, RandomState> = HashMap::default();
    for event in waiting.drain(..) {
        let object = event.object();
        let key = (object.namespace().to_owned(), object.name().to_owned());
        let Some(&at) = last.get(&key) else {
            last.insert(key, slots.len());
            slots.push(Some(event));
            continue;
        };
        match (slots[at].take(), event) {
            (Some(Event::Added(_)), Event::Updated { new, .. }) => slots[at] = Some(Event::Added(new)),
            (Some(Event::Updated { old, .. }), Event::Updated { new, .. }) => {
                slots[at] = Some(Event::Updated { old, new });
            }
            (Some(Event::Updated { .. }), Event::Deleted(end)) => slots[at] = Some(Event::Deleted(end)),
            // What came and went unseen never was; its place may have been taken by a deletion before it.
            (Some(Event::Added(_)), Event::Deleted(_)) => {
                last.remove(&key);
            }
            (earlier, later) => {
                slots[at] = earlier;
                last.insert(key, slots.len());
                slots.push(Some(later));
            }
        }
    }
    waiting.extend(slots.into_iter().flatten());
}

impl<K> fmt::Debug for Events<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Events({} waiting)", self.0.lock().waiting.len())
    }
}
