use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::{ObjectKey, PatchKind};
use k8s_ctrl::{Action, Error};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStatus, ReplicaSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::{Sync, annotations, conditions, size, template};
use crate::time;

/// One round about one deployment: what there is, kept up to date with what the round writes.
pub(super) struct Round<'a> {
    pub(super) ctx: &'a Sync,
    key: &'a ObjectKey,
    pub(super) deployment: Arc<Deployment>,
    /// The replica set of the deployment's present template.
    pub(super) new: Option<Arc<ReplicaSet>>,
    /// The others, oldest first.
    pub(super) old: Vec<Arc<ReplicaSet>>,
}

impl<'a> Round<'a> {
    /// Begins a round; `sets` are the deployment's replica sets, oldest first.
    pub(super) fn new(
        ctx: &'a Sync,
        key: &'a ObjectKey,
        deployment: Arc<Deployment>,
        sets: Vec<Arc<ReplicaSet>>,
    ) -> Self {
        let mut round = Self { ctx, key, deployment, new: None, old: sets };
        let wanted = round.spec().map(|spec| spec.template.clone());
        let is_new = |set: &Arc<ReplicaSet>| {
            let of_set = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
            wanted.as_ref().zip(of_set).is_some_and(|(a, b)| template::same(a, b))
        };
        if let Some(place) = round.old.iter().position(is_new) {
            round.new = Some(round.old.remove(place));
        }
        round
    }

    /// Does what is to be done next; more follows when that was seen.
    pub(super) async fn run(mut self) -> Result<Action, Error> {
        if self.deployment.metadata.deletion_timestamp.is_some() {
            self.sync_revision().await?;
            return self.write_status().await;
        }
        self.sync_paused().await?;
        if self.is_paused() {
            return self.resize().await;
        }
        if let Some(revision) = self.rollback_to() {
            return self.rollback(revision).await;
        }
        self.sync_revision().await?;
        if self.is_resized() {
            return self.resize().await;
        }
        match size::strategy(&self.deployment) {
            "Recreate" => self.recreate().await,
            "RollingUpdate" => self.roll().await,
            other => Err(Error::blocked(format!("unexpected deployment strategy type: {other}"))),
        }
    }

    pub(super) fn spec(&self) -> Option<&DeploymentSpec> {
        self.deployment.spec.as_ref()
    }

    pub(super) fn status(&self) -> DeploymentStatus {
        self.deployment.status.clone().unwrap_or_default()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.spec().and_then(|spec| spec.paused).unwrap_or_default()
    }

    /// The seconds within which there must be progress.
    pub(super) fn progress_deadline(&self) -> Option<i32> {
        self.spec().and_then(|spec| spec.progress_deadline_seconds).filter(|seconds| *seconds != i32::MAX)
    }

    pub(super) fn now(&self) -> Time {
        time::now(&self.ctx.env)
    }

    /// All replica sets, the newest template's last.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> {
        self.old.iter().chain(&self.new)
    }

    /// Whether the deployment's size has changed since its replica sets were told.
    fn is_resized(&self) -> bool {
        let wanted = size::wanted(&self.deployment);
        let mut active = self.all().filter(|set| size::size(set) > 0);
        active.any(|set| annotations::desired(set).is_some_and(|desired| desired != wanted))
    }

    /// Changes the deployment's status and annotations.
    pub(super) async fn update(&mut self, change: impl FnOnce(&mut Deployment)) -> Result<(), Error> {
        let mut changed = Deployment::clone(&self.deployment);
        change(&mut changed);
        let api = self.ctx.client.namespaced::<Deployment>(self.key.namespace());
        self.deployment = api.update_status(changed).await?;
        self.ctx.latest.wrote(self.key, self.deployment.clone());
        Ok(())
    }

    /// Changes a replica set, if it is still as it was seen.
    pub(super) async fn patch_set(&mut self, set: &ReplicaSet, mut patch: Value) -> Result<(), Error> {
        patch["metadata"]["resourceVersion"] = json!(set.metadata.resource_version);
        let api = self.ctx.client.namespaced::<ReplicaSet>(self.key.namespace());
        let changed = api.patch(set.name(), PatchKind::Merge, &patch).await?;
        self.ctx.latest_sets.wrote(&ObjectKey::of(&*changed), changed.clone());
        let mut places = self.old.iter_mut().chain(&mut self.new);
        if let Some(place) = places.find(|place| place.uid() == changed.uid()) {
            *place = changed;
        }
        Ok(())
    }

    /// Says in the conditions that the deployment is paused, or no longer, so that a pause does not count as lack of
    /// progress.
    async fn sync_paused(&mut self) -> Result<(), Error> {
        let status = self.status();
        let told = conditions::reason(&status, conditions::PROGRESSING);
        if self.progress_deadline().is_none() || told == conditions::TIMED_OUT {
            return Ok(());
        }
        let (reason, message) = match (self.is_paused(), told == "DeploymentPaused") {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return Ok(()),
        };
        let condition = conditions::new(conditions::PROGRESSING, "Unknown", reason, message, self.now());
        self.update(|deployment| conditions::set(deployment.status.get_or_insert_default(), condition)).await
    }
}
