//! What a node, a controller or the scheduler may report of a pod.
//!
//! Upstream: `podStatusStrategy` in `pkg/registry/core/pod/strategy.go` and `ValidatePodStatusUpdate` in
//! `pkg/apis/core/validation/validation.go`.

mod allocated;
mod claims;

use std::collections::BTreeMap;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, internal, ip, names, shown};
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodCondition, PodSpec, PodStatus};

use super::update;
use crate::amounts::list;
use crate::blank::{items, text};

/// An update of `status` leaves the spec, the owners and the deletion as they are.
pub(super) fn prepare(new: &mut Pod, old: &Pod) {
    // Most often it is the same already, and telling that costs less than a copy.
    if new.spec != old.spec {
        new.spec.clone_from(&old.spec);
    }
    new.metadata.deletion_timestamp = None;
    new.metadata.owner_references.clone_from(&old.metadata.owner_references);
    let (status, none) = (new.status.get_or_insert_default(), PodStatus::default());
    let before = old.status.as_ref().unwrap_or(&none);
    if text(&status.qos_class).is_empty() {
        status.qos_class.clone_from(&before.qos_class);
    }
    keep_observed_generations(status, before);
}

/// Clients that do not know observed generations do not take them back.
fn keep_observed_generations(new: &mut PodStatus, old: &PodStatus) {
    if new.observed_generation.unwrap_or_default() == 0 {
        new.observed_generation = old.observed_generation;
    }
    let mut before: BTreeMap<&str, Vec<Option<i64>>> = BTreeMap::new();
    for condition in items(&old.conditions).iter().rev() {
        before.entry(&condition.type_).or_default().push(condition.observed_generation);
    }
    for condition in new.conditions.iter_mut().flatten() {
        let generation = before.get_mut(condition.type_.as_str()).and_then(Vec::pop).flatten();
        if condition.observed_generation.unwrap_or_default() == 0 {
            condition.observed_generation = generation;
        }
    }
}

pub(super) fn validate(new: &Pod, old: &Pod) -> ErrorList {
    let mut errors = ErrorList::new();
    update::annotation_updates(new, old, &super::options(old), &mut errors);
    let (none, no_spec) = (PodStatus::default(), PodSpec::default());
    let (status, before) = (new.status.as_ref().unwrap_or(&none), old.status.as_ref().unwrap_or(&none));
    let (spec, old_spec) = (new.spec.as_ref().unwrap_or(&no_spec), old.spec.as_ref().unwrap_or(&no_spec));
    let at = At::new("status");
    conditions(items(&status.conditions), &at.child("conditions"), &mut errors);
    node(status, before, spec, old_spec, &at, &mut errors);
    if let Some(generation) = status.observed_generation.filter(|generation| *generation < 0) {
        let detail = "must be a non-negative integer";
        errors.push(Error::invalid(&at.child("observedGeneration"), generation, detail));
    }
    if text(&status.qos_class) != text(&before.qos_class) {
        errors.push(Error::invalid(&at.child("qosClass"), text(&status.qos_class), "field is immutable"));
    }
    transitions(status, before, old_spec, &at, &mut errors);
    claims::of_pod(status, spec, &at, &mut errors);
    addresses(status, before, &at, &mut errors);
    let lists = [
        (items(&status.container_statuses), "containerStatuses", Some(&spec.containers[..])),
        (items(&status.init_container_statuses), "initContainerStatuses", Some(list(&spec.init_containers))),
        (items(&status.ephemeral_container_statuses), "ephemeralContainerStatuses", None),
    ];
    for (statuses, field, _) in lists {
        users(statuses, super::is_windows(spec), &at.child(field), &mut errors);
    }
    for (statuses, field, containers) in lists {
        allocated::resources(statuses, containers, &at.child(field), &mut errors);
    }
    errors
}

fn conditions(conditions: &[PodCondition], at: &At<'_>, errors: &mut ErrorList) {
    for (i, condition) in conditions.iter().enumerate() {
        let at = at.index(i);
        if let Some(generation) = condition.observed_generation.filter(|generation| *generation < 0) {
            let detail = "must be a non-negative integer";
            errors.push(Error::invalid(&at.child("observedGeneration"), generation, detail));
        }
        let kind = condition.type_.as_str();
        if !matches!(kind, "PodScheduled" | "Ready" | "Initialized") {
            let at = at.child("Type");
            errors.extend(names::qualified_name(kind).into_iter().map(|m| Error::invalid(&at, kind, m)));
        }
    }
}

fn node(
    status: &PodStatus,
    before: &PodStatus,
    spec: &PodSpec,
    old_spec: &PodSpec,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    if spec.node_name != old_spec.node_name {
        errors.push(Error::forbidden(&at.child("nodeName"), "may not be changed directly"));
    }
    let nominated = text(&status.nominated_node_name);
    if nominated.is_empty() || nominated == text(&before.nominated_node_name) {
        return;
    }
    let at = at.child("nominatedNodeName");
    errors.extend(names::dns1123_subdomain(nominated).into_iter().map(|m| Error::invalid(&at, nominated, m)));
    if !text(&old_spec.node_name).is_empty() {
        errors.push(Error::forbidden(&at, "may not be set on pods that are already bound to a node"));
    }
}

