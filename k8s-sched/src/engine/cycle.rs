use std::sync::Arc;

use k8s_env::Random;

use super::{Diagnosis, Failure};
use crate::plugin::{PostFilterContext, PostFiltered};
use crate::profile::{Framework, PluginSet};
use crate::{CycleState, Nominator, PodInfo, Snapshot, Status};

/// One attempt to find a node for one pod.
pub(crate) struct Cycle<'a> {
    pub(crate) framework: &'a Framework,
    pub(crate) pod: &'a Arc<PodInfo>,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) nominator: &'a Nominator,
    pub(crate) state: CycleState,
    /// Plugins whose filter has nothing to say about this pod.
    pub(crate) skip_filter: PluginSet,
    /// Plugins whose score has nothing to say about this pod.
    pub(crate) skip_score: PluginSet,
}

impl<'a> Cycle<'a> {
    pub(crate) fn new(
        framework: &'a Framework,
        pod: &'a Arc<PodInfo>,
        snapshot: &'a Snapshot,
        nominator: &'a Nominator,
    ) -> Self {
        let state = CycleState::new();
        let (skip_filter, skip_score) = (PluginSet::default(), PluginSet::default());
        Self { framework, pod, snapshot, nominator, state, skip_filter, skip_score }
    }

    pub(super) fn broken(&self, id: usize, status: Status) -> Failure {
        Failure::Broken { plugin: self.framework.plugin(id).shared_name().clone(), status }
    }

    /// Asks every plugin that may make room, until one does, and notes the outcome in `diagnosis`.
    pub(super) fn post_filter(&self, diagnosis: &mut Diagnosis, random: &Random) -> Result<(), Failure> {
        let mut reasons = Vec::new();
        for (id, plugin) in self.framework.profile.plugins().iter().enumerate() {
            let Some(post_filter) = &plugin.points.post_filter else { continue };
            let context = PostFilterContext { cycle: self, diagnosis, random };
            match post_filter.post_filter(&context, self.pod) {
                Ok(PostFiltered::Hopeless(reason)) => {
                    diagnosis.withdraw_nomination = true;
                    reasons.push(reason.as_str().to_owned());
                }
                Ok(PostFiltered::Nominate(nomination)) => {
                    diagnosis.nomination = Some(nomination);
                    diagnosis.post_filter_message.clear();
                    return Ok(());
                }
                Err(status @ Status::Unresolvable(_)) => {
                    diagnosis.post_filter_message = status.to_string();
                    return Ok(());
                }
                Err(status) if status.is_rejection() => reasons.push(status.to_string()),
                Err(status) => return Err(self.broken(id, status)),
            }
        }
        diagnosis.post_filter_message = reasons.join(", ");
        Ok(())
    }
}
