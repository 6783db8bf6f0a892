//! The queue of pods that want a node.
//!
//! Pods ready to be tried are *active*; pods that failed wait, first for an event that may help them
//! (*unschedulable*), then for their *backoff* to end. Time is an argument and nothing here waits.
//! Upstream: `pkg/scheduler/backend/queue`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::event::{ClusterEvent, Hint};
use crate::profile::{PluginSet, Profiles};
use crate::{Failure, PodInfo, Status};

mod heap;
mod in_flight;

use heap::Heap;
use in_flight::InFlight;

/// How long failed pods wait.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct QueueOptions {
    /// The wait after the first failure; doubles with each. 1 s unless set.
    pub initial_backoff: Duration,
    /// The longest such wait. 10 s unless set.
    pub max_backoff: Duration,
    /// After how long a pod that no event woke is tried anyway. 5 min unless set.
    pub flush_after: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(10),
            flush_after: Duration::from_secs(300),
        }
    }
}

/// A pod in the queue and its history there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueuedPod {
    /// The pod.
    pub pod: Arc<PodInfo>,
    /// When it entered the part of the queue it is in.
    pub since: Instant,
    /// How many times it was tried.
    pub attempts: u32,
    /// How many times it failed to find a node; decides its backoff.
    failures: u32,
    /// How many times in a row something was broken while it was tried; likewise.
    errors: u32,
    /// It failed because there was no node at all.
    nodeless: bool,
    rejectors: PluginSet,
    /// Whether a plugin that rejected it asked to be spared the backoff.
    pending: bool,
    gated: bool,
    backoff_until: Option<Instant>,
}

impl QueuedPod {
    /// A pod that failed for want of any node is as good as rejected once there is one: its backoff may be cut short.
    fn learn(&mut self, event: &ClusterEvent) {
        if self.nodeless && matches!(event, ClusterEvent::NodeAdded(_)) {
            (self.nodeless, self.errors) = (false, 0);
        }
    }
}

/// The queue.
#[derive(Debug)]
pub struct Queue {
    profiles: Arc<Profiles>,
    options: QueueOptions,
    active: Heap,
    /// By end of backoff, then by order of arrival.
    backoff: BTreeMap<(Instant, u64), QueuedPod>,
    backoff_keys: BTreeMap<Arc<str>, (Instant, u64)>,
    unschedulable: BTreeMap<Arc<str>, QueuedPod>,
    /// No unschedulable pod is due to be flushed before this.
    stale_from: Option<Instant>,
    in_flight: InFlight,
    arrivals: u64,
}

impl Queue {
    /// An empty queue for the pods of these profiles.
    pub fn new(profiles: Arc<Profiles>, options: QueueOptions) -> Self {
        Self {
            profiles,
            options,
            active: Heap::default(),
            backoff: BTreeMap::new(),
            backoff_keys: BTreeMap::new(),
            unschedulable: BTreeMap::new(),
            stale_from: None,
            in_flight: InFlight::default(),
            arrivals: 0,
        }
    }

    /// Adds a pod that was not tried before. Returns why a plugin keeps it out, if one does; it then waits for an
    /// event or an update.
    pub fn add(&mut self, pod: Arc<PodInfo>, now: Instant) -> Option<Status> {
        let queued = QueuedPod {
            pod,
            since: now,
            attempts: 0,
            failures: 0,
            errors: 0,
            nodeless: false,
            rejectors: PluginSet::default(),
            pending: false,
            gated: false,
            backoff_until: None,
        };
        self.activate(queued, now)
    }

    /// Takes out the pod to be tried next. It is in flight until [`Queue::done`] or until it comes back.
    ///
    /// When nothing is active, a pod in backoff is taken before its time, as long as it failed by being rejected:
    /// backoff protects other pods' turns, and there are none.
    pub fn pop(&mut self, now: Instant) -> Option<QueuedPod> {
        self.flush(now);
        let mut queued = match self.active.pop(&self.profiles) {
            Some(queued) => queued,
            None => self.pop_backoff()?,
        };
        queued.attempts += 1;
        self.in_flight.start(queued.pod.clone());
        Some(queued)
    }

