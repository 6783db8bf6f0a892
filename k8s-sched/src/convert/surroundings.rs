use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{ReplicationController, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use k8s_api::selector::Selector;

use super::selector;
use crate::{Budget, Error, Labels};

/// The selector of a service; `None` for one without, whose endpoints are made by others.
pub fn service(service: &Service) -> Option<Labels> {
    service.spec.as_ref()?.selector.clone().map(Labels::from)
}

/// The selector of a replication controller, with its kind.
pub fn replication_controller(controller: &ReplicationController) -> (Arc<str>, Selector) {
    let labels = controller.spec.as_ref().and_then(|spec| spec.selector.clone()).unwrap_or_default();
    ("ReplicationController".into(), Selector::of_map(&labels))
}

/// The selector of a replica set, with its kind.
///
/// # Errors
/// [`Error::Object`] when it cannot be understood.
pub fn replica_set(set: &ReplicaSet) -> Result<(Arc<str>, Selector), Error> {
    let of = set.spec.as_ref().map(|spec| &spec.selector);
    Ok(("ReplicaSet".into(), selector(&set.metadata, "ReplicaSet", of)?))
}

/// The selector of a stateful set, with its kind.
///
/// # Errors
/// [`Error::Object`] when it cannot be understood.
pub fn stateful_set(set: &StatefulSet) -> Result<(Arc<str>, Selector), Error> {
    let of = set.spec.as_ref().map(|spec| &spec.selector);
    Ok(("StatefulSet".into(), selector(&set.metadata, "StatefulSet", of)?))
}

/// A pod disruption budget.
///
/// # Errors
/// [`Error::Object`] when its selector cannot be understood.
pub fn budget(budget: &PodDisruptionBudget) -> Result<Budget, Error> {
    let of = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let status = budget.status.as_ref();
    Ok(Budget {
        selector: selector(&budget.metadata, "PodDisruptionBudget", of)?,
        disruptions_allowed: status.and_then(|status| status.disruptions_allowed).unwrap_or(0),
        disrupted: status
            .iter()
            .flat_map(|s| s.disrupted_pods.iter().flatten())
            .map(|(name, _)| name.clone())
            .collect(),
    })
}
