use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use k8s_api::{Object, Status};
use k8s_store::{EventKind, KeyRange, RangeOptions, Revision, Store, Watch, WatchOptions};
use parking_lot::Mutex;

use super::{Entry, Form, Selection, store_status};
use crate::core::relative;

/// How many changes of one resource are kept for watchers that start late or fall behind.
const LOG_CAPACITY: usize = 4096;
/// How many bytes of objects that are no more the log of one resource keeps alive.
const LOG_BYTES: usize = 32 << 20;
/// So many changes are kept however large they are.
const LOG_FLOOR: usize = 8;

/// The objects of one resource as of the store's newest revision, and its latest changes.
///
/// One store watch feeds it. Whoever reads first takes in what the watch has ready, so a reader never waits for a task
/// to run: with a store that answers at once, a read after a write costs no suspension. A driver task does the same
/// when nobody reads.
///
/// # Ordering
/// Changes enter in revision order under one lock, and watchers see them in that order.
///
/// # Limits
/// The log holds [`LOG_CAPACITY`] changes, fewer if they keep more than [`LOG_BYTES`] of replaced and deleted objects in
/// memory as they are stored; decoded forms come on top. A watcher whose next change has been dropped is told 410.
#[derive(Debug)]
pub(crate) struct Cache {
    prefix: String,
    form: Form,
    store: Arc<dyn Store>,
    state: Mutex<State>,
}

/// One change, shared by all watchers.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: String,
    pub(crate) prev: Option<Entry>,
    /// The object after the change, or for a deletion its last state at the revision of the deletion.
    pub(crate) entry: Entry,
    pub(crate) deleted: bool,
}

#[derive(Debug)]
struct State {
    objects: BTreeMap<String, Entry>,
    /// Everything up to here is in.
    revision: u64,
    log: VecDeque<Arc<Change>>,
    /// The sum of what the changes in the log [keep](Change::keeps).
    log_bytes: usize,
    /// The sequence number of the first change in the log.
    first: u64,
    /// Changes at or below this revision may have been dropped from the log.
    forgotten: u64,
    /// The revision of the list that the log continues.
    listed: u64,
    watch: Option<Watch>,
    driver: Waker,
    /// Watchers that wait for a change, by their number, woken in that order.
    waiting: BTreeMap<u64, Waker>,
    /// Readers that wait for a revision.
    reaching: Vec<Waker>,
    next_watcher: u64,
    /// Typed objects that writers of this process have committed and the watch has not yet brought.
    offers: BTreeMap<u64, Object>,
}

impl Change {
    /// The bytes that nobody but the log needs: each state of an object is replaced or deleted once.
    fn keeps(&self) -> usize {
        self.prev.as_ref().map_or(0, |prev| prev.object().body().len())
    }

    fn size(&self) -> usize {
        self.entry.object().body().len()
    }
}

/// Where a watcher stands in the log.
#[derive(Debug)]
pub(crate) struct Cursor {
    pub(crate) watcher: u64,
    next: u64,
}

/// What a watcher finds in the log.
pub(crate) enum Found {
    /// These changes, and the revision up to which there is nothing more.
    Changes(Vec<Arc<Change>>, u64),
    /// Nothing yet; the waker is kept.
    Nothing,
    /// The next change has been dropped.
    Lost,
}

impl Cache {
    /// Reads the collection and begins to follow it.
    pub(crate) async fn open(prefix: String, form: Form, store: Arc<dyn Store>) -> Result<Arc<Self>, Status> {
        let cache = Self {
            prefix,
            form,
            store,
            state: Mutex::new(State {
                objects: BTreeMap::new(),
                revision: 0,
                log: VecDeque::new(),
                log_bytes: 0,
                first: 0,
                forgotten: 0,
                listed: 0,
                watch: None,
                driver: Waker::noop().clone(),
                waiting: BTreeMap::new(),
                reaching: Vec::new(),
                next_watcher: 0,
                offers: BTreeMap::new(),
            }),
        };
        cache.relist().await?;
        Ok(Arc::new(cache))
    }

