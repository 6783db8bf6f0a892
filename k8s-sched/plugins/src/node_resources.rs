use serde::Deserialize;

mod balanced_allocation;
mod fit;
mod strategy;

pub use balanced_allocation::{NodeResourcesBalancedAllocation, NodeResourcesBalancedAllocationArgs};
pub use fit::{NodeResourcesFit, NodeResourcesFitArgs};
pub use strategy::{RequestedToCapacityRatio, ScoringStrategy, ScoringStrategyType, UtilizationShapePoint};

use k8s_sched::{NodeInfo, PodInfo};

/// A resource and the factor with which it counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ResourceSpec {
    /// The resource, as the API names it.
    pub name: String,
    /// From 1 to 100; 0 means 1.
    pub weight: i64,
}

impl Default for ResourceSpec {
    fn default() -> Self {
        Self { name: String::new(), weight: 1 }
    }
}

fn cpu_and_memory() -> Vec<ResourceSpec> {
    ["cpu", "memory"].map(|name| ResourceSpec { name: name.to_owned(), weight: 1 }).into()
}

/// Whether a resource is something else than what every node has: huge pages, extended resources and the like.
fn is_scalar(resource: &str) -> bool {
    !matches!(resource, "cpu" | "memory" | "ephemeral-storage")
}

/// How much of a resource the pod takes, how much is taken and how much there is, as a score counts it.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    /// Taken by pods on the node.
    before: i64,
    /// Taken with the pod.
    after: i64,
    /// There is.
    allocatable: i64,
}

/// `None` when the resource plays no role: the node has none of it, or it is a scalar that the pod does not ask for.
/// `real` counts what is requested, otherwise containers without requests count as something.
fn usage(resource: &str, real: bool, pod: &PodInfo, node: &NodeInfo) -> Option<Usage> {
    let (asked, before) = match resource {
        "cpu" if !real => (pod.non_zero_incoming.0, node.non_zero_requested().0),
        "memory" if !real => (pod.non_zero_incoming.1, node.non_zero_requested().1),
        _ => (pod.requests.get(resource), node.requested().get(resource)),
    };
    if asked == 0 && is_scalar(resource) {
        return None;
    }
    let allocatable = node.allocatable().get(resource);
    (allocatable != 0).then_some(Usage { before, after: before + asked, allocatable })
}

fn check_resources(resources: &mut Vec<ResourceSpec>) -> Result<(), String> {
    if resources.is_empty() {
        *resources = cpu_and_memory();
    }
    for resource in resources {
        if resource.weight == 0 {
            resource.weight = 1;
        }
        if !(1..=100).contains(&resource.weight) {
            return Err(format!("resource {}: weight {} not in 1..=100", resource.name, resource.weight));
        }
    }
    Ok(())
}
