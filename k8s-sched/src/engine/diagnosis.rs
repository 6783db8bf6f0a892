use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::plugin::Nomination;
use crate::profile::PluginSet;
use crate::{NodeInfo, Reason, Snapshot, Status};

/// Why no node fits, and what might help.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// How many nodes there are.
    pub(crate) all_nodes: usize,
    /// What plugins said about nodes they looked at, by place in the snapshot.
    pub(crate) statuses: Vec<(usize, Status)>,
    /// What holds for all other nodes.
    pub(crate) others: Status,
    /// What a plugin said before any node was looked at.
    pub(crate) pre_filter_message: Option<String>,
    pub(crate) post_filter_message: String,
    /// Which plugins turned the pod down.
    pub(crate) rejectors: PluginSet,
    pub(crate) pending: bool,
    pub(crate) nomination: Option<Nomination>,
    pub(crate) withdraw_nomination: bool,
}

impl Diagnosis {
    pub(crate) fn new(all_nodes: usize) -> Self {
        Self {
            all_nodes,
            statuses: Vec::new(),
            others: Status::Unresolvable(crate::Reasons::new()),
            pre_filter_message: None,
            post_filter_message: String::new(),
            rejectors: PluginSet::default(),
            pending: false,
            nomination: None,
            withdraw_nomination: false,
        }
    }

    /// What was said about the node with this name; `None` when there is no such node.
    pub fn node(&self, snapshot: &Snapshot, name: &str) -> Option<&Status> {
        let at = snapshot.position(name)?;
        Some(self.statuses.iter().find(|(place, _)| *place == at).map_or(&self.others, |(_, status)| status))
    }

    /// The nodes for which evicting pods might help.
    pub fn resolvable<'a>(&self, snapshot: &'a Snapshot) -> Vec<&'a Arc<NodeInfo>> {
        let helps = |status: &Status| matches!(status, Status::Unschedulable(_));
        if !helps(&self.others) {
            let of = |(at, status): &(usize, Status)| helps(status).then(|| &snapshot.nodes()[*at]);
            return self.statuses.iter().filter_map(of).collect();
        }
        let known: BTreeMap<_, _> = self.statuses.iter().map(|(at, status)| (*at, status)).collect();
        let helped = |at: usize| known.get(&at).is_none_or(|status| helps(status));
        (snapshot.nodes().iter().enumerate()).filter(|(at, _)| helped(*at)).map(|(_, node)| node).collect()
    }

    /// The node that a plugin made or will make room on.
    pub fn nomination(&self) -> Option<&Nomination> {
        self.nomination.as_ref()
    }

    /// Whether an earlier nomination is void, unless there is a new one.
    pub fn withdraws_nomination(&self) -> bool {
        self.withdraw_nomination
    }
}

/// Upstream's `FitError`, to the letter.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0/{} nodes are available:", self.all_nodes)?;
        if let Some(message) = &self.pre_filter_message {
            write!(f, " {message}.")?;
        } else {
            let others = self.all_nodes.saturating_sub(self.statuses.len());
            let explicit = self.statuses.iter().map(|(_, status)| (status, 1));
            let histogram = histogram(explicit.chain((others > 0).then_some((&self.others, others))));
            if !histogram.is_empty() {
                write!(f, " {histogram}.")?;
            }
        }
        if !self.post_filter_message.is_empty() {
            write!(f, " {}", self.post_filter_message)?;
        }
        Ok(())
    }
}

/// How many nodes gave which reason, as `3 Insufficient cpu, 1 Too many pods`, sorted as text.
pub(crate) fn histogram<'a>(statuses: impl IntoIterator<Item = (&'a Status, usize)>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (status, nodes) in statuses {
        for reason in status.reasons() {
            *counts.entry(Reason::as_str(reason)).or_default() += nodes;
        }
    }
    let mut parts: Vec<_> = counts.iter().map(|(reason, nodes)| format!("{nodes} {reason}")).collect();
    parts.sort_unstable();
    parts.join(", ")
}
