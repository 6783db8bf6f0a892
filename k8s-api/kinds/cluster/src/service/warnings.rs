//! What a client should be told of a service that was taken.
//!
//! Upstream: `pkg/api/service/warnings.go`.

use k8s_api_kinds::{At, ip};
use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use crate::checks::text;

const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";

pub(super) fn of(service: &Service) -> Vec<String> {
    let mut warnings = Vec::new();
    if service.metadata.annotations.as_ref().is_some_and(|a| a.contains_key(TOPOLOGY_HINTS)) {
        warnings.push(format!(
            "annotation {TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead"
        ));
    }
    if let Some(spec) = &service.spec {
        addresses(&mut warnings, spec);
        ignored(&mut warnings, spec);
    }
    warnings
}

fn addresses(warnings: &mut Vec<String>, spec: &ServiceSpec) {
    let at = At::new("spec");
    let headless = text(&spec.type_) == "ClusterIP" && text(&spec.cluster_ip) == "None";
    if !matches!(text(&spec.cluster_ip), "" | "None") {
        let at = at.child("clusterIPs");
        for (i, one) in spec.cluster_ips.iter().flatten().enumerate() {
            warnings.extend(ip::warnings_for_ip(one, &at.index(i)));
        }
    }
    if headless {
        if spec.load_balancer_ip.is_some() {
            warnings.push("spec.loadBalancerIP is ignored for headless services".to_owned());
        }
        if spec.external_ips.is_some() {
            warnings.push("spec.externalIPs is ignored for headless services".to_owned());
        }
        if text(&spec.session_affinity) != "None" {
            warnings.push("spec.SessionAffinity is ignored for headless services".to_owned());
        }
    }
    let external_at = at.child("externalIPs");
    for (i, one) in spec.external_ips.iter().flatten().enumerate() {
        warnings.extend(ip::warnings_for_ip(one, &external_at.index(i)));
    }
    if spec.external_ips.is_some() && !headless && text(&spec.type_) != "ExternalName" {
        warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned());
    }
    if let Some(one) = &spec.load_balancer_ip {
        warnings.extend(ip::warnings_for_ip(one, &at.child("loadBalancerIP")));
    }
    let ranges_at = at.child("loadBalancerSourceRanges");
    for (i, range) in spec.load_balancer_source_ranges.iter().flatten().enumerate() {
        warnings.extend(ip::warnings_for_cidr(range, &ranges_at.index(i)));
    }
}

fn ignored(warnings: &mut Vec<String>, spec: &ServiceSpec) {
    let external_name = text(&spec.type_) == "ExternalName";
    if external_name && spec.external_ips.is_some() {
        warnings.push(r#"spec.externalIPs is ignored when spec.type is "ExternalName""#.to_owned());
    }
    if !external_name && spec.external_name.is_some() {
        warnings.push(r#"spec.externalName is ignored when spec.type is not "ExternalName""#.to_owned());
    }
    if spec.traffic_distribution.as_deref() == Some("PreferClose") {
        warnings.push(r#"spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone""#.to_owned());
    }
}
