//! Another size for a deployment, also in the middle of a rollout.

use std::cmp::Ordering;
use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::events::EventType;
use k8s_ctrl::{Action, Error};
use k8s_openapi::api::apps::v1::ReplicaSet;
use serde_json::json;

use super::round::Round;
use super::{annotations, rollout, size, template};

impl Round<'_> {
    /// Spreads the deployment's size over its replica sets as they are, without going on with a rollout.
    pub(super) async fn resize(mut self) -> Result<Action, Error> {
        self.sync_revision().await?;
        self.spread().await?;
        if self.is_paused() && self.rollback_to().is_none() {
            self.clean_up().await?;
        }
        self.write_status().await
    }

    async fn spread(&mut self) -> Result<(), Error> {
        let wanted = size::wanted(&self.deployment);
        if let Some(only) = self.active_or_latest() {
            return self.scale_set(&only, wanted, false).await.map(drop);
        }
        if self.new.as_ref().is_some_and(|new| size::is_saturated(&self.deployment, new)) {
            for set in rollout::active(&self.old) {
                self.scale_set(&set, 0, false).await?;
            }
            return Ok(());
        }
        if size::strategy(&self.deployment) == "RollingUpdate" { self.spread_proportionally().await } else { Ok(()) }
    }

    /// The only replica set with pods, or the newest when none has any; `None` when several have or there is none.
    fn active_or_latest(&self) -> Option<Arc<ReplicaSet>> {
        let mut active = self.all().filter(|set| size::size(set) > 0);
        match (active.next(), active.next()) {
            (None, _) => self.new.as_ref().or(self.old.last()).cloned(),
            (only, None) => only.cloned(),
            _ => None,
        }
    }

    /// Gives each replica set its share of the change, so that a rollout that goes wrong does not go wrong faster.
    async fn spread_proportionally(&mut self) -> Result<(), Error> {
        let mut sets: Vec<_> = self.all().filter(|set| size::size(set) > 0).cloned().collect();
        let wanted = size::wanted(&self.deployment);
        let allowed = if wanted > 0 { wanted + size::max_surge(&self.deployment) } else { 0 };
        let to_add = allowed - size::total(&sets);
        let by_size = |a: &Arc<ReplicaSet>, b: &Arc<ReplicaSet>| size::size(b).cmp(&size::size(a));
        match to_add.cmp(&0) {
            Ordering::Greater => sets.sort_by(|a, b| by_size(a, b).then_with(|| template::by_age(b, a))),
            Ordering::Less => sets.sort_by(|a, b| by_size(a, b).then_with(|| template::by_age(a, b))),
            Ordering::Equal => {}
        }
        let mut added = 0;
        let mut sizes = Vec::with_capacity(sets.len());
        for set in &sets {
            let share = size::proportion(set, &self.deployment, to_add, added);
            added += share;
            sizes.push(size::size(set) + share);
        }
        if let Some(largest) = sizes.first_mut() {
            *largest = (*largest + to_add - added).max(0);
        }
        for (set, size) in sets.iter().zip(sizes) {
            self.scale_set(set, size, true).await?;
        }
        Ok(())
    }

    /// Gives a replica set another size and tells it the deployment's; with `force`, also when its size stays. Returns
    /// whether its size has changed.
    pub(super) async fn scale_set(&mut self, set: &Arc<ReplicaSet>, size: i32, force: bool) -> Result<bool, Error> {
        let before = size::size(set);
        let sizes = annotations::sizes(&self.deployment);
        let present = set.metadata.annotations.as_ref();
        let told = sizes.iter().all(|(key, value)| present.and_then(|present| present.get(key)) == Some(value));
        if before == size && (!force || told) {
            return Ok(false);
        }
        let patch = json!({ "metadata": { "annotations": sizes }, "spec": { "replicas": size } });
        self.patch_set(set, patch).await?;
        if before == size {
            return Ok(false);
        }
        let direction = if before < size { "up" } else { "down" };
        let message = format!("Scaled {direction} replica set {} from {before} to {size}", set.name());
        self.ctx.recorder.event(&*self.deployment, EventType::Normal, "ScalingReplicaSet", message);
        Ok(true)
    }
}
