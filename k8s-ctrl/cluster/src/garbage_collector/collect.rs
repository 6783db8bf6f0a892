use std::sync::Arc;

use k8s_api::{GroupVersionKind, Object, Reason, Status};
use k8s_api_client::events::EventType;
use k8s_api_client::{Client, DeleteOptions, DynamicApi, PatchKind, Propagation, Recorder, WriteOptions};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Value, json};

use super::Shared;
use super::graph::{FOREGROUND, Identity, Item, Node, ORPHAN, State};

/// Works on what the graph finds.
pub(super) struct Collector {
    pub(super) client: Client,
    pub(super) recorder: Recorder,
    pub(super) shared: Arc<Shared>,
}

/// The owner references of an object, by what has become of the owners.
#[derive(Default)]
struct Sorted {
    /// The owner is there.
    solid: Vec<OwnerReference>,
    /// There is no such owner.
    dangling: Vec<OwnerReference>,
    /// The owner waits for its dependents to go.
    waiting: Vec<OwnerReference>,
}

impl Collector {
    pub(super) async fn work(self: Arc<Self>) {
        while let Some(item) = self.shared.queue.take().await {
            let outcome = match &*item {
                Item::Delete(uid) => self.attempt_to_delete(uid).await,
                Item::Orphan(uid) => self.attempt_to_orphan(uid).await,
            };
            match outcome {
                Ok(()) => self.shared.queue.forget(&item),
                Err(status) => {
                    tracing::debug!(item = ?*item, %status, "trying again");
                    self.shared.queue.add_rate_limited(item.clone());
                }
            }
        }
    }

    async fn attempt_to_delete(&self, uid: &str) -> Result<(), Status> {
        let node = {
            let graph = self.shared.graph.lock();
            let Some(node) = graph.node(uid) else { return Ok(()) };
            match node.state {
                State::Ending | State::Orphaning => return Ok(()),
                // Nothing must be read from the server to see that all is well.
                State::Alive if node.owners.iter().all(|owner| graph.is_solid(node, owner)) => return Ok(()),
                State::Alive | State::DeletingDependents => node.clone(),
            }
        };
        let api = self.api(&node);
        let latest = match api.get(&node.name).await {
            Ok(latest) if latest.meta().uid == uid => latest,
            Err(status) if !status.is_not_found() => return Err(status),
            _ => {
                self.shared.forget(uid);
                return Ok(());
            }
        };
        if node.state == State::DeletingDependents {
            return self.go_on_with_foreground(uid, &api, &latest).await;
        }
        let Some(sorted) = self.sort(&node, &latest).await? else { return Ok(()) };
        self.decide(uid, &node, &api, &latest, &sorted).await
    }

    async fn decide(
        &self,
        uid: &str,
        node: &Node,
        api: &DynamicApi,
        latest: &Object,
        sorted: &Sorted,
    ) -> Result<(), Status> {
        if latest.meta().owner_references.is_empty() {
            return Ok(());
        }
        if !sorted.solid.is_empty() {
            let lost: Vec<_> = sorted.dangling.iter().chain(&sorted.waiting).collect();
            return if lost.is_empty() { Ok(()) } else { disown(api, latest, &lost).await };
        }
        let (has_dependents, cycle) = {
            let graph = self.shared.graph.lock();
            let mut states = graph.dependents_of(uid).map(|(_, dependent)| dependent.state).peekable();
            (states.peek().is_some(), states.any(|state| state == State::DeletingDependents))
        };
        if !sorted.waiting.is_empty() && has_dependents {
            if cycle {
                // Owner and dependent would wait for each other for ever.
                unblock(api, latest).await?;
            }
            return self.delete(uid, node, api, latest, Propagation::Foreground).await;
        }
        let has = |finalizer: &str| latest.meta().finalizers.iter().any(|other| other == finalizer);
        let policy = match (has(ORPHAN), has(FOREGROUND)) {
            (true, _) => Propagation::Orphan,
            (_, true) => Propagation::Foreground,
            _ => Propagation::Background,
        };
        self.delete(uid, node, api, latest, policy).await
    }

