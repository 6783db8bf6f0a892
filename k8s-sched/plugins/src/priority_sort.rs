use std::cmp::Ordering;

use k8s_sched::QueuedPod;
use k8s_sched::plugin::{Plugin, QueueSort};

/// Tries more important pods first, and among equals the one that has waited longer.
#[derive(Clone, Copy, Debug, Default)]
pub struct PrioritySort;

impl PrioritySort {
    /// The name in configurations.
    pub const NAME: &str = "PrioritySort";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).queue_sort().build()
    }
}

impl QueueSort for PrioritySort {
    fn compare(&self, a: &QueuedPod, b: &QueuedPod) -> Ordering {
        b.pod.priority.cmp(&a.pod.priority).then(a.since.cmp(&b.since))
    }
}
