//! The linked fields `clusterIP` and `clusterIPs`, and the values that the server once allocated.

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::kind_of;
use crate::checks::text;

/// Whether a service has cluster addresses, `None` counted.
pub fn needs_cluster_ip(service: &Service) -> bool {
    kind_of(service) != "ExternalName"
}

/// Whether a service has a port on every node.
pub fn needs_node_port(service: &Service) -> bool {
    matches!(kind_of(service), "NodePort" | "LoadBalancer")
}

/// Whether a service has a port on every node where its health is told.
pub fn needs_health_check_port(service: &Service) -> bool {
    kind_of(service) == "LoadBalancer"
        && service.spec.as_ref().is_some_and(|spec| text(&spec.external_traffic_policy) == "Local")
}

/// Divines what a client meant that wrote one of the linked fields alone; validation comes later.
pub(super) fn normalize(new: &mut Service, old: Option<&Service>) {
    let Some(spec) = &mut new.spec else { return };
    let Some(old) = old.and_then(|old| old.spec.as_ref()) else {
        if spec.cluster_ips.is_none() && spec.cluster_ip.is_some() {
            spec.cluster_ips = spec.cluster_ip.clone().map(|ip| vec![ip]);
        }
        return;
    };
    if spec.cluster_ips.is_none() && old.cluster_ip == spec.cluster_ip {
        spec.cluster_ips.clone_from(&old.cluster_ips);
    }
    if old.cluster_ip != spec.cluster_ip && same_plural(old, spec) {
        spec.cluster_ips = spec.cluster_ip.clone().map(|ip| vec![ip]);
    }
}

fn same_plural(old: &ServiceSpec, new: &ServiceSpec) -> bool {
    old.cluster_ips == new.cluster_ips
}

/// Puts back what the server allocated and the client left out, so that the same manifest can be sent twice.
pub(super) fn keep_allocated(new: &mut Service, old: &Service) {
    let both = |needs: fn(&Service) -> bool| needs(old) && needs(new);
    let (addresses, ports, health) = (both(needs_cluster_ip), both(needs_node_port), both(needs_health_check_port));
    let (Some(spec), Some(old)) = (&mut new.spec, &old.spec) else { return };
    if addresses {
        if spec.cluster_ip.is_none() {
            spec.cluster_ip.clone_from(&old.cluster_ip);
        }
        if spec.cluster_ips.is_none() {
            spec.cluster_ips.clone_from(&old.cluster_ips);
        }
    }
    if ports {
        keep_node_ports(spec, old);
    }
    if health && spec.health_check_node_port.is_none() {
        spec.health_check_node_port = old.health_check_node_port;
    }
}

fn keep_node_ports(new: &mut ServiceSpec, old: &ServiceSpec) {
    let used = |spec: &ServiceSpec| -> Vec<i32> { spec.ports.iter().flatten().filter_map(|p| p.node_port).collect() };
    let in_new = used(new);
    let taken: Vec<i32> = used(old).into_iter().filter(|port| in_new.contains(port)).collect();
    for port in new.ports.iter_mut().flatten().filter(|port| port.node_port.is_none()) {
        // Of several old ports with one name the last counts.
        let before = old.ports.iter().flatten().rfind(|p| text(&p.name) == text(&port.name));
        port.node_port = before.and_then(|p| p.node_port).filter(|p| !taken.contains(p));
    }
}