    /// Ends the flight of a pod that is not coming back.
    pub fn done(&mut self, uid: &str) {
        self.in_flight.end(uid);
    }

    /// Takes back a pod that failed, with what happened meanwhile taken into account: it waits for an event that the
    /// plugins that turned it down care for or, without a plugin to blame, for the end of its backoff.
    pub fn put_back(&mut self, mut queued: QueuedPod, failure: &Failure, now: Instant) {
        if self.contains(&queued.pod.uid) {
            self.in_flight.end(&queued.pod.uid);
            return;
        }
        queued.since = now;
        match failure {
            Failure::Unfit(diagnosis) if !diagnosis.rejectors.is_empty() => {
                (queued.rejectors, queued.pending) = (diagnosis.rejectors, diagnosis.pending);
                queued.failures += 1;
                queued.errors = 0;
            }
            // Without a plugin to blame, no event could be waited for.
            _ => {
                queued.rejectors = PluginSet::default();
                queued.errors += 1;
                queued.nodeless = matches!(failure, Failure::NoNodes);
            }
        }
        queued.backoff_until = Some(now + self.backoff_of(&queued));
        let mut helped = false;
        let uid = queued.pod.uid.clone();
        if let Some((pod, mut missed)) = self.in_flight.missed(&uid) {
            queued.pod = pod.clone();
            if queued.nodeless {
                missed.for_each(|event| queued.learn(event));
            } else {
                helped = missed.any(|event| self.helps(&queued, event));
            }
        }
        self.in_flight.end(&uid);
        if queued.rejectors.is_empty() || helped {
            self.requeue(queued, now);
        } else {
            self.park(queued);
        }
    }

    /// Replaces a waiting pod by its new state. One that was unschedulable is tried again if the change may help.
    /// Returns why a plugin keeps it out, if one does.
    pub fn update(&mut self, pod: Arc<PodInfo>, now: Instant) -> Option<Status> {
        if self.active.update(&pod, &self.profiles) {
            return None;
        }
        if let Some(key) = self.backoff_keys.get(&pod.uid) {
            if let Some(queued) = self.backoff.get_mut(key) {
                queued.pod = pod;
            }
            return None;
        }
        if let Some(mut queued) = self.unschedulable.remove(&pod.uid) {
            let old = std::mem::replace(&mut queued.pod, pod.clone());
            if queued.gated {
                return self.activate(queued, now);
            }
            if old.schedules_like(&pod) {
                self.park(queued);
                return None;
            }
            let event = ClusterEvent::PodChanged { old, new: pod };
            if self.helps(&queued, &event) {
                self.requeue(queued, now);
            } else {
                self.park(queued);
            }
            return None;
        }
        if let Some(old) = self.in_flight.update(&pod) {
            if !old.schedules_like(&pod) {
                self.in_flight.note(&ClusterEvent::PodChanged { old, new: pod });
            }
            return None;
        }
        self.add(pod, now)
    }

    /// Lets an unschedulable pod be tried again without an event.
    pub fn wake(&mut self, uid: &str, now: Instant) {
        if let Some(queued) = self.unschedulable.remove(uid) {
            self.requeue(queued, now);
        }
    }

    /// Forgets a waiting pod.
    pub fn remove(&mut self, uid: &str) {
        self.active.remove(uid, &self.profiles);
        if let Some(key) = self.backoff_keys.remove(uid) {
            self.backoff.remove(&key);
        }
        self.unschedulable.remove(uid);
    }

    /// Wakes the unschedulable pods that `event` may help.
    pub fn notify(&mut self, event: &ClusterEvent, now: Instant) {
        self.in_flight.note(event);
        if let ClusterEvent::NodeAdded(_) = event {
            self.backoff.values_mut().for_each(|queued| queued.learn(event));
        }
        if self.unschedulable.is_empty() {
            return;
        }
        let woken: Vec<_> = (self.unschedulable.iter())
            .filter(|(_, queued)| self.helps(queued, event))
            .map(|(uid, _)| uid.clone())
            .collect();
        for uid in woken {
            if let Some(queued) = self.unschedulable.remove(&uid) {
                self.requeue(queued, now);
            }
        }
    }

