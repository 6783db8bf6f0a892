use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Candidates, Enqueue, Plugin, PreFilter};
use k8s_sched::{CycleState, Filter, HostPort, NodeInfo, PodInfo, Snapshot, Status};

/// Rules out nodes on which a host port that the pod wants is taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodePorts;

impl NodePorts {
    /// The name in configurations.
    pub const NAME: &str = "NodePorts";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_filter().filter().enqueue().build()
    }
}

fn conflict(wanted: &[HostPort], used: &[HostPort]) -> bool {
    wanted.iter().any(|port| used.iter().any(|used| port.conflicts_with(used)))
}

impl PreFilter for NodePorts {
    fn pre_filter(&self, _: &mut CycleState, pod: &PodInfo, _: &Snapshot) -> Result<Candidates, Status> {
        Ok(if pod.host_ports.is_empty() { Candidates::Skip } else { Candidates::All })
    }
}

impl Filter for NodePorts {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn filter(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        if conflict(&pod.host_ports, node.used_ports()) {
            return Err(Status::unschedulable("node(s) didn't have free ports for the requested pod ports"));
        }
        Ok(())
    }
}

impl Enqueue for NodePorts {
    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED | EventKinds::POD_REMOVED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        match event.pod() {
            (Some(gone), _) => Hint::queue_if(gone.node_name.is_some() && conflict(&pod.host_ports, &gone.host_ports)),
            _ => Hint::Queue,
        }
    }
}
