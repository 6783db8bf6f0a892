use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::Enqueue;
use k8s_sched::{AffinityTerm, NodeInfo, PodInfo};

use super::{InterPodAffinity, meant_by_all};

impl Enqueue for InterPodAffinity {
    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED
            | EventKinds::NODE_CHANGED
            | EventKinds::POD_ASSIGNED
            | EventKinds::POD_CHANGED
            | EventKinds::POD_REMOVED
            | EventKinds::SURROUNDINGS
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let (near, apart) = (&pod.affinity.required, &pod.affinity.required_anti);
        if near.iter().chain(apart).any(|term| !term.namespace_selector.is_nothing()) {
            // Whether another pod is meant depends on labels of its namespace, which are not at hand here.
            return Hint::Queue;
        }
        let wakes = match (event.pod(), event.node()) {
            ((Some(old), Some(new)), _) => {
                (!meant_by_all(near, old) && meant_by_all(near, new))
                    || (meant_by_all(apart, old) && !meant_by_all(apart, new))
                    || new.uid == pod.uid
            }
            ((None, Some(new)), _) => meant_by_all(near, new),
            ((Some(gone), None), _) => {
                meant_by_any(apart, gone) || gone.affinity.required_anti.iter().any(|term| may_mean(term, pod))
            }
            (_, (old, Some(new))) => node_helps(near, apart, old.map(|node| &**node), new),
            _ => true,
        };
        Hint::queue_if(wakes)
    }
}

fn meant_by_any(terms: &[AffinityTerm], pod: &PodInfo) -> bool {
    terms.iter().any(|term| may_mean(term, pod))
}

fn may_mean(term: &AffinityTerm, pod: &PodInfo) -> bool {
    let elsewhere = term.namespace_selector.is_nothing() && !term.namespaces.contains(&pod.namespace);
    !elsewhere && term.selector.matches(&*pod.labels)
}

fn node_helps(near: &[AffinityTerm], apart: &[AffinityTerm], old: Option<&NodeInfo>, new: &NodeInfo) -> bool {
    let Some(old) = old else {
        return !apart.is_empty() || near.iter().any(|term| new.labels().contains_key(&*term.topology_key));
    };
    let values = |term: &AffinityTerm| (old.labels().value(&term.topology_key), new.labels().value(&term.topology_key));
    let joined = |(before, after): (Option<&str>, Option<&str>)| after.is_some() && before != after;
    let left = |(before, after): (Option<&str>, Option<&str>)| before.is_some() && before != after;
    near.iter().any(|term| joined(values(term))) || apart.iter().any(|term| left(values(term)))
}
