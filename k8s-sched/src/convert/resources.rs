use std::collections::BTreeMap;

use k8s_api::quantity::Quantity;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use crate::Resources;
use crate::fixture::{DEFAULT_MEMORY, DEFAULT_MILLI_CPU};

type List = BTreeMap<String, Text>;

/// Reads a list of amounts, each in the units of [`Resources::get`]; what cannot be read counts as nothing.
pub(super) fn list(amounts: Option<&List>) -> Resources {
    let mut resources = Resources::default();
    for (name, amount) in amounts.into_iter().flatten() {
        if let Ok(amount) = Quantity::parse(&amount.0) {
            resources.set(name, if name == "cpu" { amount.milli_value() } else { amount.value() });
        }
    }
    resources
}

/// What a pod takes from its node.
///
/// Upstream: `k8s.io/component-helpers/resource.PodRequests`, with the options that the scheduler uses.
pub(super) fn requests(pod: &Pod, spec: &PodSpec) -> Resources {
    total(pod, spec, false)
}

/// CPU and memory as scores count them on a node: containers that request nothing count as something, unless the
/// pod as a whole requests something.
pub(super) fn non_zero(pod: &Pod, spec: &PodSpec) -> (i64, i64) {
    let real = total(pod, spec, false);
    let level = spec.resources.as_ref().and_then(|r| r.requests.as_ref());
    let whole = level.is_some_and(|requests| requests.keys().any(|name| is_pod_level(name)));
    let filled = total(pod, spec, true);
    let cpu = if whole && real.milli_cpu != 0 { real.milli_cpu } else { filled.milli_cpu };
    let memory = if whole && real.memory != 0 { real.memory } else { filled.memory };
    (cpu, memory)
}

/// CPU and memory as scores count them of a pod that is being scheduled.
pub(super) fn non_zero_incoming(pod: &Pod, spec: &PodSpec) -> (i64, i64) {
    let mut total = containers(pod, spec, true);
    total.add(&list(spec.overhead.as_ref()));
    (total.milli_cpu, total.memory)
}

fn total(pod: &Pod, spec: &PodSpec, fill: bool) -> Resources {
    let mut total = containers(pod, spec, fill);
    pod_level(spec, &mut total);
    total.add(&list(spec.overhead.as_ref()));
    total
}

/// Containers run together, init containers before them one at a time, except those that go on beside them.
fn containers(pod: &Pod, spec: &PodSpec, fill: bool) -> Resources {
    let status = pod.status.as_ref();
    let statuses = status.and_then(|s| s.container_statuses.as_deref()).unwrap_or_default();
    let init_statuses = status.and_then(|s| s.init_container_statuses.as_deref()).unwrap_or_default();
    let mut total = Resources::default();
    for container in &spec.containers {
        total.add(&container_requests(pod, container, statuses, fill));
    }
    let (mut beside, mut most) = (Resources::default(), Resources::default());
    for container in spec.init_containers.iter().flatten() {
        let needs = if container.restart_policy.as_deref() == Some("Always") {
            let own = container_requests(pod, container, init_statuses, fill);
            total.add(&own);
            beside.add(&own);
            beside.clone()
        } else {
            let mut own = container_requests(pod, container, &[], fill);
            own.add(&beside);
            own
        };
        most.max(&needs);
    }
    total.max(&most);
    total
}

/// What a container asks for or, while it is being resized, the most of what it has, was granted and asks for.
fn container_requests(pod: &Pod, container: &Container, statuses: &[ContainerStatus], fill: bool) -> Resources {
    let asked = container.resources.as_ref().and_then(|r| r.requests.as_ref());
    let mut requests = list(asked);
    let has = |name: &str| asked.is_some_and(|asked| asked.contains_key(name));
    let (mut cpu, mut memory) = (has("cpu"), has("memory"));
    let status = statuses.iter().find(|status| status.name == container.name);
    if let Some((status, actual)) = status.and_then(|status| Some((status, status.resources.as_ref()?))) {
        let (actuated, allocated) = (actual.requests.as_ref(), status.allocated_resources.as_ref());
        if resize_is_infeasible(pod) {
            requests = Resources::default();
        }
        for list in [actuated, allocated] {
            requests.max(&self::list(list));
            cpu |= list.is_some_and(|list| list.contains_key("cpu"));
            memory |= list.is_some_and(|list| list.contains_key("memory"));
        }
    }
    if fill && !cpu {
        requests.milli_cpu = DEFAULT_MILLI_CPU;
    }
    if fill && !memory {
        requests.memory = DEFAULT_MEMORY;
    }
    requests
}

fn resize_is_infeasible(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "PodResizePending" && c.reason.as_deref() == Some("Infeasible"))
}

/// What is requested for the pod as a whole stands instead of what its containers add up to.
fn pod_level(spec: &PodSpec, total: &mut Resources) {
    let Some(requests) = spec.resources.as_ref().and_then(|r| r.requests.as_ref()) else { return };
    let read = list(Some(requests));
    for name in requests.keys().filter(|name| is_pod_level(name)) {
        total.set(name, read.get(name));
    }
}

/// Whether a resource can be requested for a pod as a whole.
fn is_pod_level(resource: &str) -> bool {
    matches!(resource, "cpu" | "memory") || resource.starts_with("hugepages-")
}