    /// When [`Queue::pop`] may have a pod without anything else happening; `None` for never.
    pub fn next_due(&self) -> Option<Instant> {
        let backoff = self.backoff.keys().next().map(|(at, _)| *at);
        backoff.into_iter().chain(self.stale_from).min()
    }

    /// How many pods are active, in backoff, unschedulable (those kept out by a plugin included).
    pub fn depths(&self) -> (usize, usize, usize) {
        (self.active.len(), self.backoff.len(), self.unschedulable.len())
    }

    fn contains(&self, uid: &str) -> bool {
        self.active.contains(uid) || self.backoff_keys.contains_key(uid) || self.unschedulable.contains_key(uid)
    }

    fn helps(&self, queued: &QueuedPod, event: &ClusterEvent) -> bool {
        self.profiles.hint(&queued.pod, queued.rejectors, event) == Hint::Queue
    }

    fn requeue(&mut self, queued: QueuedPod, now: Instant) {
        match queued.backoff_until {
            Some(until) if until > now && !queued.pending => self.back_off(queued, until),
            _ => drop(self.activate(queued, now)),
        }
    }

    fn back_off(&mut self, queued: QueuedPod, until: Instant) {
        self.arrivals += 1;
        let key = (until, self.arrivals);
        self.backoff_keys.insert(queued.pod.uid.clone(), key);
        self.backoff.insert(key, queued);
    }

    fn activate(&mut self, mut queued: QueuedPod, now: Instant) -> Option<Status> {
        let gate = self.profiles.gate(&queued.pod);
        queued.gated = gate.is_some();
        queued.since = now;
        let Some((plugin, status)) = gate else {
            self.active.push(queued, &self.profiles);
            return None;
        };
        queued.rejectors = plugin;
        self.park(queued);
        Some(status)
    }

    fn flush(&mut self, now: Instant) {
        while let Some(entry) = self.backoff.first_entry()
            && entry.key().0 <= now
        {
            let queued = entry.remove();
            self.backoff_keys.remove(&queued.pod.uid);
            self.activate(queued, now);
        }
        if self.stale_from.is_none_or(|from| from > now) {
            return;
        }
        let flush_after = self.options.flush_after;
        let due = |q: &QueuedPod| (!q.gated).then(|| q.since + flush_after);
        let stale: Vec<_> = (self.unschedulable.iter())
            .filter(|(_, queued)| due(queued).is_some_and(|due| due <= now))
            .map(|(uid, _)| uid.clone())
            .collect();
        for queued in stale.iter().filter_map(|uid| self.unschedulable.remove(uid)).collect::<Vec<_>>() {
            self.requeue(queued, now);
        }
        self.stale_from = self.unschedulable.values().filter_map(due).min();
    }

    fn park(&mut self, queued: QueuedPod) {
        if !queued.gated {
            let due = queued.since + self.options.flush_after;
            self.stale_from = Some(self.stale_from.map_or(due, |from| from.min(due)));
        }
        self.unschedulable.insert(queued.pod.uid.clone(), queued);
    }

    fn pop_backoff(&mut self) -> Option<QueuedPod> {
        let key = *self.backoff.iter().find(|(_, queued)| queued.errors == 0)?.0;
        let queued = self.backoff.remove(&key)?;
        self.backoff_keys.remove(&queued.pod.uid);
        Some(queued)
    }

    fn backoff_of(&self, queued: &QueuedPod) -> Duration {
        let times = if queued.errors > 0 { queued.errors } else { queued.failures };
        let factor = 1_u32.checked_shl(times.saturating_sub(1)).unwrap_or(u32::MAX);
        self.options.initial_backoff.saturating_mul(factor).min(self.options.max_backoff)
    }
}
