//! From the old templates to the new one.

use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::DeleteOptions;
use k8s_ctrl::{Action, Error, pod};
use k8s_openapi::api::apps::v1::ReplicaSet;

use super::round::Round;
use super::{annotations, size, template};
use crate::pods::BY_CONTROLLER;

impl Round<'_> {
    /// One step of a rolling update: the new replica set grows, or the old ones shrink, within the fenceposts.
    pub(super) async fn roll(mut self) -> Result<Action, Error> {
        self.ensure_new().await?;
        if self.grow_new().await? || self.shrink_old().await? {
            return self.write_progress().await;
        }
        if size::is_complete(&self.deployment, &self.status()) {
            self.clean_up().await?;
        }
        self.write_progress().await
    }

    /// One step of recreation: the old pods go, and only when all are gone the new ones come.
    pub(super) async fn recreate(mut self) -> Result<Action, Error> {
        let mut scaled = false;
        for set in active(&self.old) {
            scaled |= self.scale_set(&set, 0, false).await?;
        }
        if scaled || self.are_old_pods_running() {
            return self.write_progress().await;
        }
        self.ensure_new().await?;
        if let Some(new) = self.new.clone() {
            self.scale_set(&new, size::wanted(&self.deployment), false).await?;
        }
        if size::is_complete(&self.deployment, &self.status()) {
            self.clean_up().await?;
        }
        self.write_progress().await
    }

    async fn grow_new(&mut self) -> Result<bool, Error> {
        let Some(new) = self.new.clone() else { return Ok(false) };
        let (size, wanted) = (size::size(&new), size::wanted(&self.deployment));
        let goal = if size > wanted { wanted } else { size::of_new(&self.deployment, size::total(self.all()), size) };
        if size == wanted { Ok(false) } else { self.scale_set(&new, goal, false).await }
    }

    async fn shrink_old(&mut self) -> Result<bool, Error> {
        let Some(new) = self.new.clone() else { return Ok(false) };
        if size::total(&self.old) == 0 {
            return Ok(false);
        }
        let least = size::wanted(&self.deployment) - size::max_unavailable(&self.deployment);
        let new_unavailable = size::size(&new) - new.status.as_ref().map_or(0, size::available);
        // Pods of the new template that do not come up must not make those of the old one go.
        let most = size::total(self.all()) - least - new_unavailable;
        if most <= 0 {
            return Ok(false);
        }
        let n_unhealthy = self.shrink_unhealthy(most).await?;
        let n_healthy = self.shrink_healthy(least).await?;
        Ok(n_unhealthy + n_healthy > 0)
    }

    /// Takes away first what does not work anyway.
    async fn shrink_unhealthy(&mut self, most: i32) -> Result<i32, Error> {
        let mut n = 0;
        for set in active(&self.old) {
            let unhealthy = size::size(&set) - set.status.as_ref().map_or(0, size::available);
            let step = unhealthy.min(most - n);
            if step > 0 {
                self.scale_set(&set, size::size(&set) - step, false).await?;
                n += step;
            }
        }
        Ok(n)
    }

    async fn shrink_healthy(&mut self, least: i32) -> Result<i32, Error> {
        let spare = size::count(self.all(), size::available) - least;
        let mut n = 0;
        for set in active(&self.old) {
            let step = size::size(&set).min(spare - n);
            if step > 0 {
                self.scale_set(&set, size::size(&set) - step, false).await?;
                n += step;
            }
        }
        Ok(n)
    }

    fn are_old_pods_running(&self) -> bool {
        let mut running = size::count(&self.old, size::actual) > 0;
        for set in &self.old {
            self.ctx.pods.for_each_indexed(BY_CONTROLLER, set.uid(), |pod| running |= !pod::is_terminal(pod));
        }
        running
    }

    /// Deletes the oldest replica sets that nobody can want to go back to.
    pub(super) async fn clean_up(&mut self) -> Result<(), Error> {
        let limit = self.spec().and_then(|spec| spec.revision_history_limit).filter(|limit| *limit != i32::MAX);
        let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { return Ok(()) };
        let mut sets: Vec<_> =
            self.old.iter().filter(|set| set.metadata.deletion_timestamp.is_none()).cloned().collect();
        let n_spare = sets.len().saturating_sub(limit);
        sets.sort_by(|a, b| {
            annotations::revision(a).cmp(&annotations::revision(b)).then_with(|| template::by_age(a, b))
        });
        let api = self.ctx.client.namespaced::<ReplicaSet>(self.deployment.namespace());
        for set in sets.into_iter().take(n_spare).filter(|set| is_idle(set)) {
            match api.delete(set.name(), DeleteOptions::default()).await {
                Err(status) if !status.is_not_found() => return Err(status.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Those that ought to have pods.
pub(super) fn active(sets: &[Arc<ReplicaSet>]) -> Vec<Arc<ReplicaSet>> {
    sets.iter().filter(|set| size::size(set) > 0).cloned().collect()
}

fn is_idle(set: &ReplicaSet) -> bool {
    let status = set.status.as_ref();
    let observed = status.and_then(|status| status.observed_generation).unwrap_or_default();
    size::size(set) == 0
        && status.map_or(0, size::actual) == 0
        && set.metadata.generation.unwrap_or_default() <= observed
}
