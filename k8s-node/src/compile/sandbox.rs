//! A pod's sandbox.
//!
//! Upstream: `pkg/kubelet/kuberuntime.generatePodSandboxConfig`.

use std::collections::BTreeMap;

use k8s_api::Kind;
use k8s_cri::{
    DnsConfig, Namespace, Namespaces, PortMapping, Protocol, SandboxConfig, SandboxMetadata, SecurityContext,
    SecurityProfile,
};
use k8s_openapi::api::core::v1::{Pod, PodSpec, SeccompProfile};

use crate::context::{ClusterDns, Context};

/// Labels by which sandboxes and containers are found again.
pub(crate) const POD_NAME: &str = "io.kubernetes.pod.name";
pub(crate) const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
pub(crate) const POD_UID: &str = "io.kubernetes.pod.uid";

/// The sandbox of a pod, which had `attempt` before.
pub(crate) fn config(context: &Context, pod: &Pod, attempt: u32) -> SandboxConfig {
    let spec = pod.spec.as_ref();
    let mut labels = pod.metadata.labels.clone().unwrap_or_default();
    labels.extend(identity(pod));
    let security = spec.and_then(|spec| spec.security_context.as_ref());
    SandboxConfig {
        metadata: SandboxMetadata {
            name: pod.name().to_owned(),
            namespace: pod.namespace().to_owned(),
            uid: pod.uid().to_owned(),
            attempt,
        },
        hostname: spec.map_or_else(String::new, |spec| hostname(pod, spec)),
        log_directory: format!("/var/log/pods/{}_{}_{}", pod.namespace(), pod.name(), pod.uid()).into(),
        dns: spec.and_then(|spec| dns(&context.dns, pod.namespace(), spec)),
        port_mappings: spec.map(ports).unwrap_or_default(),
        labels,
        annotations: pod.metadata.annotations.clone().unwrap_or_default(),
        runtime_handler: String::new(),
        cgroup_parent: String::new(),
        security: SecurityContext {
            namespaces: spec.map(namespaces).unwrap_or_default(),
            seccomp: seccomp(security.and_then(|security| security.seccomp_profile.as_ref())),
            run_as_user: security.and_then(|security| security.run_as_user),
            run_as_group: security.and_then(|security| security.run_as_group),
            supplemental_groups: security.and_then(|s| s.supplemental_groups.clone()).unwrap_or_default(),
            ..SecurityContext::default()
        },
        sysctls: security
            .and_then(|security| security.sysctls.as_ref())
            .into_iter()
            .flatten()
            .map(|sysctl| (sysctl.name.clone(), sysctl.value.clone()))
            .collect(),
        ..SandboxConfig::default()
    }
}

/// The labels that name a pod.
pub(crate) fn identity(pod: &Pod) -> BTreeMap<String, String> {
    [(POD_NAME, pod.name()), (POD_NAMESPACE, pod.namespace()), (POD_UID, pod.uid())]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// With whom the pod's containers share namespaces.
pub(crate) fn namespaces(spec: &PodSpec) -> Namespaces {
    let node = |shared: Option<bool>| if shared == Some(true) { Namespace::Node } else { Namespace::Pod };
    let pid = if spec.host_pid == Some(true) {
        Namespace::Node
    } else if spec.share_process_namespace == Some(true) {
        Namespace::Pod
    } else {
        Namespace::Container
    };
    Namespaces { network: node(spec.host_network), pid, ipc: node(spec.host_ipc), user: None }
}

/// Whether the pod has the node's network.
pub(crate) fn is_host_network(pod: &Pod) -> bool {
    pod.spec.as_ref().and_then(|spec| spec.host_network) == Some(true)
}

pub(crate) fn seccomp(profile: Option<&SeccompProfile>) -> SecurityProfile {
    match profile.map(|profile| profile.type_.as_str()) {
        Some("RuntimeDefault") => SecurityProfile::RuntimeDefault,
        Some("Localhost") => {
            let file = profile.and_then(|profile| profile.localhost_profile.clone());
            SecurityProfile::Localhost(file.unwrap_or_default())
        }
        _ => SecurityProfile::Unconfined,
    }
}

/// The pod's name without what a host name cannot hold, unless the spec names another.
pub(crate) fn hostname(pod: &Pod, spec: &PodSpec) -> String {
    if let Some(name) = [&spec.hostname_override, &spec.hostname].into_iter().flatten().find(|name| !name.is_empty()) {
        return name.clone();
    }
    if spec.host_network == Some(true) {
        return String::new();
    }
    let name = pod.name();
    name[..name.len().min(63)].trim_end_matches(['-', '.']).to_owned()
}

fn ports(spec: &PodSpec) -> Vec<PortMapping> {
    let sidecars =
        spec.init_containers.iter().flatten().filter(|container| container.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars).flat_map(|container| container.ports.iter().flatten());
    let mappings = ports.map(|port| PortMapping {
        protocol: match port.protocol.as_deref() {
            Some("UDP") => Protocol::Udp,
            Some("SCTP") => Protocol::Sctp,
            _ => Protocol::Tcp,
        },
        container_port: u16::try_from(port.container_port).unwrap_or_default(),
        host_port: u16::try_from(port.host_port.unwrap_or_default()).unwrap_or_default(),
        host_ip: port.host_ip.as_ref().and_then(|ip| ip.parse().ok()),
    });
    mappings.collect()
}

/// What `resolv.conf` holds; `None` for the machine's.
///
/// Upstream: `pkg/kubelet/network/dns`.
fn dns(cluster: &ClusterDns, namespace: &str, spec: &PodSpec) -> Option<DnsConfig> {
    let own = spec.dns_config.as_ref();
    let host_network = spec.host_network == Some(true);
    let wants_cluster = match spec.dns_policy.as_deref().unwrap_or("ClusterFirst") {
        "ClusterFirstWithHostNet" => true,
        "ClusterFirst" => !host_network,
        "None" => return Some(with_own(DnsConfig::default(), own)),
        _ => false,
    };
    if !wants_cluster || cluster.servers.is_empty() {
        return own.map(|_| with_own(DnsConfig::default(), own));
    }
    let domain = &cluster.domain;
    let config = DnsConfig {
        servers: cluster.servers.iter().map(ToString::to_string).collect(),
        searches: vec![format!("{namespace}.svc.{domain}"), format!("svc.{domain}"), domain.clone()],
        options: vec!["ndots:5".to_owned()],
    };
    Some(with_own(config, own))
}

fn with_own(mut config: DnsConfig, own: Option<&k8s_openapi::api::core::v1::PodDNSConfig>) -> DnsConfig {
    let Some(own) = own else { return config };
    let add = |list: &mut Vec<String>, more: Option<&Vec<String>>| {
        for item in more.into_iter().flatten() {
            if !list.contains(item) {
                list.push(item.clone());
            }
        }
    };
    add(&mut config.servers, own.nameservers.as_ref());
    add(&mut config.searches, own.searches.as_ref());
    for option in own.options.iter().flatten() {
        let Some(name) = &option.name else { continue };
        let named = |have: &String| have == name || have.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
        config.options.retain(|have| !named(have));
        config.options.push(match &option.value {
            Some(value) => format!("{name}:{value}"),
            None => name.clone(),
        });
    }
    config
}
