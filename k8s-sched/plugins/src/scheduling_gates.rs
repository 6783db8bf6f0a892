use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Enqueue, Plugin, PreEnqueue};
use k8s_sched::{PodInfo, Status};

/// Keeps pods out of the queue as long as `spec.schedulingGates` names any.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchedulingGates;

impl SchedulingGates {
    /// The name in configurations.
    pub const NAME: &str = "SchedulingGates";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_enqueue().enqueue().build()
    }
}

impl PreEnqueue for SchedulingGates {
    fn pre_enqueue(&self, pod: &PodInfo) -> Result<(), Status> {
        if pod.gates.is_empty() {
            return Ok(());
        }
        Err(Status::unresolvable(format!("waiting for scheduling gates: [{}]", pod.gates.join(" "))))
    }
}

impl Enqueue for SchedulingGates {
    fn events(&self) -> EventKinds {
        EventKinds::POD_CHANGED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let own = |new: &PodInfo| new.uid == pod.uid && new.gates.is_empty();
        Hint::queue_if(event.pod().1.is_some_and(|new| own(new)))
    }
}
