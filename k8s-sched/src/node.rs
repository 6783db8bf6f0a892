mod kinds;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::kinds::PodKinds;
use crate::{HostPort, Labels, PodInfo, Resources, Selector};

/// A node as scheduling sees it: what it is, who is on it, and what that takes.
///
/// Cloning shares what the node *is* and copies the list of its pods, which are shared.
#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    facts: Arc<NodeFacts>,
    pods: Vec<Arc<PodInfo>>,
    requested: Resources,
    non_zero: (i64, i64),
    ports: Vec<HostPort>,
    with_affinity: usize,
    with_required_anti_affinity: usize,
    kinds: PodKinds,
    generation: u64,
}

/// What a node is, apart from who is on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeFacts {
    /// The name.
    pub name: Arc<str>,
    /// The labels.
    pub labels: Labels,
    /// The taints.
    pub taints: Vec<Taint>,
    /// Whether it is cordoned.
    pub unschedulable: bool,
    /// What it can give.
    pub allocatable: Resources,
    /// The images it has, by every name, with their size in bytes.
    pub images: BTreeMap<Arc<str>, i64>,
}

/// A mark on a node that keeps pods away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// The key.
    pub key: Arc<str>,
    /// The value; empty when unset.
    pub value: Arc<str>,
    /// What it does to pods that do not tolerate it.
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaintEffect {
    /// The node is filtered out.
    NoSchedule,
    /// The node scores lower.
    PreferNoSchedule,
    /// The node is filtered out, and pods on it are evicted by others.
    NoExecute,
}

impl TaintEffect {
    /// Reads an effect as the API spells it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "NoSchedule" => Some(Self::NoSchedule),
            "PreferNoSchedule" => Some(Self::PreferNoSchedule),
            "NoExecute" => Some(Self::NoExecute),
            _ => None,
        }
    }
}

impl NodeInfo {
    /// A node without pods.
    pub fn new(facts: NodeFacts) -> Self {
        Self { facts: Arc::new(facts), ..Self::default() }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// The name, to be kept.
    pub fn shared_name(&self) -> &Arc<str> {
        &self.facts.name
    }

    /// The labels.
    pub fn labels(&self) -> &Labels {
        &self.facts.labels
    }

    /// The taints.
    pub fn taints(&self) -> &[Taint] {
        &self.facts.taints
    }

    /// Whether it is cordoned.
    pub fn is_unschedulable(&self) -> bool {
        self.facts.unschedulable
    }

    /// What it can give to pods.
    pub fn allocatable(&self) -> &Resources {
        &self.facts.allocatable
    }

    /// The size in bytes of an image, if the node has it.
    pub fn image_size(&self, image: &str) -> Option<i64> {
        self.facts.images.get(image).copied()
    }

    /// All that the node is, apart from who is on it.
    pub fn facts(&self) -> &NodeFacts {
        &self.facts
    }

    /// The pods on it, those assumed to go there included.
    pub fn pods(&self) -> &[Arc<PodInfo>] {
        &self.pods
    }

    /// The pods on it that have any term of affinity or anti-affinity to pods.
    pub fn pods_with_affinity(&self) -> impl Iterator<Item = &Arc<PodInfo>> {
        let count = self.with_affinity;
        self.pods.iter().filter(|pod| !pod.affinity.is_empty()).take(count)
    }

    /// How many pods have any term of affinity or anti-affinity to pods.
    pub fn count_with_affinity(&self) -> usize {
        self.with_affinity
    }

    /// How many pods have required anti-affinity to pods.
    pub fn count_with_required_anti_affinity(&self) -> usize {
        self.with_required_anti_affinity
    }

    /// How many pods of a namespace that are not on their way out have labels that `selector` matches.
    pub fn count_staying(&self, namespace: &str, selector: &Selector) -> usize {
        self.kinds.count(namespace, selector)
    }

    /// What its pods request together.
    pub fn requested(&self) -> &Resources {
        &self.requested
    }

    /// CPU in milli-cores and memory in bytes that its pods take as scores count them; see [`PodInfo::non_zero`].
    pub fn non_zero_requested(&self) -> (i64, i64) {
        self.non_zero
    }

    /// The host ports its pods occupy.
    pub fn used_ports(&self) -> &[HostPort] {
        &self.ports
    }

    /// Which change of the cache this is the state of; higher is later.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Puts `pod` on the node.
    pub fn add_pod(&mut self, pod: Arc<PodInfo>) {
        self.requested.add(&pod.requests);
        self.non_zero.0 += pod.non_zero.0;
        self.non_zero.1 += pod.non_zero.1;
        self.ports.extend(pod.host_ports.iter().cloned());
        self.with_affinity += usize::from(!pod.affinity.is_empty());
        self.with_required_anti_affinity += usize::from(!pod.affinity.required_anti.is_empty());
        self.kinds.add(&pod);
        self.pods.push(pod);
    }

    /// Takes the pod with this uid off the node; `None` when it is not there.
    pub fn remove_pod(&mut self, uid: &str) -> Option<Arc<PodInfo>> {
        let at = self.pods.iter().position(|pod| &*pod.uid == uid)?;
        let pod = self.pods.remove(at);
        self.requested.sub(&pod.requests);
        self.non_zero.0 -= pod.non_zero.0;
        self.non_zero.1 -= pod.non_zero.1;
        for port in &pod.host_ports {
            if let Some(at) = self.ports.iter().position(|used| used == port) {
                self.ports.swap_remove(at);
            }
        }
        self.with_affinity -= usize::from(!pod.affinity.is_empty());
        self.with_required_anti_affinity -= usize::from(!pod.affinity.required_anti.is_empty());
        self.kinds.remove(&pod);
        Some(pod)
    }

    /// Replaces what the node is; its pods stay.
    pub fn set_facts(&mut self, facts: NodeFacts) {
        self.facts = Arc::new(facts);
    }

    pub(crate) fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }
}
