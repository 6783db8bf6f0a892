//! What the endpoint controllers ask of services and their pods.
//!
//! Upstream: `k8s.io/endpointslice` and its `util`.

mod trigger;

use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::ObjectKey;
use k8s_api_client::informer::{Event, Reader};
use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::{Container, Pod, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub(crate) use trigger::TriggerTimes;

/// Where controllers note what change led to a write.
pub(crate) const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The label that marks what belongs to a headless service.
pub(crate) const HEADLESS: &str = "service.kubernetes.io/headless";

/// The selector of a service whose endpoints follow pods.
pub(crate) fn selector(service: &Service) -> Option<Selector> {
    let spec = service.spec.as_ref()?;
    let follows_pods = spec.type_.as_deref() != Some("ExternalName");
    spec.selector.as_ref().filter(|_| follows_pods).map(Selector::of_map)
}

pub(crate) fn has_cluster_ip(spec: &ServiceSpec) -> bool {
    !matches!(spec.cluster_ip.as_deref(), None | Some("" | "None"))
}

/// The services whose endpoints a change of a pod may change.
pub(crate) fn affected(services: &Reader<Service>, event: &Event<Pod>, keys: &mut Vec<ObjectKey>) {
    let (pod_changed, labels_changed) = match (event.previous(), event.current()) {
        (Some(old), Some(new)) => (pod_changed(old, new), labels_changed(old, new)),
        _ => (true, false),
    };
    if !pod_changed && !labels_changed {
        return;
    }
    let pod = event.object();
    services.for_each_in(pod.namespace(), |service| {
        let Some(wanted) = service.spec.as_ref().and_then(|spec| spec.selector.as_ref()) else { return };
        let matches = |pod: &Pod| {
            let labels = pod.metadata.labels.as_ref();
            wanted.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
        };
        let now = matches(pod);
        let before = event.previous().filter(|_| labels_changed).map_or(now, |old| matches(old));
        if now != before || (pod_changed && (now || before)) {
            keys.push(ObjectKey::of(&**service));
        }
    });
}

/// Whether endpoints look different after this.
fn pod_changed(old: &Pod, new: &Pod) -> bool {
    old.metadata.deletion_timestamp != new.metadata.deletion_timestamp
        || pod::is_ready(old) != pod::is_ready(new)
        || pod::is_terminal(old) != pod::is_terminal(new)
        || !addresses(old).eq(addresses(new))
}

/// Whether the pod may belong to other services after this.
fn labels_changed(old: &Pod, new: &Pod) -> bool {
    old.metadata.labels != new.metadata.labels || dns_names(old) != dns_names(new)
}

fn dns_names(pod: &Pod) -> Option<(Option<&String>, Option<&String>)> {
    pod.spec.as_ref().map(|spec| (spec.hostname.as_ref(), spec.subdomain.as_ref()))
}

/// The addresses of a pod.
pub(crate) fn addresses(pod: &Pod) -> impl Iterator<Item = &str> {
    pod.status.iter().flat_map(|status| status.pod_ips.iter().flatten()).map(|ip| ip.ip.as_str())
}

/// Whether a pod has an address that others may use, now or while it ends.
pub(crate) fn has_endpoint(pod: &Pod, while_ending: bool) -> bool {
    let addressed = pod.status.as_ref().is_some_and(|status| status.pod_ip.as_deref().is_some_and(|ip| !ip.is_empty()));
    let addressed = addressed || addresses(pod).next().is_some();
    addressed && !pod::is_terminal(pod) && (while_ending || pod.metadata.deletion_timestamp.is_none())
}

/// The host name by which a pod of a headless service is known in DNS.
pub(crate) fn hostname(pod: &Pod, service: &Service) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let hostname = spec.hostname.as_ref().filter(|hostname| !hostname.is_empty())?;
    (spec.subdomain.as_deref() == Some(service.name())).then(|| hostname.clone())
}

/// The number of the port of a pod that a port of a service leads to; `None` when the pod has no port of that name.
pub(crate) fn find_port(pod: &Pod, port: &ServicePort) -> Option<i32> {
    match port.target_port.as_ref() {
        None => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => {
            let spec = pod.spec.as_ref()?;
            // Init containers count when they go on running beside the others.
            let sidecars = spec.init_containers.iter().flatten();
            let sidecars = sidecars.filter(|container| container.restart_policy.as_deref() == Some("Always"));
            spec.containers.iter().chain(sidecars).find_map(|container| named_port(container, name, port))
        }
    }
}

fn named_port(container: &Container, name: &str, port: &ServicePort) -> Option<i32> {
    let mut ports = container.ports.iter().flatten();
    let found = ports.find(|candidate| {
        let protocols = (candidate.protocol.as_deref(), port.protocol.as_deref());
        candidate.name.as_deref() == Some(name) && protocols.0.unwrap_or("TCP") == protocols.1.unwrap_or("TCP")
    });
    found.map(|found| found.container_port)
}
