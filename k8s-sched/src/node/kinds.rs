use std::sync::Arc;

use crate::{Labels, PodInfo, Selector};

/// How many staying pods of each kind are on a node, a kind being a namespace and a set of labels.
///
/// The pods of one template are of one kind, so that counting who matches a selector asks a few kinds instead of
/// hundreds of pods.
#[derive(Clone, Debug, Default)]
pub(super) struct PodKinds(Vec<PodKind>);

#[derive(Clone, Debug)]
struct PodKind {
    namespace: Arc<str>,
    labels: Labels,
    n: usize,
}

impl PodKinds {
    pub(super) fn add(&mut self, pod: &PodInfo) {
        if pod.terminating {
            return;
        }
        match self.find(pod) {
            Some(at) => self.0[at].n += 1,
            None => self.0.push(PodKind { namespace: pod.namespace.clone(), labels: pod.labels.clone(), n: 1 }),
        }
    }

    pub(super) fn remove(&mut self, pod: &PodInfo) {
        if pod.terminating {
            return;
        }
        let Some(at) = self.find(pod) else { return };
        self.0[at].n -= 1;
        if self.0[at].n == 0 {
            self.0.swap_remove(at);
        }
    }

    pub(super) fn count(&self, namespace: &str, selector: &Selector) -> usize {
        let kinds = self.0.iter().filter(|kind| &*kind.namespace == namespace);
        kinds.filter(|kind| selector.matches(&*kind.labels)).map(|kind| kind.n).sum()
    }

    fn find(&self, pod: &PodInfo) -> Option<usize> {
        self.0.iter().position(|kind| kind.namespace == pod.namespace && kind.labels == pod.labels)
    }
}
