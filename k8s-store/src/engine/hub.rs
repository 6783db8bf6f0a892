use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};

use super::history::{Batch, revision_of};
use crate::{Error, Event, EventFilter, KeyRange, Revision};

/// Hands batches to the watches.
///
/// A writer queues its batch under the state's lock, which fixes the order, and hands it on after letting go of that
/// lock. Lock order: seats before state, seats before queue, state before queue; wakers run under none.
#[derive(Debug, Default)]
pub(super) struct Hub {
    queued: Mutex<VecDeque<Batch>>,
    seats: Mutex<Seats>,
    open: AtomicUsize,
    /// Everything at or below this revision is in the seats that want it.
    dispatched: AtomicU64,
}

/// The open watches, by what they watch. Watches of one key are found by it; the rest are asked range by range, so
/// that a write costs little for the watches of other keys and nothing for many watches of one other range.
#[derive(Debug, Default)]
pub(super) struct Seats {
    of_keys: BTreeMap<Bytes, Group>,
    of_ranges: BTreeMap<KeyRange, Group>,
    last_id: u64,
}

type Group = BTreeMap<u64, Arc<Seat>>;

/// Where one watch finds its batches.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: u64,
    filter: EventFilter,
    buffer: usize,
    inbox: Mutex<Inbox>,
}

#[derive(Debug)]
struct Inbox {
    batches: VecDeque<Batch>,
    /// The last revision that was put in, or that the watch does not want.
    last: Revision,
    waker: Option<Waker>,
    end: Option<Error>,
}

/// What a watch found in its seat.
pub(super) enum Found {
    Batches,
    Nothing,
    End(Error),
}

impl Hub {
    /// Queues `batch` if anybody watches. The caller holds the state's lock, and calls [`Hub::dispatch`] after it if
    /// this says so.
    pub(super) fn enqueue(&self, batch: &Batch) -> bool {
        // A watch counts itself before it reads the state, so whoever is not counted yet will find the batch there.
        if self.open.load(Ordering::Acquire) == 0 {
            return false;
        }
        self.queued.lock().push_back(Arc::clone(batch));
        true
    }

    /// Hands out all that is queued. Returns after that is done, by whomever.
    pub(super) fn dispatch(&self) {
        let mut woken = Vec::new();
        {
            let seats = self.seats.lock();
            while let Some(batch) = self.next_queued() {
                seats.deliver(&batch, &mut woken);
                self.dispatched.store(revision_of(&batch).0, Ordering::Release);
            }
        }
        woken.into_iter().for_each(Waker::wake);
    }

    fn next_queued(&self) -> Option<Batch> {
        self.queued.lock().pop_front()
    }

    pub(super) fn dispatched(&self) -> Revision {
        Revision(self.dispatched.load(Ordering::Acquire))
    }

    /// Keeps batches from being handed out and counts one watch more, for opening one.
    pub(super) fn admit(&self) -> MutexGuard<'_, Seats> {
        let seats = self.seats.lock();
        self.open.fetch_add(1, Ordering::AcqRel);
        seats
    }

    /// Takes back the count of [`Hub::admit`] for a watch that was not opened.
    pub(super) fn dismiss(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn leave(&self, range: &KeyRange, id: u64) {
        let left = self.seats.lock().remove(range, id);
        drop(left);
        self.dismiss();
    }

    pub(super) fn close(&self) {
        let mut woken = Vec::new();
        {
            let seats = self.seats.lock();
            for group in seats.of_keys.values().chain(seats.of_ranges.values()) {
                woken.extend(group.values().filter_map(|seat| seat.finish(Error::Closed)));
            }
        }
        woken.into_iter().for_each(Waker::wake);
    }
}

impl Seats {
    /// Adds a watch that wants what comes after `last`.
    pub(super) fn add(&mut self, range: &KeyRange, last: Revision, buffer: usize, filter: EventFilter) -> Arc<Seat> {
        self.last_id += 1;
        let inbox = Inbox { batches: VecDeque::new(), last, waker: None, end: None };
        let seat = Arc::new(Seat { id: self.last_id, filter, buffer: buffer.max(1), inbox: Mutex::new(inbox) });
        let group = match range.as_one() {
            Some(key) => self.of_keys.entry(key.clone()).or_default(),
            None => self.of_ranges.entry(range.clone()).or_default(),
        };
        group.insert(seat.id, Arc::clone(&seat));
        seat
    }

    fn remove(&mut self, range: &KeyRange, id: u64) -> Option<Arc<Seat>> {
        match range.as_one() {
            Some(key) => remove(&mut self.of_keys, key, id),
            None => remove(&mut self.of_ranges, range, id),
        }
    }

    fn deliver(&self, batch: &Batch, woken: &mut Vec<Waker>) {
        for event in batch.iter() {
            let key = &event.kv.key;
            // Ranges are sorted by their start: none after the key can hold it.
            let before = self.of_ranges.iter().take_while(|(range, _)| range.start() <= key);
            let of_ranges = before.filter(|(range, _)| range.contains(key)).map(|(_, group)| group);
            for group in self.of_keys.get(key).into_iter().chain(of_ranges) {
                woken.extend(group.values().filter_map(|seat| seat.put(batch, event)));
            }
        }
    }
}

fn remove<K: Ord>(groups: &mut BTreeMap<K, Group>, key: &K, id: u64) -> Option<Arc<Seat>> {
    let group = groups.get_mut(key)?;
    let seat = group.remove(&id);
    if group.is_empty() {
        groups.remove(key);
    }
    seat
}

impl Seat {
    /// Puts `batch` in for the sake of `event`, once; returns whom to wake.
    fn put(&self, batch: &Batch, event: &Event) -> Option<Waker> {
        if !self.filter.passes(event.kind) {
            return None;
        }
        let mut inbox = self.inbox.lock();
        let revision = event.kv.mod_revision;
        if inbox.end.is_some() || revision <= inbox.last {
            return None;
        }
        inbox.last = revision;
        if inbox.batches.len() < self.buffer {
            inbox.batches.push_back(Arc::clone(batch));
        } else {
            inbox.end = Some(Error::Overflowed);
        }
        inbox.waker.take()
    }

    fn finish(&self, end: Error) -> Option<Waker> {
        let mut inbox = self.inbox.lock();
        inbox.end.get_or_insert(end);
        inbox.waker.take()
    }

    /// Moves what is there into `ready`, which is empty, or leaves `waker` to be woken by the next.
    pub(super) fn take(&self, ready: &mut VecDeque<Batch>, waker: &Waker) -> Found {
        let mut inbox = self.inbox.lock();
        if !inbox.batches.is_empty() {
            mem::swap(&mut inbox.batches, ready);
            return Found::Batches;
        }
        if let Some(end) = &inbox.end {
            return Found::End(end.clone());
        }
        if !inbox.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            // Dropping a waker may run foreign code, which must not find the lock held.
            let old = inbox.waker.replace(waker.clone());
            drop(inbox);
            drop(old);
        }
        Found::Nothing
    }
}
