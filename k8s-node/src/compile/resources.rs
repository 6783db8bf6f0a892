//! Limits and weights of containers.
//!
//! Upstream: `pkg/kubelet/kuberuntime`, `pkg/kubelet/cm`, `pkg/kubelet/qos`.

use std::collections::BTreeMap;

use k8s_api::quantity::Quantity;
use k8s_cri::Resources;
use k8s_openapi::api::core::v1::{Container, Pod, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use crate::qos;

const PERIOD: i64 = 100_000;
const MIN_SHARES: i64 = 2;
const MAX_SHARES: i64 = 262_144;
const MIN_QUOTA: i64 = 1000;

/// The amount of a resource in a list; zero when it is not there.
pub(crate) fn amount(list: Option<&BTreeMap<String, Text>>, name: &str) -> Quantity {
    let text = list.and_then(|list| list.get(name));
    text.and_then(|text| Quantity::try_from(text).ok()).unwrap_or(Quantity::ZERO)
}

/// What the kernel shall allow a container. `node_memory` is the memory of the whole node, in bytes.
pub(crate) fn of_container(pod: &Pod, container: &Container, node_memory: i64) -> Resources {
    let resources = container.resources.as_ref();
    let limits = resources.and_then(|r| r.limits.as_ref());
    let requests = resources.and_then(|r| r.requests.as_ref());
    let cpu_limit = amount(limits, "cpu").milli_value();
    let cpu_request =
        requests.filter(|r| r.contains_key("cpu")).map_or(cpu_limit, |_| amount(requests, "cpu").milli_value());
    let memory_request = amount(requests, "memory").value();
    Resources {
        cpu_period: if cpu_limit > 0 { PERIOD } else { 0 },
        cpu_quota: if cpu_limit > 0 { (cpu_limit * PERIOD / 1000).max(MIN_QUOTA) } else { 0 },
        cpu_shares: (cpu_request * 1024 / 1000).clamp(MIN_SHARES, MAX_SHARES),
        memory_limit: amount(limits, "memory").value(),
        oom_score_adj: oom_score_adj(&qos::class(pod), memory_request, node_memory),
        ..Resources::default()
    }
}

fn oom_score_adj(class: &str, memory_request: i64, node_memory: i64) -> i64 {
    match class {
        "Guaranteed" => -997,
        "BestEffort" => 1000,
        _ => {
            let share = 1000 - 1000 * memory_request / node_memory.max(1);
            share.clamp(3, 999)
        }
    }
}

/// What a pod asks for and may use in all, as its status shows it: the sum of what runs together, or what an init
/// container needs if that is more.
///
/// Upstream: `k8s.io/component-helpers/resource`.
pub(crate) fn of_pod(pod: &Pod) -> ResourceRequirements {
    let total = |list: fn(&ResourceRequirements) -> Option<&BTreeMap<String, Text>>| {
        let sums = sum(pod, list);
        let texts: BTreeMap<_, _> = sums.into_iter().map(|(name, amount)| (name, Text::from(amount))).collect();
        (!texts.is_empty()).then_some(texts)
    };
    ResourceRequirements {
        requests: total(|r| r.requests.as_ref()),
        limits: total(|r| r.limits.as_ref()),
        claims: None,
    }
}

fn sum(pod: &Pod, list: fn(&ResourceRequirements) -> Option<&BTreeMap<String, Text>>) -> BTreeMap<String, Quantity> {
    let Some(spec) = &pod.spec else { return BTreeMap::new() };
    let of = |container: &Container| -> BTreeMap<String, Quantity> {
        let texts = container.resources.as_ref().and_then(list).into_iter().flatten();
        texts.filter_map(|(name, text)| Some((name.clone(), Quantity::try_from(text).ok()?))).collect()
    };
    let mut sums = BTreeMap::new();
    for container in &spec.containers {
        add(&mut sums, of(container));
    }
    let (mut sidecars, mut peak) = (BTreeMap::new(), BTreeMap::new());
    for container in spec.init_containers.iter().flatten() {
        let mut needs = of(container);
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut sums, needs.clone());
            add(&mut sidecars, needs);
            needs = sidecars.clone();
        } else {
            add(&mut needs, sidecars.clone());
        }
        raise(&mut peak, needs);
    }
    raise(&mut sums, peak);
    if let Some(overall) = spec.resources.as_ref().and_then(list) {
        for (name, text) in overall {
            if let Ok(amount) = Quantity::try_from(text) {
                sums.insert(name.clone(), amount);
            }
        }
    }
    let overhead = spec.overhead.iter().flatten();
    let overhead = overhead.filter_map(|(name, text)| Some((name.clone(), Quantity::try_from(text).ok()?)));
    for (name, amount) in overhead {
        if let Some(total) = sums.get_mut(&name) {
            *total += amount;
        }
    }
    sums
}

fn add(sums: &mut BTreeMap<String, Quantity>, more: BTreeMap<String, Quantity>) {
    for (name, amount) in more {
        match sums.get_mut(&name) {
            Some(total) => *total += amount,
            None => drop(sums.insert(name, amount)),
        }
    }
}

fn raise(sums: &mut BTreeMap<String, Quantity>, others: BTreeMap<String, Quantity>) {
    for (name, amount) in others {
        match sums.get_mut(&name) {
            Some(total) if *total >= amount => {}
            _ => drop(sums.insert(name, amount)),
        }
    }
}
