//! Defaults of containers.

use k8s_openapi::api::core::v1::{
    Container, EnvVar, EphemeralContainer, HTTPGetAction, Lifecycle, Probe, ResourceRequirements, SecurityContext,
};

use crate::amounts::{self, tidy_list};
use crate::blank::{items_mut, or_number, or_text, text};
use crate::image::default_pull_policy;
use crate::pod::ephemeral::{as_container, set_container};
use k8s_api_kinds::tidy;

/// Defaults of a container wherever it stands.
pub(super) fn container(container: &mut Container) {
    tidy!(container =>
        args, command, env, env_from, image, ports, resize_policy, restart_policy_rules, stdin, stdin_once, tty,
        volume_devices, volume_mounts, working_dir,
    );
    if text(&container.image_pull_policy).is_empty() {
        container.image_pull_policy = Some(default_pull_policy(text(&container.image)).to_owned());
    }
    or_text(&mut container.termination_message_path, "/dev/termination-log");
    or_text(&mut container.termination_message_policy, "File");
    for port in items_mut(&mut container.ports) {
        tidy!(port => host_ip, host_port, name);
        or_text(&mut port.protocol, "TCP");
    }
    items_mut(&mut container.env).iter_mut().for_each(variable);
    for source in items_mut(&mut container.env_from) {
        tidy!(source => prefix);
    }
    for mount in items_mut(&mut container.volume_mounts) {
        tidy!(mount => read_only, sub_path, sub_path_expr);
    }
    resources(container.resources.get_or_insert_default());
    container.liveness_probe.iter_mut().for_each(probe);
    container.readiness_probe.iter_mut().for_each(probe);
    container.startup_probe.iter_mut().for_each(probe);
    container.lifecycle.iter_mut().for_each(lifecycle);
    container.security_context.iter_mut().for_each(security_context);
}

/// Defaults of an ephemeral container: those of a container.
pub(super) fn ephemeral(ephemeral: &mut EphemeralContainer) {
    let mut common = as_container(ephemeral);
    container(&mut common);
    set_container(ephemeral, common);
    tidy!(ephemeral => target_container_name);
}

/// A container of a pod requests what it is limited to, unless it says otherwise.
pub(super) fn requests_from_limits(container: &mut Container) {
    let Some(resources) = &mut container.resources else { return };
    let Some(limits) = &resources.limits else { return };
    let requests = resources.requests.get_or_insert_default();
    for (name, amount) in limits {
        requests.entry(name.clone()).or_insert_with(|| amount.clone());
    }
}

/// Amounts in the form in which they are stored.
pub(super) fn resources(resources: &mut ResourceRequirements) {
    tidy!(resources => claims);
    tidy_list(&mut resources.limits);
    tidy_list(&mut resources.requests);
    for claim in items_mut(&mut resources.claims) {
        tidy!(claim => request);
    }
}

fn variable(variable: &mut EnvVar) {
    tidy!(variable => value);
    let Some(source) = &mut variable.value_from else { return };
    if let Some(field) = &mut source.field_ref {
        or_text(&mut field.api_version, "v1");
    }
    if let Some(resource) = &mut source.resource_field_ref {
        tidy!(resource => container_name);
        amounts::tidy(resource.divisor.get_or_insert_with(zero));
    }
    if let Some(file) = &mut source.file_key_ref {
        file.optional.get_or_insert(false);
    }
}

/// The divisor that divides by nothing.
pub(super) fn zero() -> k8s_openapi::apimachinery::pkg::api::resource::Quantity {
    k8s_openapi::apimachinery::pkg::api::resource::Quantity("0".to_owned())
}

fn probe(probe: &mut Probe) {
    tidy!(probe => initial_delay_seconds);
    or_number(&mut probe.timeout_seconds, 1);
    or_number(&mut probe.period_seconds, 10);
    or_number(&mut probe.success_threshold, 1);
    or_number(&mut probe.failure_threshold, 3);
    probe.http_get.iter_mut().for_each(http_get);
    if let Some(exec) = &mut probe.exec {
        tidy!(exec => command);
    }
    if let Some(socket) = &mut probe.tcp_socket {
        tidy!(socket => host);
    }
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn http_get(action: &mut HTTPGetAction) {
    tidy!(action => host, http_headers);
    or_text(&mut action.path, "/");
    or_text(&mut action.scheme, "HTTP");
}

fn lifecycle(lifecycle: &mut Lifecycle) {
    for handler in [&mut lifecycle.post_start, &mut lifecycle.pre_stop].into_iter().flatten() {
        handler.http_get.iter_mut().for_each(http_get);
        if let Some(exec) = &mut handler.exec {
            tidy!(exec => command);
        }
        if let Some(socket) = &mut handler.tcp_socket {
            tidy!(socket => host);
        }
    }
}

fn security_context(context: &mut SecurityContext) {
    if let Some(capabilities) = &mut context.capabilities {
        tidy!(capabilities => add, drop);
    }
    if let Some(options) = &mut context.se_linux_options {
        tidy!(options => level, role, type_, user);
    }
}
