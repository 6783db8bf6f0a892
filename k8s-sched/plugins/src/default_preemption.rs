use std::sync::Arc;

use serde::Deserialize;

use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Enqueue, Nomination, Plugin, PostFilter, PostFilterContext, PostFiltered};
use k8s_sched::{PodInfo, Status};

mod candidate;

use candidate::Candidate;

/// Finds less important pods whose eviction makes room, and the node where that hurts least.
#[derive(Clone, Debug, Default)]
pub struct DefaultPreemption {
    args: DefaultPreemptionArgs,
}

/// Arguments of [`DefaultPreemption`]: how many nodes to try before choosing, the larger of the two.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefaultPreemptionArgs {
    /// A share of the nodes that come into question, in percent.
    pub min_candidate_nodes_percentage: usize,
    /// A number of nodes.
    pub min_candidate_nodes_absolute: usize,
}

impl Default for DefaultPreemptionArgs {
    fn default() -> Self {
        Self { min_candidate_nodes_percentage: 10, min_candidate_nodes_absolute: 100 }
    }
}

impl DefaultPreemption {
    /// The name in configurations.
    pub const NAME: &str = "DefaultPreemption";

    /// With arguments.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(args: DefaultPreemptionArgs) -> Result<Self, String> {
        if args.min_candidate_nodes_percentage > 100 {
            return Err("minCandidateNodesPercentage is above 100".to_owned());
        }
        if args.min_candidate_nodes_percentage == 0 && args.min_candidate_nodes_absolute == 0 {
            return Err("minCandidateNodesPercentage and minCandidateNodesAbsolute are both 0".to_owned());
        }
        Ok(Self { args })
    }

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).post_filter().enqueue().build()
    }

    fn enough(&self, nodes: usize) -> usize {
        let share = nodes * self.args.min_candidate_nodes_percentage / 100;
        share.max(self.args.min_candidate_nodes_absolute).min(nodes)
    }

    fn candidates(&self, cycle: &PostFilterContext<'_>, pod: &PodInfo) -> Result<(Vec<Candidate>, Hopeless), Status> {
        let nodes = cycle.diagnosis().resolvable(cycle.snapshot());
        let (mut harmless, mut harmful, mut hopeless) = (Vec::new(), Vec::new(), Vec::new());
        let enough = self.enough(nodes.len());
        let offset = cycle.random().below(nodes.len() as u64) as usize;
        for at in 0..nodes.len() {
            let node = nodes[(offset + at) % nodes.len()];
            match candidate::on(cycle, pod, node) {
                Ok(candidate) if candidate.violations == 0 => harmless.push(candidate),
                Ok(candidate) => harmful.push(candidate),
                Err(status) if status.is_rejection() => hopeless.push((node.shared_name().clone(), status)),
                Err(status) => return Err(status),
            }
            if !harmless.is_empty() && harmless.len() + harmful.len() >= enough {
                break;
            }
        }
        harmless.extend(harmful);
        Ok((harmless, hopeless))
    }
}

/// Nodes on which no eviction would help, and why.
type Hopeless = Vec<(Arc<str>, Status)>;

/// Why the pod may not evict others, if so.
fn ineligible(cycle: &PostFilterContext<'_>, pod: &PodInfo) -> Option<&'static str> {
    if !pod.may_preempt {
        return Some("preemption: not eligible due to preemptionPolicy=Never.");
    }
    let nominated = cycle.nominated_node(pod)?;
    if matches!(cycle.diagnosis().node(cycle.snapshot(), &nominated), Some(Status::Unresolvable(_))) {
        return None;
    }
    let node = cycle.snapshot().node(&nominated)?;
    let leaving = |victim: &Arc<PodInfo>| victim.priority < pod.priority && victim.terminating && victim.preempted;
    let waits = node.pods().iter().any(leaving);
    waits.then_some("preemption: not eligible due to a terminating pod on the nominated node.")
}

impl PostFilter for DefaultPreemption {
    fn post_filter(&self, cycle: &PostFilterContext<'_>, pod: &PodInfo) -> Result<PostFiltered, Status> {
        if let Some(why) = ineligible(cycle, pod) {
            return Err(Status::unschedulable(why));
        }
        let (candidates, hopeless) = self.candidates(cycle, pod)?;
        match candidate::best(candidates) {
            Some(Candidate { node, victims, .. }) => Ok(PostFiltered::Nominate(Nomination { node, victims })),
            None => Ok(PostFiltered::Hopeless(format!("preemption: {}", cycle.summary(&hopeless)).into())),
        }
    }
}

impl Enqueue for DefaultPreemption {
    fn events(&self) -> EventKinds {
        EventKinds::NONE
    }

    fn hint(&self, _: &PodInfo, _: &ClusterEvent) -> Hint {
        Hint::Skip
    }
}
