//! The replica set of the present template: its revision, and making it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_api::{Kind, Status};
use k8s_api_client::ObjectKey;
use k8s_api_client::events::EventType;
use k8s_ctrl::{Error, owner};
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use super::round::Round;
use super::{annotations, conditions, size, template};

impl Round<'_> {
    /// Brings the newest replica set's annotations up to date, and the deployment's revision with them.
    pub(super) async fn sync_revision(&mut self) -> Result<(), Error> {
        let Some(set) = self.new.clone() else { return Ok(()) };
        let none = BTreeMap::new();
        let present = set.metadata.annotations.as_ref().unwrap_or(&none);
        let changes = annotations::of_new(&self.deployment, present, self.next_revision());
        let ready = self.spec().and_then(|spec| spec.min_ready_seconds).unwrap_or_default();
        let ready_of_set = set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or_default();
        if !changes.is_empty() || ready != ready_of_set {
            // No seconds are told by leaving the field out.
            let ready = (ready != 0).then_some(ready);
            let patch = json!({ "metadata": { "annotations": changes }, "spec": { "minReadySeconds": ready } });
            self.patch_set(&set, patch).await?;
        }
        let found = format!("Found new replica set \"{}\"", set.name());
        let told = conditions::find(&self.status(), conditions::PROGRESSING).is_some();
        let news = (!told).then_some(("FoundNewReplicaSet", found));
        let revision = self.new.as_ref().and_then(|set| set.metadata.annotations.as_ref()?.get(annotations::REVISION));
        let revision = revision.cloned().unwrap_or_default();
        self.tell_revision(revision, news).await
    }

    /// Makes the replica set of the present template, unless there is one.
    pub(super) async fn ensure_new(&mut self) -> Result<(), Error> {
        if self.new.is_some() {
            return Ok(());
        }
        let Some(wanted) = self.prepare() else { return Ok(()) };
        let (name, n) = (wanted.name().to_owned(), size::size(&wanted));
        let api = self.ctx.client.namespaced::<ReplicaSet>(self.deployment.namespace());
        let revision = self.next_revision().to_string();
        match api.create(wanted).await {
            Ok(set) => {
                self.ctx.latest_sets.wrote(&ObjectKey::of(&*set), set.clone());
                if n > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {n}");
                    self.ctx.recorder.event(&*self.deployment, EventType::Normal, "ScalingReplicaSet", message);
                }
                self.new = Some(set);
                let created = format!("Created new replica set \"{name}\"");
                self.tell_revision(revision, Some(("NewReplicaSetCreated", created))).await
            }
            Err(status) if status.is_already_exists() => {
                self.resolve_collision(api.get(&name).await?, status).await?;
                self.tell_revision(revision, None).await
            }
            Err(status) => self.creation_failed(&name, status).await,
        }
    }

    fn next_revision(&self) -> i64 {
        self.old.iter().filter_map(|set| annotations::revision(set)).max().unwrap_or_default().max(0) + 1
    }

    fn prepare(&self) -> Option<ReplicaSet> {
        let spec = self.spec()?;
        let mut template = spec.template.clone();
        let hash = template::hash(&template, self.status().collision_count);
        let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
        labels.insert(template::HASH_LABEL.to_owned(), hash.clone());
        let labels = labels.clone();
        let mut selector = spec.selector.clone();
        selector.match_labels.get_or_insert_default().insert(template::HASH_LABEL.to_owned(), hash.clone());
        let none = BTreeMap::new();
        let mut annotations = annotations::of_new(&self.deployment, &none, self.next_revision());
        annotations.extend(annotations::sizes(&self.deployment));
        Some(ReplicaSet {
            metadata: ObjectMeta {
                name: Some(template::name(self.deployment.name(), &hash)),
                namespace: self.deployment.metadata.namespace.clone(),
                owner_references: Some(vec![owner::controller_reference(&*self.deployment)]),
                labels: Some(labels),
                annotations: Some(annotations),
                ..ObjectMeta::default()
            },
            spec: Some(ReplicaSetSpec {
                replicas: Some(size::of_new(&self.deployment, size::total(&self.old), 0)),
                min_ready_seconds: spec.min_ready_seconds,
                selector,
                template: Some(template),
            }),
            status: None,
        })
    }

    /// Takes what has the name already if it is what was to be made and the cache did not know it yet; otherwise
    /// another template has the same hash, and the next round tries another.
    async fn resolve_collision(&mut self, found: Arc<ReplicaSet>, status: Status) -> Result<(), Error> {
        let of_set = found.spec.as_ref().and_then(|spec| spec.template.as_ref());
        let is_same = self.spec().zip(of_set).is_some_and(|(spec, of_set)| template::same(&spec.template, of_set));
        if is_same && owner::is_controlled_by(&found.metadata, &*self.deployment) {
            self.new = Some(found);
            return Ok(());
        }
        let counted = self.update(|deployment| {
            *deployment.status.get_or_insert_default().collision_count.get_or_insert(0) += 1;
        });
        counted.await?;
        Err(status.into())
    }

    async fn creation_failed(&mut self, name: &str, status: Status) -> Result<(), Error> {
        let error = Error::from(status);
        if crate::pods::is_namespace_terminating(&error) {
            return Err(error);
        }
        let (reason, message) =
            ("ReplicaSetCreateError", format!("Failed to create new replica set \"{name}\": {error}"));
        if self.progress_deadline().is_some() {
            let condition = conditions::new(conditions::PROGRESSING, "False", reason, &*message, self.now());
            let told =
                self.update(|deployment| conditions::set(deployment.status.get_or_insert_default(), condition)).await;
            if let Err(untold) = told {
                tracing::debug!(error = %untold, "the failure to create a replica set was not told");
            }
        }
        self.ctx.recorder.event(&*self.deployment, EventType::Warning, reason, message);
        Err(error)
    }

    /// Writes the revision onto the deployment, with news about its progress.
    async fn tell_revision(&mut self, revision: String, news: Option<(&str, String)>) -> Result<(), Error> {
        let present = self.deployment.metadata.annotations.as_ref().and_then(|all| all.get(annotations::REVISION));
        let news = news.filter(|_| self.progress_deadline().is_some());
        if present == Some(&revision) && news.is_none() {
            return Ok(());
        }
        let now = self.now();
        self.update(|deployment| {
            let annotations = deployment.metadata.annotations.get_or_insert_default();
            annotations.insert(annotations::REVISION.to_owned(), revision);
            if let Some((reason, message)) = news {
                let condition = conditions::new(conditions::PROGRESSING, "True", reason, message, now);
                conditions::set(deployment.status.get_or_insert_default(), condition);
            }
        })
        .await
    }
}
