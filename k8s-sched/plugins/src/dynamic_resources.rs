use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Candidates, Enqueue, Plugin, PostFilter, PostFilterContext, PostFiltered, PreFilter};
use k8s_sched::{CycleState, PodInfo, Score, Snapshot, Status};

/// Stands where upstream allocates devices, which this one does not: pods that ask for resource claims are turned
/// down with a message, instead of being bound without their devices.
#[derive(Clone, Copy, Debug, Default)]
pub struct DynamicResources;

impl DynamicResources {
    /// The name in configurations.
    pub const NAME: &str = "DynamicResources";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_filter().post_filter().score().enqueue().weight(2).build()
    }
}

impl PreFilter for DynamicResources {
    fn pre_filter(&self, _: &mut CycleState, pod: &PodInfo, _: &Snapshot) -> Result<Candidates, Status> {
        if pod.resource_claims == 0 {
            return Ok(Candidates::Skip);
        }
        Err(Status::unresolvable("pod asks for resource claims, which this scheduler does not allocate"))
    }
}

impl PostFilter for DynamicResources {
    fn post_filter(&self, _: &PostFilterContext<'_>, _: &PodInfo) -> Result<PostFiltered, Status> {
        Err(Status::unschedulable("no new claims to deallocate"))
    }
}

/// Scores nothing, as upstream's does for pods without claims.
impl Score for DynamicResources {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn score(&self, _: &CycleState, _: &PodInfo, _: &k8s_sched::NodeInfo) -> Result<i64, Status> {
        Ok(0)
    }
}

impl Enqueue for DynamicResources {
    fn events(&self) -> EventKinds {
        EventKinds::POD_CHANGED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        Hint::queue_if(event.pod().1.is_some_and(|new| new.uid == pod.uid && new.resource_claims == 0))
    }
}
