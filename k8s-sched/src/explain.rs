use std::fmt;
use std::sync::Arc;

use crate::engine::{Cycle, Diagnosis, Failure, PluginScore};
use crate::{Nominator, PodInfo, Profiles, Snapshot, Status};

/// Why a pod goes where it goes, node by node.
///
/// Unlike a cycle, which stops at the first filter that says no and may not look at all nodes, this asks every filter
/// about every node, and scores every node that fits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// `namespace/name` of the pod.
    pub pod: String,
    /// What a plugin said before any node was looked at.
    pub rejected: Option<String>,
    /// Every node, by name.
    pub nodes: Vec<NodeExplanation>,
}

/// What was said about one node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NodeExplanation {
    /// The node.
    pub node: Arc<str>,
    /// Which plugins ruled it out, and what they said; empty when it fits.
    pub rejections: Vec<(Arc<str>, Status)>,
    /// Each plugin's score, normalized, and its weight; empty when it does not fit.
    pub scores: Vec<(Arc<str>, i64, i64)>,
    /// The sum of the weighted scores.
    pub total: i64,
}

impl Explanation {
    pub(crate) fn of(
        profiles: &Profiles,
        pod: &Arc<PodInfo>,
        snapshot: &Snapshot,
        nominator: &Nominator,
    ) -> Result<Self, Failure> {
        let framework = profiles.get(&pod.scheduler_name).ok_or(Failure::NotOurs)?;
        let mut cycle = Cycle::new(framework, pod, snapshot, nominator);
        let mut diagnosis = Diagnosis::new(snapshot.nodes().len());
        let mut nodes: Vec<_> = snapshot.nodes().iter().map(|node| NodeExplanation::new(node.shared_name())).collect();
        let rejected = match cycle.pre_filter(&mut diagnosis)? {
            None => diagnosis.pre_filter_message.clone(),
            Some(names) => {
                for (at, explanation) in nodes.iter_mut().enumerate() {
                    if names.as_ref().is_some_and(|names| !names.contains(&explanation.node)) {
                        explanation.rejections.push(("PreFilter".into(), diagnosis.others.clone()));
                    }
                    explanation.rejections.extend(cycle.rejections(&snapshot.nodes()[at]));
                }
                cycle.explain_scores(&mut nodes)?;
                None
            }
        };
        nodes.sort_by(|a, b| a.node.cmp(&b.node));
        Ok(Self { pod: pod.key(), rejected, nodes })
    }
}

impl NodeExplanation {
    fn new(node: &Arc<str>) -> Self {
        Self { node: node.clone(), rejections: Vec::new(), scores: Vec::new(), total: 0 }
    }
}

impl Cycle<'_> {
    fn rejections(&self, node: &crate::NodeInfo) -> Vec<(Arc<str>, Status)> {
        let asked = self.framework.filters.iter().filter(|(id, _)| !self.skip_filter.contains(*id));
        let answers = asked.map(|(id, plugin)| (*id, plugin.filter(&self.state, self.pod, node)));
        let no = |(id, answer): (usize, Result<(), Status>)| {
            Some((self.framework.plugin(id).shared_name().clone(), answer.err()?))
        };
        answers.filter_map(no).collect()
    }

    fn explain_scores(&mut self, nodes: &mut [NodeExplanation]) -> Result<(), Failure> {
        let fits: Vec<_> = (0..nodes.len()).filter(|at| nodes[*at].rejections.is_empty()).collect();
        let feasible: Vec<_> = fits.iter().map(|at| self.snapshot.nodes()[*at].clone()).collect();
        if feasible.is_empty() {
            return Ok(());
        }
        for PluginScore { plugin, weight, scores } in self.score(&feasible)?.plugins {
            for (at, score) in fits.iter().zip(scores) {
                nodes[*at].scores.push((plugin.clone(), score, weight));
                nodes[*at].total += score * weight;
            }
        }
        Ok(())
    }
}

/// One line per node: `a: 463 = NodeResourcesFit 90×1 + ...` or `b: no: NodePorts: node(s) didn't have ...`.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rejected) = &self.rejected {
            return write!(f, "no node: {rejected}");
        }
        for (i, node) in self.nodes.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            node.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for NodeExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rejections.is_empty() {
            write!(f, "{}: {}", self.node, self.total)?;
            for (i, (plugin, score, weight)) in self.scores.iter().enumerate() {
                let sign = if i == 0 { "=" } else { "+" };
                write!(f, " {sign} {plugin} {score}")?;
                if *weight != 1 {
                    write!(f, "×{weight}")?;
                }
            }
            return Ok(());
        }
        write!(f, "{}: no:", self.node)?;
        for (i, (plugin, status)) in self.rejections.iter().enumerate() {
            let separator = if i == 0 { "" } else { ";" };
            write!(f, "{separator} {plugin}: {status}")?;
        }
        Ok(())
    }
}
