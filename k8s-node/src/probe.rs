//! Probes: when containers are asked for their health, and what comes of the answers.
//!
//! Upstream: `pkg/kubelet/prober`.

mod ask;
mod target;
mod verdict;

use std::time::Duration;

use k8s_cri::{ContainerState, ContainerStatus};
use k8s_openapi::api::core::v1::{Container, Probe};
use tokio::time::Instant;

pub(crate) use ask::{Asked, Question};
pub(crate) use target::{http_url, port};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Startup,
    Readiness,
    Liveness,
}

/// The probes of one attempt at a container.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    trackers: Vec<Tracker>,
    began: Option<Instant>,
}

/// One probe and what it found so far.
#[derive(Debug)]
struct Tracker {
    kind: Kind,
    spec: Probe,
    /// What counts now; `None` until the threshold was reached once.
    result: Option<bool>,
    last: bool,
    streak: i32,
    /// Nobody asks until there is a new container.
    on_hold: bool,
    asked: bool,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Readiness => "Readiness",
            Self::Liveness => "Liveness",
        }
    }
}

impl Probes {
    /// The probes of a container that was just started.
    pub(crate) fn of(container: &Container, status: &ContainerStatus) -> Self {
        let specs = [
            (Kind::Startup, &container.startup_probe),
            (Kind::Readiness, &container.readiness_probe),
            (Kind::Liveness, &container.liveness_probe),
        ];
        let trackers = specs.into_iter().filter_map(|(kind, spec)| {
            let spec = spec.clone()?;
            Some(Tracker { kind, spec, result: None, last: false, streak: 0, on_hold: false, asked: false })
        });
        let running = matches!(status.state, ContainerState::Running { .. });
        Self { trackers: trackers.collect(), began: running.then(Instant::now) }
    }

    /// For a container that was found running when the agent started: it stays what its pod's status says.
    pub(crate) fn assume(&mut self, started: bool, ready: bool) {
        for tracker in &mut self.trackers {
            match tracker.kind {
                Kind::Startup if started => {
                    tracker.result = Some(true);
                    tracker.on_hold = true;
                }
                Kind::Readiness if ready => tracker.result = Some(true),
                _ => {}
            }
        }
    }

    /// Whether a running container counts as started.
    pub(crate) fn started(&self) -> bool {
        self.result(Kind::Startup).is_none_or(|result| result == Some(true))
    }

    /// Whether a running, started container counts as ready.
    pub(crate) fn ready(&self) -> bool {
        self.result(Kind::Readiness).is_none_or(|result| result == Some(true))
    }

    /// The probe for whose sake the container must go.
    pub(crate) fn failed(&self) -> Option<Kind> {
        [Kind::Liveness, Kind::Startup].into_iter().find(|kind| self.result(*kind) == Some(Some(false)))
    }

    /// Probes that must be asked next and when; each is named once until it is [answered](Self::answered).
    pub(crate) fn due(&mut self) -> Vec<(Kind, Instant)> {
        let started = self.started();
        let Some(began) = self.began else { return Vec::new() };
        let now = Instant::now();
        let mut due = Vec::new();
        for tracker in &mut self.trackers {
            let waits = tracker.kind != Kind::Startup && !started;
            if tracker.asked || tracker.on_hold || waits {
                continue;
            }
            tracker.asked = true;
            due.push((tracker.kind, tracker.first(began).max(now)));
        }
        due
    }

    /// Takes in an answer; says when to ask again, and whether anything changed for the container.
    pub(crate) fn answered(&mut self, kind: Kind, healthy: Option<bool>, asked_at: Instant) -> (Option<Instant>, bool) {
        let Some(tracker) = self.trackers.iter_mut().find(|tracker| tracker.kind == kind) else { return (None, false) };
        let changed = healthy.is_some_and(|healthy| tracker.count(healthy));
        if tracker.on_hold {
            tracker.asked = false;
            return (None, changed);
        }
        (Some((asked_at + tracker.period()).max(Instant::now())), changed)
    }

    /// Whether all are being asked, or there are none.
    pub(crate) fn is_quiet(&self) -> bool {
        self.trackers.iter().all(|tracker| tracker.asked || tracker.on_hold)
    }

    /// What to ask for a kind.
    pub(crate) fn spec(&self, kind: Kind) -> Option<&Probe> {
        self.trackers.iter().find(|tracker| tracker.kind == kind).map(|tracker| &tracker.spec)
    }

    /// `None` when there is no such probe, then what it found.
    fn result(&self, kind: Kind) -> Option<Option<bool>> {
        self.trackers.iter().find(|tracker| tracker.kind == kind).map(|tracker| tracker.result)
    }
}

impl Tracker {
    /// Readiness and startup are asked for at once, since somebody waits for them; liveness after one period.
    fn first(&self, began: Instant) -> Instant {
        let delay = Duration::from_secs(u64::try_from(self.spec.initial_delay_seconds.unwrap_or(0)).unwrap_or(0));
        match self.kind {
            Kind::Liveness => began + delay.max(self.period()),
            Kind::Readiness | Kind::Startup => began + delay,
        }
    }

    fn period(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.spec.period_seconds.unwrap_or(10)).unwrap_or(10).max(1))
    }

    /// Counts an answer; `true` when the result changed.
    fn count(&mut self, healthy: bool) -> bool {
        self.streak = if self.last == healthy { self.streak.saturating_add(1) } else { 1 };
        self.last = healthy;
        let threshold = if healthy { self.spec.success_threshold } else { self.spec.failure_threshold };
        if self.streak < threshold.unwrap_or(if healthy { 1 } else { 3 }) {
            return false;
        }
        // A container that must go is asked no more, and one that has started needs no more asking whether it has.
        if self.kind == Kind::Startup || (self.kind == Kind::Liveness && !healthy) {
            self.on_hold = true;
            self.streak = 0;
        }
        self.result.replace(healthy) != Some(healthy)
    }
}
