use std::sync::Arc;

use k8s_env::Random;

use crate::engine::{Cycle, Diagnosis};
use crate::{CycleState, NodeInfo, PodInfo, Reason, Snapshot, Status};

/// What a [`PostFilter`](super::PostFilter) found out.
#[derive(Clone, Debug)]
pub enum PostFiltered {
    /// There is a way: the victims are evicted and the node is kept for the pod; no other plugin is asked.
    Nominate(Nomination),
    /// There is no way: an earlier nomination is withdrawn, the next plugin is asked, and the reason ends up in the
    /// pod's message.
    Hopeless(Reason),
}

/// A node on which a pod will fit once others are gone.
#[derive(Clone, Debug)]
pub struct Nomination {
    /// The node.
    pub node: Arc<str>,
    /// The pods to evict from it, most important first.
    pub victims: Vec<Arc<PodInfo>>,
}

/// What a [`PostFilter`](super::PostFilter) may look at and ask.
pub struct PostFilterContext<'a> {
    pub(crate) cycle: &'a Cycle<'a>,
    pub(crate) diagnosis: &'a Diagnosis,
    pub(crate) random: &'a Random,
}

impl std::fmt::Debug for PostFilterContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostFilterContext").field("diagnosis", self.diagnosis).finish_non_exhaustive()
    }
}

impl<'a> PostFilterContext<'a> {
    /// All nodes.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.cycle.snapshot
    }

    /// Why no node fits.
    pub fn diagnosis(&self) -> &Diagnosis {
        self.diagnosis
    }

    /// Whether a plugin turned the pod down before any node was looked at.
    pub fn pre_filtered_out(&self) -> bool {
        self.diagnosis.pre_filter_message.is_some()
    }

    /// Where to draw randomness from.
    pub fn random(&self) -> &Random {
        self.random
    }

    /// A copy of what plugins remember of this cycle, to be changed in thought.
    pub fn state(&self) -> CycleState {
        self.cycle.state.clone()
    }

    /// The node nominated for `pod` earlier.
    pub fn nominated_node(&self, pod: &PodInfo) -> Option<Arc<str>> {
        self.cycle.nominator.node_of(&pod.uid).or(pod.nominated_node.as_ref()).cloned()
    }

    /// Asks all filters about `node` as it is in thought, pods that were promised a place there counted in.
    ///
    /// # Errors
    /// What the first filter said that turned it down.
    pub fn filter(&self, state: &CycleState, node: &NodeInfo) -> Result<(), Status> {
        self.cycle.filter_with_nominated(state, node).map_err(|(_, status)| status)
    }

    /// Puts `added` on `node` in thought.
    ///
    /// # Errors
    /// What a plugin's [`PreFilterExtensions`](super::PreFilterExtensions) said.
    pub fn add_pod(&self, state: &mut CycleState, node: &mut NodeInfo, added: &Arc<PodInfo>) -> Result<(), Status> {
        node.add_pod(added.clone());
        self.cycle.extensions(|e| e.add_pod(state, self.cycle.pod, added, node)).map_err(|(_, status)| status)
    }

    /// Takes `removed` off `node` in thought.
    ///
    /// # Errors
    /// What a plugin's [`PreFilterExtensions`](super::PreFilterExtensions) said.
    pub fn remove_pod(&self, state: &mut CycleState, node: &mut NodeInfo, removed: &PodInfo) -> Result<(), Status> {
        node.remove_pod(&removed.uid);
        self.cycle.extensions(|e| e.remove_pod(state, self.cycle.pod, removed, node)).map_err(|(_, status)| status)
    }

    /// The message for a pod that nothing helps, in the form of upstream's: how many nodes gave which reason.
    pub fn summary(&self, statuses: &[(Arc<str>, Status)]) -> String {
        let mut summary = Diagnosis::new(self.snapshot().nodes().len());
        summary.others = Status::unresolvable("Preemption is not helpful for scheduling");
        summary.statuses = statuses.iter().map(|(_, status)| (0, status.clone())).collect();
        summary.to_string()
    }
}
