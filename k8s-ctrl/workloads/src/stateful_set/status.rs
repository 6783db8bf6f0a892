use std::sync::Arc;

use jiff::Timestamp;
use k8s_api::Kind;
use k8s_ctrl::pod;
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::Pod;

use super::identity;
use super::revisions::Revisions;

/// The status of a set with these pods.
pub(super) fn calculate(
    set: &StatefulSet,
    revisions: &Revisions,
    pods: &[Arc<Pod>],
    now: Timestamp,
) -> StatefulSetStatus {
    let spec = set.spec.as_ref();
    let min_ready = spec.and_then(|spec| spec.min_ready_seconds).unwrap_or_default();
    let (current, update) = (revisions.current.name(), revisions.update.name());
    let created = || pods.iter().filter(|pod| !pod::phase(pod).is_empty());
    let stays = || created().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let ready = || pods.iter().filter(|pod| pod::phase(pod) == "Running" && pod::is_ready(pod));
    let n_current = stays().filter(|pod| identity::revision(pod) == current).count();
    let n_updated = stays().filter(|pod| identity::revision(pod) == update).count();
    let (n, n_ready) = (created().count(), ready().count());
    let n_available = ready().filter(|pod| pod::is_available(pod, min_ready, now)).count();
    let mut status = StatefulSetStatus {
        observed_generation: set.metadata.generation,
        replicas: n as i32,
        ready_replicas: some(n_ready),
        // Unlike others this number is there even when it is zero.
        available_replicas: Some(n_available as i32),
        current_replicas: some(n_current),
        updated_replicas: some(n_updated),
        current_revision: Some(current.to_owned()),
        update_revision: Some(update.to_owned()),
        collision_count: Some(revisions.n_collisions),
        conditions: set.status.as_ref().and_then(|status| status.conditions.clone()),
    };
    let wanted = spec.and_then(|spec| spec.replicas).unwrap_or(1) as usize;
    let strategy = spec.and_then(|spec| spec.update_strategy.as_ref());
    let rolls = strategy.and_then(|strategy| strategy.type_.as_deref()) != Some("OnDelete");
    if rolls && n_updated == wanted && n_ready == wanted && n == wanted {
        status.current_replicas = status.updated_replicas;
        status.current_revision.clone_from(&status.update_revision);
    }
    status
}

fn some(count: usize) -> Option<i32> {
    (count != 0).then_some(count as i32)
}
