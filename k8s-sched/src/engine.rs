//! One scheduling cycle: from a pod and a snapshot to a node, or to the reasons why not.

use std::sync::Arc;

use k8s_env::Random;

use crate::profile::{Framework, Profiles};
use crate::{CycleState, Nominator, PodInfo, Snapshot, Status};

mod commit;
mod cycle;
mod diagnosis;
mod filter;
mod score;

pub(crate) use commit::Wait;
pub(crate) use cycle::Cycle;
pub use diagnosis::Diagnosis;
pub use score::PluginScore;

/// Decides where pods go. Pure: it reads snapshots and draws randomness from where it was told, nothing else.
///
/// Between cycles it remembers only from which node to look next, so that all nodes get their turn in clusters so
/// large that not all are looked at for each pod.
#[derive(Debug)]
pub struct Engine {
    profiles: Arc<Profiles>,
    random: Random,
    start: usize,
}

/// A node was found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Decision {
    /// The node's name.
    pub node: Arc<str>,
    /// How many nodes were looked at.
    pub evaluated: usize,
    /// How many of them fit.
    pub feasible: usize,
    /// What plugins remembered, for those that act.
    pub state: CycleState,
}

/// No node was found.
#[derive(Clone, Debug)]
pub enum Failure {
    /// No profile has the name that the pod asks for; the pod is somebody else's.
    NotOurs,
    /// There is no node at all: the pod is tried again after backoff, or as soon as there is one.
    NoNodes,
    /// No node fits: the pod waits for an event that may help.
    Unfit(Box<Diagnosis>),
    /// A plugin is broken: the pod is tried again after backoff.
    Broken {
        /// The plugin.
        plugin: Arc<str>,
        /// What it said.
        status: Status,
    },
}

/// The message that goes into the pod's condition and event; upstream's text.
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotOurs => f.write_str("no profile has the pod's scheduler name"),
            Self::NoNodes => f.write_str("no nodes available to schedule pods"),
            Self::Unfit(diagnosis) => diagnosis.fmt(f),
            Self::Broken { plugin, status } => write!(f, "running plugin \"{plugin}\": {status}"),
        }
    }
}

impl std::error::Error for Failure {}

impl Engine {
    /// An engine for the pods of these profiles; ties between equally good nodes are broken by `random`.
    pub fn new(profiles: Arc<Profiles>, random: Random) -> Self {
        Self { profiles, random, start: 0 }
    }

    /// The profiles.
    pub fn profiles(&self) -> &Arc<Profiles> {
        &self.profiles
    }

    /// Finds a node for `pod`.
    ///
    /// # Errors
    /// [`Failure`] when there is none.
    pub fn schedule(
        &mut self,
        pod: &Arc<PodInfo>,
        snapshot: &Snapshot,
        nominator: &Nominator,
    ) -> Result<Decision, Failure> {
        let profiles = self.profiles.clone();
        let framework = profiles.get(&pod.scheduler_name).ok_or(Failure::NotOurs)?;
        if snapshot.nodes().is_empty() {
            return Err(Failure::NoNodes);
        }
        let mut cycle = Cycle::new(framework, pod, snapshot, nominator);
        match self.decide(&mut cycle, framework) {
            Ok(decision) => Ok(decision),
            Err(Failure::Unfit(diagnosis)) => Err(self.post_filter(&cycle, diagnosis)),
            Err(failure) => Err(failure),
        }
    }

    fn decide(&mut self, cycle: &mut Cycle<'_>, framework: &Framework) -> Result<Decision, Failure> {
        let all = cycle.snapshot.nodes().len();
        let found = cycle.find(&mut self.start)?;
        let (feasible, evaluated) = (found.nodes.len(), found.nodes.len() + found.rejected);
        debug_assert!(evaluated <= all);
        let node = if feasible == 1 || framework.scores.is_empty() {
            &found.nodes[0]
        } else {
            let totals = cycle.score(&found.nodes)?.totals();
            &found.nodes[self.best(&totals)]
        };
        let node = node.shared_name().clone();
        Ok(Decision { node, evaluated, feasible, state: std::mem::take(&mut cycle.state) })
    }

    /// The place of the highest total; each of several equally high ones is as likely.
    fn best(&self, totals: &[i64]) -> usize {
        let (mut best, mut ties) = (0, 1);
        for (at, total) in totals.iter().enumerate().skip(1) {
            if *total > totals[best] {
                (best, ties) = (at, 1);
            } else if *total == totals[best] {
                ties += 1;
            }
        }
        if ties == 1 {
            return best;
        }
        // One draw per cycle, and none without a tie, keeps the random stream short and replayable.
        let nth = self.random.below(ties) as usize;
        let mut tied = totals.iter().enumerate().filter(|(_, total)| **total == totals[best]).map(|(at, _)| at);
        tied.nth(nth).unwrap_or(best)
    }

    fn post_filter(&self, cycle: &Cycle<'_>, mut diagnosis: Box<Diagnosis>) -> Failure {
        match cycle.post_filter(&mut diagnosis, &self.random) {
            Ok(()) => Failure::Unfit(diagnosis),
            Err(failure) => failure,
        }
    }
}
