//! What a service may say, whatever it said before.

mod policies;

use std::collections::BTreeMap;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::shown::{Literal, json};
use k8s_api_kinds::{At, ip, labels, metadata::invalid, names};
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};

use super::{is_headless, kind_of};
use crate::checks::{
    PROTOCOLS, dns_label, dns_subdomain, one_of, port_num, port_num_or_name, qualified_name, required_one_of, text,
};

const SPEC: At<'static> = At::new("spec");
const ONLY_LOAD_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";

const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

pub(super) fn validate(service: &Service, old: Option<&Service>) -> ErrorList {
    let mut errors = ErrorList::new();
    let nothing = ServiceSpec::default();
    let spec = service.spec.as_ref().unwrap_or(&nothing);
    let old_spec = old.and_then(|old| old.spec.as_ref());
    topology_annotations(&mut errors, service);
    by_type(&mut errors, service, spec);
    ports(&mut errors, spec.ports.as_deref().unwrap_or_default());
    if spec.selector.is_some() {
        errors.extend(labels::validate_labels(spec.selector.as_ref(), &SPEC.child("selector")));
    }
    policies::session_affinity(&mut errors, spec);
    errors.extend(validate_cluster_ips(service, old));
    external_ips(&mut errors, spec, old_spec);
    let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    required_one_of(&mut errors, &SPEC.child("type"), text(&spec.type_), &types);
    port_conflicts(&mut errors, spec);
    source_ranges(&mut errors, service, spec, old);
    let load_balancer = text(&spec.type_) == "LoadBalancer";
    match spec.allocate_load_balancer_node_ports {
        Some(_) if !load_balancer => {
            errors.push(Error::forbidden(&SPEC.child("allocateLoadBalancerNodePorts"), ONLY_LOAD_BALANCER));
        }
        None if load_balancer => errors.push(Error::required("allocateLoadBalancerNodePorts", "")),
        _ => {}
    }
    load_balancer_class(&mut errors, spec);
    policies::traffic(&mut errors, service, spec);
    errors
}

/// Checks the linked fields that the server allocates addresses by. It does so before it allocates, and answers these
/// errors alone.
pub fn validate_cluster_ips(service: &Service, old: Option<&Service>) -> ErrorList {
    let mut errors = ErrorList::new();
    if kind_of(service) != "ExternalName"
        && let Some(spec) = &service.spec
    {
        cluster_ips(&mut errors, service, spec, old.and_then(|old| old.spec.as_ref()));
    }
    errors
}

pub(super) fn load_balancer_class(errors: &mut ErrorList, spec: &ServiceSpec) {
    let Some(class) = &spec.load_balancer_class else { return };
    let at = SPEC.child("loadBalancerClass");
    if text(&spec.type_) == "LoadBalancer" {
        qualified_name(errors, &at, class);
    } else {
        errors.push(Error::forbidden(&at, ONLY_LOAD_BALANCER));
    }
}

fn topology_annotations(errors: &mut ErrorList, service: &Service) {
    let get = |key: &str| service.metadata.annotations.as_ref().and_then(|a| a.get(key));
    if let (Some(hints), Some(mode)) = (get(TOPOLOGY_HINTS), get(TOPOLOGY_MODE))
        && hints != mode
    {
        let metadata = At::new("metadata");
        let annotations = metadata.child("annotations");
        let detail = format!("must match annotations[{TOPOLOGY_HINTS}] when both are specified");
        errors.push(Error::invalid(&annotations.key(TOPOLOGY_MODE), mode, detail));
    }
}

fn by_type(errors: &mut ErrorList, service: &Service, spec: &ServiceSpec) {
    let headless = is_headless(service);
    let kind = text(&spec.type_);
    if spec.ports.as_ref().is_none_or(Vec::is_empty) && !headless && kind != "ExternalName" {
        errors.push(Error::required(&SPEC.child("ports"), ""));
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.push(Error::invalid(&SPEC.child("clusterIPs").index(0), "None", detail));
        }
        "ExternalName" => external_name(errors, spec),
        _ => {}
    }
}

