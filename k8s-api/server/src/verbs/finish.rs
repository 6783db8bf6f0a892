use std::time::Duration;

use bytes::Bytes;
use k8s_api::{AnyObject, Object, Status};
use k8s_api_kinds::metadata;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_store::{StoreExt, Swap};
use tokio::time::Instant;

use super::owners::{self, Noticed};
use crate::admission::{AdmissionRequest, Operation};
use crate::core::{Core, Scope, relative};
use crate::resource::Resource;
use crate::storage::store_status;

/// A change that has lost races for so long is given up: what upstream allows a write.
const PATIENCE: Duration = Duration::from_secs(34);

/// Makes the new object from the stored one and its typed form.
type Make<'a> = dyn FnMut(&Object, &dyn AnyObject) -> Result<Box<dyn AnyObject>, Status> + Send + 'a;

/// How an update comes by its new object.
pub(crate) struct Change<'a> {
    /// Makes the new object from the stored one; called again when that has changed in between.
    pub(crate) make: &'a mut Make<'a>,
    pub(crate) dry_run: bool,
}

/// Whether an object that comes in a request may have any name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GivenName {
    /// It names itself.
    Free,
    /// It has the name in the URL, or none.
    OfUrl,
}

/// Changes a stored object: reads it, makes the new one, checks it, and stores it if nobody was faster.
///
/// The change is made again on the newer object otherwise, as often as it takes: somebody else's write goes through for
/// each that does not. One that names a resourceVersion then names another than the object's, and fails with 409.
///
/// Upstream: `GuaranteedUpdate` in `k8s.io/apiserver/pkg/storage/etcd3/store.go`.
pub(crate) async fn change(
    core: &Core,
    scope: &Scope<'_>,
    change: Change<'_>,
    warnings: &mut Vec<String>,
) -> Result<Object, Status> {
    let cache = core.resources.cache(scope.resource).await?;
    let key = relative(scope.namespace, scope.name);
    let mut current = if let Some(object) = cache.get(&key) {
        object
    } else {
        cache.fresh().await?;
        cache.get(&key).ok_or_else(|| Status::not_found(scope.resource.gvr(), scope.name))?
    };
    let deadline = Instant::now() + PATIENCE;
    let mut source = Source::Cache;
    loop {
        warnings.clear();
        match attempt(core, scope, (&current, source), change.make, change.dry_run, warnings).await? {
            Attempt::Done(object) => return Ok(object),
            Attempt::Stale(None) => return Err(Status::not_found(scope.resource.gvr(), scope.name)),
            Attempt::Stale(Some(_)) if Instant::now() >= deadline => {
                let why = "request did not complete within requested timeout - context deadline exceeded";
                return Err(Status::timeout(why, 0));
            }
            Attempt::Stale(Some(newer)) => (current, source) = (newer, Source::Store),
        }
    }
}

/// Where the object that a change is made from was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// It may be behind another server's write.
    Cache,
    Store,
}

enum Attempt {
    Done(Object),
    /// Somebody was faster: the object as it is now, if it is still there.
    Stale(Option<Object>),
}

async fn attempt(
    core: &Core,
    scope: &Scope<'_>,
    (current, source): (&Object, Source),
    make: &mut Make<'_>,
    dry_run: bool,
    warnings: &mut Vec<String>,
) -> Result<Attempt, Status> {
    let old = scope.resource.typed(current)?;
    let mut new = make(current, &*old)?;
    let conditional = match conditions(scope, current, new.meta()) {
        Ok(conditional) => conditional,
        // What the store says decides.
        Err(status) if status.is_conflict() && source == Source::Cache => {
            let newest = newest(core, scope).await?;
            return match newest {
                Some(newest) if newest.revision() != current.revision() => Ok(Attempt::Stale(Some(newest))),
                _ => Err(status),
            };
        }
        Err(status) => return Err(status),
    };
    if !conditional && scope.resource.facts.unconditional_update {
        new.meta_mut().resource_version = Some(current.revision().to_string());
    }
    metadata_of_request(scope, new.meta_mut(), GivenName::OfUrl)?;
    new.meta_mut().managed_fields = None;
    scope.resource.strategy.default(&mut *new);
    let kind = scope.resource.info.gvk();
    let request = AdmissionRequest {
        operation: Operation::Update,
        resource: scope.resource.gvr(),
        kind: &kind,
        subresource: scope.subresource,
        namespace: scope.namespace,
        name: scope.name,
        user: scope.user,
        old: Some(&*old),
        dry_run,
    };
    core.admission.admit(&request, Some(&mut *new), core).await?;
    owners::dedup(new.meta_mut(), Noticed::AfterAdmission, warnings);
    prepare(scope, &mut *new, &*old);
    let _allocation = core.services.allocate(core, scope, &mut *new, Some(&*old)).await?;
    validate(scope, &*new, &*old)?;
    warnings.extend(scope.resource.strategy.warnings(&*new, Some(&*old)));
    core.admission.validate(&request, Some(&*new), core).await?;
    let body = encode(scope.resource, &mut *new)?;
    if body == *current.body() {
        return Ok(Attempt::Done(current.clone()));
    }
    if dry_run {
        return Ok(Attempt::Done(Object::committed(new, body, current.revision()).map_err(Status::internal)?));
    }
    if is_finished(&*new, &*old) {
        return finish_deletion(core, scope, current, new, body).await;
    }
    swap(core, scope, current, new, body).await
}

