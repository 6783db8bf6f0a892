//! What the failure of a pod means for its job, and when enough indexes have succeeded.
//!
//! Upstream: `pod_failure_policy.go`, `success_policy.go`.

use k8s_api::Kind;
use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::indexes::Indexes;

/// What the failure of a pod means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It counts towards the limits.
    Count,
    /// It does not count.
    Ignore,
    /// Its index has failed.
    FailIndex,
    /// The job has failed, with this message.
    FailJob(String),
}

/// Judges a pod that has failed by the first rule that matches.
pub(super) fn judge(spec: &JobSpec, pod: &Pod) -> Verdict {
    let rules = spec.pod_failure_policy.as_ref().map(|policy| &*policy.rules).unwrap_or_default();
    for (place, rule) in rules.iter().enumerate() {
        let Some(why) = matching(rule, pod) else { continue };
        match &*rule.action {
            "Ignore" => return Verdict::Ignore,
            "FailIndex" => return Verdict::FailIndex,
            "Count" => return Verdict::Count,
            "FailJob" => return Verdict::FailJob(format!("{why} matching FailJob rule at index {place}")),
            _ => {}
        }
    }
    Verdict::Count
}

/// Says which rule of the success policy holds, if one does.
pub(super) fn success(spec: &JobSpec, succeeded: &Indexes) -> Option<String> {
    let rules = spec.success_policy.as_ref().map(|policy| &*policy.rules).unwrap_or_default();
    if succeeded.is_empty() {
        return None;
    }
    let completions = spec.completions.unwrap_or_default();
    let place = rules.iter().position(|rule| {
        let enough = |n: i32| rule.succeeded_count.is_some_and(|count| n >= count);
        let Some(text) = &rule.succeeded_indexes else { return enough(succeeded.total()) };
        let required = Indexes::parse(text, completions);
        let n = required.n_common(succeeded);
        !required.is_empty() && (n == required.total() || enough(n))
    });
    place.map(|place| format!("Matched rules at index {place}"))
}

fn matching(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let whose = format!("{}/{}", pod.namespace(), pod.name());
    if let Some(codes) = &rule.on_exit_codes {
        let status = pod.status.as_ref()?;
        let mut containers = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
        let (name, code) = containers.find_map(|container| exit(container, codes))?;
        return Some(format!("Container {name} for pod {whose} failed with exit code {code}"));
    }
    let kind = condition(pod, rule.on_pod_conditions.as_deref()?)?;
    Some(format!("Pod {whose} has condition {kind}"))
}

fn exit<'a>(container: &'a ContainerStatus, codes: &PodFailurePolicyOnExitCodesRequirement) -> Option<(&'a str, i32)> {
    let code = container.state.as_ref()?.terminated.as_ref()?.exit_code;
    let is_meant = codes.container_name.as_ref().is_none_or(|name| *name == container.name);
    let matches = match &*codes.operator {
        "In" => codes.values.contains(&code),
        "NotIn" => !codes.values.contains(&code),
        _ => false,
    };
    (is_meant && code != 0 && matches).then_some((&container.name, code))
}

fn condition<'a>(pod: &'a Pod, patterns: &[PodFailurePolicyOnPodConditionsPattern]) -> Option<&'a str> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let matches = |kind: &str, status: &str| {
        let wanted = |pattern: &PodFailurePolicyOnPodConditionsPattern| {
            pattern.type_ == kind && pattern.status.as_deref().unwrap_or("True") == status
        };
        patterns.iter().any(wanted)
    };
    conditions.iter().find(|condition| matches(&condition.type_, &condition.status)).map(|found| &*found.type_)
}
