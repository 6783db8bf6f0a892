use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::QueuedPod;
use crate::PodInfo;
use crate::profile::Profiles;

/// A binary heap of pods in the order of the profiles' queue sort, from which any pod can be removed.
///
/// Pods that compare equal come out in the order in which they went in.
#[derive(Debug, Default)]
pub(super) struct Heap {
    entries: Vec<Entry>,
    places: HashMap<Arc<str>, usize, foldhash::fast::RandomState>,
    arrivals: u64,
}

#[derive(Debug)]
struct Entry {
    arrival: u64,
    queued: QueuedPod,
}

impl Heap {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn contains(&self, uid: &str) -> bool {
        self.places.contains_key(uid)
    }

    pub(super) fn push(&mut self, queued: QueuedPod, order: &Profiles) {
        self.remove(&queued.pod.uid, order);
        self.arrivals += 1;
        let at = self.entries.len();
        self.places.insert(queued.pod.uid.clone(), at);
        self.entries.push(Entry { arrival: self.arrivals, queued });
        self.rise(at, order);
    }

    pub(super) fn pop(&mut self, order: &Profiles) -> Option<QueuedPod> {
        if self.entries.is_empty() { None } else { Some(self.take(0, order)) }
    }

    pub(super) fn remove(&mut self, uid: &str, order: &Profiles) -> Option<QueuedPod> {
        let at = *self.places.get(uid)?;
        Some(self.take(at, order))
    }

    /// Replaces a pod by its new state, if it is here.
    pub(super) fn update(&mut self, pod: &Arc<PodInfo>, order: &Profiles) -> bool {
        let Some(&at) = self.places.get(&pod.uid) else { return false };
        self.entries[at].queued.pod = pod.clone();
        let at = self.rise(at, order);
        self.sink(at, order);
        true
    }

    fn take(&mut self, at: usize, order: &Profiles) -> QueuedPod {
        let entry = self.entries.swap_remove(at);
        self.places.remove(&entry.queued.pod.uid);
        if let Some(moved) = self.entries.get(at) {
            self.places.insert(moved.queued.pod.uid.clone(), at);
            let at = self.rise(at, order);
            self.sink(at, order);
        }
        entry.queued
    }

    fn rise(&mut self, mut at: usize, order: &Profiles) -> usize {
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.before(at, parent, order) {
                break;
            }
            self.swap(at, parent);
            at = parent;
        }
        at
    }

    fn sink(&mut self, mut at: usize, order: &Profiles) {
        loop {
            let mut first = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.entries.len() && self.before(child, first, order) {
                    first = child;
                }
            }
            if first == at {
                return;
            }
            self.swap(at, first);
            at = first;
        }
    }

    fn before(&self, a: usize, b: usize, order: &Profiles) -> bool {
        let (a, b) = (&self.entries[a], &self.entries[b]);
        order.compare(&a.queued, &b.queued).then(a.arrival.cmp(&b.arrival)) == Ordering::Less
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.entries.swap(a, b);
        for at in [a, b] {
            if let Some(place) = self.places.get_mut(&self.entries[at].queued.pod.uid) {
                *place = at;
            }
        }
    }
}