async fn newest(core: &Core, scope: &Scope<'_>) -> Result<Option<Object>, Status> {
    let key = scope.resource.keys.object(scope.namespace, scope.name);
    let Some(kv) = core.store.get(key).await.map_err(store_status)? else { return Ok(None) };
    scope.resource.form.read(kv.value, kv.mod_revision.0).map(Some)
}

/// Checks what the new object says of the one it was made from; tells whether it named a version.
fn conditions(scope: &Scope<'_>, current: &Object, new: &ObjectMeta) -> Result<bool, Status> {
    let (gvr, stored) = (scope.resource.gvr(), &current.meta().uid);
    if let Some(uid) = new.uid.as_deref().filter(|uid| !uid.is_empty() && uid != stored) {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {stored}");
        return Err(Status::conflict(gvr, scope.name, &why));
    }
    match new.resource_version.as_deref() {
        None | Some("" | "0") => Ok(false),
        Some(version) if version.parse() == Ok(current.revision()) => Ok(true),
        Some(_) => Err(Status::stale(gvr, scope.name)),
    }
}

fn prepare(scope: &Scope<'_>, new: &mut dyn AnyObject, old: &dyn AnyObject) {
    let strategy = &*scope.resource.strategy;
    let (meta, was) = (new.meta_mut(), old.meta());
    meta.generation = was.generation;
    meta.self_link = None;
    if scope.subresource.is_empty() {
        strategy.prepare_for_update(new, old);
    } else {
        strategy.prepare_for_subresource_update(scope.subresource, new, old);
    }
    let meta = new.meta_mut();
    meta.uid.clone_from(&was.uid);
    if was.creation_timestamp.is_some() {
        meta.creation_timestamp.clone_from(&was.creation_timestamp);
    }
    if was.deletion_timestamp.is_some() {
        meta.deletion_timestamp.clone_from(&was.deletion_timestamp);
    }
    if meta.deletion_grace_period_seconds.is_none() {
        meta.deletion_grace_period_seconds = was.deletion_grace_period_seconds;
    }
}

fn validate(scope: &Scope<'_>, new: &dyn AnyObject, old: &dyn AnyObject) -> Result<(), Status> {
    let (resource, strategy) = (scope.resource, &*scope.resource.strategy);
    let mut errors = metadata::validate_update(new.meta(), old.meta(), resource.info.namespaced, &resource.facts);
    errors.extend(if scope.subresource.is_empty() {
        strategy.validate_update(new, old)
    } else {
        strategy.validate_subresource_update(scope.subresource, new, old)
    });
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(&resource.group_kind(), scope.name, &errors)) }
}

async fn swap(
    core: &Core,
    scope: &Scope<'_>,
    current: &Object,
    new: Box<dyn AnyObject>,
    body: Bytes,
) -> Result<Attempt, Status> {
    let key = scope.resource.keys.object(scope.namespace, scope.name);
    let swap = core.store.update(key, k8s_store::Revision(current.revision()), scope.resource.form.write(&body)?).await;
    match swap.map_err(store_status)? {
        Swap::Done(revision) => {
            let object = Object::committed(new, body, revision.0).map_err(Status::internal)?;
            core.resources.cache(scope.resource).await?.offer(object.clone());
            Ok(Attempt::Done(object))
        }
        Swap::Stale(newer) => stale(scope, newer),
    }
}

