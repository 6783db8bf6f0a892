//! Which pods go first when there are too many.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_api::Kind;
use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// How much a pod is worth keeping; the least go first.
///
/// Where ages are of the same order of magnitude upstream leaves the choice to the uid; so does this, after restarts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    assigned: bool,
    phase: u8,
    ready: bool,
    cost: i32,
    crowd: Reverse<usize>,
    ready_for: i64,
    restarts: Reverse<(i32, i32)>,
    age: i64,
    uid: String,
}

/// Sorts pods so that those worth least come first, by exact ages: the order of Jobs and DaemonSets.
pub(crate) fn by_worth(pods: &mut [Arc<Pod>]) {
    let moment = |time: Option<&Time>| time.map_or(Reverse(Timestamp::MAX), |time| Reverse(time.0));
    pods.sort_by_cached_key(|pod| {
        let ready = pod::condition(pod, "Ready").filter(|ready| ready.status == "True");
        let since = ready.and_then(|ready| ready.last_transition_time.as_ref());
        let created = pod.metadata.creation_timestamp.as_ref();
        let assigned = !pod::node_name(pod).is_empty();
        (assigned, phase(pod), ready.is_some(), moment(since), Reverse(restarts(pod)), moment(created))
    });
}

/// Takes the `n` pods that are to go; `neighbours` are the active pods of the same application by node.
pub(crate) fn choose(
    mut active: Vec<Arc<Pod>>,
    neighbours: &BTreeMap<String, usize>,
    n: usize,
    now: Timestamp,
) -> Vec<Arc<Pod>> {
    if n < active.len() {
        active.sort_by_cached_key(|pod| Worth::of(pod, neighbours, now));
        active.truncate(n);
    }
    active
}

impl Worth {
    fn of(pod: &Pod, neighbours: &BTreeMap<String, usize>, now: Timestamp) -> Self {
        let node = pod::node_name(pod);
        let ready = pod::condition(pod, "Ready").filter(|ready| ready.status == "True");
        let since = ready.and_then(|ready| ready.last_transition_time.as_ref()).map(|time| time.0);
        let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        Self {
            assigned: !node.is_empty(),
            phase: phase(pod),
            ready: ready.is_some(),
            cost: cost(pod),
            crowd: Reverse(neighbours.get(node).copied().unwrap_or_default()),
            ready_for: if ready.is_some() { magnitude(since, now) } else { 0 },
            restarts: Reverse(restarts(pod)),
            age: magnitude(created, now),
            uid: pod.uid().to_owned(),
        }
    }
}

fn phase(pod: &Pod) -> u8 {
    match pod::phase(pod) {
        "Unknown" => 1,
        "Running" => 2,
        _ => 0,
    }
}

/// The order of magnitude of an age, so that among pods of about the same age the choice is not always the youngest:
/// those may all be in one zone.
fn magnitude(since: Option<Timestamp>, now: Timestamp) -> i64 {
    let Some(since) = since else { return -2 };
    let nanos = now.duration_since(since).as_nanos();
    if nanos > 0 { i64::from(nanos.ilog2()) } else { -1 }
}

fn cost(pod: &Pod) -> i32 {
    let text = pod.metadata.annotations.as_ref().and_then(|annotations| annotations.get(DELETION_COST));
    let well_formed = |text: &&String| *text == "0" || !text.starts_with(['+', '0']) && !text.starts_with("-0");
    text.filter(well_formed).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The most restarts of a container, and of a sidecar.
fn restarts(pod: &Pod) -> (i32, i32) {
    let most = |statuses: Option<&Vec<ContainerStatus>>, counts: &dyn Fn(&str) -> bool| {
        let statuses = statuses.into_iter().flatten().filter(|status| counts(&status.name));
        statuses.map(|status| status.restart_count).max().unwrap_or_default()
    };
    let Some(status) = &pod.status else { return (0, 0) };
    let init = pod.spec.as_ref().and_then(|spec| spec.init_containers.as_ref());
    let is_sidecar = |name: &str| {
        let found = init.into_iter().flatten().find(|container| container.name == name);
        found.is_some_and(|container| container.restart_policy.as_deref() == Some("Always"))
    };
    (most(status.container_statuses.as_ref(), &|_| true), most(status.init_container_statuses.as_ref(), &is_sidecar))
}
