use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::ObjectKey;
use k8s_api_client::informer::{Event, Reader};
use k8s_ctrl::owner;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;

use super::size;

/// The deployments that may adopt a replica set which nobody controls, when it is new or has changed in that respect.
pub(super) fn orphan(deployments: &Reader<Deployment>, event: &Event<ReplicaSet>, keys: &mut Vec<ObjectKey>) {
    let Some(set) = event.current() else { return };
    let labels = set.metadata.labels.as_ref().filter(|labels| !labels.is_empty());
    if owner::controller(&set.metadata).is_some() || labels.is_none() || set.metadata.deletion_timestamp.is_some() {
        return;
    }
    let unchanged = event
        .previous()
        .is_some_and(|old| old.metadata.labels == set.metadata.labels && owner::controller(&old.metadata).is_none());
    if unchanged {
        return;
    }
    deployments.for_each_in(set.namespace(), |deployment| {
        let selector = Selector::of(deployment.spec.as_ref().map(|spec| &spec.selector));
        if selector.is_ok_and(|selector| !selector.is_everything() && selector.matches(labels)) {
            keys.push(ObjectKey::of(&**deployment));
        }
    });
}

/// The deployment that may have waited for the end of a pod: one that recreates.
pub(super) fn pod_gone(
    deployments: &Reader<Deployment>,
    sets: &Reader<ReplicaSet>,
    event: &Event<Pod>,
    keys: &mut Vec<ObjectKey>,
) {
    let Event::Deleted(pod) = event else { return };
    let set = owner::key_of_controller::<ReplicaSet, _>(&**pod).and_then(|key| sets.find(&key));
    let Some(key) = set.and_then(|set| owner::key_of_controller::<Deployment, _>(&*set)) else { return };
    if deployments.find(&key).is_some_and(|deployment| size::strategy(&deployment) == "Recreate") {
        keys.push(key);
    }
}
