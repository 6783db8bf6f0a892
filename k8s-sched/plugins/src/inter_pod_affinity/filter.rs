use std::sync::Arc;

use k8s_sched::plugin::{Candidates, PreFilter, PreFilterExtensions};
use k8s_sched::{AffinityTerm, CycleState, Filter, Labels, NodeInfo, PodInfo, Snapshot, Status};

use super::{InterPodAffinity, Topologies, meant_by_all, resolved};

/// How many pods in which domain speak for or against the newcomer.
#[derive(Clone)]
struct Neighbours {
    near: Arc<[AffinityTerm]>,
    apart: Arc<[AffinityTerm]>,
    namespace_labels: Labels,
    /// Pods that the newcomer must be near.
    wanted: Topologies,
    /// Pods that the newcomer must be apart from.
    unwanted: Topologies,
    /// Pods that must be apart from the newcomer.
    unwelcoming: Topologies,
    /// Whether the newcomer is meant by its own terms of affinity.
    wants_itself: bool,
}

impl Neighbours {
    fn update(&mut self, pod: &PodInfo, other: &PodInfo, node: &NodeInfo, delta: i64) {
        self.unwelcoming_by(pod, other, node, delta);
        if meant_by_all(&self.near, other) {
            for term in &*self.near {
                self.wanted.add(&term.topology_key, node, delta);
            }
        }
        let nothing = Labels::default();
        for term in self.apart.iter().filter(|term| term.matches(other, &nothing)) {
            self.unwanted.add(&term.topology_key, node, delta);
        }
    }

    fn unwelcoming_by(&mut self, pod: &PodInfo, other: &PodInfo, node: &NodeInfo, delta: i64) {
        for term in other.affinity.required_anti.iter().filter(|term| term.matches(pod, &self.namespace_labels)) {
            self.unwelcoming.add(&term.topology_key, node, delta);
        }
    }

    fn affinity_holds(&self, node: &NodeInfo) -> bool {
        let mut present = true;
        for term in &*self.near {
            if !node.labels().contains_key(&*term.topology_key) {
                return false;
            }
            present &= self.wanted.get(&term.topology_key, node) > 0;
        }
        // The first of a group of pods that want to be near each other has to go somewhere.
        present || (self.wanted.is_empty() && self.wants_itself)
    }
}

impl PreFilter for InterPodAffinity {
    fn pre_filter(&self, state: &mut CycleState, pod: &PodInfo, snapshot: &Snapshot) -> Result<Candidates, Status> {
        let asks = !pod.affinity.required.is_empty() || !pod.affinity.required_anti.is_empty();
        if !asks && snapshot.nodes_with_required_anti_affinity().next().is_none() {
            return Ok(Candidates::Skip);
        }
        let surroundings = snapshot.surroundings();
        let near: Arc<[_]> = resolved(&pod.affinity.required, surroundings).into();
        let mut neighbours = Neighbours {
            wants_itself: meant_by_all(&near, pod),
            near,
            apart: resolved(&pod.affinity.required_anti, surroundings).into(),
            namespace_labels: surroundings.namespace_labels(&pod.namespace),
            wanted: Topologies::default(),
            unwanted: Topologies::default(),
            unwelcoming: Topologies::default(),
        };
        if asks {
            for node in snapshot.nodes() {
                for other in node.pods() {
                    neighbours.update(pod, other, node, 1);
                }
            }
        } else {
            for node in snapshot.nodes_with_required_anti_affinity() {
                for other in node.pods_with_affinity() {
                    neighbours.unwelcoming_by(pod, other, node, 1);
                }
            }
        }
        if !asks && neighbours.unwelcoming.is_empty() {
            return Ok(Candidates::Skip);
        }
        state.insert(neighbours);
        Ok(Candidates::All)
    }
}

impl PreFilterExtensions for InterPodAffinity {
    fn add_pod(&self, state: &mut CycleState, pod: &PodInfo, added: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        if let Some(neighbours) = state.get_mut::<Neighbours>() {
            neighbours.update(pod, added, node, 1);
        }
        Ok(())
    }

    fn remove_pod(
        &self,
        state: &mut CycleState,
        pod: &PodInfo,
        removed: &PodInfo,
        node: &NodeInfo,
    ) -> Result<(), Status> {
        if let Some(neighbours) = state.get_mut::<Neighbours>() {
            neighbours.update(pod, removed, node, -1);
        }
        Ok(())
    }
}

impl Filter for InterPodAffinity {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn filter(&self, state: &CycleState, _: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        let Some(neighbours) = state.get::<Neighbours>() else { return Ok(()) };
        if !neighbours.affinity_holds(node) {
            return Err(Status::unresolvable("node(s) didn't match pod affinity rules"));
        }
        if neighbours.apart.iter().any(|term| neighbours.unwanted.get(&term.topology_key, node) > 0) {
            return Err(Status::unschedulable("node(s) didn't match pod anti-affinity rules"));
        }
        if neighbours.unwelcoming.of(node).any(|pods| pods > 0) {
            return Err(Status::unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"));
        }
        Ok(())
    }
}
