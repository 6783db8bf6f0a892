use std::time::Duration;

use super::{Decision, Failure};
use crate::engine::Diagnosis;
use crate::plugin::Permission;
use crate::profile::Framework;
use crate::{NodeInfo, PodInfo, Status};

/// How long a pod may wait for a plugin's permission.
pub(crate) struct Wait {
    /// The plugin's place in the profile.
    pub(crate) plugin: usize,
    pub(crate) time: Duration,
}

impl Framework {
    /// Runs what plugins have to say between a decision and the binding of the pod. How long the pod has to wait for
    /// which plugin, if it has to. On failure nothing stays reserved.
    pub(crate) fn commit(
        &self,
        decision: &mut Decision,
        pod: &PodInfo,
        node: &NodeInfo,
    ) -> Result<Option<Wait>, Failure> {
        let outcome = self.reserve(decision, pod, node).and_then(|()| self.permit(decision, pod, node));
        outcome.map_err(|(id, status)| {
            self.unreserve(decision, pod);
            self.refused(id, status)
        })
    }

    /// Lets every plugin forget what it reserved.
    pub(crate) fn unreserve(&self, decision: &Decision, pod: &PodInfo) {
        for plugin in self.profile.plugins().iter().rev() {
            if let Some(reserve) = &plugin.points.reserve {
                reserve.unreserve(&decision.state, pod, &decision.node);
            }
        }
    }

    /// What a plugin that refuses the one node chosen makes of the whole cycle.
    pub(crate) fn refused(&self, id: usize, status: Status) -> Failure {
        if !status.is_rejection() {
            return Failure::Broken { plugin: self.plugin(id).shared_name().clone(), status };
        }
        let mut diagnosis = Diagnosis::new(1);
        diagnosis.rejectors.insert(id);
        diagnosis.pending = matches!(status, Status::Pending(_));
        diagnosis.statuses.push((0, status));
        diagnosis.withdraw_nomination = true;
        Failure::Unfit(Box::new(diagnosis))
    }

    fn reserve(&self, decision: &mut Decision, pod: &PodInfo, node: &NodeInfo) -> Result<(), (usize, Status)> {
        for (id, plugin) in self.profile.plugins().iter().enumerate() {
            if let Some(reserve) = &plugin.points.reserve {
                reserve.reserve(&mut decision.state, pod, node).map_err(|status| (id, status))?;
            }
        }
        Ok(())
    }

    fn permit(&self, decision: &Decision, pod: &PodInfo, node: &NodeInfo) -> Result<Option<Wait>, (usize, Status)> {
        let mut wait = None;
        for (id, plugin) in self.profile.plugins().iter().enumerate() {
            let Some(permit) = &plugin.points.permit else { continue };
            if let Permission::Wait(time) = permit.permit(&decision.state, pod, node).map_err(|status| (id, status))?
                // The least patient plugin decides how long.
                && wait.as_ref().is_none_or(|known: &Wait| time < known.time)
            {
                wait = Some(Wait { plugin: id, time });
            }
        }
        Ok(wait)
    }
}
