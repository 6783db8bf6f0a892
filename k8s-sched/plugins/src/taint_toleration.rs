use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Enqueue, NodeScore, Normalize, Plugin, normalize_by_highest};
use k8s_sched::{CycleState, Filter, NodeInfo, PodInfo, Score, Status, TaintEffect};

/// Rules out nodes with taints that the pod does not tolerate; prefers those with fewer that only ask it to stay away.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaintToleration;

impl TaintToleration {
    /// The name in configurations.
    pub const NAME: &str = "TaintToleration";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).filter().score().normalize().enqueue().build()
    }
}

impl Filter for TaintToleration {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn filter(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        if pod.tolerates(node.taints()) {
            Ok(())
        } else {
            Err(Status::unresolvable("node(s) had untolerated taint(s)"))
        }
    }
}

impl Score for TaintToleration {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn score(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        let soft = node.taints().iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
        Ok(soft.filter(|taint| !pod.tolerations.iter().any(|t| t.tolerates(taint))).count() as i64)
    }
}

impl Normalize for TaintToleration {
    fn normalize(&self, _: &CycleState, _: &PodInfo, scores: &mut [NodeScore<'_>]) -> Result<(), Status> {
        normalize_by_highest(scores, true);
        Ok(())
    }
}

impl Enqueue for TaintToleration {
    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED | EventKinds::NODE_CHANGED | EventKinds::POD_CHANGED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        if let (Some(old), Some(new)) = event.pod() {
            return Hint::queue_if(new.uid == pod.uid && new.tolerations != old.tolerations);
        }
        let (old, new) = event.node();
        let was_out = old.is_none_or(|old| !pod.tolerates(old.taints()));
        Hint::queue_if(was_out && new.is_some_and(|new| pod.tolerates(new.taints())))
    }
}
