use std::sync::Arc;

use crate::requirement::{NodeRequirement, PreferredNodes};
use crate::{Labels, Resources, Selector, Taint, TaintEffect};

/// A pod as scheduling sees it: compact, with everything that can be computed once computed.
///
/// Made by [`convert::pod`](crate::convert::pod) from an API object or from text by a
/// [`Simulation`](crate::Simulation). Fields may be added; existing ones keep their meaning.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PodInfo {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
    /// The uid: the pod's identity in queue and cache.
    pub uid: Arc<str>,
    /// The labels.
    pub labels: Labels,
    /// The priority; 0 when unset.
    pub priority: i32,
    /// When it was created, in microseconds since the epoch.
    pub created: i64,
    /// When its node started it, in microseconds since the epoch; 0 before.
    pub started: i64,
    /// Which profile schedules it.
    pub scheduler_name: Arc<str>,
    /// The node it is bound to, or must go to.
    pub node_name: Option<Arc<str>>,
    /// The node that preemption or another component picked for it.
    pub nominated_node: Option<Arc<str>>,
    /// What it takes from its node, overhead included.
    pub requests: Resources,
    /// Its CPU in milli-cores and memory in bytes as scores count it once it is on a node: containers that request
    /// nothing count as 100m and 200 MiB, unless the pod as a whole requests something.
    pub non_zero: (i64, i64),
    /// The same as scores count it while it is being scheduled: what the pod as a whole requests plays no role.
    ///
    /// That the two differ is an oversight of upstream's that placements depend on.
    pub non_zero_incoming: (i64, i64),
    /// The image of every container and init container, with a tag, in order; then those of image volumes.
    pub images: Vec<Arc<str>>,
    /// How many containers and init containers it has.
    pub containers: usize,
    /// The host ports it occupies.
    pub host_ports: Vec<HostPort>,
    /// Which taints it tolerates.
    pub tolerations: Vec<Toleration>,
    /// Where it must go: node selector and required node affinity, if it has any.
    pub required_nodes: Option<NodeRequirement>,
    /// Where it would rather go.
    pub preferred_nodes: PreferredNodes,
    /// How it wants to be spread; in the order of its spec.
    pub spread: Vec<SpreadConstraint>,
    /// How it stands to other pods.
    pub affinity: PodAffinity,
    /// Names of gates that keep it out of the queue.
    pub gates: Vec<String>,
    /// Whether it may evict others.
    pub may_preempt: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Whether it is being deleted because a scheduler evicted it.
    pub preempted: bool,
    /// The controller that owns it: kind and name.
    pub owner: Option<(Arc<str>, Arc<str>)>,
    /// Names of the persistent volume claims it mounts.
    pub claims: Vec<Arc<str>>,
    /// How many resource claims it asks for.
    pub resource_claims: usize,
}

impl PodInfo {
    /// The name, without namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `namespace/name`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether `self` and `other`, two states of one pod, differ in nothing that plugins decide upon and that can
    /// change in a pod's life.
    pub fn schedules_like(&self, other: &Self) -> bool {
        self.labels == other.labels
            && self.requests == other.requests
            && self.tolerations == other.tolerations
            && self.gates == other.gates
            && self.nominated_node == other.nominated_node
            && self.terminating == other.terminating
            && self.resource_claims == other.resource_claims
    }

    /// Whether all taints that keep pods away (`NoSchedule`, `NoExecute`) are tolerated.
    pub fn tolerates(&self, taints: &[Taint]) -> bool {
        taints.iter().all(|taint| {
            taint.effect == TaintEffect::PreferNoSchedule || self.tolerations.iter().any(|t| t.tolerates(taint))
        })
    }
}

/// A port of the node that a pod occupies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The address it listens on; `0.0.0.0` for all.
    pub ip: Arc<str>,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Arc<str>,
    /// The port number.
    pub port: i32,
}

impl HostPort {
    /// Whether both cannot be had on one node.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let everywhere = |port: &Self| &*port.ip == "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || everywhere(self) || everywhere(other))
    }
}

/// A toleration of a taint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toleration {
    /// The taint's key; `None` with no value tolerates every key.
    pub key: Option<Arc<str>>,
    /// The taint's value; `None` tolerates every value.
    pub value: Option<Arc<str>>,
    /// The taint's effect; `None` tolerates every effect.
    pub effect: Option<TaintEffect>,
}

impl Toleration {
    /// Whether `taint` is tolerated.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}

/// A wish to be spread over a topology.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpreadConstraint {
    /// By how many pods domains may differ.
    pub max_skew: i64,
    /// The node label whose values are the domains.
    pub topology_key: Arc<str>,
    /// Whether nodes that would violate it are out (`DoNotSchedule`), as opposed to less liked.
    pub hard: bool,
    /// Which pods count, the pod's own `matchLabelKeys` merged in.
    pub selector: Selector,
    /// With fewer domains than this, the emptiest counts as empty.
    pub min_domains: usize,
    /// Whether only nodes that the pod's node affinity admits count.
    pub honor_affinity: bool,
    /// Whether only nodes whose taints the pod tolerates count.
    pub honor_taints: bool,
}

impl SpreadConstraint {
    /// A constraint with upstream's defaults for what is not given.
    pub fn new(max_skew: i64, topology_key: impl Into<Arc<str>>, hard: bool, selector: Selector) -> Self {
        let topology_key = topology_key.into();
        Self { max_skew, topology_key, hard, selector, min_domains: 1, honor_affinity: true, honor_taints: false }
    }
}

/// A pod's affinity and anti-affinity to other pods.
#[derive(Clone, Debug, Default)]
pub struct PodAffinity {
    /// Pods that must be near.
    pub required: Vec<AffinityTerm>,
    /// Pods that must not be near.
    pub required_anti: Vec<AffinityTerm>,
    /// Pods that had better be near, with weights.
    pub preferred: Vec<(i64, AffinityTerm)>,
    /// Pods that had better not be near, with weights.
    pub preferred_anti: Vec<(i64, AffinityTerm)>,
}

impl PodAffinity {
    /// Whether there is no term at all.
    pub fn is_empty(&self) -> bool {
        self.required.is_empty()
            && self.required_anti.is_empty()
            && self.preferred.is_empty()
            && self.preferred_anti.is_empty()
    }
}

/// One term of pod (anti-)affinity.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AffinityTerm {
    /// The node label whose equal values mean "near".
    pub topology_key: Arc<str>,
    /// Which pods are meant.
    pub selector: Selector,
    /// In which namespaces; the pod's own if the term names none.
    pub namespaces: Vec<Arc<str>>,
    /// In which further namespaces, by their labels.
    pub namespace_selector: Selector,
}

impl AffinityTerm {
    /// A term over pods of `namespaces`.
    pub fn new(topology_key: impl Into<Arc<str>>, selector: Selector, namespaces: Vec<Arc<str>>) -> Self {
        Self { topology_key: topology_key.into(), selector, namespaces, namespace_selector: Selector::nothing() }
    }

    /// Whether `pod` is meant, given the labels of its namespace.
    pub fn matches(&self, pod: &PodInfo, namespace_labels: &Labels) -> bool {
        let namespace =
            self.namespaces.contains(&pod.namespace) || self.namespace_selector.matches(&**namespace_labels);
        namespace && self.selector.matches(&*pod.labels)
    }
}
