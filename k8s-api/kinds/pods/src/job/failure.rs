//! What a failed pod means to its job.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList, ErrorType};
use k8s_api_kinds::{At, names, shown};
use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
};

use crate::amounts::list;
use crate::blank::{items, text};
use crate::template;

const MAX_RULES: usize = 20;
const MAX_PATTERNS: usize = 20;
const MAX_CODES: usize = 255;

pub(super) fn policy(spec: &JobSpec, at: &At<'_>, errors: &mut ErrorList) {
    let Some(policy) = &spec.pod_failure_policy else { return };
    let at = at.child("rules");
    if policy.rules.len() > MAX_RULES {
        errors.push(Error::too_many(&at, policy.rules.len(), MAX_RULES));
    }
    for (i, rule) in policy.rules.iter().enumerate() {
        self::rule(rule, spec, &at.index(i), errors);
    }
}

/// A mistake in a value that messages do not show.
pub(super) fn without_value(at: &At<'_>, detail: &str) -> Error {
    Error { kind: ErrorType::Invalid, field: at.to_string(), value: None, detail: detail.to_owned() }
}

fn rule(rule: &PodFailurePolicyRule, spec: &JobSpec, at: &At<'_>, errors: &mut ErrorList) {
    let (action, place) = (&rule.action, at.child("action"));
    let actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    match action.as_str() {
        "FailIndex" if spec.backoff_limit_per_index.is_none() => {
            errors.push(Error::invalid(&place, action, "requires the backoffLimitPerIndex to be set"));
        }
        "" => errors.push(Error::required(&place, listed(&actions))),
        known if actions.contains(&known) => {}
        other => errors.push(Error::not_supported(&place, other, &actions)),
    }
    let conditions = items(&rule.on_pod_conditions);
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(codes, spec, &at.child("onExitCodes"), errors);
    }
    patterns(conditions, &at.child("onPodConditions"), errors);
    match (rule.on_exit_codes.is_some(), !conditions.is_empty()) {
        (true, true) => {
            errors.push(without_value(at, "specifying both OnExitCodes and OnPodConditions is not supported"));
        }
        (false, false) => {
            errors.push(without_value(at, "specifying one of OnExitCodes and OnPodConditions is required"));
        }
        _ => {}
    }
}

/// The values there are, as Go prints a list of quoted texts.
fn listed(values: &[&str]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("valid values: [{}]", quoted.join(" "))
}

fn patterns(patterns: &[PodFailurePolicyOnPodConditionsPattern], at: &At<'_>, errors: &mut ErrorList) {
    if patterns.len() > MAX_PATTERNS {
        errors.push(Error::too_many(at, patterns.len(), MAX_PATTERNS));
    }
    for (i, pattern) in patterns.iter().enumerate() {
        let at = at.index(i);
        let (kind, place) = (&pattern.type_, at.child("type"));
        errors.extend(names::qualified_name(kind).into_iter().map(|m| Error::invalid(&place, kind, m)));
        let known = ["False", "True", "Unknown"];
        match text(&pattern.status) {
            "" => errors.push(Error::required(&at.child("status"), listed(&known))),
            status if known.contains(&status) => {}
            status => errors.push(Error::not_supported(&at.child("status"), status, &known)),
        }
    }
}

fn exit_codes(codes: &PodFailurePolicyOnExitCodesRequirement, spec: &JobSpec, at: &At<'_>, errors: &mut ErrorList) {
    let operator = codes.operator.as_str();
    match operator {
        "In" | "NotIn" => {}
        "" => errors.push(Error::required(&at.child("operator"), listed(&["In", "NotIn"]))),
        other => errors.push(Error::not_supported(&at.child("operator"), other, &["In", "NotIn"])),
    }
    let pod = template::spec(&spec.template);
    let mut containers = pod.into_iter().flat_map(|pod| pod.containers.iter().chain(list(&pod.init_containers)));
    if let Some(name) = &codes.container_name
        && !containers.any(|container| container.name == *name)
    {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.push(Error::invalid(&at.child("containerName"), name, detail));
    }
    let (values, at) = (&codes.values, at.child("values"));
    if values.is_empty() {
        errors.push(Error::invalid(&at, shown::Literal("null".to_owned()), "at least one value is required"));
    } else if values.len() > MAX_CODES {
        errors.push(Error::too_many(&at, values.len(), MAX_CODES));
    }
    let mut seen = BTreeSet::new();
    for (i, value) in values.iter().enumerate() {
        if operator == "In" && *value == 0 {
            errors.push(Error::invalid(&at.index(i), *value, "must not be 0 for the In operator"));
        }
        if !seen.insert(value) {
            errors.push(Error::duplicate(&at.index(i), *value));
        }
    }
    if !values.is_sorted() {
        errors.push(Error::invalid(&at, shown::json(values), "must be ordered"));
    }
}