fn external_name(errors: &mut ErrorList, spec: &ServiceSpec) {
    let set = [
        ("clusterIPs", spec.cluster_ips.as_ref().is_some_and(|ips| !ips.is_empty())),
        ("ipFamilies", spec.ip_families.as_ref().is_some_and(|families| !families.is_empty())),
        ("ipFamilyPolicy", spec.ip_family_policy.is_some()),
    ];
    for (field, _) in set.iter().filter(|(_, set)| *set) {
        errors.push(Error::forbidden(&SPEC.child(field), "may not be set for ExternalName services"));
    }
    let name = text(&spec.external_name);
    let name = name.strip_suffix('.').unwrap_or(name);
    let at = SPEC.child("externalName");
    if name.is_empty() {
        errors.push(Error::required(&at, ""));
    } else {
        dns_subdomain(errors, &at, name);
    }
}

fn ports(errors: &mut ErrorList, ports: &[ServicePort]) {
    let list = SPEC.child("ports");
    for (i, port) in ports.iter().enumerate() {
        let at = list.index(i);
        let name = text(&port.name);
        if !name.is_empty() {
            dns_label(errors, &at.child("name"), name);
            if ports[..i].iter().any(|earlier| text(&earlier.name) == name) {
                errors.push(Error::duplicate(&at.child("name"), name));
            }
        } else if ports.len() > 1 {
            errors.push(Error::required(&at.child("name"), ""));
        }
        port_num(errors, &at.child("port"), port.port);
        required_one_of(errors, &at.child("protocol"), text(&port.protocol), &PROTOCOLS);
        if let Some(target) = &port.target_port {
            port_num_or_name(errors, &at.child("targetPort"), target);
        }
        if let Some(protocol) = &port.app_protocol {
            qualified_name(errors, &at.child("appProtocol"), protocol);
        }
    }
}

fn port_conflicts(errors: &mut ErrorList, spec: &ServiceSpec) {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let list = SPEC.child("ports");
    let node_port = |port: &ServicePort| port.node_port.filter(|number| *number != 0);
    if text(&spec.type_) == "ClusterIP" {
        for (i, _) in ports.iter().enumerate().filter(|(_, port)| node_port(port).is_some()) {
            let detail = "may not be used when `type` is 'ClusterIP'";
            errors.push(Error::forbidden(&list.index(i).child("nodePort"), detail));
        }
    }
    for (i, port) in ports.iter().enumerate() {
        let Some(number) = node_port(port) else { continue };
        if ports[..i].iter().any(|p| p.protocol == port.protocol && p.node_port == Some(number)) {
            errors.push(Error::duplicate(&list.index(i).child("nodePort"), number));
        }
    }
    for (i, port) in ports.iter().enumerate() {
        if ports[..i].iter().any(|p| p.protocol == port.protocol && p.port == port.port) {
            let shown = format!(
                r#"{{"Name":"","Protocol":{},"AppProtocol":null,"Port":{},"TargetPort":0,"NodePort":0}}"#,
                json(text(&port.protocol)).0,
                port.port
            );
            errors.push(Error::duplicate(&list.index(i), Literal(shown)));
        }
    }
}

fn cluster_ips(errors: &mut ErrorList, service: &Service, spec: &ServiceSpec, old: Option<&ServiceSpec>) {
    let ips = spec.cluster_ips.as_deref().unwrap_or_default();
    let at = SPEC.child("clusterIPs");
    match (text(&spec.cluster_ip), ips.first()) {
        ("", Some(_)) => {
            errors.push(Error::invalid(&at, json(ips), "must be empty when `clusterIP` is not specified"));
        }
        ("", None) => {}
        (_, None) => errors.push(Error::required(&at, "")),
        (one, Some(first)) if one != first => {
            errors.push(Error::invalid(&at, json(ips), "first value must match `clusterIP`"));
        }
        _ => {}
    }
    ip_families(errors, spec);
    let mut malformed = false;
    let old_ips = old.and_then(|old| old.cluster_ips.as_deref()).unwrap_or_default();
    for (i, one) in ips.iter().enumerate() {
        let error = match (i, one.as_str()) {
            (0, "None") if ips.len() > 1 => {
                Some(Error::invalid(&at, json(ips), "'None' must be the first and only value"))
            }
            (0, "None") => None,
            _ => ip::validate_legacy_ip(one, old_ips, &at.index(i)),
        };
        malformed |= error.is_some();
        errors.extend(error);
    }
    if ips.len() > 2 {
        errors.push(Error::invalid(&at, json(ips), "may only hold up to 2 values"));
    }
    if malformed {
        return;
    }
    if ips.len() > 1 && ip::is_dual_stack(ips) == Some(false) {
        errors.push(Error::invalid(&at, json(ips), "may specify no more than one IP for each IP family"));
    }
    if !is_headless(service) {
        match_families(errors, spec, ips, &at);
    }
}

