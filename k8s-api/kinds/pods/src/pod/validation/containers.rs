//! The three lists of containers: what goes for each list, and what for its containers beside the rest.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{Container, EphemeralContainer};

use super::{Scope, container, known, probes};
use crate::amounts::list;
use crate::blank::{items, text};
use crate::pod::ephemeral::as_container;

pub(super) fn containers(scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let containers = &scope.spec.containers;
    if containers.is_empty() {
        errors.push(Error::required(at, ""));
        return;
    }
    for (i, one) in containers.iter().enumerate() {
        let place = at.index(i);
        container::common(one, scope, &place, errors);
        if containers[..i].iter().any(|other| other.name == one.name) {
            errors.push(Error::duplicate(&place.child("name"), &one.name));
        }
        probes::all(one, scope.spec, &place, errors);
        restart_policy(one, &place, errors);
    }
    host_port_conflicts(containers, at, errors);
}

pub(super) fn init_containers(scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let containers = list(&scope.spec.init_containers);
    for (i, one) in containers.iter().enumerate() {
        let place = at.index(i);
        container::common(one, scope, &place, errors);
        if one.restart_policy.is_some() {
            restart_policy(one, &place, errors);
        } else if !items(&one.restart_policy_rules).is_empty() {
            errors.push(Error::required(&place.child("restartPolicy"), RULES_NEED_POLICY));
        }
        let named_before = containers[..i].iter().any(|other| !other.name.is_empty() && other.name == one.name);
        if named_before || scope.spec.containers.iter().any(|other| other.name == one.name) {
            errors.push(Error::duplicate(&place.child("name"), &one.name));
        }
        host_port_conflicts(std::slice::from_ref(one), at, errors);
        if one.restart_policy.as_deref() == Some("Always") {
            probes::all(one, scope.spec, &place, errors);
        } else {
            only_of_sidecars(one, scope, &place, errors);
        }
    }
}

/// Init containers that run to their end have no probes and are not resized by a restart.
fn only_of_sidecars(one: &Container, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let given = [
        ("lifecycle", one.lifecycle.is_some()),
        ("livenessProbe", one.liveness_probe.is_some()),
        ("readinessProbe", one.readiness_probe.is_some()),
        ("startupProbe", one.startup_probe.is_some()),
    ];
    for (field, _) in given.into_iter().filter(|(_, given)| *given) {
        let detail = "may not be set for init containers without restartPolicy=Always";
        errors.push(Error::forbidden(&at.child(field), detail));
    }
    if scope.options.restarting_resize_of_init_containers {
        return;
    }
    let at = at.child("resizePolicy");
    for (i, policy) in items(&one.resize_policy).iter().enumerate() {
        if policy.restart_policy == "RestartContainer" {
            let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
            let at = at.index(i);
            errors.push(Error::invalid(&at.child("restartPolicy"), &policy.restart_policy, detail));
        }
    }
}

const RULES_NEED_POLICY: &str = "must specify restartPolicy when restart rules are used";

fn restart_policy(one: &Container, at: &At<'_>, errors: &mut ErrorList) {
    let rules = items(&one.restart_policy_rules);
    let policy = at.child("restartPolicy");
    if one.restart_policy.is_none() {
        if rules.is_empty() {
            return;
        }
        errors.push(Error::required(&policy, RULES_NEED_POLICY));
    }
    known(&one.restart_policy, &["Always", "Never", "OnFailure"], &policy, errors);
    let at = at.child("restartPolicyRules");
    if rules.len() > 20 {
        errors.push(Error::too_many(&at, rules.len(), 20));
    }
    for (i, rule) in rules.iter().enumerate() {
        let at = at.index(i);
        let actions = ["Restart", "RestartAllContainers"];
        if !actions.contains(&rule.action.as_str()) {
            errors.push(Error::not_supported(&at.child("action"), &rule.action, &actions));
        }
        let at = at.child("exitCodes");
        let Some(codes) = &rule.exit_codes else {
            errors.push(Error::required(&at, "must be specified"));
            continue;
        };
        if !matches!(codes.operator.as_str(), "In" | "NotIn") {
            errors.push(Error::not_supported(&at.child("operator"), &codes.operator, &["In", "NotIn"]));
        }
        let values = items(&codes.values).len();
        if values > 255 {
            errors.push(Error::too_many(&at.child("values"), values, 255));
        }
    }
}

fn host_port_conflicts(containers: &[Container], at: &At<'_>, errors: &mut ErrorList) {
    let mut taken = BTreeSet::new();
    for (i, one) in containers.iter().enumerate() {
        let at = at.index(i);
        let at = at.child("ports");
        for (j, port) in items(&one.ports).iter().enumerate() {
            let number = port.host_port.unwrap_or_default();
            if number == 0 {
                continue;
            }
            let (protocol, ip) = (text(&port.protocol), text(&port.host_ip));
            if !taken.insert((protocol, ip, number)) {
                let at = at.index(j);
                errors.push(Error::duplicate(&at.child("hostPort"), format!("{protocol}/{ip}/{number}")));
            }
        }
    }
}

pub(super) fn ephemeral_containers(scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let all = items(&scope.spec.ephemeral_containers);
    let others = || scope.spec.containers.iter().chain(list(&scope.spec.init_containers)).map(|c| &c.name);
    for (i, one) in all.iter().enumerate() {
        let at = at.index(i);
        let common = as_container(one);
        container::common(&common, scope, &at, errors);
        container::image_of_pod(&common, &at, errors);
        if others().any(|name| *name == one.name) || all[..i].iter().any(|other| other.name == one.name) {
            errors.push(Error::duplicate(&at.child("name"), &one.name));
        }
        let target = text(&one.target_container_name);
        if !target.is_empty() && !others().any(|name| name == target) {
            errors.push(Error::not_found(&at.child("targetContainerName"), target));
        }
        not_of_ephemeral(one, &at, errors);
    }
}

/// Ephemeral containers look into a running pod: nothing of its promises is theirs.
fn not_of_ephemeral(one: &EphemeralContainer, at: &At<'_>, errors: &mut ErrorList) {
    let resources =
        one.resources.as_ref().is_some_and(|r| r.limits.is_some() || r.requests.is_some() || r.claims.is_some());
    let given = [
        ("ports", one.ports.is_some()),
        ("resources", resources),
        ("resizePolicy", one.resize_policy.is_some()),
        ("restartPolicy", one.restart_policy.is_some()),
        ("restartPolicyRules", one.restart_policy_rules.is_some()),
        ("livenessProbe", one.liveness_probe.is_some()),
        ("readinessProbe", one.readiness_probe.is_some()),
        ("startupProbe", one.startup_probe.is_some()),
        ("lifecycle", one.lifecycle.is_some()),
    ];
    let detail = "cannot be set for an Ephemeral Container";
    for (field, _) in given.into_iter().filter(|(_, given)| *given) {
        errors.push(Error::forbidden(&at.child(field), detail));
    }
    let at = at.child("volumeMounts");
    for (i, mount) in items(&one.volume_mounts).iter().enumerate() {
        let at = at.index(i);
        for (path, field) in [(&mount.sub_path, "subPath"), (&mount.sub_path_expr, "subPathExpr")] {
            if !text(path).is_empty() {
                errors.push(Error::forbidden(&at.child(field), detail));
            }
        }
    }
}

/// What is wrong with an image in a pod, while templates may still be filled in.
pub(super) fn images_of_pods(containers: &[Container], at: &At<'_>, errors: &mut ErrorList) {
    for (i, one) in containers.iter().enumerate() {
        container::image_of_pod(one, &at.index(i), errors);
    }
}
