//! What a pod shares with its node.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, names};
use k8s_openapi::api::core::v1::PodSpec;

use super::{Scope, check, visit};
use crate::blank::items;

/// On the node's network a container's ports are the node's.
pub(super) fn host_network_ports(scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    if scope.spec.host_network != Some(true) {
        return;
    }
    let at = at.child("containers");
    for (i, container) in scope.spec.containers.iter().enumerate() {
        let at = at.index(i);
        let at = at.child("ports");
        for (j, port) in items(&container.ports).iter().enumerate() {
            let host = port.host_port.unwrap_or_default();
            if (scope.options.is_pod || host != 0) && host != port.container_port {
                let at = at.index(j);
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.push(Error::invalid(&at.child("hostPort"), host, detail));
            }
        }
    }
}

/// Who has users of its own does not share what belongs to the node's users.
pub(super) fn host_users(scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let spec = scope.spec;
    if spec.host_users != Some(false) {
        return;
    }
    let detail = "when `hostUsers` is false";
    if !scope.options.user_namespaces_on_host_network && spec.host_network == Some(true) {
        errors.push(Error::forbidden(&at.child("hostNetwork"), detail));
    }
    if spec.host_pid == Some(true) {
        errors.push(Error::forbidden(&at.child("HostPID"), detail));
    }
    if spec.host_ipc == Some(true) {
        errors.push(Error::forbidden(&at.child("HostIPC"), detail));
    }
    if !scope.options.user_namespaces_with_devices {
        visit(spec, at, |container, at| {
            if !items(&container.volume_devices).is_empty() {
                errors.push(Error::forbidden(&at.child("volumeDevices"), detail));
            }
        });
    }
}

pub(super) fn hostname_override(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let Some(name) = &spec.hostname_override else { return };
    if spec.set_hostname_as_fqdn == Some(true) {
        errors.push(Error::forbidden(at, "may not be specified when setHostnameAsFQDN is true"));
    }
    if spec.host_network == Some(true) {
        errors.push(Error::forbidden(at, "may not be specified when hostNetwork is true"));
    }
    if name.len() > 64 {
        errors.push(Error::too_long(at, 64));
    }
    check(names::dns1123_subdomain(name), name, at, errors);
}
