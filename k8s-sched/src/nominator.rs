use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::PodInfo;

/// Pods that wait for a node picked for them, for instance while pods evicted for them shut down.
///
/// Filters count them as if they were there already, for pods that are not more important.
#[derive(Clone, Debug, Default)]
pub struct Nominator {
    by_node: BTreeMap<Arc<str>, Vec<Arc<PodInfo>>>,
    by_pod: HashMap<Arc<str>, Arc<str>, foldhash::fast::RandomState>,
}

impl Nominator {
    /// Nominates `node` for `pod`, in place of an earlier nomination.
    pub fn add(&mut self, pod: Arc<PodInfo>, node: Arc<str>) {
        self.remove(&pod.uid);
        self.by_pod.insert(pod.uid.clone(), node.clone());
        self.by_node.entry(node).or_default().push(pod);
    }

    /// Withdraws the nomination of the pod with this uid.
    pub fn remove(&mut self, uid: &str) {
        if let Some(node) = self.by_pod.remove(uid)
            && let Some(pods) = self.by_node.get_mut(&node)
        {
            pods.retain(|pod| *pod.uid != *uid);
            if pods.is_empty() {
                self.by_node.remove(&node);
            }
        }
    }

    /// The node nominated for the pod with this uid.
    pub fn node_of(&self, uid: &str) -> Option<&Arc<str>> {
        self.by_pod.get(uid)
    }

    /// The pods for which `node` is nominated.
    pub fn pods_on(&self, node: &str) -> &[Arc<PodInfo>] {
        // Nearly always there are none at all; this runs per node and cycle.
        if self.by_node.is_empty() {
            return &[];
        }
        self.by_node.get(node).map_or(&[], Vec::as_slice)
    }
}