/// Removes an object whose last finalizer this change has taken off; the answer is the object as changed.
async fn finish_deletion(
    core: &Core,
    scope: &Scope<'_>,
    current: &Object,
    new: Box<dyn AnyObject>,
    body: Bytes,
) -> Result<Attempt, Status> {
    let key = scope.resource.keys.object(scope.namespace, scope.name);
    let swap = core.store.delete(key, k8s_store::Revision(current.revision())).await;
    match swap.map_err(store_status)? {
        Swap::Done(_) => Ok(Attempt::Done(Object::committed(new, body, current.revision()).map_err(Status::internal)?)),
        Swap::Stale(newer) => stale(scope, newer),
    }
}

fn stale(scope: &Scope<'_>, newer: Option<k8s_store::KeyValue>) -> Result<Attempt, Status> {
    newer.map(|kv| scope.resource.form.read(kv.value, kv.mod_revision.0)).transpose().map(Attempt::Stale)
}

/// Whether an update takes away the last thing that kept a deleted object there.
///
/// Upstream: `ShouldDeleteDuringUpdate`.
fn is_finished(new: &dyn AnyObject, old: &dyn AnyObject) -> bool {
    let meta = new.meta();
    let kept_by_namespace = new
        .as_any()
        .downcast_ref::<Namespace>()
        .and_then(|namespace| namespace.spec.as_ref()?.finalizers.as_ref())
        .is_some_and(|finalizers| !finalizers.is_empty());
    meta.deletion_timestamp.is_some()
        && meta.finalizers.as_ref().is_none_or(Vec::is_empty)
        && old.meta().deletion_grace_period_seconds.unwrap_or_default() == 0
        && !kept_by_namespace
}

/// Encodes an object as it is stored: without its resourceVersion.
pub(super) fn encode(resource: &Resource, object: &mut dyn AnyObject) -> Result<Bytes, Status> {
    let meta = object.meta_mut();
    meta.resource_version = None;
    // Managed fields are not kept yet; what a client sends of them would only grow stale.
    meta.managed_fields = None;
    resource.strategy.encode(object).map(Bytes::from).map_err(Status::internal)
}

/// Makes an object's name and namespace those of the request, or refuses one that says otherwise.
pub(super) fn metadata_of_request(scope: &Scope<'_>, meta: &mut ObjectMeta, given: GivenName) -> Result<(), Status> {
    let name = meta.name.as_deref().unwrap_or_default();
    if given == GivenName::OfUrl {
        if name.is_empty() {
            meta.name = Some(scope.name.to_owned());
        } else if name != scope.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                scope.name
            )));
        }
    }
    match meta.namespace.as_deref().unwrap_or_default() {
        namespace if namespace == scope.namespace => {}
        "" => meta.namespace = Some(scope.namespace.to_owned()),
        _ if scope.namespace.is_empty() && !scope.resource.info.namespaced => meta.namespace = None,
        _ => {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
    }
    if scope.namespace.is_empty() {
        meta.namespace = None;
    }
    Ok(())
}

/// Changes a stored object from within the server: no admission, no validation, made again when somebody was faster.
pub(crate) async fn mutate(
    core: &Core,
    scope: &Scope<'_>,
    dry_run: bool,
    edit: &mut (dyn FnMut(&mut dyn AnyObject) -> Result<(), Status> + Send),
) -> Result<Object, Status> {
    let cache = core.resources.cache(scope.resource).await?;
    let key = relative(scope.namespace, scope.name);
    let missing = || Status::not_found(scope.resource.gvr(), scope.name);
    let mut current = cache.get(&key).ok_or_else(missing)?;
    loop {
        let mut new = scope.resource.typed(&current)?.clone_box();
        edit(&mut *new)?;
        let body = encode(scope.resource, &mut *new)?;
        if dry_run || body == *current.body() {
            return Object::committed(new, body, current.revision()).map_err(Status::internal);
        }
        match swap(core, scope, &current, new, body).await? {
            Attempt::Done(object) => return Ok(object),
            Attempt::Stale(newer) => current = newer.ok_or_else(missing)?,
        }
    }
}
