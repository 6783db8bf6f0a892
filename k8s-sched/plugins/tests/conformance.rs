//! The judge of plugins, for each plugin.

macro_rules! judged {
    ($($name:ident: $plugin:expr),* $(,)?) => {
        $(mod $name {
            k8s_sched_testkit::conformance!(|| $plugin);
        })*
    };
}

judged! {
    dynamic_resources: k8s_sched_plugins::DynamicResources.plugin(),
    image_locality: k8s_sched_plugins::ImageLocality.plugin(),
    inter_pod_affinity: k8s_sched_plugins::InterPodAffinity::default().plugin(),
    node_affinity: k8s_sched_plugins::NodeAffinity::default().plugin(),
    node_name: k8s_sched_plugins::NodeName.plugin(),
    node_ports: k8s_sched_plugins::NodePorts.plugin(),
    node_resources_balanced_allocation:
        k8s_sched_plugins::registry().plugin("NodeResourcesBalancedAllocation", Default::default()).unwrap(),
    node_resources_fit: k8s_sched_plugins::NodeResourcesFit::default().plugin(),
    node_unschedulable: k8s_sched_plugins::NodeUnschedulable.plugin(),
    pod_topology_spread: k8s_sched_plugins::registry().plugin("PodTopologySpread", Default::default()).unwrap(),
    scheduling_gates: k8s_sched_plugins::SchedulingGates.plugin(),
    taint_toleration: k8s_sched_plugins::TaintToleration.plugin(),
    volume_binding: k8s_sched_plugins::VolumeBinding.plugin(),
}
