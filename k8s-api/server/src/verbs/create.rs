use bytes::Bytes;
use k8s_api::{AnyObject, DynamicObject, Object, Status};
use k8s_api_client::{Body, Reply, Response, WriteOptions};
use k8s_api_kinds::metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_store::{StoreExt, Swap};
use serde_json::{Value, json};

use super::body::decode;
use super::finish::{GivenName, encode, metadata_of_request};
use super::owners::{self, Noticed};
use crate::admission::{AdmissionRequest, Operation};
use crate::core::{Core, Scope, relative};
use crate::storage::store_status;

/// How many generated names are tried before giving up.
const NAME_ATTEMPTS: usize = 8;
/// A generated name keeps this much of its prefix.
const LONGEST_PREFIX: usize = 58;
const SUFFIX: usize = 5;

/// Makes an object.
pub(super) async fn create(
    core: &Core,
    scope: &Scope<'_>,
    body: Body,
    options: &WriteOptions,
) -> Result<Reply, Status> {
    let resource = scope.resource;
    let (mut object, mut warnings) = decode(body, &*resource.strategy, &resource.info.gvk(), options.field_validation)?;
    owners::dedup(object.meta_mut(), Noticed::InRequest, &mut warnings);
    match insert(core, scope, object, options.dry_run, &mut warnings).await {
        Ok(object) => Ok(Reply { response: Response::Object { object, created: true }, warnings }),
        Err(status) => Err(status.with_warnings(warnings)),
    }
}

/// Stores a new object after all that happens to new objects.
pub(crate) async fn insert(
    core: &Core,
    scope: &Scope<'_>,
    mut object: Box<dyn AnyObject>,
    dry_run: bool,
    warnings: &mut Vec<String>,
) -> Result<Object, Status> {
    metadata_of_request(scope, object.meta_mut(), GivenName::Free)?;
    let versioned = object.meta().resource_version.as_deref().is_some_and(|rv| !matches!(rv, "" | "0"));
    if versioned && !dry_run {
        // Only upstream's store notices, and what it says has no reason of its own.
        let why = "resourceVersion should not be set on objects to be created";
        return Err(Status::failure(500, k8s_api::Reason::Unknown, why));
    }
    object.meta_mut().managed_fields = None;
    identify(scope, &mut *object);
    let generated = object.meta().name.as_deref().is_none_or(str::is_empty)
        && object.meta().generate_name.as_deref().is_some_and(|prefix| !prefix.is_empty());
    let attempts = if generated { NAME_ATTEMPTS } else { 1 };
    for _ in 1..attempts {
        let candidate = object.clone_box();
        match attempt(core, scope, candidate, generated, dry_run, warnings).await {
            Err(status) if status.is_already_exists() => warnings.clear(),
            outcome => return outcome,
        }
    }
    attempt(core, scope, object, generated, dry_run, warnings).await
}

async fn attempt(
    core: &Core,
    scope: &Scope<'_>,
    mut object: Box<dyn AnyObject>,
    generated: bool,
    dry_run: bool,
    warnings: &mut Vec<String>,
) -> Result<Object, Status> {
    let resource = scope.resource;
    let strategy = &*resource.strategy;
    fill_metadata(core, object.meta_mut(), generated);
    strategy.default(&mut *object);
    let (name, kind) = (object.meta().name.clone().unwrap_or_default(), resource.info.gvk());
    let request = AdmissionRequest {
        operation: Operation::Create,
        resource: resource.gvr(),
        kind: &kind,
        subresource: "",
        namespace: scope.namespace,
        name: &name,
        user: scope.user,
        old: None,
        dry_run,
    };
    core.admission.admit(&request, Some(&mut *object), core).await?;
    owners::dedup(object.meta_mut(), Noticed::AfterAdmission, warnings);
    strategy.prepare_for_create(&mut *object);
    // Held until the object is stored: nobody else is given the same addresses in between.
    let _allocation = core.services.allocate(core, scope, &mut *object, None).await?;
    let mut errors = metadata::validate_create(object.meta(), resource.info.namespaced, &resource.facts);
    errors.extend(strategy.validate_create(&*object));
    if !errors.is_empty() {
        return Err(Status::invalid(&resource.group_kind(), &name, &errors));
    }
    warnings.extend(strategy.warnings(&*object, None));
    core.admission.validate(&request, Some(&*object), core).await?;
    // What a dry run is given it shows.
    let given = object.meta().resource_version.as_deref().and_then(|rv| rv.parse().ok()).unwrap_or_default();
    let body = encode(resource, &mut *object)?;
    if dry_run {
        return refuse_taken(core, scope, &name, body, given).await;
    }
    store(core, scope, &name, object, body).await
}

/// Writes into a certificate request who makes it.
///
/// Upstream: `pkg/registry/certificates/certificates/strategy.go`.
fn identify(scope: &Scope<'_>, object: &mut dyn AnyObject) {
    let gvr = scope.resource.gvr();
    if gvr.resource != "certificatesigningrequests" || gvr.group != "certificates.k8s.io" {
        return;
    }
    let Some(request) = object.as_any_mut().downcast_mut::<DynamicObject>() else { return };
    let Some(spec) = request.rest.get_mut("spec").and_then(Value::as_object_mut) else { return };
    for key in ["username", "uid", "groups", "extra"] {
        spec.remove(key);
    }
    let user = scope.user;
    spec.insert("username".to_owned(), json!(user.name));
    if !user.uid.is_empty() {
        spec.insert("uid".to_owned(), json!(user.uid));
    }
    if !user.groups.is_empty() {
        spec.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        spec.insert("extra".to_owned(), json!(user.extra));
    }
}

/// What the server sets on every new object.
fn fill_metadata(core: &Core, meta: &mut ObjectMeta, generated: bool) {
    if generated && let Some(prefix) = &meta.generate_name {
        let kept: String = prefix.chars().take(LONGEST_PREFIX).collect();
        meta.name = Some(kept + &core.env.random.suffix(SUFFIX));
    }
    meta.creation_timestamp = Some(Time(core.env.clock.now()));
    meta.uid = Some(core.env.random.uuid());
    meta.deletion_timestamp = None;
    meta.deletion_grace_period_seconds = None;
    meta.generation = None;
    meta.self_link = None;
}

async fn store(
    core: &Core,
    scope: &Scope<'_>,
    name: &str,
    object: Box<dyn AnyObject>,
    body: Bytes,
) -> Result<Object, Status> {
    let cache = core.resources.cache(scope.resource).await?;
    let key = scope.resource.keys.object(scope.namespace, name);
    match core.store.create(key, scope.resource.form.write(&body)?).await.map_err(store_status)? {
        Swap::Done(revision) => {
            let object = Object::committed(object, body, revision.0).map_err(Status::internal)?;
            cache.offer(object.clone());
            Ok(object)
        }
        Swap::Stale(_) => Err(Status::already_exists(scope.resource.gvr(), name)),
    }
}

async fn refuse_taken(
    core: &Core,
    scope: &Scope<'_>,
    name: &str,
    body: Bytes,
    revision: u64,
) -> Result<Object, Status> {
    let cache = core.resources.cache(scope.resource).await?;
    cache.fresh().await?;
    if cache.get(&relative(scope.namespace, name)).is_some() {
        return Err(Status::already_exists(scope.resource.gvr(), name));
    }
    Object::stored(body, revision).map_err(Status::internal)
}
