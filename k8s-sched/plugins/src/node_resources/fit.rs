use std::sync::Arc;

use serde::Deserialize;

use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Candidates, Enqueue, Plugin, PreFilter};
use k8s_sched::{CycleState, Filter, NodeInfo, PodInfo, Reason, Reasons, Resources, Score, Snapshot, Status};

use super::ScoringStrategy;

/// Rules out nodes without enough left of what the pod requests; prefers emptier or fuller ones, as it is told.
#[derive(Clone, Debug, Default)]
pub struct NodeResourcesFit {
    args: NodeResourcesFitArgs,
}

/// Arguments of [`NodeResourcesFit`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeResourcesFitArgs {
    /// Extended resources that are not looked at.
    pub ignored_resources: Vec<String>,
    /// Prefixes (before the slash) of extended resources that are not looked at.
    pub ignored_resource_groups: Vec<String>,
    /// Which nodes are better.
    pub scoring_strategy: ScoringStrategy,
}

/// The scalar resources that the pod asks for and that are looked at, with the message for when one is short.
#[derive(Clone)]
struct Scalars(Vec<(Arc<str>, i64, Reason)>);

impl NodeResourcesFit {
    /// The name in configurations.
    pub const NAME: &str = "NodeResourcesFit";

    /// With arguments.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(mut args: NodeResourcesFitArgs) -> Result<Self, String> {
        args.scoring_strategy.check()?;
        Ok(Self { args })
    }

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_filter().filter().score().enqueue().build()
    }

    fn scalars(&self, pod: &PodInfo) -> Scalars {
        let asked = pod.requests.scalars().filter(|(name, amount)| *amount != 0 && !self.ignores(name));
        Scalars(asked.map(|(name, n)| (name.clone(), n, Reason::from(format!("Insufficient {name}")))).collect())
    }

    /// Resources of Kubernetes' own, such as huge pages, cannot be ignored.
    fn ignores(&self, resource: &str) -> bool {
        let Some((group, _)) = resource.split_once('/') else { return false };
        let native = group.ends_with("kubernetes.io") || resource.starts_with("requests.");
        let named = self.args.ignored_resources.iter().any(|ignored| ignored == resource);
        !native && (named || self.args.ignored_resource_groups.iter().any(|ignored| ignored == group))
    }
}

/// Collects what is short on a node.
#[derive(Default)]
struct Short {
    reasons: Reasons,
    unresolvable: bool,
}

impl Short {
    fn check(&mut self, wanted: i64, used: i64, capacity: i64, reason: impl FnOnce() -> Reason) {
        if wanted > 0 && wanted > capacity - used {
            self.reasons.push(reason());
            // Even the empty node would be too small.
            self.unresolvable |= wanted > capacity;
        }
    }
}

fn short(requests: &Resources, scalars: &Scalars, node: &NodeInfo) -> Short {
    let (have, used) = (node.allocatable(), node.requested());
    let mut short = Short::default();
    if node.pods().len() as i64 + 1 > have.pods {
        short.reasons.push("Too many pods".into());
    }
    short.check(requests.milli_cpu, used.milli_cpu, have.milli_cpu, || "Insufficient cpu".into());
    short.check(requests.memory, used.memory, have.memory, || "Insufficient memory".into());
    let storage = (requests.ephemeral_storage, used.ephemeral_storage, have.ephemeral_storage);
    short.check(storage.0, storage.1, storage.2, || "Insufficient ephemeral-storage".into());
    for (name, wanted, reason) in &scalars.0 {
        short.check(*wanted, used.scalar(name), have.scalar(name), || reason.clone());
    }
    short
}

impl PreFilter for NodeResourcesFit {
    fn pre_filter(&self, state: &mut CycleState, pod: &PodInfo, _: &Snapshot) -> Result<Candidates, Status> {
        state.insert(self.scalars(pod));
        Ok(Candidates::All)
    }
}

impl Filter for NodeResourcesFit {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn filter(&self, state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        let scalars = state.get().ok_or_else(|| Status::error("the pre-filter of NodeResourcesFit did not run"))?;
        let short = short(&pod.requests, scalars, node);
        match (short.reasons.is_empty(), short.unresolvable) {
            (true, _) => Ok(()),
            (false, true) => Err(Status::Unresolvable(short.reasons)),
            (false, false) => Err(Status::Unschedulable(short.reasons)),
        }
    }
}

impl Score for NodeResourcesFit {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn score(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        Ok(self.args.scoring_strategy.score(pod, node))
    }
}

impl Enqueue for NodeResourcesFit {
    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED | EventKinds::NODE_CHANGED | EventKinds::POD_CHANGED | EventKinds::POD_REMOVED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        match (event.pod(), event.node()) {
            ((Some(gone), None), _) => Hint::queue_if(gone.node_name.is_some() || gone.nominated_node.is_some()),
            ((Some(old), Some(new)), _) => Hint::queue_if(
                shrank(&old.requests, &new.requests, &pod.requests) && (new.uid == pod.uid || new.node_name.is_some()),
            ),
            (_, (old, Some(new))) => Hint::queue_if(self.node_helps(pod, old, new)),
            _ => Hint::Skip,
        }
    }
}

impl NodeResourcesFit {
    /// Whether the node, were it empty, would do, and has more of something that counts than before.
    fn node_helps(&self, pod: &PodInfo, old: Option<&Arc<NodeInfo>>, new: &NodeInfo) -> bool {
        let empty = NodeInfo::new(new.facts().clone());
        let fits = short(&pod.requests, &self.scalars(pod), &empty).reasons.is_empty();
        let grew = |old: &NodeInfo| {
            new.allocatable().pods > old.allocatable().pods
                || shrank(new.allocatable(), old.allocatable(), &pod.requests)
        };
        fits && old.is_none_or(|old| grew(old))
    }
}

/// Whether `after` has less than `before` of anything in `wanted`.
fn shrank(before: &Resources, after: &Resources, wanted: &Resources) -> bool {
    let less = |name: &str| wanted.get(name) > 0 && after.get(name) < before.get(name);
    ["cpu", "memory", "ephemeral-storage"].into_iter().any(less) || wanted.scalars().any(|(name, _)| less(name))
}
