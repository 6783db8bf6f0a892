use std::sync::Arc;

use k8s_sched::plugin::{Plugin, PreScore, Scoring};
use k8s_sched::{CycleState, MAX_SCORE, NodeInfo, PodInfo, Score, Snapshot, Status};

const MEBIBYTE: i64 = 1024 * 1024;
/// Less than this on a node does not count.
const LEAST: i64 = 23 * MEBIBYTE;
/// More than this per container does not count.
const MOST_PER_CONTAINER: i64 = 1000 * MEBIBYTE;

/// Prefers nodes that have the pod's images, the more the larger they are and the more nodes have them: a rare image
/// should not draw all its pods to one node.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImageLocality;

/// For each of the pod's images, the share of nodes that have it.
#[derive(Clone)]
struct Spread(Vec<f64>);

impl ImageLocality {
    /// The name in configurations.
    pub const NAME: &str = "ImageLocality";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_score().score().build()
    }
}

impl PreScore for ImageLocality {
    fn pre_score(
        &self,
        state: &mut CycleState,
        pod: &PodInfo,
        _: &[Arc<NodeInfo>],
        snapshot: &Snapshot,
    ) -> Result<Scoring, Status> {
        let nodes = snapshot.nodes().len().max(1) as f64;
        let share = |image: &Arc<str>| snapshot.nodes_with_image(image) as f64 / nodes;
        state.insert(Spread(pod.images.iter().map(share).collect()));
        Ok(Scoring::Needed)
    }
}

impl Score for ImageLocality {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn score(&self, state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        let Some(Spread(shares)) = state.get() else { return Ok(0) };
        let mut sum = 0;
        for (image, share) in pod.images.iter().zip(shares).filter(|(_, share)| **share > 0.0) {
            sum += node.image_size(image).map_or(0, |size| (size as f64 * share) as i64);
        }
        let most = MOST_PER_CONTAINER * pod.containers.max(1) as i64;
        Ok(MAX_SCORE * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST))
    }
}
