use std::sync::Arc;

use k8s_sched::plugin::{NodeScore, Normalize, PreScore, Scoring};
use k8s_sched::{CycleState, MAX_SCORE, NodeInfo, PodInfo, Score, Snapshot, SpreadConstraint, Status};

use super::{Domains, HOSTNAME, PodTopologySpread, counts, domain, has_all_keys, matching_pods};

/// How pods are spread over the domains of each soft constraint, as far as feasible nodes are in them.
#[derive(Clone)]
struct Spread {
    constraints: Arc<[SpreadConstraint]>,
    /// Whether nodes that lack one of the labels are left out.
    need_all_keys: bool,
    domains: Vec<Domains>,
    /// The more domains, the more a pod in one of them weighs, so that zones are not drowned out by hosts.
    weights: Vec<f64>,
}

impl Spread {
    fn of(constraints: Vec<SpreadConstraint>, need_all_keys: bool, nodes: &[Arc<NodeInfo>]) -> Self {
        let mut domains = vec![Domains::default(); constraints.len()];
        let mut hosts = 0;
        for node in nodes.iter().filter(|node| !need_all_keys || has_all_keys(node, &constraints)) {
            hosts += 1;
            for (constraint, domains) in constraints.iter().zip(&mut domains) {
                if &*constraint.topology_key != HOSTNAME {
                    domain(domains, node.labels().value(&constraint.topology_key).unwrap_or_default());
                }
            }
        }
        let size = |(constraint, domains): (&SpreadConstraint, &Domains)| {
            if &*constraint.topology_key == HOSTNAME { hosts } else { domains.len() }
        };
        let weights = constraints.iter().zip(&domains).map(size).map(|size| ((size + 2) as f64).ln()).collect();
        Self { constraints: constraints.into(), need_all_keys, domains, weights }
    }

    fn count(&mut self, pod: &PodInfo, snapshot: &Snapshot) {
        if self.constraints.iter().all(|constraint| &*constraint.topology_key == HOSTNAME) {
            return;
        }
        for node in snapshot.nodes() {
            if self.ignores(node) {
                continue;
            }
            for (constraint, domains) in self.constraints.iter().zip(&mut self.domains) {
                let value = node.labels().value(&constraint.topology_key).unwrap_or_default();
                if let Some(count) = domains.get_mut(value)
                    && counts(constraint, pod, node)
                {
                    *count += matching_pods(node, &constraint.selector, &pod.namespace);
                }
            }
        }
    }

    fn ignores(&self, node: &NodeInfo) -> bool {
        self.need_all_keys && !has_all_keys(node, &self.constraints)
    }
}

impl PreScore for PodTopologySpread {
    fn pre_score(
        &self,
        state: &mut CycleState,
        pod: &PodInfo,
        nodes: &[Arc<NodeInfo>],
        snapshot: &Snapshot,
    ) -> Result<Scoring, Status> {
        let constraints = self.constraints(pod, false, snapshot.surroundings());
        if constraints.is_empty() {
            return Ok(Scoring::Skip);
        }
        let need_all_keys = !pod.spread.is_empty() || !self.system_defaults;
        let mut spread = Spread::of(constraints, need_all_keys, nodes);
        spread.count(pod, snapshot);
        state.insert(spread);
        Ok(Scoring::Needed)
    }
}

impl Score for PodTopologySpread {
    fn name(&self) -> &str {
        Self::NAME
    }

    /// How many pods are in the node's domains, weighed; fewer is better, which [`Normalize`] turns around.
    fn score(&self, state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        let Some(spread) = state.get::<Spread>().filter(|spread| !spread.ignores(node)) else { return Ok(0) };
        let mut score = 0.0;
        for (at, constraint) in spread.constraints.iter().enumerate() {
            let Some(value) = node.labels().value(&constraint.topology_key) else { continue };
            let count = if &*constraint.topology_key == HOSTNAME {
                matching_pods(node, &constraint.selector, &pod.namespace)
            } else {
                spread.domains[at].get(value).copied().unwrap_or(0)
            };
            score += count as f64 * spread.weights[at] + (constraint.max_skew - 1) as f64;
        }
        Ok(score.round() as i64)
    }
}

impl Normalize for PodTopologySpread {
    fn normalize(&self, state: &CycleState, _: &PodInfo, scores: &mut [NodeScore<'_>]) -> Result<(), Status> {
        let Some(spread) = state.get::<Spread>() else { return Ok(()) };
        let counted = || scores.iter().filter(|s| !spread.ignores(s.node)).map(|s| s.score);
        let (least, most) = (counted().min().unwrap_or(0), counted().max().unwrap_or(0));
        for score in scores {
            score.score = match most {
                _ if spread.ignores(score.node) => 0,
                0 => MAX_SCORE,
                _ => MAX_SCORE * (most + least - score.score) / most,
            };
        }
        Ok(())
    }
}
