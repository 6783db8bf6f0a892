//! Quality of service: which pods suffer first when a node runs out.
//!
//! Upstream: `pkg/apis/core/v1/helper/qos`.

use std::collections::BTreeMap;

use k8s_api::quantity::Quantity;
use k8s_openapi::api::core::v1::{Pod, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

const COUNTED: [&str; 2] = ["cpu", "memory"];

/// The class of a pod: the one that its status carries, or what its spec says.
pub(crate) fn class(pod: &Pod) -> String {
    let known = pod.status.as_ref().and_then(|status| status.qos_class.clone());
    known.unwrap_or_else(|| pod.spec.as_ref().map_or("BestEffort", of_spec).to_owned())
}

fn of_spec(spec: &PodSpec) -> &'static str {
    if let Some(resources) = &spec.resources {
        return of_all([Some(resources)].into_iter());
    }
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    of_all(containers.map(|container| container.resources.as_ref()))
}

fn of_all<'a>(all: impl Iterator<Item = Option<&'a ResourceRequirements>>) -> &'static str {
    let (mut requests, mut limits) = (BTreeMap::new(), BTreeMap::new());
    let mut guaranteed = true;
    for resources in all {
        let Some(resources) = resources else {
            guaranteed = false;
            continue;
        };
        add(&mut requests, resources.requests.as_ref());
        let found = add(&mut limits, resources.limits.as_ref());
        guaranteed &= found == COUNTED.len();
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if guaranteed && requests.iter().all(|(name, request)| limits.get(name) == Some(request)) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// Sums what counts and is above zero; answers how many that are.
fn add(sums: &mut BTreeMap<&'static str, Quantity>, list: Option<&BTreeMap<String, Text>>) -> usize {
    let mut found = 0;
    for name in COUNTED {
        let amount = list.and_then(|list| list.get(name)).and_then(|text| Quantity::try_from(text).ok());
        if let Some(amount) = amount.filter(|amount| amount.signum() > 0) {
            *sums.entry(name).or_insert(Quantity::ZERO) += amount;
            found += 1;
        }
    }
    found
}
