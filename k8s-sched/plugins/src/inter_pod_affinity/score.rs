use std::sync::Arc;

use k8s_sched::plugin::{NodeScore, Normalize, PreScore, Scoring};
use k8s_sched::{AffinityTerm, CycleState, Labels, MAX_SCORE, NodeInfo, PodInfo, Score, Snapshot, Status};

use super::{InterPodAffinity, Topologies, resolved};

/// By domain, the weights of all terms that speak for it less those that speak against it.
#[derive(Clone)]
struct Liking(Topologies);

/// The newcomer, with what is looked up for it once.
struct Newcomer<'a> {
    pod: &'a PodInfo,
    namespace_labels: Labels,
    /// Its preferred terms, those of anti-affinity with negative weights.
    terms: Vec<(i64, AffinityTerm)>,
}

impl PreScore for InterPodAffinity {
    fn pre_score(
        &self,
        state: &mut CycleState,
        pod: &PodInfo,
        _: &[Arc<NodeInfo>],
        snapshot: &Snapshot,
    ) -> Result<Scoring, Status> {
        let prefers = !pod.affinity.preferred.is_empty() || !pod.affinity.preferred_anti.is_empty();
        if !prefers
            && (self.args.ignore_preferred_terms_of_existing_pods || snapshot.nodes_with_affinity().next().is_none())
        {
            return Ok(Scoring::Skip);
        }
        let surroundings = snapshot.surroundings();
        let signed = |terms: &[(i64, AffinityTerm)], sign: i64| {
            let plain: Vec<_> = terms.iter().map(|(_, term)| term.clone()).collect();
            let weights: Vec<_> = terms.iter().map(|(weight, _)| sign * weight).collect();
            weights.into_iter().zip(resolved(&plain, surroundings)).collect::<Vec<_>>()
        };
        let mut terms = signed(&pod.affinity.preferred, 1);
        terms.extend(signed(&pod.affinity.preferred_anti, -1));
        let namespace_labels = surroundings.namespace_labels(&pod.namespace);
        let newcomer = Newcomer { pod, namespace_labels, terms };
        let mut liking = Topologies::default();
        if prefers {
            for node in snapshot.nodes() {
                node.pods().iter().for_each(|other| self.weigh(&newcomer, other, node, &mut liking));
            }
        } else {
            for node in snapshot.nodes_with_affinity() {
                node.pods_with_affinity().for_each(|other| self.weigh(&newcomer, other, node, &mut liking));
            }
        }
        if liking.is_empty() {
            return Ok(Scoring::Skip);
        }
        state.insert(Liking(liking));
        Ok(Scoring::Needed)
    }
}

impl InterPodAffinity {
    fn weigh(&self, newcomer: &Newcomer<'_>, other: &PodInfo, node: &NodeInfo, liking: &mut Topologies) {
        let nothing = Labels::default();
        for (weight, term) in newcomer.terms.iter().filter(|(_, term)| term.matches(other, &nothing)) {
            liking.add(&term.topology_key, node, *weight);
        }
        let mut count = |term: &AffinityTerm, weight: i64| {
            if weight != 0 && term.matches(newcomer.pod, &newcomer.namespace_labels) {
                liking.add(&term.topology_key, node, weight);
            }
        };
        other.affinity.required.iter().for_each(|term| count(term, self.args.hard_pod_affinity_weight));
        other.affinity.preferred.iter().for_each(|(weight, term)| count(term, *weight));
        other.affinity.preferred_anti.iter().for_each(|(weight, term)| count(term, -weight));
    }
}

impl Score for InterPodAffinity {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn score(&self, state: &CycleState, _: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        Ok(state.get::<Liking>().map_or(0, |Liking(liking)| liking.of(node).sum()))
    }
}

impl Normalize for InterPodAffinity {
    fn normalize(&self, state: &CycleState, _: &PodInfo, scores: &mut [NodeScore<'_>]) -> Result<(), Status> {
        if state.get::<Liking>().is_none() {
            return Ok(());
        }
        let least = scores.iter().map(|s| s.score).min().unwrap_or(0);
        let range = scores.iter().map(|s| s.score).max().unwrap_or(0) - least;
        for score in scores {
            let share = if range > 0 { (score.score - least) as f64 / range as f64 } else { 0.0 };
            score.score = (MAX_SCORE as f64 * share) as i64;
        }
        Ok(())
    }
}
