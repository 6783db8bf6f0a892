use k8s_api::status::Details;
use k8s_api::{AnyObject, GroupVersionResource, Object, Status};
use k8s_api_client::{DeleteOptions, Propagation, Reply, Response};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use k8s_store::{StoreExt, Swap};

use super::finish::encode;
use crate::admission::{AdmissionRequest, Operation};
use crate::core::{Core, Scope, relative};
use crate::storage::store_status;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What became of a deletion.
pub(super) enum Outcome {
    /// The object is gone; this is its last state.
    Gone(Object),
    /// The object stays until somebody lets it go.
    Going(Object),
}

/// Deletes an object, now or later.
pub(super) async fn delete(core: &Core, scope: &Scope<'_>, options: DeleteOptions) -> Result<Reply, Status> {
    Ok(match remove(core, scope, options).await? {
        Outcome::Going(object) => Response::Object { object, created: false },
        Outcome::Gone(object) if scope.resource.info.delete_returns_object => {
            Response::Object { object, created: false }
        }
        Outcome::Gone(object) => {
            let details = Details { uid: object.meta().uid.clone(), ..Details::of(scope.resource.gvr(), scope.name) };
            Response::Status(Status::success(details))
        }
    }
    .into())
}

/// Deletes a pod that was evicted.
pub(crate) async fn delete_pod(core: &Core, scope: &Scope<'_>, options: DeleteOptions) -> Result<(), Status> {
    remove(core, scope, options).await.map(drop)
}

/// Deletes an object and says what became of it.
pub(super) async fn remove(core: &Core, scope: &Scope<'_>, mut options: DeleteOptions) -> Result<Outcome, Status> {
    // A negative grace period has always meant one second.
    options.grace_period_seconds = options.grace_period_seconds.map(|s| if s < 0 { 1 } else { s });
    let cache = core.resources.cache(scope.resource).await?;
    cache.fresh().await?;
    let missing = || Status::not_found(scope.resource.gvr(), scope.name);
    let mut current = cache.get(&relative(scope.namespace, scope.name)).ok_or_else(missing)?;
    loop {
        check_preconditions(scope, &current, &options)?;
        let old = scope.resource.typed(&current)?;
        admit(core, scope, &*old, options.dry_run).await?;
        let plan = plan(core, scope, &*old, &options);
        let step = match plan {
            Plan::Nothing => return Ok(Outcome::Going(current)),
            Plan::Delete => {
                return match delete_now(core, scope, &current, options.dry_run).await? {
                    Step::Done(object) => Ok(Outcome::Gone(object)),
                    Step::Stale(newer) => {
                        current = newer.ok_or_else(missing)?;
                        continue;
                    }
                };
            }
            Plan::Mark(ref marked) => mark(core, scope, &current, marked.clone_box(), options.dry_run).await?,
            Plan::MarkThenDelete(ref marked) => {
                mark(core, scope, &current, marked.clone_box(), options.dry_run).await?
            }
        };
        match (step, plan) {
            (Step::Stale(newer), _) => current = newer.ok_or_else(missing)?,
            (Step::Done(marked), Plan::MarkThenDelete(_)) if !options.dry_run => {
                return match delete_now(core, scope, &marked, false).await? {
                    Step::Done(object) => Ok(Outcome::Gone(object)),
                    Step::Stale(None) => Ok(Outcome::Gone(marked)),
                    Step::Stale(Some(newer)) => {
                        current = newer;
                        continue;
                    }
                };
            }
            (Step::Done(marked), _) => return Ok(Outcome::Going(marked)),
        }
    }
}

/// What a deletion does to an object.
enum Plan {
    /// It is on its way already.
    Nothing,
    /// Nothing holds it.
    Delete,
    /// It is marked, and goes when those who hold it let go.
    Mark(Box<dyn AnyObject>),
    /// Its kind takes time to go, but it was given none: watchers see both steps.
    MarkThenDelete(Box<dyn AnyObject>),
}