fn ip_families(errors: &mut ErrorList, spec: &ServiceSpec) {
    let at = SPEC.child("ipFamilies");
    let families = spec.ip_families.as_deref().unwrap_or_default();
    for (i, family) in families.iter().enumerate() {
        one_of(errors, &at.index(i), family, &["IPv4", "IPv6"]);
        if families[..i].contains(family) {
            errors.push(Error::duplicate(&at.index(i), family));
        }
    }
    if let Some(policy) = &spec.ip_family_policy {
        let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
        one_of(errors, &SPEC.child("ipFamilyPolicy"), policy, &policies);
    }
}

fn match_families(errors: &mut ErrorList, spec: &ServiceSpec, ips: &[String], at: &At<'_>) {
    for (i, (one, family)) in ips.iter().zip(spec.ip_families.iter().flatten()).enumerate() {
        let right = match family.as_str() {
            "IPv4" => !ip::is_v6(one),
            "IPv6" => ip::is_v6(one),
            _ => true,
        };
        if !right {
            let detail = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
            errors.push(Error::invalid(&at.index(i), one, detail));
        }
    }
}

fn external_ips(errors: &mut ErrorList, spec: &ServiceSpec, old: Option<&ServiceSpec>) {
    let at = SPEC.child("externalIPs");
    let old_ips = old.and_then(|old| old.external_ips.as_deref()).unwrap_or_default();
    for (i, one) in spec.external_ips.iter().flatten().enumerate() {
        match ip::validate_legacy_ip(one, old_ips, &at.index(i)) {
            Some(error) => errors.push(error),
            None => errors.extend(ip::validate_endpoint_ip(one, &at.index(i))),
        }
    }
}

fn source_ranges(errors: &mut ErrorList, service: &Service, spec: &ServiceSpec, old: Option<&Service>) {
    let load_balancer = text(&spec.type_) == "LoadBalancer";
    let ranges = spec.load_balancer_source_ranges.as_deref().unwrap_or_default();
    if !ranges.is_empty() {
        // Upstream's path has the Go name of the field.
        let at = SPEC.child("LoadBalancerSourceRanges");
        if !load_balancer {
            errors.push(Error::forbidden(&at, ONLY_LOAD_BALANCER));
        }
        let old = old.and_then(|o| o.spec.as_ref()).and_then(|s| s.load_balancer_source_ranges.as_ref());
        let known: Vec<String> = old.into_iter().flatten().map(|range| range.trim().to_owned()).collect();
        for (i, range) in ranges.iter().enumerate() {
            errors.extend(ip::validate_legacy_cidr(range.trim(), &known, &at.index(i)));
        }
    } else if let Some(ranges) = annotation(service.metadata.annotations.as_ref()) {
        let metadata = At::new("metadata");
        let annotations = metadata.child("annotations");
        let at = annotations.key(SOURCE_RANGES);
        if !load_balancer {
            errors.push(Error::forbidden(&at, ONLY_LOAD_BALANCER));
        }
        let unchanged = old.is_some_and(|old| annotation(old.metadata.annotations.as_ref()) == Some(ranges));
        if !unchanged && !ranges.trim().is_empty() {
            for range in ranges.trim().split(',') {
                errors.extend(ip::validate_legacy_cidr(range.trim(), &[], &at));
            }
        }
    }
}

fn annotation(annotations: Option<&BTreeMap<String, String>>) -> Option<&String> {
    annotations.and_then(|annotations| annotations.get(SOURCE_RANGES))
}

/// The host name of a balancer: a name, not an address.
pub(super) fn host_name(errors: &mut ErrorList, at: &At<'_>, name: &str) {
    invalid(errors, at, name, names::dns1123_subdomain(name));
    if ip::parse_sloppy(name).is_some() {
        errors.push(Error::invalid(at, name, "must be a DNS name, not an IP address"));
    }
}
