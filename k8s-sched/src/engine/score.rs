use std::sync::Arc;

use super::{Cycle, Failure};
use crate::plugin::{MAX_SCORE, MIN_SCORE, NodeScore, Scoring};
use crate::{NodeInfo, Status};

/// What one plugin thinks of every feasible node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PluginScore {
    /// The plugin.
    pub plugin: Arc<str>,
    /// The factor with which its scores count.
    pub weight: i64,
    /// The normalized score of every node, without the weight, in the order of the nodes.
    pub scores: Vec<i64>,
}

/// All scores of all feasible nodes.
pub(crate) struct Scores {
    pub(crate) plugins: Vec<PluginScore>,
    nodes: usize,
}

impl Scores {
    /// The weighted sum for every node.
    pub(super) fn totals(&self) -> Vec<i64> {
        let mut totals = vec![0; self.nodes];
        for plugin in &self.plugins {
            for (total, score) in totals.iter_mut().zip(&plugin.scores) {
                *total += score * plugin.weight;
            }
        }
        totals
    }
}

impl Cycle<'_> {
    /// Scores the feasible nodes.
    pub(crate) fn score(&mut self, nodes: &[Arc<NodeInfo>]) -> Result<Scores, Failure> {
        let framework = self.framework;
        for (id, plugin) in &framework.pre_scores {
            match plugin.pre_score(&mut self.state, self.pod, nodes, self.snapshot) {
                Ok(Scoring::Needed) => {}
                Ok(Scoring::Skip) => self.skip_score.insert(*id),
                Err(status) => return Err(self.broken(*id, status)),
            }
        }
        let mut plugins = Vec::with_capacity(framework.scores.len());
        let mut scratch = Vec::with_capacity(nodes.len());
        for (id, score) in framework.scores.iter().filter(|(id, _)| !self.skip_score.contains(*id)) {
            scratch.clear();
            for node in nodes {
                let score = score.score(&self.state, self.pod, node).map_err(|status| self.broken(*id, status))?;
                scratch.push(NodeScore { node, score });
            }
            let plugin = framework.plugin(*id);
            if let Some(normalize) = &plugin.points.normalize {
                normalize.normalize(&self.state, self.pod, &mut scratch).map_err(|status| self.broken(*id, status))?;
            }
            if let Some(bad) = scratch.iter().find(|s| !(MIN_SCORE..=MAX_SCORE).contains(&s.score)) {
                let message =
                    format!("invalid score {}, not in {MIN_SCORE}..={MAX_SCORE} after normalizing", bad.score);
                return Err(self.broken(*id, Status::error(message)));
            }
            let scores = scratch.iter().map(|s| s.score).collect();
            plugins.push(PluginScore { plugin: plugin.shared_name().clone(), weight: plugin.weight(), scores });
        }
        Ok(Scores { plugins, nodes: nodes.len() })
    }
}
