//! Session affinity and the policies of traffic.

use k8s_api::field::{Error, ErrorList};
use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::SPEC;
use crate::checks::{one_of, port_num, required_one_of, text};
use crate::service::{externally_accessible, needs_health_check_port};

const AFFINITY_MAX_SECONDS: i32 = 86_400;

pub(super) fn session_affinity(errors: &mut ErrorList, spec: &ServiceSpec) {
    let affinity = text(&spec.session_affinity);
    required_one_of(errors, &SPEC.child("sessionAffinity"), affinity, &["ClientIP", "None"]);
    let at = SPEC.child("sessionAffinityConfig");
    match affinity {
        "ClientIP" => client_ip(errors, spec),
        "None" if spec.session_affinity_config.is_some() => {
            errors.push(Error::forbidden(&at, "must not be set when session affinity is None"));
        }
        _ => {}
    }
}

fn client_ip(errors: &mut ErrorList, spec: &ServiceSpec) {
    const WHEN: &str = "when session affinity type is ClientIP";
    let config_at = SPEC.child("sessionAffinityConfig");
    let client_at = config_at.child("clientIP");
    let seconds_at = client_at.child("timeoutSeconds");
    let Some(config) = &spec.session_affinity_config else {
        return errors.push(Error::required(&config_at, WHEN));
    };
    let Some(client) = &config.client_ip else {
        return errors.push(Error::required(&client_at, WHEN));
    };
    match client.timeout_seconds {
        None => errors.push(Error::required(&seconds_at, WHEN)),
        Some(seconds) if !(1..=AFFINITY_MAX_SECONDS).contains(&seconds) => errors.push(Error::invalid(
            &seconds_at,
            seconds,
            format!("must be greater than 0 and less than {AFFINITY_MAX_SECONDS}"),
        )),
        Some(_) => {}
    }
}

pub(super) fn traffic(errors: &mut ErrorList, service: &Service, spec: &ServiceSpec) {
    external(errors, service, spec);
    health_check(errors, service, spec);
    internal(errors, spec);
    if let Some(distribution) = &spec.traffic_distribution {
        let supported = ["PreferClose", "PreferSameZone", "PreferSameNode"];
        one_of(errors, &SPEC.child("trafficDistribution"), distribution, &supported);
    }
}

fn external(errors: &mut ErrorList, service: &Service, spec: &ServiceSpec) {
    let at = SPEC.child("externalTrafficPolicy");
    let policy = text(&spec.external_traffic_policy);
    if externally_accessible(service) {
        required_one_of(errors, &at, policy, &["Cluster", "Local"]);
    } else if !policy.is_empty() {
        errors.push(Error::invalid(&at, policy, "may only be set for externally-accessible services"));
    }
}

fn health_check(errors: &mut ErrorList, service: &Service, spec: &ServiceSpec) {
    let at = SPEC.child("healthCheckNodePort");
    let port = spec.health_check_node_port.filter(|port| *port != 0);
    match (needs_health_check_port(service), port) {
        (true, None) => errors.push(Error::required(&at, "")),
        (true, Some(port)) => port_num(errors, &at, port),
        (false, Some(port)) => errors.push(Error::invalid(
            &at,
            port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        )),
        (false, None) => {}
    }
}

fn internal(errors: &mut ErrorList, spec: &ServiceSpec) {
    let at = SPEC.child("internalTrafficPolicy");
    match &spec.internal_traffic_policy {
        Some(policy) => one_of(errors, &at, policy, &["Cluster", "Local"]),
        None if matches!(text(&spec.type_), "NodePort" | "LoadBalancer" | "ClusterIP") => {
            errors.push(Error::required(&at, ""));
        }
        None => {}
    }
}
