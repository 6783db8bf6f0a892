use k8s_api::field::quote;
use k8s_api::status::Details;
use k8s_api::{AnyObject, GroupVersionResource, Status};
use k8s_api_client::{Body, Reply, Response, WriteOptions};
use k8s_openapi::api::core::v1::{Binding, Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::core::{Core, Scope};
use crate::verbs;

/// Puts a pod on a node.
///
/// Upstream: `BindingREST` in `pkg/registry/core/pod/storage/storage.go`.
pub(super) async fn bind(core: &Core, scope: &Scope<'_>, body: Body, options: &WriteOptions) -> Result<Reply, Status> {
    let (binding, warnings) = verbs::decode_kind::<Binding>(body, options.field_validation)?;
    let node = check(scope, &binding)?;
    let now = Time(core.env.clock.now());
    let mut edit = |object: &mut dyn AnyObject| {
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else {
            return Err(Status::internal("only pods can be bound"));
        };
        assign(pod, &binding, &node, &now).map_err(|why| conflict(scope, &why))
    };
    verbs::mutate(core, scope, options.dry_run, &mut edit).await?;
    let mut status = Status::success(Details::default());
    status.details = None;
    status.code = 201;
    Ok(Reply { response: Response::Status(status), warnings })
}

fn check(scope: &Scope<'_>, binding: &Binding) -> Result<String, Status> {
    let name = binding.metadata.name.as_deref().unwrap_or_default();
    if !name.is_empty() && name != scope.name {
        return Err(Status::bad_request("name in URL does not match name in Binding object"));
    }
    let path = k8s_api::field::Path::new("target");
    let mut errors = Vec::new();
    let kind = binding.target.kind.as_deref().unwrap_or_default();
    if !matches!(kind, "" | "Node") {
        errors.push(k8s_api::field::Error::not_supported(&path.child("kind"), kind, &["Node", "<empty>"]));
    }
    let node = binding.target.name.clone().unwrap_or_default();
    if node.is_empty() {
        errors.push(k8s_api::field::Error::required(&path.child("name"), ""));
    }
    if errors.is_empty() {
        return Ok(node);
    }
    Err(Status::invalid(&k8s_api::GroupKind::new("", "Binding"), name, &errors))
}

fn assign(pod: &mut Pod, binding: &Binding, node: &str, now: &Time) -> Result<(), String> {
    let name = pod.metadata.name.clone().unwrap_or_default();
    if pod.metadata.deletion_timestamp.is_some() {
        return Err(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    if let Some(uid) =
        binding.metadata.uid.as_ref().filter(|uid| !uid.is_empty() && pod.metadata.uid != Some((*uid).clone()))
    {
        let stored = pod.metadata.uid.clone().unwrap_or_default();
        return Err(format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {stored}"));
    }
    let spec = pod.spec.get_or_insert_default();
    if let Some(taken) = spec.node_name.as_deref().filter(|taken| !taken.is_empty()) {
        return Err(format!("pod {name} is already assigned to node {}", quote(taken)));
    }
    if spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()) {
        return Err(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    spec.node_name = Some(node.to_owned());
    if let Some(annotations) = &binding.metadata.annotations {
        pod.metadata.annotations.get_or_insert_default().extend(annotations.clone());
    }
    mark_scheduled(pod, now);
    Ok(())
}

fn mark_scheduled(pod: &mut Pod, now: &Time) {
    let generation = pod.metadata.generation;
    let conditions = pod.status.get_or_insert_default().conditions.get_or_insert_default();
    conditions.retain(|c| c.type_ != "PodScheduled");
    conditions.push(PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "True".to_owned(),
        last_transition_time: Some(now.clone()),
        observed_generation: generation,
        ..PodCondition::default()
    });
}

fn conflict(scope: &Scope<'_>, why: &str) -> Status {
    let gvr = scope.resource.gvr();
    Status::conflict(
        &GroupVersionResource::new(gvr.group.clone(), gvr.version.clone(), "pods/binding"),
        scope.name,
        why,
    )
}
