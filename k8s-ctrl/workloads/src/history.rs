//! The templates that stateful sets and daemon sets had, as ControllerRevisions.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/history`.

use std::sync::Arc;

use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::informer::Reader;
use k8s_api_client::{Client, DeleteOptions, PatchKind};
use k8s_ctrl::{Error, owner};
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::{Value, json};

use crate::pods::{self, BY_CONTROLLER};

/// The letters of upstream's safe encoding: no vowels, nothing that reads as another letter.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

const PRIME: u32 = 0x0100_0193;
const BASIS: u32 = 0x811c_9dc5;

/// Revisions in the cache, and the road to the server.
pub(crate) struct History {
    pub(crate) client: Client,
    pub(crate) revisions: Reader<ControllerRevision>,
}

/// FNV-1a of 32 bits.
pub(crate) fn fnv_1a<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u32 {
    bytes.into_iter().fold(BASIS, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(PRIME))
}

/// FNV-1 of 32 bits.
pub(crate) fn fnv_1<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u32 {
    bytes.into_iter().fold(BASIS, |sum, byte| sum.wrapping_mul(PRIME) ^ u32::from(*byte))
}

/// Spells a hash so that it cannot be a word.
pub(crate) fn spell(hash: u32) -> String {
    hash.to_string().bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
}

/// The patch that brings a template back: what a revision holds.
pub(crate) fn data(template: &PodTemplateSpec) -> Value {
    // A template always encodes: it came as JSON.
    let mut template = serde_json::to_value(template).unwrap_or_default();
    template["$patch"] = json!("replace");
    json!({ "spec": { "template": template } })
}

/// The template that a revision holds.
pub(crate) fn template(revision: &ControllerRevision) -> Option<PodTemplateSpec> {
    let template = revision.data.as_ref()?.0.get("spec")?.get("template")?;
    serde_json::from_value(template.clone()).ok()
}

/// Whether a revision holds this.
pub(crate) fn holds(revision: &ControllerRevision, data: &Value) -> bool {
    revision.data.as_ref().is_some_and(|held| held.0 == *data)
}

/// A revision of `owner`, to be completed with name, labels and annotations.
pub(crate) fn new<O: Kind>(owner: &O, data: Value, revision: i64) -> ControllerRevision {
    let mut made = ControllerRevision { data: Some(RawExtension(data)), revision, ..ControllerRevision::default() };
    made.metadata.namespace.clone_from(&owner.metadata().namespace);
    made.metadata.owner_references = Some(vec![owner::controller_reference(owner)]);
    made
}

impl History {
    /// The revisions of `owner`, oldest first, with those adopted that nobody controlled.
    pub(crate) async fn list<O: Kind>(
        &self,
        owner: &O,
        selector: &Selector,
    ) -> Result<Vec<Arc<ControllerRevision>>, Error> {
        let mut found = self.revisions.by_index(BY_CONTROLLER, owner.uid());
        self.revisions.for_each_indexed(BY_CONTROLLER, &pods::orphans(owner.namespace()), |revision| {
            if selector.matches(revision.metadata.labels.as_ref()) {
                found.push(revision.clone());
            }
        });
        let matches = |revision: &ControllerRevision| selector.matches(revision.metadata.labels.as_ref());
        let may_adopt = owner::recheck(&self.client, owner);
        let mut claimed = owner::claim(&self.client, owner, found, matches, may_adopt).await?;
        claimed.sort_by_key(|revision| {
            let created = revision.metadata.creation_timestamp.clone();
            (revision.revision, created, revision.name().to_owned())
        });
        Ok(claimed)
    }

    /// Makes a revision; `None` when its name is taken by another one.
    pub(crate) async fn create(&self, revision: ControllerRevision) -> Result<Option<Arc<ControllerRevision>>, Error> {
        let api = self.client.namespaced::<ControllerRevision>(revision.namespace());
        let name = revision.name().to_owned();
        let data = revision.data.clone();
        match api.create(revision).await {
            Err(status) if status.is_already_exists() => {
                let present = api.get(&name).await?;
                Ok((present.data == data).then_some(present))
            }
            outcome => Ok(Some(outcome?)),
        }
    }

    /// Gives a revision another number, since its template is the newest again.
    pub(crate) async fn renumber(
        &self,
        revision: &ControllerRevision,
        number: i64,
    ) -> Result<Arc<ControllerRevision>, Error> {
        let api = self.client.namespaced::<ControllerRevision>(revision.namespace());
        Ok(api.patch(revision.name(), PatchKind::Merge, &json!({ "revision": number })).await?)
    }

    /// Deletes a revision.
    pub(crate) async fn delete(&self, revision: &ControllerRevision) -> Result<(), Error> {
        let api = self.client.namespaced::<ControllerRevision>(revision.namespace());
        match api.delete(revision.name(), DeleteOptions::default()).await {
            Err(status) if !status.is_not_found() => Err(status.into()),
            _ => Ok(()),
        }
    }
}