    /// Takes changes in as the store reports them. Runs until dropped.
    pub(crate) async fn drive(self: Arc<Self>) {
        loop {
            poll_fn(|cx| self.poll_broken(cx)).await;
            if let Err(error) = self.relist().await {
                tracing::warn!(prefix = self.prefix, %error, "listing again for the watch cache");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }

    /// The store's newest revision, with everything up to it taken in.
    pub(crate) async fn fresh(&self) -> Result<u64, Status> {
        let latest = self.store.status().await.map_err(store_status)?.revision.0;
        self.reach(latest).await?;
        Ok(latest)
    }

    /// Waits until everything up to `revision` is in.
    pub(crate) async fn reach(&self, revision: u64) -> Result<(), Status> {
        poll_fn(|cx| {
            let mut state = self.state.lock();
            let mut wake = self.take_in(&mut state);
            if state.revision < revision
                && let Some(watch) = &mut state.watch
            {
                watch.request_progress();
                wake.extend(self.take_in(&mut state));
            }
            let reached = state.revision >= revision;
            if !reached {
                state.reaching.push(cx.waker().clone());
            }
            drop(state);
            wake_all(wake);
            if reached { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Ok(())
    }

    /// Hands over what a writer has just committed, so that its typed form need not be decoded again.
    pub(crate) fn offer(&self, object: Object) {
        let mut state = self.state.lock();
        if state.revision < object.revision() {
            state.offers.insert(object.revision(), object);
        } else if let Some(entry) = state.objects.get(&relative(&object.meta().namespace, &object.meta().name)) {
            // Somebody else took the change in first, without it.
            entry.object().share_typed(&object);
        }
        let wake = self.take_in(&mut state);
        drop(state);
        wake_all(wake);
    }

    /// Takes in what the store's watch has ready, after a deletion by this process.
    pub(crate) fn take_in_now(&self) {
        let mut state = self.state.lock();
        let wake = self.take_in(&mut state);
        drop(state);
        wake_all(wake);
    }

    /// One object, as of what has been taken in.
    pub(crate) fn get(&self, key: &str) -> Option<Object> {
        self.state.lock().objects.get(key).map(|entry| entry.object().clone())
    }

    /// All entries in scope, in key order, as of the revision returned.
    pub(crate) fn snapshot(&self, selection: &Selection) -> (Vec<(String, Entry)>, u64) {
        let state = self.state.lock();
        (state.in_scope(selection), state.revision)
    }

    /// Visits every object in key order, under the lock: `visit` must be brief.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Object)) {
        self.state.lock().objects.values().for_each(|entry| visit(entry.object()));
    }

    /// The revision of the newest change that has been taken in; a list of all counts as one.
    pub(crate) fn changed(&self) -> u64 {
        self.take_in_now();
        let state = self.state.lock();
        state.log.back().map_or(state.listed, |change| change.revision)
    }

    /// The revision that has been taken in.
    pub(crate) fn revision(&self) -> u64 {
        self.state.lock().revision
    }

    /// Begins to watch after `after`; `None` when changes behind it have been dropped.
    pub(crate) fn subscribe_after(&self, after: u64) -> Option<Cursor> {
        let mut state = self.state.lock();
        if after < state.forgotten {
            return None;
        }
        let skipped = state.log.partition_point(|change| change.revision <= after) as u64;
        let next = state.first + skipped;
        Some(state.cursor(next))
    }

    /// Begins to watch with what is there now.
    pub(crate) fn subscribe_with_state(&self, selection: &Selection) -> (Vec<(String, Entry)>, u64, Cursor) {
        let mut state = self.state.lock();
        let next = state.first + state.log.len() as u64;
        (state.in_scope(selection), state.revision, state.cursor(next))
    }

    /// The next changes for a watcher, `most` of them and not many more `bytes`; keeps the waker when there are none.
    pub(crate) fn poll_changes(&self, cursor: &mut Cursor, cx: &mut Context<'_>, most: usize, bytes: usize) -> Found {
        let mut state = self.state.lock();
        let end = state.first + state.log.len() as u64;
        if cursor.next < state.first {
            return Found::Lost;
        }
        if cursor.next == end {
            state.waiting.insert(cursor.watcher, cx.waker().clone());
            return Found::Nothing;
        }
        let from = (cursor.next - state.first) as usize;
        let mut taken = 0;
        let fits = |change: &&Arc<Change>| {
            let goes_on = taken < bytes;
            taken += change.size();
            goes_on
        };
        let changes: Vec<_> = state.log.range(from..).take(most).take_while(fits).cloned().collect();
        cursor.next += changes.len() as u64;
        let upto = if cursor.next == end { state.revision } else { changes.last().map_or(0, |c| c.revision) };
        Found::Changes(changes, upto)
    }

    pub(crate) fn unsubscribe(&self, cursor: &Cursor) {
        self.state.lock().waiting.remove(&cursor.watcher);
    }

    async fn relist(&self) -> Result<(), Status> {
        let page = self
            .store
            .range(KeyRange::prefix(self.prefix.clone()), RangeOptions::latest())
            .await
            .map_err(store_status)?;
        let options = WatchOptions::after(page.revision).prev().buffer(usize::MAX);
        let watch = self.store.watch(KeyRange::prefix(self.prefix.clone()), options).await.map_err(store_status)?;
        let mut objects = BTreeMap::new();
        for kv in page.items {
            match self.form.read(kv.value, kv.mod_revision.0) {
                Ok(object) => drop(objects.insert(self.relative(&kv.key), Entry::new(object))),
                Err(error) => tracing::error!(key = ?kv.key, %error, "a stored object cannot be read"),
            }
        }
        let mut state = self.state.lock();
        // Whoever watched before cannot know what happened in between: an empty log with a higher first number
        // tells them so.
        state.first += state.log.len() as u64 + 1;
        state.log.clear();
        state.log_bytes = 0;
        state.objects = objects;
        state.revision = page.revision.0;
        state.forgotten = page.revision.0;
        state.listed = page.revision.0;
        state.watch = Some(watch);
        let mut wake: Vec<Waker> = std::mem::take(&mut state.waiting).into_values().collect();
        wake.append(&mut state.reaching);
        let driver = state.driver.clone();
        drop(state);
        wake_all(wake);
        driver.wake();
        Ok(())
    }

    fn poll_broken(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        state.driver.clone_from(cx.waker());
        let wake = self.take_in(&mut state);
        let broken = state.watch.is_none();
        drop(state);
        wake_all(wake);
        if broken { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Takes in all that the store's watch has ready; returns whom to wake once the lock is gone.
    fn take_in(&self, state: &mut State) -> Vec<Waker> {
        // The watch keeps the waker of its last poll, so every poll is made in the driver's name.
        let driver = state.driver.clone();
        let mut cx = Context::from_waker(&driver);
        let (before, changes) = (state.revision, state.first + state.log.len() as u64);
        let mut watch = state.watch.take();
        while let Some(source) = &mut watch {
            let polled = std::pin::pin!(source.next()).poll(&mut cx);
            match polled {
                Poll::Ready(Some(Ok(batch))) => {
                    for event in batch.events {
                        self.apply(state, event);
                    }
                    state.revision = state.revision.max(batch.revision.0);
                }
                Poll::Ready(Some(Err(error))) => {
                    tracing::warn!(prefix = self.prefix, %error, "the store's watch broke");
                    watch = None;
                }
                Poll::Ready(None) => watch = None,
                Poll::Pending => break,
            }
        }
        if watch.is_none() {
            driver.wake_by_ref();
        }
        state.watch = watch;
        if state.revision == before {
            return Vec::new();
        }
        state.offers = state.offers.split_off(&(state.revision + 1));
        let mut wake = std::mem::take(&mut state.reaching);
        // A read that only learnt that nothing has changed must not wake every watcher.
        if state.first + state.log.len() as u64 != changes {
            wake.extend(std::mem::take(&mut state.waiting).into_values());
        }
        wake
    }

    fn apply(&self, state: &mut State, event: k8s_store::Event) {
        let key = self.relative(&event.kv.key);
        let revision = event.kv.mod_revision.0;
        let change = match event.kind {
            EventKind::Put => {
                let object = match state.offers.remove(&revision).filter(|o| *o.body() == event.kv.value) {
                    Some(object) => object,
                    None => match self.form.read(event.kv.value, revision) {
                        Ok(object) => object,
                        Err(error) => return tracing::error!(key, %error, "a stored object cannot be read"),
                    },
                };
                let entry = Entry::new(object);
                let prev = state.objects.insert(key.clone(), entry.clone());
                Change { revision, key, prev, entry, deleted: false }
            }
            EventKind::Delete => {
                let Some(prev) = state.objects.remove(&key) else { return };
                let entry = Entry::new(prev.object().at_revision(revision));
                Change { revision, key, prev: Some(prev), entry, deleted: true }
            }
        };
        state.remember(change);
    }

    fn relative(&self, key: &[u8]) -> String {
        String::from_utf8_lossy(key.get(self.prefix.len()..).unwrap_or_default()).into_owned()
    }

    /// Reads the collection as it was at an older revision, from the store.
    pub(crate) async fn at_revision(
        &self,
        selection: &Selection,
        from: &str,
        revision: u64,
        limit: usize,
    ) -> Result<(Vec<(String, Entry)>, bool), Status> {
        let start = format!("{}{}", self.prefix, if from.is_empty() { &selection.scope } else { from });
        let end = prefix_end(&format!("{}{}", self.prefix, selection.scope));
        let options = RangeOptions::at(Revision(revision)).limit(limit);
        let page = self.store.range(KeyRange::range(start, end), options).await.map_err(store_status)?;
        let mut entries = Vec::with_capacity(page.items.len());
        for kv in page.items {
            let object = self.form.read(kv.value, kv.mod_revision.0)?;
            entries.push((self.relative(&kv.key), Entry::new(object)));
        }
        Ok((entries, page.more))
    }
}

impl State {
    /// Appends to the log and drops from it what is too much.
    fn remember(&mut self, change: Change) {
        self.log_bytes += change.keeps();
        self.log.push_back(Arc::new(change));
        while self.log.len() > LOG_CAPACITY || (self.log_bytes > LOG_BYTES && self.log.len() > LOG_FLOOR) {
            let Some(dropped) = self.log.pop_front() else { return };
            self.log_bytes -= dropped.keeps();
            self.first += 1;
            self.forgotten = dropped.revision;
        }
    }

    fn in_scope(&self, selection: &Selection) -> Vec<(String, Entry)> {
        let take = |(key, entry): (&String, &Entry)| (key.clone(), entry.clone());
        if selection.scope.is_empty() {
            return self.objects.iter().map(take).collect();
        }
        self.objects
            .range::<str, _>((std::ops::Bound::Included(selection.scope.as_str()), std::ops::Bound::Unbounded))
            .take_while(|(key, _)| selection.covers(key))
            .map(take)
            .collect()
    }

    fn cursor(&mut self, next: u64) -> Cursor {
        let watcher = self.next_watcher;
        self.next_watcher += 1;
        Cursor { watcher, next }
    }
}

/// The first key behind all that begin with `prefix`.
fn prefix_end(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            break;
        }
    }
    end
}

fn wake_all(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}