enum Step {
    Done(Object),
    Stale(Option<Object>),
}

fn plan(core: &Core, scope: &Scope<'_>, old: &dyn AnyObject, options: &DeleteOptions) -> Plan {
    let now = core.env.clock.now();
    let mut new = old.clone_box();
    let namespace_holds = terminate_namespace(&mut *new);
    let grace = match grace(scope, old, options, now) {
        Grace::Pending => return Plan::Nothing,
        Grace::None => None,
        Grace::Set { seconds, deadline } => {
            let meta = new.meta_mut();
            if meta.deletion_timestamp.is_none() {
                count_generation(meta);
            }
            meta.deletion_timestamp = Some(Time(deadline));
            meta.deletion_grace_period_seconds = Some(seconds);
            Some(seconds)
        }
    };
    let finalizers = finalizers(new.meta(), scope.resource.facts.orphans_by_default, options.propagation);
    let held = !finalizers.is_empty() || namespace_holds;
    new.meta_mut().finalizers = (!finalizers.is_empty()).then_some(finalizers);
    match grace {
        Some(0) if !held => Plan::MarkThenDelete(new),
        Some(_) => Plan::Mark(new),
        None if held => {
            mark_as_deleting(new.meta_mut(), now, namespace_holds);
            Plan::Mark(new)
        }
        None => Plan::Delete,
    }
}

enum Grace {
    /// The kind goes at once.
    None,
    /// It is going, and this request changes nothing about it.
    Pending,
    /// It goes after so many seconds.
    Set { seconds: i64, deadline: Timestamp },
}

/// Upstream: `rest.BeforeDelete`.
fn grace(scope: &Scope<'_>, old: &dyn AnyObject, options: &DeleteOptions, now: Timestamp) -> Grace {
    let Some(wanted) = (scope.resource.facts.grace_period)(old, options.grace_period_seconds) else {
        return Grace::None;
    };
    let later = |from: Timestamp, seconds: i64| from.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(from);
    let meta = old.meta();
    let Some(Time(deadline)) = meta.deletion_timestamp else {
        return Grace::Set { seconds: wanted, deadline: later(now, wanted) };
    };
    match (meta.deletion_grace_period_seconds, options.grace_period_seconds) {
        (None | Some(0), _) => Grace::None,
        (Some(given), Some(asked)) if asked < given => {
            let moved = later(deadline, asked - given);
            if moved < now {
                return Grace::Set { seconds: asked.min(1), deadline: now };
            }
            Grace::Set { seconds: asked, deadline: moved }
        }
        _ => Grace::Pending,
    }
}

/// The finalizers that the propagation policy leaves.
fn finalizers(meta: &ObjectMeta, orphans_by_default: bool, policy: Option<Propagation>) -> Vec<String> {
    let given = meta.finalizers.as_deref().unwrap_or_default();
    let has = |name: &str| given.iter().any(|f| f == name);
    let policy = policy.unwrap_or_else(|| match () {
        () if has(ORPHAN) => Propagation::Orphan,
        () if has(FOREGROUND) => Propagation::Foreground,
        () if orphans_by_default => Propagation::Orphan,
        () => Propagation::Background,
    });
    let kept = given.iter().filter(|f| *f != ORPHAN && *f != FOREGROUND).cloned();
    let added = match policy {
        Propagation::Orphan => Some(ORPHAN),
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Background => None,
    };
    kept.chain(added.map(str::to_owned)).collect()
}

/// Upstream: `markAsDeleting`; a namespace is marked without a grace period.
fn mark_as_deleting(meta: &mut ObjectMeta, now: Timestamp, namespace: bool) {
    if meta.deletion_timestamp.is_none() && !namespace {
        count_generation(meta);
    }
    if meta.deletion_timestamp.as_ref().is_none_or(|t| t.0 > now) {
        meta.deletion_timestamp = Some(Time(now));
    }
    if !namespace {
        meta.deletion_grace_period_seconds = Some(0);
    }
}

