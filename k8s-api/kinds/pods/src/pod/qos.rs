//! How well a pod is served when its node runs short.
//!
//! Upstream: `pkg/apis/core/helper/qos/qos.go`.

use std::collections::BTreeMap;

use k8s_api::quantity::Quantity;
use k8s_openapi::api::core::v1::{Pod, PodSpec, ResourceRequirements};

use crate::amounts::{self, Amounts, read};

/// The resources that decide.
const COMPUTE: [&str; 2] = ["cpu", "memory"];

/// The class a pod has, or would have.
pub(crate) fn of(pod: &Pod) -> &str {
    let known = pod.status.as_ref().and_then(|status| status.qos_class.as_deref()).filter(|class| !class.is_empty());
    known.unwrap_or_else(|| pod.spec.as_ref().map_or("BestEffort", class))
}

/// The `qosClass` of a pod with this spec.
///
/// `Guaranteed` when every container is limited in both processor and memory and requests all it may use, `BestEffort`
/// when none says anything, `Burstable` between.
pub fn class(spec: &PodSpec) -> &'static str {
    let mut sums = Sums { requests: BTreeMap::new(), limits: BTreeMap::new(), guaranteed: true };
    if let Some(resources) = &spec.resources {
        sums.add(Some(resources), false);
    } else {
        for container in spec.containers.iter().chain(amounts::list(&spec.init_containers)) {
            sums.add(container.resources.as_ref(), true);
        }
    }
    sums.class()
}

struct Sums {
    requests: BTreeMap<&'static str, Quantity>,
    limits: BTreeMap<&'static str, Quantity>,
    guaranteed: bool,
}

impl Sums {
    fn add(&mut self, resources: Option<&ResourceRequirements>, limits_needed: bool) {
        let limits = resources.and_then(|r| r.limits.as_ref());
        sum(&mut self.requests, resources.and_then(|r| r.requests.as_ref()));
        let limited = sum(&mut self.limits, limits);
        if (limits_needed || limits.is_some_and(|limits| !limits.is_empty())) && limited < COMPUTE.len() {
            self.guaranteed = false;
        }
    }

    fn class(&self) -> &'static str {
        if self.requests.is_empty() && self.limits.is_empty() {
            "BestEffort"
        } else if self.guaranteed && self.requests == self.limits {
            "Guaranteed"
        } else {
            "Burstable"
        }
    }
}

/// Adds the amounts that count and says how many there were.
fn sum(total: &mut BTreeMap<&'static str, Quantity>, list: Option<&Amounts>) -> usize {
    let Some(list) = list else { return 0 };
    let mut found = 0;
    for name in COMPUTE {
        let amount = list.get(name).map(read).unwrap_or_default();
        if amount.signum() > 0 {
            *total.entry(name).or_default() += amount;
            found += 1;
        }
    }
    found
}
