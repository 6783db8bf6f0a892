use std::sync::Arc;

use k8s_openapi::api::core::v1::NodeAffinity as ApiNodeAffinity;
use serde::Deserialize;

use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{
    Candidates, Enqueue, NodeScore, Normalize, Plugin, PreFilter, PreScore, Scoring, normalize_by_highest,
};
use k8s_sched::{
    CycleState, Filter, NodeInfo, NodeRequirement, PodInfo, PreferredNodes, Score, Snapshot, Status, convert,
};

/// Rules out nodes that the pod's node selector or required node affinity does not admit; prefers those that its
/// preferred node affinity names.
#[derive(Clone, Debug, Default)]
pub struct NodeAffinity {
    required: Option<NodeRequirement>,
    preferred: PreferredNodes,
}

/// Arguments of [`NodeAffinity`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinityArgs {
    /// Applies to all pods of the profile, beside their own.
    pub added_affinity: Option<ApiNodeAffinity>,
}

impl NodeAffinity {
    /// The name in configurations.
    pub const NAME: &str = "NodeAffinity";

    /// With what is to apply to all pods.
    pub fn new(args: &NodeAffinityArgs) -> Self {
        let (required, preferred) = args.added_affinity.as_ref().map(convert::node_affinity).unwrap_or_default();
        Self { required, preferred }
    }

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        let plugin = Plugin::new(Self::NAME, self).pre_filter().filter().pre_score();
        plugin.score().normalize().enqueue().weight(2).build()
    }

    fn admits(&self, pod: &PodInfo, node: &NodeInfo) -> bool {
        let enforced = self.required.as_ref().is_none_or(|required| required.matches(node));
        enforced && pod.required_nodes.as_ref().is_none_or(|required| required.matches(node))
    }
}

impl PreFilter for NodeAffinity {
    fn pre_filter(&self, _: &mut CycleState, pod: &PodInfo, _: &Snapshot) -> Result<Candidates, Status> {
        let Some(required) = &pod.required_nodes else {
            return Ok(if self.required.is_none() { Candidates::Skip } else { Candidates::All });
        };
        match required.named_nodes() {
            Some(names) if names.is_empty() => Err(Status::unresolvable("pod affinity terms conflict")),
            Some(names) => Ok(Candidates::Only(names)),
            None => Ok(Candidates::All),
        }
    }
}

impl Filter for NodeAffinity {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn filter(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        if self.required.as_ref().is_some_and(|required| !required.matches(node)) {
            return Err(Status::unresolvable("node(s) didn't match scheduler-enforced node affinity"));
        }
        match &pod.required_nodes {
            Some(required) if !required.matches(node) => {
                Err(Status::unresolvable("node(s) didn't match Pod's node affinity/selector"))
            }
            _ => Ok(()),
        }
    }
}

impl PreScore for NodeAffinity {
    fn pre_score(
        &self,
        _: &mut CycleState,
        pod: &PodInfo,
        _: &[Arc<NodeInfo>],
        _: &Snapshot,
    ) -> Result<Scoring, Status> {
        let silent = pod.preferred_nodes.is_empty() && self.preferred.is_empty();
        Ok(if silent { Scoring::Skip } else { Scoring::Needed })
    }
}

impl Score for NodeAffinity {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn score(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        Ok(self.preferred.score(node) + pod.preferred_nodes.score(node))
    }
}

impl Normalize for NodeAffinity {
    fn normalize(&self, _: &CycleState, _: &PodInfo, scores: &mut [NodeScore<'_>]) -> Result<(), Status> {
        normalize_by_highest(scores, false);
        Ok(())
    }
}

impl Enqueue for NodeAffinity {
    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED | EventKinds::NODE_CHANGED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let (old, new) = event.node();
        let was_out = old.is_none_or(|old| !self.admits(pod, old));
        Hint::queue_if(was_out && new.is_some_and(|new| self.admits(pod, new)))
    }
}
