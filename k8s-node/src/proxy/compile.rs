//! One service and its slices as rules.
//!
//! Upstream: `pkg/proxy/serviceport.go`, `pkg/proxy/topology.go`.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use k8s_api::Kind;
use k8s_cni::{Affinity, Protocol, Service as Rule, TrafficPolicy};
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

/// Upstream: `v1.DefaultClientIPServiceAffinitySeconds`.
const AFFINITY_SECONDS: i32 = 10_800;

/// The rules of a service on `node`: one for each port.
pub(super) fn rules(node: &str, service: &Service, slices: &[Arc<EndpointSlice>]) -> Vec<Rule> {
    let Some(spec) = service.spec.as_ref().filter(|spec| is_proxied(spec)) else { return Vec::new() };
    let ports = spec.ports.iter().flatten();
    ports.map(|port| rule(node, service, spec, port, slices)).collect()
}

fn is_proxied(spec: &ServiceSpec) -> bool {
    let headless = matches!(spec.cluster_ip.as_deref(), None | Some("" | "None"));
    !headless && spec.type_.as_deref() != Some("ExternalName")
}

fn rule(node: &str, service: &Service, spec: &ServiceSpec, port: &ServicePort, slices: &[Arc<EndpointSlice>]) -> Rule {
    let port_name = port.name.as_deref().unwrap_or_default();
    let colon = if port_name.is_empty() { "" } else { ":" };
    let ips = |list: Option<&Vec<String>>| list.into_iter().flatten().filter_map(|ip| ip.parse().ok()).collect();
    let cluster_ips: Vec<IpAddr> = match &spec.cluster_ips {
        Some(all) if !all.is_empty() => ips(Some(all)),
        _ => spec.cluster_ip.iter().filter_map(|ip| ip.parse().ok()).collect(),
    };
    let balancers = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = balancers.iter().flat_map(|balancer| balancer.ingress.iter().flatten());
    let vips = ingress.filter(|ingress| ingress.ip_mode.as_deref() != Some("Proxy"));
    let policy = |text: Option<&String>| match text.map(String::as_str) {
        Some("Local") => TrafficPolicy::Local,
        _ => TrafficPolicy::Cluster,
    };
    let number = |number: Option<i32>| number.and_then(|n| u16::try_from(n).ok()).filter(|n| *n != 0);
    let (endpoints, local_endpoints) = endpoints(node, port_name, slices);
    Rule {
        name: format!("{}/{}{colon}{port_name}", service.namespace(), service.name()),
        protocol: protocol(port.protocol.as_deref()),
        port: u16::try_from(port.port).unwrap_or_default(),
        cluster_ips,
        external_ips: ips(spec.external_ips.as_ref()),
        load_balancer_ips: vips.filter_map(|ingress| ingress.ip.as_ref()?.parse().ok()).collect(),
        load_balancer_sources: spec
            .load_balancer_source_ranges
            .iter()
            .flatten()
            .filter_map(|range| range.trim().parse().ok())
            .collect(),
        node_port: number(port.node_port),
        affinity: affinity(spec),
        internal: policy(spec.internal_traffic_policy.as_ref()),
        external: policy(spec.external_traffic_policy.as_ref()),
        health_check_port: number(spec.health_check_node_port),
        endpoints,
        local_endpoints,
    }
}

fn protocol(text: Option<&str>) -> Protocol {
    match text {
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}

fn affinity(spec: &ServiceSpec) -> Affinity {
    if spec.session_affinity.as_deref() != Some("ClientIP") {
        return Affinity::None;
    }
    let config = spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref());
    let seconds = config.and_then(|config| config.timeout_seconds).unwrap_or(AFFINITY_SECONDS);
    Affinity::ClientIp(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

/// The endpoints of a port, all and those of `node`. While none is ready, those that still serve while they terminate
/// stand in.
fn endpoints(node: &str, port_name: &str, slices: &[Arc<EndpointSlice>]) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
    let mut found = Sets::default();
    for slice in slices {
        let ports = slice.ports.iter().flatten();
        let port = ports.into_iter().find(|port| port.name.as_deref().unwrap_or_default() == port_name);
        let Some(port) = port.and_then(|port| u16::try_from(port.port?).ok()) else { continue };
        for endpoint in slice.endpoints.iter().flatten() {
            found.add(endpoint, port, endpoint.node_name.as_deref() == Some(node));
        }
    }
    found.choose()
}

#[derive(Default)]
struct Sets {
    ready: BTreeSet<SocketAddr>,
    ready_here: BTreeSet<SocketAddr>,
    leaving: BTreeSet<SocketAddr>,
    leaving_here: BTreeSet<SocketAddr>,
}

impl Sets {
    fn add(&mut self, endpoint: &Endpoint, port: u16, here: bool) {
        let conditions = endpoint.conditions.clone().unwrap_or_default();
        let ready = conditions.ready.unwrap_or(true);
        let serves = conditions.serving.unwrap_or(ready) && conditions.terminating == Some(true);
        // All addresses of an endpoint are one pod: the first stands for it.
        let Some(ip) = endpoint.addresses.first().and_then(|ip| ip.parse::<IpAddr>().ok()) else { return };
        let (all, own) = match (ready, serves) {
            (true, _) => (&mut self.ready, &mut self.ready_here),
            (false, true) => (&mut self.leaving, &mut self.leaving_here),
            (false, false) => return,
        };
        all.insert((ip, port).into());
        if here {
            own.insert((ip, port).into());
        }
    }

    fn choose(self) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        let all = if self.ready.is_empty() { self.leaving } else { self.ready };
        let here = if self.ready_here.is_empty() { self.leaving_here } else { self.ready_here };
        (all.into_iter().collect(), here.into_iter().collect())
    }
}
