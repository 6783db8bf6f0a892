use std::collections::HashMap;
use std::time::Duration;

use foldhash::fast::RandomState;
use jiff::{SignedDuration, Timestamp};
use k8s_api::Kind;
use k8s_api_client::informer::Event;
use k8s_env::Clock;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use parking_lot::Mutex;

use crate::node::condition;

/// When each node's lease was last seen renewed, by our clock: that of the node may be wrong.
#[derive(Debug)]
pub(super) struct Leases {
    clock: Clock,
    renewals: Mutex<HashMap<String, Renewal, RandomState>>,
}

#[derive(Clone, Copy, Debug)]
struct Renewal {
    /// What the lease says.
    at: Timestamp,
    seen: Timestamp,
}

/// The last sign of life of a node.
#[derive(Debug)]
pub(super) struct Health {
    sign_of_life: Timestamp,
    /// The heartbeat in the node's condition `Ready`, if it has that condition.
    heartbeat: Option<Option<Time>>,
}

impl Leases {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, renewals: Mutex::default() }
    }

    pub(super) fn observe(&self, event: &Event<Lease>) {
        let Some(lease) = event.current() else { return };
        let Some(at) = lease.spec.as_ref().and_then(|spec| spec.renew_time.as_ref()).map(|time| time.0) else { return };
        let mut renewals = self.renewals.lock();
        match renewals.get_mut(lease.name()) {
            Some(last) if last.at >= at => {}
            Some(last) => *last = Renewal { at, seen: self.clock.now() },
            None => {
                renewals.insert(lease.name().to_owned(), Renewal { at, seen: self.clock.now() });
            }
        }
    }

    pub(super) fn of(&self, node: &str) -> Option<Timestamp> {
        self.renewals.lock().get(node).map(|renewal| renewal.seen)
    }

    pub(super) fn forget(&self, node: &str) {
        self.renewals.lock().remove(node);
    }
}

impl Health {
    /// A node that is seen for the first time: it has just been alive, or if it never spoke, when it was made.
    pub(super) fn new(node: &Node, now: Timestamp) -> Self {
        let ready = condition(node, "Ready");
        let created = node.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0);
        let sign_of_life = if ready.is_some() { now } else { created };
        Self { sign_of_life, heartbeat: ready.map(|ready| ready.last_heartbeat_time.clone()) }
    }

    pub(super) fn observe(&mut self, node: &Node, renewed: Option<Timestamp>, now: Timestamp) {
        let heartbeat = condition(node, "Ready").map(|ready| ready.last_heartbeat_time.clone());
        if heartbeat != self.heartbeat {
            self.heartbeat = heartbeat;
            self.sign_of_life = now;
        }
        self.sign_of_life = renewed.map_or(self.sign_of_life, |renewed| renewed.max(self.sign_of_life));
    }

    /// Counts anew from now.
    pub(super) fn restart(&mut self, now: Timestamp) {
        self.sign_of_life = now;
    }

    /// How long it may still be silent; `None` when it was for too long.
    pub(super) fn time_left(&self, grace: Duration, now: Timestamp) -> Option<Duration> {
        let silent = now.duration_since(self.sign_of_life);
        let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX);
        (silent <= grace).then(|| Duration::try_from(grace - silent).unwrap_or_default())
    }
}
