use std::sync::Arc;

use k8s_sched::plugin::{Candidates, PreFilter, PreFilterExtensions};
use k8s_sched::{CycleState, Filter, NodeInfo, PodInfo, Snapshot, SpreadConstraint, Status};

use super::{Domains, PodTopologySpread, counts, domain, has_all_keys, matching_pods};

/// How pods are spread over the domains of each hard constraint.
#[derive(Clone)]
struct Spread {
    constraints: Arc<[SpreadConstraint]>,
    /// Whether the pod itself is meant by the constraint.
    own: Vec<i64>,
    domains: Vec<Domains>,
    /// How many pods the emptiest domain has.
    least: Vec<i64>,
}

impl Spread {
    fn of(constraints: Vec<SpreadConstraint>, pod: &PodInfo, snapshot: &Snapshot) -> Self {
        let mut domains = vec![Domains::default(); constraints.len()];
        for node in snapshot.nodes().iter().filter(|node| has_all_keys(node, &constraints)) {
            for (constraint, domains) in constraints.iter().zip(&mut domains) {
                if counts(constraint, pod, node)
                    && let Some(value) = node.labels().value(&constraint.topology_key)
                {
                    *domain(domains, value) += matching_pods(node, &constraint.selector, &pod.namespace);
                }
            }
        }
        let own = constraints.iter().map(|c| i64::from(c.selector.matches(&*pod.labels))).collect();
        let mut spread = Self { own, domains, least: vec![0; constraints.len()], constraints: constraints.into() };
        for at in 0..spread.constraints.len() {
            spread.find_least(at);
        }
        spread
    }

    fn find_least(&mut self, at: usize) {
        let (domains, constraint) = (&self.domains[at], &self.constraints[at]);
        let least = domains.values().min().copied().unwrap_or(i64::from(i32::MAX));
        self.least[at] = if domains.len() < constraint.min_domains { 0 } else { least };
    }

    fn update(&mut self, pod: &PodInfo, moved: &PodInfo, node: &NodeInfo, delta: i64) {
        if moved.namespace != pod.namespace || !has_all_keys(node, &self.constraints) {
            return;
        }
        for at in 0..self.constraints.len() {
            let constraint = &self.constraints[at];
            if constraint.selector.matches(&*moved.labels)
                && counts(constraint, pod, node)
                && let Some(value) = node.labels().value(&constraint.topology_key)
            {
                *domain(&mut self.domains[at], value) += delta;
                self.find_least(at);
            }
        }
    }
}

impl PreFilter for PodTopologySpread {
    fn pre_filter(&self, state: &mut CycleState, pod: &PodInfo, snapshot: &Snapshot) -> Result<Candidates, Status> {
        let constraints = self.constraints(pod, true, snapshot.surroundings());
        if constraints.is_empty() {
            return Ok(Candidates::Skip);
        }
        state.insert(Spread::of(constraints, pod, snapshot));
        Ok(Candidates::All)
    }
}

impl PreFilterExtensions for PodTopologySpread {
    fn add_pod(&self, state: &mut CycleState, pod: &PodInfo, added: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        if let Some(spread) = state.get_mut::<Spread>() {
            spread.update(pod, added, node, 1);
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
        if let Some(spread) = state.get_mut::<Spread>() {
            spread.update(pod, removed, node, -1);
        }
        Ok(())
    }
}

impl Filter for PodTopologySpread {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn filter(&self, state: &CycleState, _: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        let Some(spread) = state.get::<Spread>() else { return Ok(()) };
        for (at, constraint) in spread.constraints.iter().enumerate() {
            let Some(value) = node.labels().value(&constraint.topology_key) else {
                return Err(Status::unresolvable(
                    "node(s) didn't match pod topology spread constraints (missing required label)",
                ));
            };
            let here = spread.domains[at].get(value).copied().unwrap_or(0);
            if here + spread.own[at] - spread.least[at] > constraint.max_skew {
                return Err(Status::unschedulable("node(s) didn't match pod topology spread constraints"));
            }
        }
        Ok(())
    }
}
