#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod default_binder;
mod default_preemption;
mod dynamic_resources;
mod image_locality;
mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources;
mod node_unschedulable;
mod pod_topology_spread;
mod priority_sort;
mod profile;
mod scheduling_gates;
mod taint_toleration;
mod volume_binding;

pub use default_binder::DefaultBinder;
pub use default_preemption::{DefaultPreemption, DefaultPreemptionArgs};
pub use dynamic_resources::DynamicResources;
pub use image_locality::ImageLocality;
pub use inter_pod_affinity::{InterPodAffinity, InterPodAffinityArgs};
pub use node_affinity::{NodeAffinity, NodeAffinityArgs};
pub use node_name::NodeName;
pub use node_ports::NodePorts;
pub use node_resources::{
    NodeResourcesBalancedAllocation, NodeResourcesBalancedAllocationArgs, NodeResourcesFit, NodeResourcesFitArgs,
    RequestedToCapacityRatio, ResourceSpec, ScoringStrategy, ScoringStrategyType, UtilizationShapePoint,
};
pub use node_unschedulable::NodeUnschedulable;
pub use pod_topology_spread::{DefaultingType, PodTopologySpread, PodTopologySpreadArgs};
pub use priority_sort::PrioritySort;
pub use profile::{default_profile, registry};
pub use scheduling_gates::SchedulingGates;
pub use taint_toleration::TaintToleration;
pub use volume_binding::VolumeBinding;

/// The guide, so that what it shows is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide-scheduler-plugin.md")]
struct Guide;