fn count_generation(meta: &mut ObjectMeta) {
    if let Some(generation) = meta.generation.as_mut().filter(|g| **g > 0) {
        *generation += 1;
    }
}

/// Shows that a namespace is going; tells whether its own finalizers hold it.
fn terminate_namespace(object: &mut dyn AnyObject) -> bool {
    let Some(namespace) = object.as_any_mut().downcast_mut::<Namespace>() else { return false };
    namespace.status.get_or_insert_default().phase = Some("Terminating".to_owned());
    let finalizers = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_ref());
    finalizers.is_some_and(|finalizers| !finalizers.is_empty())
}

fn check_preconditions(scope: &Scope<'_>, current: &Object, options: &DeleteOptions) -> Result<(), Status> {
    let info = &scope.resource.info;
    // Upstream names the kind here where every other conflict names the resource.
    let what = GroupVersionResource::new(info.gvr.group.clone(), info.gvr.version.clone(), info.kind.clone());
    if let Some(uid) = options.preconditions.uid.as_ref().filter(|uid| **uid != current.meta().uid) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            current.meta().uid
        );
        return Err(Status::conflict(&what, scope.name, &why));
    }
    let version = options.preconditions.resource_version.as_ref();
    if let Some(version) = version.filter(|version| version.parse() != Ok(current.revision())) {
        let why = format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). The object might have been modified",
            current.revision()
        );
        return Err(Status::conflict(&what, scope.name, &why));
    }
    Ok(())
}

async fn admit(core: &Core, scope: &Scope<'_>, old: &dyn AnyObject, dry_run: bool) -> Result<(), Status> {
    let kind = scope.resource.info.gvk();
    let request = AdmissionRequest {
        operation: Operation::Delete,
        resource: scope.resource.gvr(),
        kind: &kind,
        subresource: "",
        namespace: scope.namespace,
        name: scope.name,
        user: scope.user,
        old: Some(old),
        dry_run,
    };
    core.admission.admit(&request, None, core).await?;
    core.admission.validate(&request, None, core).await
}

async fn mark(
    core: &Core,
    scope: &Scope<'_>,
    current: &Object,
    mut marked: Box<dyn AnyObject>,
    dry_run: bool,
) -> Result<Step, Status> {
    let body = encode(scope.resource, &mut *marked)?;
    if dry_run || body == *current.body() {
        return Object::committed(marked, body, current.revision()).map(Step::Done).map_err(Status::internal);
    }
    let key = scope.resource.keys.object(scope.namespace, scope.name);
    let swap = core.store.update(key, k8s_store::Revision(current.revision()), scope.resource.form.write(&body)?).await;
    match swap.map_err(store_status)? {
        Swap::Done(revision) => {
            let object = Object::committed(marked, body, revision.0).map_err(Status::internal)?;
            core.resources.cache(scope.resource).await?.offer(object.clone());
            Ok(Step::Done(object))
        }
        Swap::Stale(newer) => stale(scope, newer),
    }
}

async fn delete_now(core: &Core, scope: &Scope<'_>, current: &Object, dry_run: bool) -> Result<Step, Status> {
    if dry_run {
        return Ok(Step::Done(current.clone()));
    }
    let key = scope.resource.keys.object(scope.namespace, scope.name);
    let swap = core.store.delete(key, k8s_store::Revision(current.revision())).await;
    match swap.map_err(store_status)? {
        Swap::Done(_) => {
            core.resources.cache(scope.resource).await?.take_in_now();
            Ok(Step::Done(current.clone()))
        }
        Swap::Stale(newer) => stale(scope, newer),
    }
}

fn stale(scope: &Scope<'_>, newer: Option<k8s_store::KeyValue>) -> Result<Step, Status> {
    let newer = newer.map(|kv| scope.resource.form.read(kv.value, kv.mod_revision.0)).transpose()?;
    Ok(Step::Stale(newer))
}
