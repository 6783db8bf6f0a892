//! Probes and the hooks of a container's life.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, names};
use k8s_openapi::api::core::v1::{
    Container, ExecAction, GRPCAction, HTTPGetAction, Lifecycle, LifecycleHandler, PodSpec, Probe, SleepAction,
    TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{check, container::port_number, os};
use crate::blank::{items, text};

/// The lifecycle and the three probes of a container.
pub(super) fn all(container: &Container, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    if let Some(hooks) = &container.lifecycle {
        lifecycle(hooks, spec, &at.child("lifecycle"), errors);
    }
    if let Some(probe) = &container.liveness_probe {
        let at = at.child("livenessProbe");
        self::probe(probe, &at, errors);
        succeeds_at_once(probe, &at, errors);
    }
    if let Some(probe) = &container.readiness_probe {
        let at = at.child("readinessProbe");
        self::probe(probe, &at, errors);
        if let Some(seconds) = probe.termination_grace_period_seconds {
            let detail = "must not be set for readinessProbes";
            errors.push(Error::invalid(&at.child("terminationGracePeriodSeconds"), seconds, detail));
        }
    }
    if let Some(probe) = &container.startup_probe {
        let at = at.child("startupProbe");
        self::probe(probe, &at, errors);
        succeeds_at_once(probe, &at, errors);
    }
}

fn succeeds_at_once(probe: &Probe, at: &At<'_>, errors: &mut ErrorList) {
    let threshold = probe.success_threshold.unwrap_or_default();
    if threshold != 1 {
        errors.push(Error::invalid(&at.child("successThreshold"), threshold, "must be 1"));
    }
}

fn probe(probe: &Probe, at: &At<'_>, errors: &mut ErrorList) {
    Handler {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_socket: probe.tcp_socket.as_ref(),
        grpc: probe.grpc.as_ref(),
        sleep: None,
        grace_period: None,
    }
    .check(at, errors);
    let counts = [
        (probe.initial_delay_seconds, "initialDelaySeconds"),
        (probe.timeout_seconds, "timeoutSeconds"),
        (probe.period_seconds, "periodSeconds"),
        (probe.success_threshold, "successThreshold"),
        (probe.failure_threshold, "failureThreshold"),
    ];
    for (count, field) in counts {
        crate::checks::non_negative(count.unwrap_or_default().into(), &at.child(field), errors);
    }
    if let Some(seconds) = probe.termination_grace_period_seconds.filter(|seconds| *seconds <= 0) {
        errors.push(Error::invalid(&at.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0"));
    }
}

fn lifecycle(hooks: &Lifecycle, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let grace_period = spec.termination_grace_period_seconds;
    if let Some(hook) = &hooks.post_start {
        of_hook(hook, grace_period).check(&at.child("postStart"), errors);
    }
    if let Some(hook) = &hooks.pre_stop {
        of_hook(hook, grace_period).check(&at.child("preStop"), errors);
    }
    if let Some(signal) = &hooks.stop_signal {
        os::stop_signal(signal, spec, &at.child("stopSignal"), errors);
    }
}

fn of_hook(hook: &LifecycleHandler, grace_period: Option<i64>) -> Handler<'_> {
    Handler {
        exec: hook.exec.as_ref(),
        http_get: hook.http_get.as_ref(),
        tcp_socket: hook.tcp_socket.as_ref(),
        grpc: None,
        sleep: hook.sleep.as_ref(),
        grace_period,
    }
}

/// What a probe or a hook does: one of these.
struct Handler<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_socket: Option<&'a TCPSocketAction>,
    grpc: Option<&'a GRPCAction>,
    sleep: Option<&'a SleepAction>,
    grace_period: Option<i64>,
}

impl Handler<'_> {
    fn check(&self, at: &At<'_>, errors: &mut ErrorList) {
        let present = [
            ("exec", self.exec.is_some()),
            ("httpGet", self.http_get.is_some()),
            ("tcpSocket", self.tcp_socket.is_some()),
            ("grpc", self.grpc.is_some()),
            ("sleep", self.sleep.is_some()),
        ];
        let mut present = present.into_iter().filter(|(_, present)| *present).map(|(name, _)| name);
        let Some(first) = present.next() else {
            errors.push(Error::required(at, "must specify a handler type"));
            return;
        };
        self.action(&at.child(first), errors);
        for name in present {
            errors.push(Error::forbidden(&at.child(name), "may not specify more than 1 handler type"));
        }
    }

    /// Checks the first action there is.
    fn action(&self, at: &At<'_>, errors: &mut ErrorList) {
        if let Some(exec) = self.exec {
            if items(&exec.command).is_empty() {
                errors.push(Error::required(&at.child("command"), ""));
            }
        } else if let Some(http) = self.http_get {
            http_get(http, at, errors);
        } else if let Some(socket) = self.tcp_socket {
            port(&socket.port, &at.child("port"), errors);
        } else if let Some(grpc) = self.grpc {
            port_number(grpc.port, &at.child("port"), errors);
        } else if let Some(sleep) = self.sleep
            && let Some(period) = self.grace_period
            && !(0..=period).contains(&sleep.seconds)
        {
            let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({period})");
            errors.push(Error::invalid(at, sleep.seconds, detail));
        }
    }
}

fn http_get(action: &HTTPGetAction, at: &At<'_>, errors: &mut ErrorList) {
    if text(&action.path).is_empty() {
        errors.push(Error::required(&at.child("path"), ""));
    }
    port(&action.port, &at.child("port"), errors);
    let scheme = text(&action.scheme);
    if !matches!(scheme, "HTTP" | "HTTPS") {
        errors.push(Error::not_supported(&at.child("scheme"), scheme, &["HTTP", "HTTPS"]));
    }
    for header in items(&action.http_headers) {
        check(names::http_header_name(&header.name), &header.name, &at.child("httpHeaders"), errors);
    }
}

fn port(port: &IntOrString, at: &At<'_>, errors: &mut ErrorList) {
    match port {
        IntOrString::Int(number) => port_number(*number, at, errors),
        IntOrString::String(name) => check(names::port_name(name), name, at, errors),
    }
}