/// A container that has ended for good does not come back.
fn transitions(status: &PodStatus, before: &PodStatus, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let (containers, init_containers) = (&spec.containers[..], list(&spec.init_containers));
    let all = containers.iter().chain(init_containers);
    let rules = all.flat_map(|container| items(&container.restart_policy_rules));
    if !rules.into_iter().any(|rule| rule.action == "RestartAllContainers") {
        let lists = [
            (&status.container_statuses, &before.container_statuses, containers, "containerStatuses"),
            (
                &status.init_container_statuses,
                &before.init_container_statuses,
                init_containers,
                "initContainerStatuses",
            ),
        ];
        for (new, old, containers, field) in lists {
            let restarts = |name: &str, code| {
                containers.iter().find(|c| c.name == name).is_some_and(|container| restarts(container, spec, code))
            };
            stay_ended(items(new), items(old), restarts, &at.child(field), errors);
        }
    }
    let (new, old) = (items(&status.ephemeral_container_statuses), items(&before.ephemeral_container_statuses));
    stay_ended(new, old, |_, _| false, &at.child("ephemeralContainerStatuses"), errors);
}

fn stay_ended(
    new: &[ContainerStatus],
    old: &[ContainerStatus],
    restarts: impl Fn(&str, i32) -> bool,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    for (i, old) in old.iter().enumerate() {
        let Some(ended) = old.state.as_ref().and_then(|state| state.terminated.as_ref()) else { continue };
        let lives = |status: &ContainerStatus| status.state.as_ref().is_none_or(|state| state.terminated.is_none());
        let lives = new.iter().any(|new| new.name == old.name && lives(new));
        if lives && !restarts(&old.name, ended.exit_code) {
            let at = at.index(i);
            errors.push(Error::forbidden(&at.child("state"), "may not be transitioned to non-terminated state"));
        }
    }
}

/// Whether a container that ended with `code` is started again.
fn restarts(container: &Container, spec: &PodSpec, code: i32) -> bool {
    let matching = items(&container.restart_policy_rules).iter().find(|rule| {
        rule.exit_codes.as_ref().is_some_and(|codes| {
            let listed = items(&codes.values).contains(&code);
            (codes.operator == "In" && listed) || (codes.operator == "NotIn" && !listed)
        })
    });
    if matching.is_some_and(|rule| matches!(rule.action.as_str(), "Restart" | "RestartAllContainers")) {
        return container.restart_policy.is_some();
    }
    match container.restart_policy.as_deref().unwrap_or(text(&spec.restart_policy)) {
        "OnFailure" => code != 0,
        "Never" => false,
        _ => true,
    }
}

fn addresses(status: &PodStatus, before: &PodStatus, at: &At<'_>, errors: &mut ErrorList) {
    let own: Vec<String> = items(&status.pod_ips).iter().map(|ip| ip.ip.clone()).collect();
    let known: Vec<String> = items(&before.pod_ips).iter().map(|ip| ip.ip.clone()).collect();
    let place = at.child("podIPs");
    families(&own, &known, &place, errors, || {
        shown::list(items(&status.pod_ips).iter().map(|ip| internal::show("PodIP", ip)))
    });
    let place = at.child("hostIPs");
    let own: Vec<String> = items(&status.host_ips).iter().map(|ip| ip.ip.clone()).collect();
    let known: Vec<String> = items(&before.host_ips).iter().map(|ip| ip.ip.clone()).collect();
    if let Some(first) = own.first().filter(|first| *first != text(&status.host_ip)) {
        let place = place.index(0);
        errors.push(Error::invalid(&place.child("ip"), first, "must be equal to `hostIP`"));
    }
    families(&own, &known, &place, errors, || {
        shown::list(items(&status.host_ips).iter().map(|ip| internal::show("HostIP", ip)))
    });
}

/// At most one address of each family.
fn families(
    ips: &[String],
    known: &[String],
    at: &At<'_>,
    errors: &mut ErrorList,
    show: impl FnOnce() -> shown::Literal,
) {
    for (i, one) in ips.iter().enumerate() {
        errors.extend(ip::validate_legacy_ip(one, known, &at.index(i)));
    }
    if ips.len() > 1 && (ips.len() > 2 || ip::is_dual_stack(ips) != Some(true)) {
        errors.push(Error::invalid(at, show(), "may specify no more than one IP for each IP family"));
    }
}

fn users(statuses: &[ContainerStatus], windows: bool, at: &At<'_>, errors: &mut ErrorList) {
    for (i, status) in statuses.iter().enumerate() {
        let Some(user) = status.user.as_ref().and_then(|user| user.linux.as_ref()) else { continue };
        let at = at.index(i);
        let at = at.child("user");
        let at = at.child("linux");
        if windows {
            errors.push(Error::forbidden(&at, "cannot be set for a windows pod"));
            continue;
        }
        let mut id = |id: i64, at: &At<'_>| {
            errors.extend(names::user_id(id).into_iter().map(|message| Error::invalid(at, id, message)));
        };
        id(user.uid, &at.child("uid"));
        id(user.gid, &at.child("gid"));
        let groups = at.child("supplementalGroups");
        items(&user.supplemental_groups).iter().enumerate().for_each(|(i, group)| id(*group, &groups.index(i)));
    }
}
