//! Which template is the present one, and which the one before.

use std::sync::Arc;

use k8s_api::Kind;
use k8s_ctrl::Error;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};

use super::Sync;
use crate::history;

const HASH: &str = "controller.kubernetes.io/hash";

/// The revisions that count in a round.
pub(super) struct Revisions {
    /// What the pods were made from before.
    pub(super) current: Arc<ControllerRevision>,
    /// What they are to be made from.
    pub(super) update: Arc<ControllerRevision>,
    /// How often a name was taken.
    pub(super) n_collisions: i32,
}

impl Sync {
    /// Finds the revisions of a set, `all` oldest first; makes that of the present template if there is none.
    pub(super) async fn revisions(
        &self,
        set: &StatefulSet,
        all: &[Arc<ControllerRevision>],
    ) -> Result<Revisions, Error> {
        let status = set.status.as_ref();
        let mut n_collisions = status.and_then(|status| status.collision_count).unwrap_or_default();
        let template = set.spec.as_ref().map(|spec| &spec.template);
        let data = template.map(history::data).unwrap_or_default();
        let next = all.last().map_or(1, |last| last.revision + 1);
        let equal = all.iter().rfind(|revision| history::holds(revision, &data));
        let update = match (equal, all.last()) {
            (Some(equal), Some(last)) if equal.uid() == last.uid() => equal.clone(),
            (Some(equal), _) => self.history.renumber(equal, next).await?,
            (None, _) => loop {
                match self.history.create(new(set, &data, next, n_collisions)).await? {
                    Some(made) => break made,
                    None => n_collisions += 1,
                }
            },
        };
        let name = status.and_then(|status| status.current_revision.as_deref()).unwrap_or_default();
        let current = all.iter().find(|revision| revision.name() == name).unwrap_or(&update).clone();
        Ok(Revisions { current, update, n_collisions })
    }

    /// Deletes the oldest revisions that no pod was made from.
    pub(super) async fn truncate(
        &self,
        set: &StatefulSet,
        all: &[Arc<ControllerRevision>],
        is_live: impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        let limit = set.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
        let old: Vec<_> = all.iter().filter(|revision| !is_live(revision.name())).collect();
        let n_spare = old.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        for revision in old.into_iter().take(n_spare) {
            self.history.delete(revision).await?;
        }
        Ok(())
    }
}

fn new(set: &StatefulSet, data: &serde_json::Value, number: i64, n_collisions: i32) -> ControllerRevision {
    let mut bytes = data.to_string().into_bytes();
    bytes.extend_from_slice(n_collisions.to_string().as_bytes());
    let hash = history::spell(history::fnv_1(&bytes));
    let mut revision = history::new(set, data.clone(), number);
    let prefix = set.name().get(..223).unwrap_or(set.name());
    revision.metadata.name = Some(format!("{prefix}-{hash}"));
    revision.metadata.annotations.clone_from(&set.metadata.annotations);
    let template = set.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
    let mut labels = template.and_then(|meta| meta.labels.clone()).unwrap_or_default();
    labels.insert(HASH.to_owned(), hash);
    revision.metadata.labels = Some(labels);
    revision
}
