use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Candidates, Enqueue, Plugin, PreFilter};
use k8s_sched::{CycleState, Filter, NodeInfo, PodInfo, Snapshot, Status, Taint, TaintEffect};

/// Rules out cordoned nodes, unless the pod tolerates the taint that stands for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeUnschedulable;

impl NodeUnschedulable {
    /// The name in configurations.
    pub const NAME: &str = "NodeUnschedulable";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_filter().filter().enqueue().build()
    }
}

fn tolerated(pod: &PodInfo) -> bool {
    // Most pods tolerate nothing: not worth making the taint for them.
    !pod.tolerations.is_empty()
        && pod.tolerates(&[Taint {
            key: "node.kubernetes.io/unschedulable".into(),
            value: "".into(),
            effect: TaintEffect::NoSchedule,
        }])
}

impl PreFilter for NodeUnschedulable {
    fn pre_filter(&self, _: &mut CycleState, pod: &PodInfo, _: &Snapshot) -> Result<Candidates, Status> {
        Ok(if tolerated(pod) { Candidates::Skip } else { Candidates::All })
    }
}

impl Filter for NodeUnschedulable {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn filter(&self, _: &CycleState, _: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        if node.is_unschedulable() { Err(Status::unresolvable("node(s) were unschedulable")) } else { Ok(()) }
    }
}

impl Enqueue for NodeUnschedulable {
    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED | EventKinds::NODE_CHANGED | EventKinds::POD_CHANGED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        if let (_, Some(new)) = event.pod() {
            return Hint::queue_if(new.uid == pod.uid && tolerated(new));
        }
        let (old, new) = event.node();
        let was_closed = old.is_none_or(|old| old.is_unschedulable());
        Hint::queue_if(was_closed && new.is_some_and(|new| !new.is_unschedulable()))
    }
}
