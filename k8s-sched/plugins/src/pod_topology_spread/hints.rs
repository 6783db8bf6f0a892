use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::Enqueue;
use k8s_sched::{NodeInfo, PodInfo, SpreadConstraint};

use super::{PodTopologySpread, has_all_keys};

impl Enqueue for PodTopologySpread {
    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED
            | EventKinds::NODE_CHANGED
            | EventKinds::NODE_REMOVED
            | EventKinds::POD_ASSIGNED
            | EventKinds::POD_CHANGED
            | EventKinds::POD_REMOVED
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let hard: Vec<_> = pod.spread.iter().filter(|constraint| constraint.hard).collect();
        if hard.is_empty() {
            // Turned down by default constraints, whose selector depends on more than the pod.
            return Hint::Queue;
        }
        let wakes = match (event.pod(), event.node()) {
            ((None, None), (old, new)) => node_helps(&pod.spread, old.map(|n| &**n), new.map(|n| &**n)),
            ((old, new), _) => {
                let involved = |other: &PodInfo| {
                    let placed = other.node_name.is_some() || other.nominated_node.is_some();
                    other.uid == pod.uid || (placed && other.namespace == pod.namespace)
                };
                let meant = |other: &PodInfo| hard.iter().any(|c| c.selector.matches(&*other.labels));
                match (old, new) {
                    (Some(old), Some(new)) => involved(new) && pod_change_helps(&hard, pod, old, new),
                    (Some(one), None) | (None, Some(one)) => involved(one) && meant(one),
                    (None, None) => false,
                }
            }
        };
        Hint::queue_if(wakes)
    }
}

fn pod_change_helps(hard: &[&SpreadConstraint], pod: &PodInfo, old: &PodInfo, new: &PodInfo) -> bool {
    let tolerates_more = new.uid == pod.uid && new.tolerations != old.tolerations;
    let relabelled = |c: &&SpreadConstraint| c.selector.matches(&*old.labels) != c.selector.matches(&*new.labels);
    (tolerates_more && hard.iter().any(|c| c.honor_taints)) || hard.iter().any(relabelled)
}

fn node_helps(spread: &[SpreadConstraint], old: Option<&NodeInfo>, new: Option<&NodeInfo>) -> bool {
    let hard: Vec<_> = spread.iter().filter(|constraint| constraint.hard).cloned().collect();
    let counts = |node: Option<&NodeInfo>| node.is_some_and(|node| has_all_keys(node, &hard));
    match (old, new) {
        (Some(before), Some(after)) => {
            let value = |node: &NodeInfo, c: &SpreadConstraint| node.labels().value(&c.topology_key).map(str::to_owned);
            let moved = hard.iter().any(|c| value(before, c) != value(after, c));
            counts(old) != counts(new) || (counts(new) && (moved || before.taints() != after.taints()))
        }
        _ => counts(old) || counts(new),
    }
}
