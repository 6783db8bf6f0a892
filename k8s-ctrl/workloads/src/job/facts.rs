//! What is asked of jobs and of their pods.

use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::policy::{self, Verdict};
use crate::pods;

pub(super) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
pub(super) const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
pub(super) const INDEX_IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

const CONTROLLER: &str = "kubernetes.io/job-controller";

pub(crate) const COMPLETE: &str = "Complete";
pub(crate) const FAILED: &str = "Failed";
pub(super) const FAILURE_TARGET: &str = "FailureTarget";
pub(super) const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";

/// Whether a job is complete or has failed, for good.
pub(crate) fn is_finished(job: &Job) -> bool {
    let Some(status) = &job.status else { return false };
    condition(status, COMPLETE).is_some() || condition(status, FAILED).is_some()
}

/// Whether somebody else looks after a job.
pub(super) fn is_foreign(job: &Job) -> bool {
    let by = job.spec.as_ref().and_then(|spec| spec.managed_by.as_deref());
    by.is_some_and(|by| by != CONTROLLER)
}

/// Whether each completion has a number.
pub(super) fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// Whether a job is held.
pub(super) fn is_suspended(spec: &JobSpec) -> bool {
    spec.suspend.unwrap_or_default()
}

/// Whether a pod is replaced only when it has ended, not as soon as it is to go.
pub(super) fn replaces_only_failed(spec: &JobSpec) -> bool {
    spec.pod_replacement_policy.as_deref() == Some("Failed") || spec.pod_failure_policy.is_some()
}

/// Finds a condition that holds.
pub(crate) fn condition<'a>(status: &'a JobStatus, kind: &str) -> Option<&'a JobCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == kind && condition.status == "True")
}

/// A condition that begins now.
pub(super) fn new_condition(kind: &str, status: &str, reason: &str, message: &str, now: &Time) -> JobCondition {
    JobCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        message: (!message.is_empty()).then(|| message.to_owned()),
        last_probe_time: Some(now.clone()),
        last_transition_time: Some(now.clone()),
    }
}

/// Sets a condition; one that does not hold is not added. Returns whether anything has changed.
pub(super) fn set_condition(status: &mut JobStatus, condition: JobCondition) -> bool {
    let conditions = status.conditions.get_or_insert_default();
    match conditions.iter_mut().find(|present| present.type_ == condition.type_) {
        Some(present) => {
            let same = present.status == condition.status
                && present.reason == condition.reason
                && present.message == condition.message;
            if !same {
                *present = condition;
            }
            !same
        }
        None if condition.status == "False" => {
            if conditions.is_empty() {
                status.conditions = None;
            }
            false
        }
        None => {
            conditions.push(condition);
            true
        }
    }
}

/// Whether a pod is still to be counted.
pub(super) fn is_tracked(pod: &Pod) -> bool {
    pod.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

/// The completion index of a pod.
pub(super) fn index(pod: &Pod) -> Option<i32> {
    annotation(pod, INDEX)
}

/// How often its index had failed before, and how often that was ignored.
pub(super) fn index_failures(pod: &Pod) -> (i32, i32) {
    (annotation(pod, INDEX_FAILURES).unwrap_or_default(), annotation(pod, INDEX_IGNORED).unwrap_or_default())
}

/// Whether a pod counts as failed. Deletion counts, since a pod without a node never gets to fail.
pub(super) fn is_failed(spec: &JobSpec, pod: &Pod) -> bool {
    let phase = k8s_ctrl::pod::phase(pod);
    phase == "Failed"
        || !replaces_only_failed(spec) && pod.metadata.deletion_timestamp.is_some() && phase != "Succeeded"
}

/// Whether a pod has succeeded.
pub(super) fn has_succeeded(pod: &Pod) -> bool {
    k8s_ctrl::pod::phase(pod) == "Succeeded"
}

/// Whether the index of a pod has failed with it.
pub(super) fn fails_index(spec: &JobSpec, pod: &Pod) -> bool {
    if !is_failed(spec, pod) {
        return false;
    }
    match policy::judge(spec, pod) {
        Verdict::FailIndex => true,
        Verdict::Ignore => false,
        _ => index_failures(pod).0 >= spec.backoff_limit_per_index.unwrap_or(i32::MAX),
    }
}

/// The restarts of containers that count towards the limit where pods restart them.
pub(super) fn is_past_limit_by_restarts(spec: &JobSpec, all: &[std::sync::Arc<Pod>]) -> bool {
    let restart = spec.template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    if restart != Some("OnFailure") {
        return false;
    }
    let alive = all.iter().filter(|pod| matches!(k8s_ctrl::pod::phase(pod), "Running" | "Pending"));
    let statuses = alive.filter_map(|pod| pod.status.as_ref());
    let containers =
        statuses.flat_map(|status| status.init_container_statuses.iter().chain(&status.container_statuses));
    let n: i32 = containers.flatten().map(|container| container.restart_count).sum();
    let limit = spec.backoff_limit.unwrap_or(6);
    if limit == 0 { n > 0 } else { n >= limit }
}

/// How many pods are on their way out.
pub(super) fn n_terminating(all: &[std::sync::Arc<Pod>]) -> i32 {
    all.iter().filter(|pod| pods::is_terminating(pod)).count() as i32
}

fn annotation(pod: &Pod, key: &str) -> Option<i32> {
    pod.metadata.annotations.as_ref()?.get(key)?.parse().ok().filter(|number| *number >= 0)
}
