//! What goes for every container.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, names};
use k8s_openapi::api::core::v1::{Container, ContainerPort, ContainerResizePolicy};

use super::{Scope, check, env, mounts, one_of, resources, security};
use crate::blank::{items, text};

pub(super) fn common(container: &Container, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    if container.name.is_empty() {
        errors.push(Error::required(&at.child("name"), ""));
    } else {
        check(names::dns1123_label(&container.name), &container.name, &at.child("name"), errors);
    }
    if text(&container.image).is_empty() {
        errors.push(Error::required(&at.child("image"), ""));
    }
    let policy = text(&container.termination_message_policy);
    one_of(policy, &["File", "FallbackToLogsOnError"], &at.child("terminationMessagePolicy"), errors);
    ports(items(&container.ports), &at.child("ports"), errors);
    env::variables(items(&container.env), &at.child("env"), errors);
    env::sources(items(&container.env_from), &at.child("envFrom"), errors);
    mounts::mounts(container, scope, &at.child("volumeMounts"), errors);
    mounts::devices(container, scope, &at.child("volumeDevices"), errors);
    let policy = text(&container.image_pull_policy);
    one_of(policy, &["Always", "IfNotPresent", "Never"], &at.child("imagePullPolicy"), errors);
    if let Some(resources) = &container.resources {
        resources::of_container(resources, scope, &at.child("resources"), errors);
    }
    resize_policy(items(&container.resize_policy), scope, &at.child("resizePolicy"), errors);
    if let Some(context) = &container.security_context {
        security::container(context, scope.host_users(), &at.child("securityContext"), errors);
    }
}

pub(super) fn image_of_pod(container: &Container, at: &At<'_>, errors: &mut ErrorList) {
    let image = text(&container.image);
    if image.trim().len() != image.len() {
        errors.push(Error::invalid(&at.child("image"), image, "must not have leading or trailing whitespace"));
    }
}

fn ports(ports: &[ContainerPort], at: &At<'_>, errors: &mut ErrorList) {
    let mut taken = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let at = at.index(i);
        let name = text(&port.name);
        if !name.is_empty() {
            let messages = names::port_name(name);
            if messages.is_empty() && !taken.insert(name) {
                errors.push(Error::duplicate(&at.child("name"), name));
            }
            check(messages, name, &at.child("name"), errors);
        }
        if port.container_port == 0 {
            errors.push(Error::required(&at.child("containerPort"), ""));
        } else {
            port_number(port.container_port, &at.child("containerPort"), errors);
        }
        if let Some(number) = port.host_port.filter(|number| *number != 0) {
            port_number(number, &at.child("hostPort"), errors);
        }
        one_of(text(&port.protocol), &["SCTP", "TCP", "UDP"], &at.child("protocol"), errors);
    }
}

/// A number that must be one of a port.
pub(super) fn port_number(number: i32, at: &At<'_>, errors: &mut ErrorList) {
    errors.extend(names::port_num(number.into()).into_iter().map(|m| Error::invalid(at, number, m)));
}

fn resize_policy(policies: &[ContainerResizePolicy], scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    for (i, policy) in policies.iter().enumerate() {
        if policies[..i].iter().any(|other| other.resource_name == policy.resource_name) {
            errors.push(Error::duplicate(&at.index(i), &policy.resource_name));
        }
        one_of(&policy.resource_name, &["cpu", "memory"], at, errors);
        one_of(&policy.restart_policy, &["NotRequired", "RestartContainer"], at, errors);
        if text(&scope.spec.restart_policy) == "Never" && policy.restart_policy != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            errors.push(Error::invalid(at, &policy.restart_policy, detail));
        }
    }
}
