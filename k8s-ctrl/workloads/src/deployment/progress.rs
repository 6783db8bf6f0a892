//! The status: how many pods there are, and whether the rollout gets on.

use std::time::Duration;

use k8s_api::Kind;
use k8s_ctrl::{Action, Error};
use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};

use super::conditions::{AVAILABLE, NEW_AVAILABLE, PROGRESSING, REPLICA_FAILURE, TIMED_OUT};
use super::round::Round;
use super::{conditions, size};
use crate::time;

impl Round<'_> {
    /// Writes the numbers and whether the deployment is available.
    pub(super) async fn write_status(&mut self) -> Result<Action, Error> {
        let status = self.calculate();
        if status != self.status() {
            self.update(|deployment| deployment.status = Some(status)).await?;
        }
        Ok(Action::Done)
    }

    /// Writes the numbers and how the rollout gets on; comes again when the time for that is up.
    pub(super) async fn write_progress(&mut self) -> Result<Action, Error> {
        let mut status = self.calculate();
        self.estimate(&mut status);
        match self.failure() {
            Some(condition) => conditions::set(&mut status, condition),
            None => conditions::remove(&mut status, REPLICA_FAILURE),
        }
        if status != self.status() {
            self.update(|deployment| deployment.status = Some(status)).await?;
            return Ok(Action::Done);
        }
        Ok(self.next_check(&status))
    }

    fn calculate(&self) -> DeploymentStatus {
        let some = |count: i32| (count != 0).then_some(count);
        let available = size::count(self.all(), size::available);
        let before = self.status();
        let mut status = DeploymentStatus {
            observed_generation: self.deployment.metadata.generation,
            replicas: some(size::count(self.all(), size::actual)),
            updated_replicas: some(size::count(&self.new, size::actual)),
            ready_replicas: some(size::count(self.all(), |status| status.ready_replicas.unwrap_or_default())),
            available_replicas: some(available),
            unavailable_replicas: some((size::total(self.all()) - available).max(0)),
            terminating_replicas: self.terminating(),
            collision_count: before.collision_count,
            conditions: before.conditions,
        };
        let least = size::wanted(&self.deployment) - size::max_unavailable(&self.deployment);
        let (is, reason, message) = if available >= least {
            ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        conditions::set(&mut status, conditions::new(AVAILABLE, is, reason, message, self.now()));
        status
    }

    /// How many pods are on their way out; `None` when a replica set does not say.
    fn terminating(&self) -> Option<i32> {
        let mut n = 0;
        for status in self.all().filter_map(|set| set.status.as_ref()) {
            match status.terminating_replicas {
                Some(of_set) => n += of_set,
                None if status.observed_generation.unwrap_or_default() == 0 => {}
                None => return None,
            }
        }
        Some(n)
    }

    fn estimate(&self, status: &mut DeploymentStatus) {
        let Some(deadline) = self.progress_deadline() else { return conditions::remove(status, PROGRESSING) };
        let before = self.status();
        if status.replicas == status.updated_replicas && conditions::reason(&before, PROGRESSING) == NEW_AVAILABLE {
            return;
        }
        let whose = match &self.new {
            Some(set) => format!("ReplicaSet \"{}\"", set.name()),
            None => format!("Deployment \"{}\"", self.deployment.name()),
        };
        let now = self.now();
        if size::is_complete(&self.deployment, status) {
            let message = format!("{whose} has successfully progressed.");
            conditions::set(status, conditions::new(PROGRESSING, "True", NEW_AVAILABLE, message, now));
        } else if has_progressed(&before, status) {
            let message = format!("{whose} is progressing.");
            let mut condition = conditions::new(PROGRESSING, "True", "ReplicaSetUpdated", message, now);
            if let Some(told) = conditions::find(&before, PROGRESSING).filter(|told| told.status == "True") {
                condition.last_transition_time.clone_from(&told.last_transition_time);
            }
            // Each sign of progress counts anew, also when the reason stays.
            conditions::replace(status, condition);
        } else if self.is_timed_out(status, deadline) {
            let message = format!("{whose} has timed out progressing.");
            conditions::set(status, conditions::new(PROGRESSING, "False", TIMED_OUT, message, now));
        }
    }

    fn is_timed_out(&self, status: &DeploymentStatus, deadline: i32) -> bool {
        let Some(told) = conditions::find(status, PROGRESSING) else { return false };
        match told.reason.as_deref() {
            Some(NEW_AVAILABLE) => false,
            Some(TIMED_OUT) => true,
            _ => told.last_update_time.as_ref().is_some_and(|since| {
                let due = since.0.saturating_add(jiff::SignedDuration::from_secs(deadline.into()));
                due.is_ok_and(|due| due < self.ctx.env.clock.now())
            }),
        }
    }

    /// The failure of a replica set, of the newest first.
    fn failure(&self) -> Option<DeploymentCondition> {
        let sets = self.new.iter().chain(&self.old);
        let mut conditions = sets.filter_map(|set| set.status.as_ref()?.conditions.as_ref()).flatten();
        let failure = conditions.find(|condition| condition.type_ == REPLICA_FAILURE)?;
        Some(DeploymentCondition {
            type_: failure.type_.clone(),
            status: failure.status.clone(),
            reason: failure.reason.clone(),
            message: failure.message.clone(),
            last_update_time: failure.last_transition_time.clone(),
            last_transition_time: failure.last_transition_time.clone(),
        })
    }

    /// When lack of progress is to be told, unless something happens before.
    fn next_check(&self, status: &DeploymentStatus) -> Action {
        let (Some(deadline), Some(told)) = (self.progress_deadline(), conditions::find(status, PROGRESSING)) else {
            return Action::Done;
        };
        if size::is_complete(&self.deployment, status) || told.reason.as_deref() == Some(TIMED_OUT) {
            return Action::Done;
        }
        let Some(since) = told.last_update_time.as_ref() else { return Action::Done };
        let second = Duration::from_secs(1);
        match time::until(self.ctx.env.clock.now(), since.0, deadline.into()) {
            after if after < second => Action::Requeue,
            after => Action::RequeueAfter(after + second),
        }
    }
}

fn has_progressed(before: &DeploymentStatus, now: &DeploymentStatus) -> bool {
    let number = |count: Option<i32>| count.unwrap_or_default();
    let n_old = |status: &DeploymentStatus| number(status.replicas) - number(status.updated_replicas);
    number(now.updated_replicas) > number(before.updated_replicas)
        || n_old(now) < n_old(before)
        || number(now.ready_replicas) > number(before.ready_replicas)
        || number(now.available_replicas) > number(before.available_replicas)
}
