use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Candidates, Enqueue, Plugin, PreFilter};
use k8s_sched::{CycleState, PodInfo, Snapshot, Status};

/// Stands where upstream finds volumes for pods, which this one does not: pods that mount persistent volume claims
/// are turned down with a message, instead of being bound to nodes that cannot reach their volumes.
#[derive(Clone, Copy, Debug, Default)]
pub struct VolumeBinding;

impl VolumeBinding {
    /// The name in configurations.
    pub const NAME: &str = "VolumeBinding";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_filter().enqueue().build()
    }
}

impl PreFilter for VolumeBinding {
    fn pre_filter(&self, _: &mut CycleState, pod: &PodInfo, _: &Snapshot) -> Result<Candidates, Status> {
        if pod.claims.is_empty() {
            return Ok(Candidates::Skip);
        }
        Err(Status::unresolvable("pod mounts persistent volume claims, which this scheduler does not place"))
    }
}

impl Enqueue for VolumeBinding {
    fn events(&self) -> EventKinds {
        EventKinds::NONE
    }

    fn hint(&self, _: &PodInfo, _: &ClusterEvent) -> Hint {
        Hint::Skip
    }
}
