use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Candidates, Enqueue, Plugin, PreFilter};
use k8s_sched::{CycleState, Filter, NodeInfo, PodInfo, Snapshot, Status};

/// Rules out all nodes but the one the pod's spec names.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeName;

impl NodeName {
    /// The name in configurations.
    pub const NAME: &str = "NodeName";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_filter().filter().enqueue().build()
    }
}

impl PreFilter for NodeName {
    fn pre_filter(&self, _: &mut CycleState, pod: &PodInfo, _: &Snapshot) -> Result<Candidates, Status> {
        Ok(if pod.node_name.is_none() { Candidates::Skip } else { Candidates::All })
    }
}

impl Filter for NodeName {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn filter(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        match &pod.node_name {
            Some(name) if **name != *node.name() => {
                Err(Status::unresolvable("node(s) didn't match the requested node name"))
            }
            _ => Ok(()),
        }
    }
}

impl Enqueue for NodeName {
    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let named = |node: &NodeInfo| pod.node_name.as_ref().is_none_or(|name| **name == *node.name());
        Hint::queue_if(event.node().1.is_some_and(|node| named(node)))
    }
}
