use k8s_api_kinds::{canonical, tidy};
use k8s_openapi::api::core::v1::{
    ClientIPConfig, LoadBalancerStatus, Service, ServicePort, ServiceSpec, ServiceStatus, SessionAffinityConfig,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::externally_accessible;
use crate::checks::text;

const AFFINITY_SECONDS: i32 = 10_800;

pub(super) fn apply(service: &mut Service) {
    canonical::meta(&mut service.metadata);
    tidy_spec(service.spec.get_or_insert_default());
    tidy_status(service);
    let Some(spec) = &mut service.spec else { return };
    affinity(spec);
    spec.type_.get_or_insert_with(|| "ClusterIP".to_owned());
    spec.ports.iter_mut().flatten().for_each(port);
    let external = externally_accessible(service);
    let Some(spec) = &mut service.spec else { return };
    if external && spec.external_traffic_policy.is_none() {
        spec.external_traffic_policy = Some("Cluster".to_owned());
    }
    if matches!(text(&spec.type_), "NodePort" | "LoadBalancer" | "ClusterIP") {
        spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".to_owned());
    }
    if text(&spec.type_) == "LoadBalancer" {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
        load_balancer_status(service);
    }
}

/// The status of a service that nothing has happened to.
pub(super) fn empty_status() -> ServiceStatus {
    ServiceStatus { load_balancer: Some(LoadBalancerStatus::default()), ..ServiceStatus::default() }
}

fn affinity(spec: &mut ServiceSpec) {
    spec.session_affinity.get_or_insert_with(|| "None".to_owned());
    match text(&spec.session_affinity) {
        "None" => spec.session_affinity_config = None,
        "ClientIP" => {
            let set = spec
                .session_affinity_config
                .as_ref()
                .and_then(|c| c.client_ip.as_ref())
                .and_then(|c| c.timeout_seconds);
            if set.is_none() {
                let client_ip = ClientIPConfig { timeout_seconds: Some(AFFINITY_SECONDS) };
                spec.session_affinity_config = Some(SessionAffinityConfig { client_ip: Some(client_ip) });
            }
        }
        _ => {}
    }
}

fn port(port: &mut ServicePort) {
    tidy!(port => name, node_port, protocol);
    port.protocol.get_or_insert_with(|| "TCP".to_owned());
    let unset = match &port.target_port {
        None | Some(IntOrString::Int(0)) => true,
        Some(IntOrString::String(name)) => name.is_empty(),
        Some(IntOrString::Int(_)) => false,
    };
    if unset {
        port.target_port = Some(IntOrString::Int(port.port));
    }
}

fn load_balancer_status(service: &mut Service) {
    let status = service.status.as_mut().and_then(|s| s.load_balancer.as_mut());
    for ingress in status.into_iter().flat_map(|s| s.ingress.iter_mut().flatten()) {
        if ingress.ip.is_some() {
            ingress.ip_mode.get_or_insert_with(|| "VIP".to_owned());
        }
    }
}

fn tidy_spec(spec: &mut ServiceSpec) {
    tidy!(spec => cluster_ip, cluster_ips, external_ips, external_name, external_traffic_policy,
        health_check_node_port, ip_families, load_balancer_ip, load_balancer_source_ranges, ports,
        publish_not_ready_addresses, selector, session_affinity, type_);
}

fn tidy_status(service: &mut Service) {
    let status = service.status.get_or_insert_with(empty_status);
    tidy!(status => conditions);
    let balancer = status.load_balancer.get_or_insert_default();
    tidy!(balancer => ingress);
    for ingress in balancer.ingress.iter_mut().flatten() {
        tidy!(ingress => ip, hostname, ports);
    }
}
