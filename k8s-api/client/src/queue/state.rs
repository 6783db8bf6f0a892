use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::time::Instant;

use super::limits::{Bucket, Limits};

/// What is known of all items. Every transition is a method here.
pub(super) struct State<T> {
    /// Where each item stands that somebody must or does work on.
    stands: HashMap<T, Stand, RandomState>,
    /// The items that can be taken, in order.
    ready: VecDeque<T>,
    /// When each delayed item is due.
    due: HashMap<T, Instant, RandomState>,
    /// The same in order of time, then of arrival; entries that `due` does not confirm are void.
    timeline: BinaryHeap<Reverse<Delayed<T>>>,
    arrivals: u64,
    failures: HashMap<T, u32, RandomState>,
    limits: Limits,
    bucket: Bucket,
    shut_down: bool,
}

/// Where an item stands; one that is not in the map needs no work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It waits to be taken.
    Ready,
    /// Somebody works on it.
    Taken,
    /// Somebody works on it, and it must be worked on again.
    TakenAndDirty,
}

struct Delayed<T> {
    due: Instant,
    arrival: u64,
    item: T,
}

/// What a taker should do.
pub(super) enum Next<T> {
    /// Work on this; `more` when others are ready.
    Item { item: T, more: bool },
    /// Wait for an arrival, or until this moment.
    Wait(Option<Instant>),
    /// Go home.
    ShutDown,
}

impl<T: Clone + Eq + Hash> State<T> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            stands: HashMap::default(),
            ready: VecDeque::new(),
            due: HashMap::default(),
            timeline: BinaryHeap::new(),
            arrivals: 0,
            failures: HashMap::default(),
            limits,
            bucket: Bucket::full(&limits),
            shut_down: false,
        }
    }

    /// Marks an item as needing work; whether it has become ready by that.
    pub(super) fn add(&mut self, item: T) -> bool {
        if self.shut_down {
            return false;
        }
        match self.stands.get_mut(&item) {
            Some(Stand::Ready | Stand::TakenAndDirty) => false,
            Some(taken) => {
                *taken = Stand::TakenAndDirty;
                false
            }
            None => {
                self.stands.insert(item.clone(), Stand::Ready);
                self.ready.push_back(item);
                true
            }
        }
    }

    /// Plans an item for later; whether that is now the first moment at which something is due.
    pub(super) fn add_at(&mut self, item: T, due: Instant) -> bool {
        if self.shut_down || self.due.get(&item).is_some_and(|planned| *planned <= due) {
            return false;
        }
        self.due.insert(item.clone(), due);
        let first = self.timeline.peek().is_none_or(|Reverse(first)| due < first.due);
        self.arrivals += 1;
        self.timeline.push(Reverse(Delayed { due, arrival: self.arrivals, item }));
        first
    }

    pub(super) fn next(&mut self, now: Instant) -> Next<T> {
        self.ripen(now);
        if let Some(item) = self.ready.pop_front() {
            self.stands.insert(item.clone(), Stand::Taken);
            return Next::Item { item, more: !self.ready.is_empty() };
        }
        // An item that must be worked on again is still to come when the queue is being shut down.
        if self.shut_down && !self.stands.values().any(|stand| *stand == Stand::TakenAndDirty) {
            return Next::ShutDown;
        }
        Next::Wait(self.timeline.peek().map(|Reverse(first)| first.due))
    }

    /// Ends the work on an item; whether a taker should look again.
    pub(super) fn done(&mut self, item: &T) -> bool {
        if self.stands.remove(item) == Some(Stand::TakenAndDirty) {
            self.stands.insert(item.clone(), Stand::Ready);
            self.ready.push_back(item.clone());
            return true;
        }
        self.shut_down
    }

    pub(super) fn failure_delay(&mut self, item: &T) -> Duration {
        let failures = self.failures.entry(item.clone()).or_default();
        let own = self.limits.item_delay(*failures);
        *failures = failures.saturating_add(1);
        own.max(self.bucket.reserve(&self.limits, Instant::now()))
    }

    pub(super) fn forget(&mut self, item: &T) {
        self.failures.remove(item);
    }

    pub(super) fn failures(&self, item: &T) -> u32 {
        self.failures.get(item).copied().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn shut_down(&mut self) {
        self.shut_down = true;
        self.due.clear();
        self.timeline.clear();
    }

    /// Makes ready what is due.
    fn ripen(&mut self, now: Instant) {
        while let Some(Reverse(first)) = self.timeline.peek() {
            let void = self.due.get(&first.item) != Some(&first.due);
            if !void && first.due > now {
                return;
            }
            let Some(Reverse(Delayed { item, .. })) = self.timeline.pop() else { return };
            if !void {
                self.due.remove(&item);
                self.add(item);
            }
        }
    }
}

impl<T> PartialEq for Delayed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.arrival == other.arrival
    }
}

impl<T> Eq for Delayed<T> {}

impl<T> PartialOrd for Delayed<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Delayed<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.arrival).cmp(&(other.due, other.arrival))
    }
}
