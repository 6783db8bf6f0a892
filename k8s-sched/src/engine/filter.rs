use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Cycle, Diagnosis, Failure};
use crate::plugin::Candidates;
use crate::{CycleState, NodeInfo, Status};

/// The nodes that fit, and how many were looked at that do not.
pub(crate) struct Found {
    pub(crate) nodes: Vec<Arc<NodeInfo>>,
    pub(crate) rejected: usize,
}

type Names = BTreeSet<Arc<str>>;

impl Cycle<'_> {
    /// Finds nodes that fit, beginning at `start` and moving it on.
    pub(super) fn find(&mut self, start: &mut usize) -> Result<Found, Failure> {
        let all = self.snapshot.nodes().len();
        let mut diagnosis = Diagnosis::new(all);
        let Some(narrowed) = self.pre_filter(&mut diagnosis)? else {
            return Err(Failure::Unfit(Box::new(diagnosis)));
        };
        if let Some(found) = self.try_nominated()? {
            return Ok(found);
        }
        let nodes = match &narrowed {
            None => self.filter_all(all, *start, |at| at, &mut diagnosis)?,
            Some(names) => {
                let places: Vec<_> = names.iter().filter_map(|name| self.snapshot.position(name)).collect();
                self.filter_all(places.len(), *start, |at| places[at], &mut diagnosis)?
            }
        };
        let rejected = diagnosis.statuses.len();
        *start = (*start + nodes.len() + rejected) % all;
        if nodes.is_empty() { Err(Failure::Unfit(Box::new(diagnosis))) } else { Ok(Found { nodes, rejected }) }
    }

    /// Runs all pre-filters. The nodes they leave, if they narrow them; `None` when one turned the pod down.
    pub(crate) fn pre_filter(&mut self, diagnosis: &mut Diagnosis) -> Result<Option<Option<Names>>, Failure> {
        let framework = self.framework;
        let mut names: Option<Names> = None;
        let mut narrowing: BTreeSet<&str> = BTreeSet::new();
        let mut rejection = None;
        for (id, plugin) in &framework.pre_filters {
            match plugin.pre_filter(&mut self.state, self.pod, self.snapshot) {
                Ok(Candidates::All) => {}
                Ok(Candidates::Skip) => self.skip_filter.insert(*id),
                Ok(Candidates::Only(these)) => {
                    narrowing.insert(framework.plugin(*id).name());
                    diagnosis.rejectors.insert(*id);
                    names = Some(names.map_or_else(|| these.clone(), |known| &known & &these));
                    if names.as_ref().is_some_and(BTreeSet::is_empty) {
                        rejection = Some((None, Status::unresolvable(unsatisfied_together(&narrowing))));
                        break;
                    }
                }
                Err(status) if status.is_rejection() => {
                    let last = matches!(status, Status::Unresolvable(_));
                    rejection = Some((Some(*id), status));
                    if last {
                        break;
                    }
                }
                Err(status) => return Err(self.broken(*id, status)),
            }
        }
        if let Some((id, status)) = rejection {
            if let Some(id) = id {
                diagnosis.rejectors.insert(id);
            }
            diagnosis.pending |= matches!(status, Status::Pending(_));
            diagnosis.pre_filter_message = Some(status.to_string());
            diagnosis.others = status;
            return Ok(None);
        }
        if names.is_some() {
            diagnosis.others = Status::unresolvable(unsatisfied(&narrowing));
        }
        Ok(Some(names))
    }

    /// The node nominated for the pod, if it fits: what was evicted for it should not be given to another.
    fn try_nominated(&self) -> Result<Option<Found>, Failure> {
        let name = self.nominator.node_of(&self.pod.uid).or(self.pod.nominated_node.as_ref());
        let Some(node) = name.and_then(|name| self.snapshot.node(name)) else { return Ok(None) };
        match self.filter_with_nominated(&self.state, node) {
            Ok(()) => Ok(Some(Found { nodes: vec![node.clone()], rejected: 0 })),
            Err((_, status)) if status.is_rejection() => Ok(None),
            Err((id, status)) => Err(self.broken(id, status)),
        }
    }

    fn filter_all(
        &self,
        count: usize,
        start: usize,
        place: impl Fn(usize) -> usize,
        diagnosis: &mut Diagnosis,
    ) -> Result<Vec<Arc<NodeInfo>>, Failure> {
        let enough = self.framework.profile.nodes_to_find(count);
        let mut nodes = Vec::with_capacity(enough.min(count));
        for offset in 0..count {
            if nodes.len() == enough {
                break;
            }
            let at = place((start + offset) % count);
            let node = &self.snapshot.nodes()[at];
            match self.filter_with_nominated(&self.state, node) {
                Ok(()) => nodes.push(node.clone()),
                Err((id, status)) if status.is_rejection() => {
                    diagnosis.rejectors.insert(id);
                    diagnosis.pending |= matches!(status, Status::Pending(_));
                    diagnosis.statuses.push((at, status));
                }
                Err((id, status)) => return Err(self.broken(id, status)),
            }
        }
        Ok(nodes)
    }

    /// Filters `node` as it is and, if other pods were promised a place there, also as it will be with them.
    pub(crate) fn filter_with_nominated(&self, state: &CycleState, node: &NodeInfo) -> Result<(), (usize, Status)> {
        let promised = self.nominator.pods_on(node.name());
        let counts = |pod: &crate::PodInfo| pod.priority >= self.pod.priority && pod.uid != self.pod.uid;
        if promised.iter().any(|pod| counts(pod)) {
            let (mut state, mut node) = (state.clone(), node.clone());
            for pod in promised.iter().filter(|pod| counts(pod)) {
                node.add_pod(pod.clone());
                self.extensions(|extensions| extensions.add_pod(&mut state, self.pod, pod, &node))?;
            }
            self.filter(&state, &node)?;
        }
        self.filter(state, node)
    }

    /// Asks every filter about `node` until one says no.
    pub(crate) fn filter(&self, state: &CycleState, node: &NodeInfo) -> Result<(), (usize, Status)> {
        for (id, plugin) in &self.framework.filters {
            if !self.skip_filter.contains(*id) {
                plugin.filter(state, self.pod, node).map_err(|status| (*id, status))?;
            }
        }
        Ok(())
    }

    /// Calls every plugin that follows pods in thought and whose filter is not skipped.
    pub(crate) fn extensions(
        &self,
        mut call: impl FnMut(&dyn crate::plugin::PreFilterExtensions) -> Result<(), Status>,
    ) -> Result<(), (usize, Status)> {
        for (id, plugin) in self.framework.profile.plugins().iter().enumerate() {
            if let Some(extensions) = &plugin.points.pre_filter_extensions
                && !self.skip_filter.contains(id)
            {
                call(&**extensions).map_err(|status| (id, status))?;
            }
        }
        Ok(())
    }
}

fn unsatisfied(plugins: &BTreeSet<&str>) -> String {
    let names: Vec<_> = plugins.iter().copied().collect();
    format!("node(s) didn't satisfy plugin(s) [{}]", names.join(" "))
}

fn unsatisfied_together(plugins: &BTreeSet<&str>) -> String {
    match plugins.first() {
        Some(only) if plugins.len() == 1 => format!("node(s) didn't satisfy plugin {only}"),
        _ => format!("{} simultaneously", unsatisfied(plugins)),
    }
}
