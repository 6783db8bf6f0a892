//! Going back to an earlier revision because an annotation asks for it. `kubectl rollout undo` does not need it: it
//! writes the old template into the deployment itself.

use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::events::EventType;
use k8s_ctrl::edit::edit;
use k8s_ctrl::{Action, Error};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use serde_json::json;

use super::round::Round;
use super::{annotations, template};

impl Round<'_> {
    /// The revision asked for; 0 for the one before.
    pub(super) fn rollback_to(&self) -> Option<i64> {
        self.deployment.metadata.annotations.as_ref()?.get(annotations::ROLLBACK_TO)?.parse().ok()
    }

    /// Takes the template of a revision back into the deployment; in any case nobody asks for it afterwards.
    pub(super) async fn rollback(mut self, revision: i64) -> Result<Action, Error> {
        self.sync_revision().await?;
        self.ensure_new().await?;
        let revision = if revision == 0 { self.last_revision() } else { revision };
        let found = self.all().find(|set| annotations::revision(set) == Some(revision)).cloned();
        let (reason, message) = match (revision, found) {
            (0, _) => ("DeploymentRollbackRevisionNotFound", "Unable to find last revision.".to_owned()),
            (_, None) => {
                ("DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.".to_owned())
            }
            (_, Some(set)) if self.new.as_ref().is_some_and(|new| new.uid() == set.uid()) => {
                let name = self.deployment.name();
                let message =
                    format!("The rollback revision contains the same template as current deployment \"{name}\"");
                ("DeploymentRollbackTemplateUnchanged", message)
            }
            (_, Some(set)) => return self.take_back(revision, &set).await,
        };
        self.ctx.recorder.event(&*self.deployment, EventType::Warning, reason, message);
        self.write_spec(None).await?;
        Ok(Action::Done)
    }

    async fn take_back(self, revision: i64, set: &Arc<ReplicaSet>) -> Result<Action, Error> {
        self.write_spec(Some(set)).await?;
        let message = format!("Rolled back deployment \"{}\" to revision {revision}", self.deployment.name());
        self.ctx.recorder.event(&*self.deployment, EventType::Normal, "DeploymentRollback", message);
        Ok(Action::Done)
    }

    /// The second highest revision.
    fn last_revision(&self) -> i64 {
        let mut revisions: Vec<_> = self.all().filter_map(|set| annotations::revision(set)).collect();
        revisions.sort_unstable_by(|a, b| b.cmp(a));
        revisions.get(1).copied().unwrap_or_default().max(0)
    }

    /// Removes the annotation, and takes template and annotations of a replica set if there is one.
    async fn write_spec(&self, set: Option<&Arc<ReplicaSet>>) -> Result<(), Error> {
        let template = set.and_then(|set| set.spec.as_ref()?.template.clone()).map(|mut template| {
            if let Some(labels) = template.metadata.as_mut().and_then(|meta| meta.labels.as_mut()) {
                labels.remove(template::HASH_LABEL);
            }
            json!(template)
        });
        let (namespace, name) = (self.deployment.namespace(), self.deployment.name());
        edit::<Deployment>(&self.ctx.client, namespace, name, "", |object| {
            let own = object.metadata.annotations.get_or_insert_default();
            if let Some(set) = set {
                own.retain(|key, _| annotations::is_own(key));
                let taken = set.metadata.annotations.iter().flatten().filter(|(key, _)| !annotations::is_own(key));
                own.extend(taken.map(|(key, value)| (key.clone(), value.clone())));
            }
            own.remove(annotations::ROLLBACK_TO);
            if let (Some(spec), Some(template)) = (object.rest.get_mut("spec"), &template) {
                spec["template"] = template.clone();
            }
            true
        })
        .await?;
        Ok(())
    }
}
