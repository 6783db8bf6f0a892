//! All strategies of this crate.

use std::sync::Arc;

use k8s_api::{GroupVersionResource, Kind};
use k8s_api_kinds::{AnyStrategy, Strategy};

use crate::selecting::Selecting;
use crate::{
    CronJob, DaemonSet, Deployment, Job, Pod, PodDisruptionBudget, PodTemplate, ReplicaSet, ReplicationController,
    StatefulSet,
};

/// The kinds of this crate with their strategies, for the server's table of resources.
pub fn strategies() -> Vec<(GroupVersionResource, Arc<dyn AnyStrategy>)> {
    vec![
        entry(Pod),
        entry(PodTemplate),
        entry(ReplicationController),
        selecting(ReplicaSet),
        selecting(Deployment),
        selecting(StatefulSet),
        selecting(DaemonSet),
        entry(Job),
        entry(CronJob),
        entry(PodDisruptionBudget),
    ]
}

fn entry<S: Strategy>(strategy: S) -> (GroupVersionResource, Arc<dyn AnyStrategy>) {
    (S::Object::gvr(), Arc::new(strategy))
}

fn selecting<S: Strategy>(strategy: S) -> (GroupVersionResource, Arc<dyn AnyStrategy>) {
    (S::Object::gvr(), Arc::new(Selecting(strategy)))
}
