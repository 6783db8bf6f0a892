use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::PodInfo;
use crate::event::ClusterEvent;

/// Pods that were taken out of the queue, and what happened since the oldest of them was.
///
/// Without this, an event that arrives while a pod is being tried would be lost on it: the pod would then wait for
/// something that has happened already.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    /// By uid, the number of the first event that the pod has not seen, and the pod as it is now.
    pods: BTreeMap<Arc<str>, (u64, Arc<PodInfo>)>,
    /// How many pods started at a number.
    starts: BTreeMap<u64, usize>,
    events: VecDeque<ClusterEvent>,
    /// The number of the first of `events`.
    first: u64,
}

impl InFlight {
    pub(super) fn start(&mut self, pod: Arc<PodInfo>) {
        let next = self.first + self.events.len() as u64;
        self.pods.insert(pod.uid.clone(), (next, pod));
        *self.starts.entry(next).or_default() += 1;
    }

    /// Replaces a pod by its new state, if it is in flight, and returns the old one.
    pub(super) fn update(&mut self, pod: &Arc<PodInfo>) -> Option<Arc<PodInfo>> {
        let (_, known) = self.pods.get_mut(&pod.uid)?;
        Some(std::mem::replace(known, pod.clone()))
    }

    /// The present state of a pod in flight and what happened since its flight began.
    pub(super) fn missed(&self, uid: &str) -> Option<(&Arc<PodInfo>, impl Iterator<Item = &ClusterEvent>)> {
        let (start, pod) = self.pods.get(uid)?;
        Some((pod, self.events.range((start - self.first) as usize..)))
    }

    pub(super) fn note(&mut self, event: &ClusterEvent) {
        if !self.pods.is_empty() {
            self.events.push_back(event.clone());
        }
    }

    /// Ends a pod's flight, and forgets the events that nobody else missed.
    pub(super) fn end(&mut self, uid: &str) {
        let Some((start, _)) = self.pods.remove(uid) else { return };
        if let Some(count) = self.starts.get_mut(&start) {
            *count -= 1;
            if *count == 0 {
                self.starts.remove(&start);
            }
        }
        let needed = self.starts.keys().next().copied().unwrap_or(self.first + self.events.len() as u64);
        while self.first < needed && self.events.pop_front().is_some() {
            self.first += 1;
        }
    }
}
