use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, ObjectReference, Pod, Service, ServiceSpec,
};

use crate::service::{self, find_port, has_cluster_ip, has_endpoint};

/// How many addresses an object holds. Upstream: `maxCapacity`.
const CAPACITY: usize = 1000;

/// The endpoints of a service, grouped by ports: those ports stand together that have the same addresses.
#[derive(Debug, Default)]
pub(super) struct Subsets {
    pub(super) list: Vec<EndpointSubset>,
    pub(super) truncated: bool,
}

/// Addresses by IP and uid, and whether each is ready.
type Addresses = BTreeMap<(String, String), (bool, EndpointAddress)>;

/// A port in an order of its own: name, number, protocol, application protocol.
type PortKey = (Option<String>, i32, Option<String>, Option<String>);

impl Subsets {
    pub(super) fn of(service: &Service, pods: &[Arc<Pod>]) -> Self {
        let Some(spec) = service.spec.as_ref() else { return Self::default() };
        let publishes_all = spec.publish_not_ready_addresses.unwrap_or_default();
        // `None` stands for a headless service without ports.
        let mut by_port: BTreeMap<Option<PortKey>, Addresses> = BTreeMap::new();
        for pod in pods.iter().filter(|pod| has_endpoint(pod, publishes_all)) {
            let Some(address) = address(service, spec, pod) else { continue };
            let uid = pod.metadata.uid.clone().unwrap_or_default();
            let entry = ((address.ip.clone(), uid), (publishes_all || pod::is_ready(pod), address));
            for port in ports(spec, pod) {
                by_port.entry(port).or_default().insert(entry.0.clone(), entry.1.clone());
            }
        }
        let mut groups: Vec<(Vec<PortKey>, Addresses)> = Vec::new();
        for (port, addresses) in by_port {
            match groups.iter_mut().find(|(_, group)| *group == addresses) {
                Some((ports, _)) => ports.extend(port),
                None => groups.push((port.into_iter().collect(), addresses)),
            }
        }
        let mut subsets = Self::default();
        subsets.list = groups.into_iter().map(|(ports, addresses)| subset(ports, addresses)).collect();
        subsets.truncate();
        subsets
    }

    /// Whether an object says the same.
    pub(super) fn are(&self, current: &Endpoints) -> bool {
        let current = current.subsets.as_deref().unwrap_or_default();
        current.len() == self.list.len() && self.list.iter().all(|subset| current.contains(subset))
    }

    /// Leaves out what is too much: those that are not ready first, then a like share of each subset.
    fn truncate(&mut self) {
        let count = |list: &Option<Vec<EndpointAddress>>| list.as_ref().map_or(0, Vec::len);
        let n_ready: usize = self.list.iter().map(|subset| count(&subset.addresses)).sum();
        let n_unready: usize = self.list.iter().map(|subset| count(&subset.not_ready_addresses)).sum();
        if n_ready + n_unready <= CAPACITY {
            return;
        }
        self.truncated = true;
        let cut_ready = n_ready > CAPACITY;
        let (max, n_total) = if cut_ready { (CAPACITY, n_ready) } else { (CAPACITY - n_ready, n_unready) };
        let mut left = max;
        for subset in &mut self.list {
            if cut_ready {
                subset.not_ready_addresses = None;
            }
            let list = if cut_ready { &mut subset.addresses } else { &mut subset.not_ready_addresses };
            let share = (count(list) * max).div_ceil(n_total).min(left);
            if let Some(list) = list {
                list.truncate(share);
                left -= list.len();
            }
        }
    }
}

fn address(service: &Service, spec: &ServiceSpec, pod: &Pod) -> Option<EndpointAddress> {
    let first = pod.status.as_ref().and_then(|status| status.pod_ip.as_deref()).unwrap_or_default();
    let v6 = match (spec.ip_families.as_deref().unwrap_or_default().first(), spec.cluster_ip.as_deref()) {
        (Some(family), _) => family == "IPv6",
        (None, Some(ip)) if has_cluster_ip(spec) => ip.contains(':'),
        _ => first.contains(':'),
    };
    let mut ips = service::addresses(pod).filter_map(|text| text.parse::<IpAddr>().ok());
    Some(EndpointAddress {
        ip: ips.find(|ip| ip.is_ipv6() == v6)?.to_string(),
        node_name: Some(pod::node_name(pod).to_owned()),
        hostname: service::hostname(pod, service),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        }),
    })
}

fn ports(spec: &ServiceSpec, pod: &Pod) -> Vec<Option<PortKey>> {
    let ports = spec.ports.as_deref().unwrap_or_default();
    if ports.is_empty() {
        return if spec.cluster_ip.as_deref() == Some("None") { vec![None] } else { Vec::new() };
    }
    let found = ports.iter().filter_map(|port| {
        let name = port.name.clone().filter(|name| !name.is_empty());
        Some(Some((name, find_port(pod, port)?, port.protocol.clone(), port.app_protocol.clone())))
    });
    found.collect()
}

fn subset(ports: Vec<PortKey>, addresses: Addresses) -> EndpointSubset {
    let (ready, unready): (Vec<_>, Vec<_>) = addresses.into_values().partition(|(ready, _)| *ready);
    let list = |side: Vec<(bool, EndpointAddress)>| {
        let list: Vec<_> = side.into_iter().map(|(_, address)| address).collect();
        (!list.is_empty()).then_some(list)
    };
    let ports: Vec<_> = ports
        .into_iter()
        .map(|(name, port, protocol, app_protocol)| EndpointPort { app_protocol, name, port, protocol })
        .collect();
    EndpointSubset {
        addresses: list(ready),
        not_ready_addresses: list(unready),
        ports: (!ports.is_empty()).then_some(ports),
    }
}
