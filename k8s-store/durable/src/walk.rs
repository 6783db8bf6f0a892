use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use k8s_store::engine::Engine;
use k8s_store::{Error, Event, EventKind, KeyRange, KeyValue, Revision, Watch, WatchBatch, WatchOptions};

/// How many keys to look at under one lock.
const PAGE: usize = 256;

/// Visits every key as it was at one revision, while others write.
///
/// It reads the present, piece by piece, and follows what changes from that revision on: the first change of a key
/// since then tells what the key was.
#[derive(Debug)]
pub(crate) struct Walk {
    engine: Arc<Engine>,
    at: Revision,
    batch: Vec<Event>,
    /// What keys that have changed since were, as far as they are still ahead.
    then: HashMap<Bytes, Option<KeyValue>>,
    /// Those of them that were deleted at least once: the present may not have them.
    deleted: BTreeSet<Bytes>,
    watch: Watch,
    after: Option<Bytes>,
    ended: bool,
}

impl Walk {
    /// Begins to visit the contents as of `at`, or of now. Holds at most `buffer` transactions between two steps.
    pub(crate) fn begin(engine: Arc<Engine>, at: Option<Revision>, buffer: usize) -> Result<Self, Error> {
        let at = match at {
            Some(at) => at,
            None => engine.status()?.revision,
        };
        let watch = engine.watch(KeyRange::all(), WatchOptions::since(at).prev().buffer(buffer))?;
        let (batch, then, deleted) = (Vec::new(), HashMap::new(), BTreeSet::new());
        let mut walk = Self { engine, at, batch, then, deleted, watch, after: None, ended: false };
        walk.follow()?;
        Ok(walk)
    }

    pub(crate) fn at(&self) -> Revision {
        self.at
    }

    /// What the transaction of the revision did, if that is still known.
    pub(crate) fn batch(&self) -> &[Event] {
        &self.batch
    }

    /// The next keys in their order, perhaps none; nothing at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<KeyValue>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let (now, _) = self.engine.page(self.after.as_deref(), PAGE)?;
        // Only after the page: what changed before it was read is then known.
        self.follow()?;
        self.ended = now.len() < PAGE;
        let last = if self.ended { None } else { now.last().map(|kv| kv.key.clone()) };
        let page = self.undo(now, last.as_ref());
        self.after = last.or(self.after.take());
        Ok(Some(page))
    }

    /// Puts what keys were in the place of what they are, up to `last`.
    fn undo(&mut self, now: Vec<KeyValue>, last: Option<&Bytes>) -> Vec<KeyValue> {
        let mut deleted = self.take_deleted(last).into_iter().peekable();
        let mut page = Vec::with_capacity(now.len());
        for kv in now {
            while let Some(key) = deleted.next_if(|key| *key < kv.key) {
                page.extend(self.then.remove(&key).flatten());
            }
            deleted.next_if(|key| *key == kv.key);
            match self.then.remove(&kv.key) {
                Some(version) => page.extend(version),
                None => page.push(kv),
            }
        }
        page.extend(deleted.filter_map(|key| self.then.remove(&key).flatten()));
        page
    }

    /// The deleted keys up to `last`, or all.
    fn take_deleted(&mut self, last: Option<&Bytes>) -> BTreeSet<Bytes> {
        let mut ahead = last.map_or_else(BTreeSet::new, |last| self.deleted.split_off(last));
        // The last one belongs to this page.
        if let Some(last) = last.and_then(|last| ahead.take(last)) {
            self.deleted.insert(last);
        }
        std::mem::replace(&mut self.deleted, ahead)
    }

    /// Takes in everything that is published by now.
    fn follow(&mut self) -> Result<(), Error> {
        self.watch.request_progress();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let next = pin!(self.watch.next()).poll(&mut context);
            match next {
                Poll::Ready(Some(Ok(batch))) if batch.is_progress() => return Ok(()),
                Poll::Ready(Some(Ok(batch))) => self.take(batch),
                Poll::Ready(Some(Err(error))) => return Err(error),
                Poll::Ready(None) => return Err(Error::Closed),
                Poll::Pending => return Ok(()),
            }
        }
    }

    fn take(&mut self, batch: WatchBatch) {
        if batch.revision == self.at {
            self.batch = batch.events;
            return;
        }
        for event in batch.events {
            if self.after.as_ref().is_none_or(|after| event.kv.key > *after) {
                if event.kind == EventKind::Delete {
                    self.deleted.insert(event.kv.key.clone());
                }
                self.then.entry(event.kv.key).or_insert(event.prev);
            }
        }
    }
}
