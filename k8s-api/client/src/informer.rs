//! Shared, indexed caches that follow collections, and ordered streams of what changed in them.
//!
//! In process the objects of a cache are the very ones that the server's own cache shares; an informer adds a map of
//! pointers.
//!
//! Upstream: `k8s.io/client-go/tools/cache`, `k8s.io/client-go/informers`.

mod cache;
mod event;
mod factory;
mod progress;
mod reader;
mod subscriber;

use std::fmt;
use std::sync::Arc;

use k8s_api::{Kind, Object};
use parking_lot::{Mutex, RwLock};

use crate::watcher::{Change, Step, Watcher};
use cache::Cache;
pub use event::Event;
pub use factory::{Informers, Selection};
use progress::{Progress, Stage};
pub use reader::{IndexFn, Reader};
use subscriber::Sink;
pub use subscriber::{Events, Registration};

/// A cache of the objects of one kind that follows the server, and the source of what changes in it.
///
/// Cloning shares the cache. The task that fills it belongs to the [`Informers`] it came from: when those are dropped
/// the cache keeps its last state and all streams end.
///
/// # Ordering
/// Every subscriber sees, in order, every change of every object, after the cache has it; the cache may be further by
/// then. A subscriber that comes late first sees an [`Event::Added`] of everything that is there.
pub struct Informer<K>(Arc<Shared<K>>);

pub(crate) struct Shared<K> {
    cache: RwLock<Cache<K>>,
    /// Held while a batch goes into the cache and out to all, so that a new subscriber misses nothing and sees nothing
    /// twice.
    sinks: Mutex<Vec<Sink<K>>>,
    progress: Progress,
}

impl<K: Kind> Informer<K> {
    fn new() -> Self {
        Self(Arc::new(Shared { cache: RwLock::default(), sinks: Mutex::default(), progress: Progress::new() }))
    }

    /// The cache, for reading.
    pub fn reader(&self) -> Reader<K> {
        Reader(self.0.clone())
    }

    /// Adds an index of the objects by the values that `index` finds in them; it covers what is there already.
    ///
    /// A second index of the same name changes nothing: all users of the informer share the first.
    pub fn add_index(&self, name: &'static str, index: IndexFn<K>) {
        self.0.cache.write().add_index(name, index);
    }

    /// Waits until the cache has been filled once and every subscriber so far was handed its content; `false` when the
    /// informer ended before that.
    pub async fn synced(&self) -> bool {
        self.0.progress.started().await == Stage::Synced
    }

    /// Whether the cache has been filled once.
    pub fn is_synced(&self) -> bool {
        self.0.progress.stage() == Stage::Synced
    }

    /// A stream of everything that changes, beginning with what is there. Dropping it unsubscribes.
    pub fn subscribe(&self) -> Events<K> {
        let events = Events::default();
        self.register(events.sink());
        events
    }

    /// Calls `handler` with every batch of changes, beginning with what is there, from the informer's own task: for
    /// work as short as putting keys into a queue. It must not register further handlers with the same informer.
    ///
    /// Dropping what is returned ends it.
    pub fn handle(&self, handler: impl Fn(&[Event<K>]) + Send + Sync + 'static) -> Registration {
        let (registration, sink) = Sink::handler(Box::new(handler));
        self.register(sink);
        registration
    }

    fn register(&self, sink: Sink<K>) {
        let mut sinks = self.0.sinks.lock();
        let mut present = Vec::new();
        self.0.cache.read().for_each(|object| present.push(Event::Added(object.clone())));
        if !present.is_empty() {
            sink.deliver(&present);
        }
        if self.0.progress.stage() == Stage::Ended {
            sink.close();
        }
        sinks.push(sink);
    }

    async fn follow(self, mut watcher: Watcher) {
        let _end = EndGuard(self.0.clone());
        loop {
            match watcher.next().await {
                Step::Replaced(items) => {
                    let items = items.iter().filter_map(decode).collect();
                    self.0.apply(|cache, events| cache.replace(items, events));
                    self.0.progress.reach(Stage::Synced);
                }
                Step::Changed(changes) => {
                    let changes: Vec<_> = changes.iter().filter_map(decode_change).collect();
                    self.0.apply(|cache, events| changes.into_iter().for_each(|c| cache.change(c, events)));
                }
            }
        }
    }
}

impl<K> Shared<K> {
    fn apply(&self, change: impl FnOnce(&mut Cache<K>, &mut Vec<Event<K>>)) {
        let mut sinks = self.sinks.lock();
        let mut events = Vec::new();
        change(&mut self.cache.write(), &mut events);
        if !events.is_empty() {
            sinks.retain(|sink| sink.deliver(&events));
        }
    }
}

/// Closes all streams when the task ends, however it ends.
struct EndGuard<K>(Arc<Shared<K>>);

impl<K> Drop for EndGuard<K> {
    fn drop(&mut self) {
        self.0.progress.reach(Stage::Ended);
        self.0.sinks.lock().drain(..).for_each(|sink| sink.close());
    }
}

fn decode<K: Kind>(object: &Object) -> Option<Arc<K>> {
    match object.typed() {
        Ok(typed) => Some(typed),
        Err(error) => {
            tracing::error!(kind = K::KIND, ?object, %error, "skipping an object that cannot be decoded");
            None
        }
    }
}

fn decode_change<K: Kind>(change: &Change) -> Option<cache::Change<K>> {
    match change {
        Change::Set(object) => decode(object).map(cache::Change::Set),
        Change::Removed(object) => decode(object).map(cache::Change::Removed),
    }
}

impl<K> Clone for Informer<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Kind> fmt::Debug for Informer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Informer({}, {:?})", K::KIND, self.0.progress.stage())
    }
}
