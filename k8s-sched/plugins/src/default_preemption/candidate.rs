use std::cmp::Reverse;
use std::sync::Arc;

use k8s_sched::plugin::PostFilterContext;
use k8s_sched::{NodeInfo, PodInfo, Status};

/// A node on which the pod fits once the victims are gone.
pub(super) struct Candidate {
    pub(super) node: Arc<str>,
    /// Most important first; never empty.
    pub(super) victims: Vec<Arc<PodInfo>>,
    /// How many of them a disruption budget protects.
    pub(super) violations: usize,
}

/// Takes all less important pods off the node in thought and puts back as many as leave room, the more important
/// and the protected ones first.
pub(super) fn on(cycle: &PostFilterContext<'_>, pod: &PodInfo, node: &NodeInfo) -> Result<Candidate, Status> {
    let mut removed: Vec<_> = node.pods().iter().filter(|victim| victim.priority < pod.priority).cloned().collect();
    if removed.is_empty() {
        return Err(Status::unresolvable("No preemption victims found for incoming pod"));
    }
    let (mut state, mut node) = (cycle.state(), node.clone());
    for victim in &removed {
        cycle.remove_pod(&mut state, &mut node, victim)?;
    }
    cycle.filter(&state, &node)?;
    removed.sort_by_key(importance);
    let (protected, free) = split_by_budget(cycle, removed);
    let (mut victims, mut violations) = (Vec::new(), 0);
    let n_protected = protected.len();
    for (at, victim) in protected.into_iter().chain(free).enumerate() {
        cycle.add_pod(&mut state, &mut node, &victim)?;
        match cycle.filter(&state, &node) {
            Ok(()) => continue,
            Err(status) if !status.is_rejection() => return Err(status),
            Err(_) => cycle.remove_pod(&mut state, &mut node, &victim)?,
        }
        violations += usize::from(at < n_protected);
        victims.push(victim);
    }
    if victims.is_empty() {
        return Err(Status::error(format!("expected at least one victim pod on node \"{}\"", node.name())));
    }
    victims.sort_by_key(importance);
    Ok(Candidate { node: node.shared_name().clone(), victims, violations })
}

/// Where eviction hurts least: fewest protected victims, then the least important most important victim, then the
/// smallest sum of priorities, then the fewest victims, then the one that had run shortest.
pub(super) fn best(candidates: Vec<Candidate>) -> Option<Candidate> {
    let cost = |candidate: &Candidate| {
        let highest = candidate.victims.first().map_or(i32::MIN, |victim| victim.priority);
        // Shifted to be positive, so that many unimportant victims cost more than few.
        let sum: i64 = candidate.victims.iter().map(|victim| i64::from(victim.priority) + (1 << 31)).sum();
        let foremost = candidate.victims.iter().filter(|victim| victim.priority == highest);
        let earliest = foremost.map(|victim| start(victim)).min().unwrap_or(i64::MAX);
        (candidate.violations, highest, sum, candidate.victims.len(), Reverse(earliest))
    };
    candidates.into_iter().min_by_key(cost)
}

/// Sorts the more important first: higher priority, then longer running.
fn importance(pod: &Arc<PodInfo>) -> (Reverse<i32>, i64) {
    (Reverse(pod.priority), start(pod))
}

/// A pod that was not started yet counts as started now, that is, later than all others.
fn start(pod: &PodInfo) -> i64 {
    if pod.started == 0 { i64::MAX } else { pod.started }
}

/// Splits off the pods whose eviction would violate a disruption budget, in order.
fn split_by_budget(cycle: &PostFilterContext<'_>, pods: Vec<Arc<PodInfo>>) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
    let Some(namespace) = pods.first().map(|pod| pod.namespace.clone()) else { return Default::default() };
    let mut allowed = Vec::new();
    let mut known = vec![namespace];
    for pod in &pods {
        if !known.contains(&pod.namespace) {
            known.push(pod.namespace.clone());
        }
    }
    for namespace in &known {
        let budgets = cycle.snapshot().surroundings().budgets(namespace);
        allowed.extend(budgets.map(|budget| (namespace.clone(), budget, i64::from(budget.disruptions_allowed))));
    }
    pods.into_iter().partition(|pod| {
        let mut violates = false;
        for (namespace, budget, allowed) in &mut allowed {
            let protects = *namespace == pod.namespace
                && !pod.labels.is_empty()
                && !budget.selector.is_everything()
                && budget.selector.matches(&*pod.labels);
            // A pod whose disruption was granted has been counted.
            if protects && !budget.disrupted.iter().any(|name| **name == *pod.name) {
                *allowed -= 1;
                violates |= *allowed < 0;
            }
        }
        violates
    })
}
