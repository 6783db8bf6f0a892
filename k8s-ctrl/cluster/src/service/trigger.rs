use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use k8s_api::Kind;
use k8s_api_client::ObjectKey;
use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::{Pod, Service};
use parking_lot::Mutex;

/// When the changes happened that the next write of a service's endpoints answers to.
///
/// Upstream: `TriggerTimeTracker`.
#[derive(Debug, Default)]
pub(crate) struct TriggerTimes(Mutex<HashMap<ObjectKey, State, RandomState>>);

#[derive(Debug)]
struct State {
    service: Option<Timestamp>,
    pods: BTreeMap<String, Timestamp>,
}

impl TriggerTimes {
    /// The earliest change since the last call; that of the service itself at the first. Written as annotations have
    /// it; `None` when nothing has changed.
    pub(crate) fn advance(&self, service: &Service, pods: &[Arc<Pod>]) -> Option<String> {
        let key = ObjectKey::of(service);
        let created = service.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let mut states = self.0.lock();
        let known = states.get(&key);
        let mut earliest: Option<Timestamp> = None;
        let mut times = BTreeMap::new();
        let mut note = |time: Timestamp| earliest = Some(earliest.map_or(time, |earliest| earliest.min(time)));
        for pod in pods {
            let ready = pod::condition(pod, "Ready").and_then(|ready| ready.last_transition_time.as_ref());
            let Some(time) = ready.map(|time| time.0) else { continue };
            if known.and_then(|known| known.pods.get(pod.name())).is_none_or(|last| time > *last) {
                note(time);
            }
            times.insert(pod.name().to_owned(), time);
        }
        if created > known.and_then(|known| known.service)
            && let Some(created) = created
        {
            note(created);
        }
        let first = known.is_none();
        states.insert(key, State { service: created, pods: times });
        let time = if first { created } else { earliest };
        time.map(|time| time.to_string())
    }

    /// Forgets a service that is gone.
    pub(crate) fn forget(&self, service: &ObjectKey) {
        self.0.lock().remove(service);
    }
}
