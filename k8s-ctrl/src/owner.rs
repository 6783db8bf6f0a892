//! Who controls an object: finding it out, adopting what nobody controls, letting go of what matches no longer.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller` (`controller_ref_manager.go`).

use std::sync::Arc;

use k8s_api::{Kind, Reason};
use k8s_api_client::{Client, ObjectKey, PatchKind};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::json;

use crate::Error;

/// The reference to the one owner that controls an object.
pub fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.as_deref().unwrap_or_default().iter().find(|owner| owner.controller == Some(true))
}

/// The reference that `owner` puts into what it controls; it keeps the owner until the object is gone where the owner
/// is deleted in the foreground.
pub fn controller_reference<O: Kind>(owner: &O) -> OwnerReference {
    OwnerReference {
        api_version: O::API_VERSION.to_owned(),
        kind: O::KIND.to_owned(),
        name: owner.name().to_owned(),
        uid: owner.uid().to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Whether `owner` controls the object.
pub fn is_controlled_by<O: Kind>(meta: &ObjectMeta, owner: &O) -> bool {
    controller(meta).is_some_and(|reference| reference.uid == owner.uid())
}

/// The key of the object's controller, if that is of kind `O`, in any version.
pub fn key_of_controller<O: Kind, K: Kind>(object: &K) -> Option<ObjectKey> {
    let reference = controller(object.metadata())?;
    let group = reference.api_version.split_once('/').map_or("", |(group, _)| group);
    (reference.kind == O::KIND && group == O::GROUP).then(|| ObjectKey::new(object.namespace(), &reference.name))
}

/// Claims of `candidates` those that `owner` controls and that match, adopts those that match and that nobody controls,
/// and lets go of those that it controls and that match no longer. Returns what it has claimed.
///
/// `may_adopt` is asked once, before the first adoption: it should read the owner from the server and refuse when that
/// is being deleted or is another object of the name; see [`recheck`].
///
/// # Errors
/// When something could not be adopted or released for another reason than that it is gone; the rest was tried.
pub async fn claim<O: Kind, K: Kind>(
    client: &Client,
    owner: &O,
    candidates: Vec<Arc<K>>,
    matches: impl Fn(&K) -> bool,
    may_adopt: impl Future<Output = Result<(), Error>>,
) -> Result<Vec<Arc<K>>, Error> {
    let mut claimed = Vec::with_capacity(candidates.len());
    let mut failure = None;
    let mut may_adopt = Some(may_adopt);
    for object in candidates {
        let outcome = match decide(owner, &*object, &matches) {
            Decision::Ours => Ok(true),
            Decision::NotOurs => Ok(false),
            Decision::Release => release(client, owner, &*object).await.map(|()| false),
            Decision::Adopt => {
                let allowed = match may_adopt.take() {
                    Some(asked) => asked.await,
                    None => Ok(()),
                };
                match allowed {
                    Ok(()) => adopt(client, owner, &*object).await,
                    Err(error) => return Err(error),
                }
            }
        };
        match outcome {
            Ok(true) => claimed.push(object),
            Ok(false) => {}
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(claimed), Err)
}

/// Reads `owner` anew: whether it is still the same object and not being deleted.
///
/// # Errors
/// When it is not, with a sentence that says so.
pub async fn recheck<O: Kind>(client: &Client, owner: &O) -> Result<(), Error> {
    let (namespace, name) = (owner.namespace(), owner.name());
    let fresh = client.namespaced::<O>(namespace).get(name).await?;
    if fresh.uid() != owner.uid() {
        let (kind, found, wanted) = (O::KIND, fresh.uid(), owner.uid());
        let why = format!("original {kind} {namespace}/{name} is gone: got uid {found}, wanted {wanted}");
        return Err(Error::blocked(why));
    }
    match &fresh.metadata().deletion_timestamp {
        Some(at) => Err(Error::blocked(format!("{namespace}/{name} has just been deleted at {}", at.0))),
        None => Ok(()),
    }
}

enum Decision {
    Ours,
    NotOurs,
    Adopt,
    Release,
}

fn decide<O: Kind, K: Kind>(owner: &O, object: &K, matches: &impl Fn(&K) -> bool) -> Decision {
    let owner_goes = owner.metadata().deletion_timestamp.is_some();
    let meta = object.metadata();
    match controller(meta) {
        Some(reference) if reference.uid != owner.uid() => Decision::NotOurs,
        Some(_) if matches(object) => Decision::Ours,
        Some(_) if owner_goes => Decision::NotOurs,
        Some(_) => Decision::Release,
        None if owner_goes || meta.deletion_timestamp.is_some() || !matches(object) => Decision::NotOurs,
        None if !owner.namespace().is_empty() && owner.namespace() != object.namespace() => Decision::NotOurs,
        None => Decision::Adopt,
    }
}

async fn adopt<O: Kind, K: Kind>(client: &Client, owner: &O, object: &K) -> Result<bool, Error> {
    let patch = json!({ "metadata": { "ownerReferences": [controller_reference(owner)], "uid": object.uid() } });
    match client.namespaced::<K>(object.namespace()).patch(object.name(), PatchKind::Strategic, &patch).await {
        Ok(_) => Ok(true),
        Err(status) if status.is_not_found() => Ok(false),
        Err(status) => Err(status.into()),
    }
}

async fn release<O: Kind, K: Kind>(client: &Client, owner: &O, object: &K) -> Result<(), Error> {
    let gone = json!({ "$patch": "delete", "uid": owner.uid() });
    let patch = json!({ "metadata": { "ownerReferences": [gone], "uid": object.uid() } });
    match client.namespaced::<K>(object.namespace()).patch(object.name(), PatchKind::Strategic, &patch).await {
        Ok(_) => Ok(()),
        // Invalid: it is another object of the name by now, or has lost the reference already.
        Err(status) if status.is_not_found() || status.reason == Reason::Invalid => Ok(()),
        Err(status) => Err(status.into()),
    }
}
