use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::{NodeInfo, Surroundings};

/// All nodes at one moment, with their pods: what one scheduling cycle decides upon.
///
/// Nodes come zone by zone in turn, so that stopping early still spreads over zones. Cloning shares the nodes.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    nodes: Vec<Arc<NodeInfo>>,
    by_name: Arc<HashMap<Arc<str>, usize, foldhash::fast::RandomState>>,
    with_affinity: BTreeSet<usize>,
    with_required_anti_affinity: BTreeSet<usize>,
    /// How many nodes have an image.
    images: Arc<HashMap<Arc<str>, usize, foldhash::fast::RandomState>>,
    surroundings: Arc<Surroundings>,
    pub(crate) mark: Mark,
}

/// How far a snapshot has followed its cache.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) structure: u64,
    pub(crate) generation: u64,
    /// Position in the list by slot of the cache.
    pub(crate) position: Arc<Vec<usize>>,
}

impl Snapshot {
    /// A snapshot of these nodes.
    pub fn new(nodes: Vec<Arc<NodeInfo>>, surroundings: Arc<Surroundings>) -> Self {
        let by_name = nodes.iter().enumerate().map(|(i, node)| (node.shared_name().clone(), i)).collect();
        let mut snapshot = Self { nodes, by_name: Arc::new(by_name), surroundings, ..Self::default() };
        for at in 0..snapshot.nodes.len() {
            snapshot.index(at);
            snapshot.count_images(at, |count| *count += 1);
        }
        snapshot
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Arc<NodeInfo>] {
        &self.nodes
    }

    /// A node by name.
    pub fn node(&self, name: &str) -> Option<&Arc<NodeInfo>> {
        self.position(name).map(|at| &self.nodes[at])
    }

    /// The place of a node in [`Snapshot::nodes`].
    pub fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The nodes on which some pod has affinity or anti-affinity to pods.
    pub fn nodes_with_affinity(&self) -> impl Iterator<Item = &Arc<NodeInfo>> {
        self.with_affinity.iter().map(|at| &self.nodes[*at])
    }

    /// The nodes on which some pod has required anti-affinity to pods.
    pub fn nodes_with_required_anti_affinity(&self) -> impl Iterator<Item = &Arc<NodeInfo>> {
        self.with_required_anti_affinity.iter().map(|at| &self.nodes[*at])
    }

    /// How many nodes have an image.
    pub fn nodes_with_image(&self, image: &str) -> usize {
        self.images.get(image).copied().unwrap_or(0)
    }

    /// What else is known of the cluster.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    pub(crate) fn set_surroundings(&mut self, surroundings: &Arc<Surroundings>) {
        if !Arc::ptr_eq(&self.surroundings, surroundings) {
            self.surroundings = surroundings.clone();
        }
    }

    /// Replaces the node at `at` by a later state of the same node.
    pub(crate) fn replace(&mut self, at: usize, node: Arc<NodeInfo>) {
        let same_facts = std::ptr::eq(self.nodes[at].facts(), node.facts());
        if !same_facts {
            self.count_images(at, |count| *count -= 1);
        }
        self.nodes[at] = node;
        if !same_facts {
            self.count_images(at, |count| *count += 1);
        }
        self.index(at);
    }

    fn count_images(&mut self, at: usize, edit: impl Fn(&mut usize)) {
        let node = &self.nodes[at];
        if node.facts().images.is_empty() {
            return;
        }
        let images = Arc::make_mut(&mut self.images);
        for image in node.facts().images.keys() {
            let count = images.entry(image.clone()).or_default();
            edit(count);
            if *count == 0 {
                images.remove(image);
            }
        }
    }

    fn index(&mut self, at: usize) {
        let node = &self.nodes[at];
        mark(&mut self.with_affinity, at, node.count_with_affinity() > 0);
        mark(&mut self.with_required_anti_affinity, at, node.count_with_required_anti_affinity() > 0);
    }
}

fn mark(set: &mut BTreeSet<usize>, at: usize, present: bool) {
    if present {
        set.insert(at);
    } else if !set.is_empty() {
        set.remove(&at);
    }
}
