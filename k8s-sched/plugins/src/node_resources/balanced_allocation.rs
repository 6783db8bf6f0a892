use std::sync::Arc;

use serde::Deserialize;
use smallvec::SmallVec;

use k8s_sched::plugin::{Plugin, PreScore, Scoring};
use k8s_sched::{CycleState, MAX_SCORE, NodeInfo, PodInfo, Score, Snapshot, Status};

use super::{ResourceSpec, cpu_and_memory, usage};

/// Prefers nodes whose resources would be used more evenly with the pod than without it.
#[derive(Clone, Debug)]
pub struct NodeResourcesBalancedAllocation {
    args: NodeResourcesBalancedAllocationArgs,
}

/// Arguments of [`NodeResourcesBalancedAllocation`].
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct NodeResourcesBalancedAllocationArgs {
    /// The resources that count; CPU and memory unless set.
    pub resources: Vec<ResourceSpec>,
}

impl Default for NodeResourcesBalancedAllocationArgs {
    fn default() -> Self {
        Self { resources: cpu_and_memory() }
    }
}

impl NodeResourcesBalancedAllocation {
    /// The name in configurations.
    pub const NAME: &str = "NodeResourcesBalancedAllocation";

    /// With arguments.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(mut args: NodeResourcesBalancedAllocationArgs) -> Result<Self, String> {
        super::check_resources(&mut args.resources)?;
        if args.resources.iter().any(|resource| resource.weight != 1) {
            return Err("resources must have weight 1".to_owned());
        }
        Ok(Self { args })
    }

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).pre_score().score().build()
    }
}

impl PreScore for NodeResourcesBalancedAllocation {
    fn pre_score(
        &self,
        _: &mut CycleState,
        pod: &PodInfo,
        _: &[Arc<NodeInfo>],
        _: &Snapshot,
    ) -> Result<Scoring, Status> {
        // Pods that request nothing would all go to the one node that is balanced best.
        let asks = self.args.resources.iter().any(|resource| pod.requests.get(&resource.name) != 0);
        Ok(if asks { Scoring::Needed } else { Scoring::Skip })
    }
}

impl Score for NodeResourcesBalancedAllocation {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn score(&self, _: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        let mut before = SmallVec::<[f64; 4]>::new();
        let mut after = SmallVec::<[f64; 4]>::new();
        for resource in &self.args.resources {
            if let Some(usage) = usage(&resource.name, true, pod, node) {
                before.push((usage.before as f64 / usage.allocatable as f64).min(1.0));
                after.push((usage.after as f64 / usage.allocatable as f64).min(1.0));
            }
        }
        let half = MAX_SCORE / 2;
        Ok(half + (half + evenness(&after) - evenness(&before)) / 2)
    }
}

/// From half to all of [`MAX_SCORE`]: how close the shares are to each other.
fn evenness(shares: &[f64]) -> i64 {
    let deviation = match shares {
        [] | [_] => 0.0,
        [a, b] => ((a - b) / 2.0).abs(),
        _ => {
            let mean = shares.iter().sum::<f64>() / shares.len() as f64;
            (shares.iter().map(|share| (share - mean) * (share - mean)).sum::<f64>() / shares.len() as f64).sqrt()
        }
    };
    ((1.0 - deviation) * MAX_SCORE as f64) as i64
}
