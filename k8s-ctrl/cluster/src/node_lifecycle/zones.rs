use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use tokio::time::Instant;

use super::NodeLifecycle;

/// The zones of the cluster: how many of their nodes are well, and which wait for a taint.
#[derive(Debug, Default)]
pub(super) struct Zones(BTreeMap<String, Zone>);

#[derive(Debug, Default)]
struct Zone {
    n_ready: usize,
    n_ill: usize,
    state: State,
    waiting: VecDeque<String>,
    limiter: Limiter,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Initial,
    Normal,
    Partial,
    Full,
}

/// So many taints a second, one at once.
#[derive(Debug, Default)]
struct Limiter {
    per_second: f64,
    next: Option<Instant>,
}

/// What has turned in the cluster as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    /// All nodes are ill now: no taints.
    AllIll,
    /// No longer are all nodes ill: count anew.
    SomeWell,
}

/// Which node of a zone to taint.
pub(super) enum Next {
    Node(String),
    Wait(Duration),
    Nothing,
}

/// The zone of a node by its labels; empty when it has none.
pub(super) fn zone_of(node: &Node) -> String {
    let label = |old: &str, new: &str| {
        let labels = node.metadata.labels.as_ref()?;
        labels.get(old).or_else(|| labels.get(new)).cloned()
    };
    let zone = label("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone").unwrap_or_default();
    let region = label("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region").unwrap_or_default();
    if zone.is_empty() && region.is_empty() { String::new() } else { format!("{region}:{zone}") }
}

impl Zones {
    pub(super) fn enter(&mut self, zone: &str, ready: bool) {
        let zone = self.0.entry(zone.to_owned()).or_default();
        *zone.counter(ready) += 1;
    }

    pub(super) fn leave(&mut self, zone: &str, ready: bool) {
        if let Some(zone) = self.0.get_mut(zone) {
            let counter = zone.counter(ready);
            *counter = counter.saturating_sub(1);
        }
    }

    pub(super) fn queue(&mut self, zone: &str, node: &str) {
        let waiting = &mut self.0.entry(zone.to_owned()).or_default().waiting;
        if !waiting.iter().any(|other| other == node) {
            waiting.push_back(node.to_owned());
        }
    }

    pub(super) fn unqueue(&mut self, zone: &str, node: &str) {
        if let Some(zone) = self.0.get_mut(zone) {
            zone.waiting.retain(|other| other != node);
        }
    }

    pub(super) fn next(&mut self, zone: &str) -> Next {
        let Some(zone) = self.0.get_mut(zone).filter(|zone| !zone.waiting.is_empty()) else { return Next::Nothing };
        match zone.limiter.pause() {
            // Nodes wait until the zone is in another state.
            None => Next::Nothing,
            Some(Duration::ZERO) => {
                zone.limiter.spend();
                zone.waiting.pop_front().map_or(Next::Nothing, Next::Node)
            }
            Some(pause) => Next::Wait(pause),
        }
    }

    /// Finds the new state of each zone and of the whole, and sets the pace of tainting.
    pub(super) fn weigh(&mut self, settings: &NodeLifecycle) -> Turn {
        self.0.retain(|_, zone| zone.n_ready + zone.n_ill + zone.waiting.len() > 0);
        let populated = || self.0.values().filter(|zone| zone.n_ready + zone.n_ill > 0);
        if populated().next().is_none() {
            return Turn::None;
        }
        let all_ill = populated().all(|zone| zone.weigh(settings) == State::Full);
        let were_all_ill = populated().all(|zone| zone.state == State::Full);
        if all_ill && were_all_ill {
            return Turn::None;
        }
        for zone in self.0.values_mut() {
            let state = zone.weigh(settings);
            if all_ill {
                zone.waiting.clear();
                zone.limiter.set(0.0);
            } else if were_all_ill || state != zone.state {
                zone.limiter.set(zone.pace(state, settings));
            }
            zone.state = state;
        }
        match (all_ill, were_all_ill) {
            (true, _) => Turn::AllIll,
            (false, true) => Turn::SomeWell,
            (false, false) => Turn::None,
        }
    }
}

impl Zone {
    fn counter(&mut self, ready: bool) -> &mut usize {
        if ready { &mut self.n_ready } else { &mut self.n_ill }
    }

    fn weigh(&self, settings: &NodeLifecycle) -> State {
        let share = self.n_ill as f64 / (self.n_ill + self.n_ready).max(1) as f64;
        match (self.n_ready, self.n_ill) {
            (0, 1..) => State::Full,
            (_, 3..) if share >= settings.unhealthy_share => State::Partial,
            _ => State::Normal,
        }
    }

    fn pace(&self, state: State, settings: &NodeLifecycle) -> f64 {
        let large = self.n_ready + self.n_ill > settings.large_zone;
        match state {
            State::Partial if large => settings.secondary_eviction_rate,
            State::Partial => 0.0,
            State::Initial | State::Normal | State::Full => settings.eviction_rate,
        }
    }
}

impl Limiter {
    /// How long to wait for the next; `None` when there will be none at this pace.
    fn pause(&self) -> Option<Duration> {
        let next = self.next.map_or(Duration::ZERO, |next| next.saturating_duration_since(Instant::now()));
        (self.per_second > 0.0).then_some(next)
    }

    fn spend(&mut self) {
        self.next = Some(Instant::now() + Duration::from_secs_f64(1.0 / self.per_second));
    }

    fn set(&mut self, per_second: f64) {
        self.per_second = per_second;
    }
}
