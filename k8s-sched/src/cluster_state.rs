mod load;
mod manifests;

use std::sync::Arc;

use k8s_env::Random;

use crate::explain::Explanation;
use crate::{
    Cache, Engine, Error, Failure, NodeFacts, NodeInfo, Nominator, PodInfo, Profile, Profiles, Snapshot, Surroundings,
};

/// A cluster in thought: nodes, pods on them, and an engine that places more. Nothing in it acts.
///
/// Forks share what they have in common until one changes it, so asking "what if" is cheap.
///
/// ```
/// use k8s_sched::{ClusterState, Filter, CycleState, NodeInfo, PodInfo, Profile, Status};
/// # struct Fits;
/// # impl Filter for Fits {
/// #     fn name(&self) -> &str { "Fits" }
/// #     fn filter(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
/// #         let left = node.allocatable().milli_cpu - node.requested().milli_cpu;
/// #         if pod.requests.milli_cpu <= left { Ok(()) } else { Err(Status::unschedulable("Insufficient cpu")) }
/// #     }
/// # }
/// let profile = Profile::empty().with(Fits);
/// let (state, pending) = ClusterState::parse("node a cpu=2; pod p cpu=2; pod q cpu=2; pod r cpu=1", profile)?;
/// let plan = state.fork().schedule_pods(&pending);
/// assert_eq!(plan.placed(), 1);
/// let template = state.snapshot().nodes()[0].facts().clone();
/// assert_eq!(plan.nodes_needed(&template), 2);
/// # Ok::<(), k8s_sched::Error>(())
/// ```
#[derive(Debug)]
pub struct ClusterState {
    cache: Cache,
    snapshot: Snapshot,
    engine: Engine,
    seed: u64,
}

/// Where pods would go.
#[derive(Debug)]
pub struct Plan {
    state: ClusterState,
    placements: Vec<(Arc<PodInfo>, Arc<str>)>,
    failures: Vec<(Arc<PodInfo>, Failure)>,
}

impl ClusterState {
    /// An empty cluster whose pods are placed by `profile`; ties between equally good nodes are broken by `seed`.
    ///
    /// # Errors
    /// [`Error::Profile`] when the profile cannot be run.
    pub fn new(profile: Profile, seed: u64) -> Result<Self, Error> {
        let engine = Engine::new(Arc::new(Profiles::new([profile])?), Random::seeded(seed));
        Ok(Self { cache: Cache::new(), snapshot: Snapshot::default(), engine, seed })
    }

    /// The cluster that a text describes, in the form of [`Simulation::parse`](crate::Simulation::parse), and the
    /// pods in it that have no node.
    ///
    /// # Errors
    /// [`Error::Fixture`] when a part is not understood, [`Error::Profile`] when the profile cannot be run.
    pub fn parse(text: &str, profile: Profile) -> Result<(Self, Vec<Arc<PodInfo>>), Error> {
        let mut state = Self::new(profile, 0)?;
        let pending = state.read(text)?;
        Ok((state, pending))
    }

    /// Adds what a text describes and returns the pods in it that have no node.
    pub(crate) fn read(&mut self, text: &str) -> Result<Vec<Arc<PodInfo>>, Error> {
        let fixture = crate::fixture::Fixture::parse(text)?;
        fixture.nodes.into_iter().for_each(|node| self.set_node(node));
        let mut pending = Vec::new();
        for pod in fixture.pods.into_iter().map(Arc::new) {
            if !self.set_pod(pod.clone()) {
                pending.push(pod);
            }
        }
        Ok(pending)
    }

    /// A copy that goes its own way.
    pub fn fork(&self) -> Self {
        let engine = Engine::new(self.engine.profiles().clone(), Random::seeded(self.seed));
        Self { cache: self.cache.clone(), snapshot: self.snapshot.clone(), engine, seed: self.seed }
    }

    /// Adds or changes a node.
    pub fn set_node(&mut self, node: NodeFacts) {
        self.cache.set_node(node);
    }

    /// Removes a node.
    pub fn remove_node(&mut self, name: &str) {
        self.cache.remove_node(name);
    }

    /// Puts a pod on the node it names; false, and nothing happens, when it names none.
    pub fn set_pod(&mut self, pod: Arc<PodInfo>) -> bool {
        let Some(node) = pod.node_name.clone() else { return false };
        self.cache.set_pod(pod, &node);
        true
    }

    /// Takes a pod off its node.
    pub fn remove_pod(&mut self, uid: &str) {
        self.cache.remove_pod(uid);
    }

    /// What is known beyond nodes and pods, to be changed.
    pub fn surroundings_mut(&mut self) -> &mut Surroundings {
        self.cache.surroundings_mut()
    }

    /// A node as it is now.
    pub fn node(&self, name: &str) -> Option<&Arc<NodeInfo>> {
        self.cache.node(name)
    }

    /// All nodes as they are now.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        self.cache.refresh(&mut snapshot);
        snapshot
    }

    /// Finds a node for `pod` and puts it there.
    ///
    /// # Errors
    /// [`Failure`] when there is none.
    pub fn schedule(&mut self, pod: &Arc<PodInfo>) -> Result<Arc<str>, Failure> {
        self.cache.refresh(&mut self.snapshot);
        let decision = self.engine.schedule(pod, &self.snapshot, &Nominator::default())?;
        self.cache.set_pod(pod.clone(), &decision.node);
        Ok(decision.node)
    }

    /// Places pods, more important ones first, otherwise in order.
    pub fn schedule_pods(mut self, pods: &[Arc<PodInfo>]) -> Plan {
        let mut pods = pods.to_vec();
        pods.sort_by_key(|pod| std::cmp::Reverse(pod.priority));
        let (mut placements, mut failures) = (Vec::new(), Vec::new());
        for pod in pods {
            match self.schedule(&pod) {
                Ok(node) => placements.push((pod, node)),
                Err(failure) => failures.push((pod, failure)),
            }
        }
        Plan { state: self, placements, failures }
    }

    /// Says what each plugin thinks of each node for `pod`.
    ///
    /// # Errors
    /// [`Failure::NotOurs`], and [`Failure::Broken`] when a plugin is.
    pub fn explain(&self, pod: &Arc<PodInfo>) -> Result<Explanation, Failure> {
        Explanation::of(self.engine.profiles(), pod, &self.snapshot(), &Nominator::default())
    }
}

impl Plan {
    /// How many pods found a node.
    pub fn placed(&self) -> usize {
        self.placements.len()
    }

    /// Which pod would go where.
    pub fn placements(&self) -> &[(Arc<PodInfo>, Arc<str>)] {
        &self.placements
    }

    /// Which pods found no node, and why.
    pub fn failures(&self) -> &[(Arc<PodInfo>, Failure)] {
        &self.failures
    }

    /// The cluster as it would be.
    pub fn state(&self) -> &ClusterState {
        &self.state
    }

    /// How many more nodes like `template` the rest of the pods would need, adding one whenever a pod fits nowhere.
    /// Pods that would not even fit on an empty one are not counted.
    pub fn nodes_needed(&self, template: &NodeFacts) -> usize {
        let mut state = self.state.fork();
        let mut added = 0;
        for (pod, _) in &self.failures {
            if state.schedule(pod).is_ok() {
                continue;
            }
            let name: Arc<str> = format!("{}+{}", template.name, added + 1).into();
            let mut facts = template.clone();
            facts.labels = facts.labels.with("kubernetes.io/hostname", &name);
            facts.name = name.clone();
            state.set_node(facts);
            if state.schedule(pod).is_ok() {
                added += 1;
            } else {
                state.remove_node(&name);
            }
        }
        added
    }
}