    /// Finds out what has become of the owners; `None` when the references make no sense and nothing is to be done.
    async fn sort(&self, node: &Node, latest: &Object) -> Result<Option<Sorted>, Status> {
        let mut sorted = Sorted::default();
        for reference in &latest.meta().owner_references {
            let (resource, namespaced) = self.shared.resource_of(&reference.api_version, &reference.kind)?;
            if namespaced && node.namespace.is_empty() {
                return Ok(None);
            }
            let namespace = if namespaced { node.namespace.to_string() } else { String::new() };
            let owner = Identity {
                uid: reference.uid.clone(),
                kind: GroupVersionKind { version: resource.version.clone(), ..kind_of(reference) },
                namespace,
                name: reference.name.clone(),
            };
            if self.shared.graph.lock().is_absent(&owner) {
                sorted.dangling.push(reference.clone());
                continue;
            }
            match self.client.dynamic(resource, &owner.namespace).get(&owner.name).await {
                Ok(found) if found.meta().uid == owner.uid => {
                    let meta = found.meta();
                    let waits = meta.deletion_timestamp.is_some() && meta.finalizers.iter().any(|f| f == FOREGROUND);
                    if waits { sorted.waiting.push(reference.clone()) } else { sorted.solid.push(reference.clone()) }
                }
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {
                    self.report_foreign(node, latest, reference);
                    self.shared.graph.lock().note_absent(owner);
                    sorted.dangling.push(reference.clone());
                }
            }
        }
        Ok(Some(sorted))
    }

    /// Tells people when an object names an owner in another namespace.
    fn report_foreign(&self, node: &Node, latest: &Object, reference: &OwnerReference) {
        let foreign = self
            .shared
            .graph
            .lock()
            .node(&reference.uid)
            .is_some_and(|owner| !owner.namespace.is_empty() && owner.namespace != node.namespace);
        if !foreign {
            return;
        }
        let OwnerReference { api_version, kind, name, uid, .. } = reference;
        let namespace = &node.namespace;
        let owner = format!("[{api_version}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}]");
        let message = format!("ownerRef {owner} does not exist in namespace \"{namespace}\"");
        let about = ObjectReference {
            api_version: Some(node.resource.kind.api_version().to_string()),
            kind: Some(node.resource.kind.kind.to_string()),
            namespace: Some(namespace.to_string()),
            name: Some(node.name.to_string()),
            uid: Some(latest.meta().uid.clone()),
            ..ObjectReference::default()
        };
        self.recorder.event_for(about, EventType::Warning, "OwnerRefInvalidNamespace", message);
    }

