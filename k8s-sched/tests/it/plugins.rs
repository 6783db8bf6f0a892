//! Plugins of no use but to be watched.

use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Enqueue, Plugin, PreEnqueue};
use k8s_sched::{CycleState, Filter, NodeInfo, PodInfo, Score, Status};

/// Counts CPU, and wakes pods when a pod goes.
pub(crate) struct Cpu;

impl Cpu {
    pub(crate) fn plugin() -> Plugin {
        Plugin::new("Cpu", Self).filter().enqueue().build()
    }
}

impl Filter for Cpu {
    fn name(&self) -> &'static str {
        "Cpu"
    }

    fn filter(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        let left = node.allocatable().milli_cpu - node.requested().milli_cpu;
        if pod.requests.milli_cpu > left { Err(Status::unschedulable("Insufficient cpu")) } else { Ok(()) }
    }
}

impl Enqueue for Cpu {
    fn events(&self) -> EventKinds {
        EventKinds::POD_REMOVED
    }

    fn hint(&self, _: &PodInfo, _: &ClusterEvent) -> Hint {
        Hint::Queue
    }
}

/// Scores by the number in a node's label `score`.
pub(crate) struct Label;

impl Score for Label {
    fn name(&self) -> &'static str {
        "Label"
    }

    fn score(&self, _: &CycleState, _: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        Ok(node.labels().value("score").and_then(|score| score.parse().ok()).unwrap_or(0))
    }
}

/// Keeps pods with gates out of the queue.
pub(crate) struct Gate;

impl Gate {
    pub(crate) fn plugin() -> Plugin {
        Plugin::new("Gate", Self).pre_enqueue().build()
    }
}

impl PreEnqueue for Gate {
    fn pre_enqueue(&self, pod: &PodInfo) -> Result<(), Status> {
        if pod.gates.is_empty() { Ok(()) } else { Err(Status::unresolvable("gated")) }
    }
}
