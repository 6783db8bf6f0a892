use std::sync::Arc;

use jiff::Timestamp;
use k8s_api::selector::Selector;
use k8s_ctrl::{Error, pod};
use k8s_openapi::api::apps::v1::{ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::Pod;

use super::pod_set::PodSet;
use crate::time;

const REPLICA_FAILURE: &str = "ReplicaFailure";

/// The pods of a set.
pub(super) struct Pods {
    /// Those that run or are about to.
    pub(super) active: Vec<Arc<Pod>>,
    /// How many are on their way out.
    pub(super) n_terminating: i32,
}

/// The status after a round: what its pods are like, and what kept it from having the right number.
pub(super) fn calculate<S: PodSet>(set: &S, pods: &Pods, failure: Option<&Error>, now: Timestamp) -> ReplicaSetStatus {
    let mut status = set.status();
    let labels = set.template().and_then(|template| template.metadata.as_ref()?.labels.as_ref());
    let whole = labels.map_or_else(Selector::everything, Selector::of_map);
    let (mut n_labelled, mut n_ready, mut n_available) = (0, 0, 0);
    for pod in &pods.active {
        n_labelled += i32::from(whole.matches(pod.metadata.labels.as_ref()));
        if pod::is_ready(pod) {
            n_ready += 1;
            n_available += i32::from(pod::is_available(pod, set.min_ready_seconds(), now));
        }
    }
    status.replicas = pods.active.len() as i32;
    status.fully_labeled_replicas = some(n_labelled);
    status.ready_replicas = some(n_ready);
    status.available_replicas = some(n_available);
    status.terminating_replicas = S::TELLS_TERMINATING.then_some(pods.n_terminating);
    status.observed_generation = set.metadata().generation;
    tell(&mut status, failure, set.replicas(), now);
    status
}

/// Numbers of zero are left out.
fn some(count: i32) -> Option<i32> {
    (count != 0).then_some(count)
}

fn tell(status: &mut ReplicaSetStatus, failure: Option<&Error>, wanted: i32, now: Timestamp) {
    let conditions = status.conditions.get_or_insert_default();
    let told = conditions.iter().any(|condition| condition.type_ == REPLICA_FAILURE);
    match failure {
        Some(failure) if !told => {
            let reason = match status.replicas.cmp(&wanted) {
                std::cmp::Ordering::Less => Some("FailedCreate"),
                std::cmp::Ordering::Greater => Some("FailedDelete"),
                std::cmp::Ordering::Equal => None,
            };
            conditions.push(ReplicaSetCondition {
                type_: REPLICA_FAILURE.to_owned(),
                status: "True".to_owned(),
                last_transition_time: Some(time::whole(now)),
                reason: reason.map(str::to_owned),
                message: Some(failure.to_string()),
            });
        }
        None => conditions.retain(|condition| condition.type_ != REPLICA_FAILURE),
        Some(_) => {}
    }
    if conditions.is_empty() {
        status.conditions = None;
    }
}
