use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_api::Kind;
use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod, Service, ServiceSpec};
use k8s_openapi::api::discovery::v1::{
    Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice, ForNode, ForZone,
};

use super::{MANAGED_BY, MANAGER, SERVICE_NAME};
use crate::service::{self, HEADLESS, find_port, has_cluster_ip};

/// The families of addresses that a service is reached by: `IPv4`, `IPv6`.
pub(super) fn address_types(spec: &ServiceSpec) -> Vec<&'static str> {
    let families: Vec<_> = spec
        .ip_families
        .iter()
        .flatten()
        .filter_map(|family| match family.as_str() {
            "IPv4" => Some("IPv4"),
            "IPv6" => Some("IPv6"),
            _ => None,
        })
        .collect();
    if !families.is_empty() {
        return families;
    }
    match spec.cluster_ip.as_deref().filter(|_| has_cluster_ip(spec)) {
        Some(ip) if ip.contains(':') => vec!["IPv6"],
        Some(_) => vec!["IPv4"],
        None => vec!["IPv4", "IPv6"],
    }
}

/// The endpoint that a pod is; `None` when it has no address of this family.
pub(super) fn of_pod(pod: &Pod, node: Option<&Node>, service: &Service, address_type: &str) -> Option<Endpoint> {
    let addresses: Vec<_> = service::addresses(pod)
        .filter_map(|text| text.parse::<IpAddr>().ok())
        .filter(|ip| ip.is_ipv6() == (address_type == "IPv6"))
        .map(|ip| ip.to_string())
        .collect();
    if addresses.is_empty() {
        return None;
    }
    let spec = service.spec.as_ref();
    let serving = pod::is_ready(pod);
    let terminating = pod.metadata.deletion_timestamp.is_some();
    let always = spec.and_then(|spec| spec.publish_not_ready_addresses).unwrap_or_default();
    let ready = always || (serving && !terminating);
    let node_name = Some(pod::node_name(pod).to_owned()).filter(|name| !name.is_empty());
    let labels = node.and_then(|node| node.metadata.labels.as_ref());
    let zone = labels.and_then(|labels| labels.get("topology.kubernetes.io/zone")).filter(|zone| !zone.is_empty());
    let distribution = spec.and_then(|spec| spec.traffic_distribution.as_deref()).filter(|_| ready);
    Some(Endpoint {
        addresses,
        conditions: Some(EndpointConditions {
            ready: Some(ready),
            serving: Some(serving),
            terminating: Some(terminating),
        }),
        hints: distribution.and_then(|wish| hints(wish, zone, node_name.as_ref())),
        hostname: service::hostname(pod, service),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        }),
        zone: zone.cloned(),
        node_name,
        deprecated_topology: None,
    })
}

/// From where an endpoint should be used. Upstream: `trafficdist`.
fn hints(distribution: &str, zone: Option<&String>, node: Option<&String>) -> Option<EndpointHints> {
    let same_node = match distribution {
        "PreferSameNode" => true,
        "PreferClose" | "PreferSameZone" => false,
        _ => return None,
    };
    let for_zones = zone.map(|zone| vec![ForZone { name: zone.clone() }]);
    let for_nodes = node.filter(|_| same_node).map(|node| vec![ForNode { name: node.clone() }]);
    (for_zones.is_some() || for_nodes.is_some()).then_some(EndpointHints { for_nodes, for_zones })
}

/// The ports of a service on this pod.
pub(super) fn ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports
        .filter_map(|port| {
            Some(EndpointPort {
                name: Some(port.name.clone().unwrap_or_default()),
                port: Some(find_port(pod, port)?),
                protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
                app_protocol: port.app_protocol.clone(),
            })
        })
        .collect()
}

/// What tells slices of different ports apart, whatever their order.
pub(super) fn port_key(ports: &[EndpointPort]) -> String {
    let mut keys: Vec<_> = ports
        .iter()
        .map(|p| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let number = p.port.map(|port| port.to_string()).unwrap_or_default();
            [text(&p.name), text(&p.protocol), number, text(&p.app_protocol)].join("|")
        })
        .collect();
    keys.sort();
    keys.join(",")
}

/// What an endpoint is found again by in a slice.
pub(super) fn identity(endpoint: &Endpoint) -> (String, Vec<String>, String) {
    let target = endpoint.target_ref.as_ref();
    let name = target.and_then(|target| target.name.clone()).unwrap_or_default();
    let mut addresses = endpoint.addresses.clone();
    addresses.sort();
    (name, addresses, endpoint.hostname.clone().unwrap_or_default())
}

/// The labels of the slices of a service: its own and those that say whose they are.
pub(super) fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.retain(|key, _| !is_reserved(key));
    if !service.spec.as_ref().is_some_and(has_cluster_ip) {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(SERVICE_NAME.to_owned(), service.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    labels
}

/// Whether a slice has the service's own labels; those that say whose it is do not count.
pub(super) fn has_labels(slice: &EndpointSlice, wanted: &BTreeMap<String, String>) -> bool {
    let found = slice.metadata.labels.iter().flatten().filter(|(key, _)| !is_reserved(key));
    found.eq(wanted.iter().filter(|(key, _)| !is_reserved(key)))
}

fn is_reserved(label: &str) -> bool {
    matches!(label, SERVICE_NAME | MANAGED_BY | HEADLESS)
}