    async fn delete(
        &self,
        uid: &str,
        node: &Node,
        api: &DynamicApi,
        latest: &Object,
        policy: Propagation,
    ) -> Result<(), Status> {
        let mut options = DeleteOptions::default().propagation(policy).uid(uid);
        options.preconditions.resource_version = Some(latest.revision().to_string());
        let mut outcome = api.delete(&node.name, options.clone()).await;
        if outcome.as_ref().is_err_and(Status::is_conflict) {
            let fresh = api.get(&node.name).await?;
            // Only a change of its owners puts the decision in doubt.
            if fresh.meta().uid == uid && fresh.meta().owner_references == latest.meta().owner_references {
                options.preconditions.resource_version = None;
                outcome = api.delete(&node.name, options).await;
            }
        }
        match outcome {
            Err(status) if status.is_not_found() => {
                self.shared.forget(uid);
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }

    /// Lets go an owner whose dependents are gone, or sees to those that are left.
    async fn go_on_with_foreground(&self, uid: &str, api: &DynamicApi, latest: &Object) -> Result<(), Status> {
        let blocking: Vec<_> = {
            let graph = self.shared.graph.lock();
            let blocks = |node: &Node| {
                node.owners.iter().any(|owner| owner.uid == uid && owner.block_owner_deletion == Some(true))
            };
            let blocking = graph.dependents_of(uid).filter(|(_, dependent)| blocks(dependent));
            blocking.map(|(uid, dependent)| (uid.clone(), dependent.state)).collect()
        };
        if blocking.is_empty() {
            return remove_finalizer(api, latest, FOREGROUND).await;
        }
        let alive = blocking.into_iter().filter(|(_, state)| *state != State::DeletingDependents);
        self.shared.queue.extend(alive.map(|(uid, _)| Item::Delete(uid)));
        Ok(())
    }

    async fn attempt_to_orphan(&self, uid: &str) -> Result<(), Status> {
        let (owner, dependents) = {
            let graph = self.shared.graph.lock();
            let Some(owner) = graph.node(uid) else { return Ok(()) };
            let dependents: Vec<_> = graph.dependents_of(uid).map(|(_, dependent)| dependent.clone()).collect();
            (owner.clone(), dependents)
        };
        for dependent in dependents {
            let api = self.api(&dependent);
            let Some(latest) = found(api.get(&dependent.name).await)? else { continue };
            let lost: Vec<_> = latest.meta().owner_references.iter().filter(|owner| owner.uid == uid).collect();
            if !lost.is_empty() {
                disown(&api, &latest, &lost).await?;
            }
        }
        let api = self.api(&owner);
        match found(api.get(&owner.name).await)? {
            Some(latest) if latest.meta().uid == uid => remove_finalizer(&api, &latest, ORPHAN).await,
            _ => Ok(()),
        }
    }

    fn api(&self, node: &Node) -> DynamicApi {
        self.client.dynamic(node.resource.resource.clone(), &node.namespace)
    }
}

fn kind_of(reference: &OwnerReference) -> GroupVersionKind {
    GroupVersionKind::parse(&reference.api_version, &reference.kind)
}

fn found(outcome: Result<Object, Status>) -> Result<Option<Object>, Status> {
    match outcome {
        Ok(object) => Ok(Some(object)),
        Err(status) if status.is_not_found() => Ok(None),
        Err(status) => Err(status),
    }
}

/// Removes references to these owners.
async fn disown(api: &DynamicApi, latest: &Object, owners: &[&OwnerReference]) -> Result<(), Status> {
    let gone: Vec<_> = owners.iter().map(|owner| json!({ "$patch": "delete", "uid": owner.uid })).collect();
    let kept = latest.meta().owner_references.iter().filter(|kept| owners.iter().all(|owner| owner.uid != kept.uid));
    let kept: Vec<_> = kept.collect();
    patch_owners(api, latest, json!(gone), json!(kept)).await
}

/// Makes references to all owners such that no owner waits for this object.
async fn unblock(api: &DynamicApi, latest: &Object) -> Result<(), Status> {
    let mut all = latest.meta().owner_references.clone();
    let mut blocking = Vec::new();
    for owner in &mut all {
        if owner.block_owner_deletion == Some(true) {
            owner.block_owner_deletion = Some(false);
            blocking.push(owner.clone());
        }
    }
    patch_owners(api, latest, json!(blocking), json!(all)).await
}

/// Patches owner references: `strategic` where the resource knows such patches, else `whole` over what was read.
async fn patch_owners(api: &DynamicApi, latest: &Object, strategic: Value, whole: Value) -> Result<(), Status> {
    let meta = latest.meta();
    let patch = json!({ "metadata": { "uid": meta.uid, "ownerReferences": strategic } });
    let mut outcome = api.patch(&meta.name, "", PatchKind::Strategic, &patch, WriteOptions::default()).await;
    if outcome.as_ref().is_err_and(|status| status.reason == Reason::UnsupportedMediaType) {
        let revision = latest.revision().to_string();
        let patch = json!({ "metadata": { "resourceVersion": revision, "ownerReferences": whole } });
        outcome = api.patch(&meta.name, "", PatchKind::Merge, &patch, WriteOptions::default()).await;
    }
    found(outcome).map(drop)
}

async fn remove_finalizer(api: &DynamicApi, latest: &Object, finalizer: &str) -> Result<(), Status> {
    let meta = latest.meta();
    if !meta.finalizers.iter().any(|other| other == finalizer) {
        return Ok(());
    }
    let kept: Vec<_> = meta.finalizers.iter().filter(|other| *other != finalizer).collect();
    let patch = json!({ "metadata": { "resourceVersion": latest.revision().to_string(), "finalizers": kept } });
    found(api.patch(&meta.name, "", PatchKind::Merge, &patch, WriteOptions::default()).await).map(drop)
}
