use k8s_sched::{Profile, Registry};

use crate::{
    DefaultBinder, DefaultPreemption, DynamicResources, ImageLocality, InterPodAffinity, NodeAffinity, NodeName,
    NodePorts, NodeResourcesBalancedAllocation, NodeResourcesFit, NodeUnschedulable, PodTopologySpread, PrioritySort,
    SchedulingGates, TaintToleration, VolumeBinding,
};

/// The default plugins of v1.36 and their weights, in order; weight 0 for those that do not score.
const DEFAULTS: [(&str, i64); 20] = [
    (SchedulingGates::NAME, 0),
    (PrioritySort::NAME, 0),
    (NodeUnschedulable::NAME, 0),
    (NodeName::NAME, 0),
    (TaintToleration::NAME, 3),
    (NodeAffinity::NAME, 2),
    (NodePorts::NAME, 0),
    (NodeResourcesFit::NAME, 1),
    ("VolumeRestrictions", 0),
    ("NodeVolumeLimits", 0),
    (VolumeBinding::NAME, 0),
    ("VolumeZone", 0),
    (PodTopologySpread::NAME, 2),
    (InterPodAffinity::NAME, 2),
    (DynamicResources::NAME, 2),
    (DefaultPreemption::NAME, 0),
    (NodeResourcesBalancedAllocation::NAME, 1),
    (ImageLocality::NAME, 1),
    (DefaultBinder::NAME, 0),
    ("NodeDeclaredFeatures", 0),
];

/// The profile that schedules as upstream's default does.
///
/// # Panics
/// Never: its plugins take no arguments.
pub fn default_profile() -> Profile {
    registry().default_profile().expect("every default plugin is registered and needs no arguments")
}

/// All plugins of this crate by their names in configurations, and upstream's defaults.
///
/// Upstream's default plugins that are not to be had here are known by name, see
/// [`Profile::left_out`](k8s_sched::Profile::left_out).
pub fn registry() -> Registry {
    let registry = makers(Registry::new());
    DEFAULTS.into_iter().fold(registry, |registry, (name, weight)| registry.default_plugin(name, weight))
}

fn makers(registry: Registry) -> Registry {
    registry
        .with(SchedulingGates::NAME, |_: NoArgs| Ok(SchedulingGates.plugin()))
        .with(PrioritySort::NAME, |_: NoArgs| Ok(PrioritySort.plugin()))
        .with(NodeUnschedulable::NAME, |_: NoArgs| Ok(NodeUnschedulable.plugin()))
        .with(NodeName::NAME, |_: NoArgs| Ok(NodeName.plugin()))
        .with(TaintToleration::NAME, |_: NoArgs| Ok(TaintToleration.plugin()))
        .with(NodeAffinity::NAME, |args| Ok(NodeAffinity::new(&args).plugin()))
        .with(NodePorts::NAME, |_: NoArgs| Ok(NodePorts.plugin()))
        .with(NodeResourcesFit::NAME, |args| Ok(NodeResourcesFit::new(args)?.plugin()))
        .with(VolumeBinding::NAME, |_: NoArgs| Ok(VolumeBinding.plugin()))
        .with(PodTopologySpread::NAME, |args| Ok(PodTopologySpread::new(&args)?.plugin()))
        .with(InterPodAffinity::NAME, |args| Ok(InterPodAffinity::new(args).plugin()))
        .with(DynamicResources::NAME, |_: NoArgs| Ok(DynamicResources.plugin()))
        .with(DefaultPreemption::NAME, |args| Ok(DefaultPreemption::new(args)?.plugin()))
        .with(NodeResourcesBalancedAllocation::NAME, |args| Ok(NodeResourcesBalancedAllocation::new(args)?.plugin()))
        .with(ImageLocality::NAME, |_: NoArgs| Ok(ImageLocality.plugin()))
        .with(DefaultBinder::NAME, |_: NoArgs| Ok(DefaultBinder.plugin()))
        .without("VolumeRestrictions")
        .without("NodeVolumeLimits")
        .without("VolumeZone")
        .without("NodeDeclaredFeatures")
}

/// Arguments of plugins that take none; whatever is given is read over, as upstream does.
type NoArgs = serde::de::IgnoredAny;
