use k8s_api::selector::Selector;
use k8s_api::status::{Cause, Details};
use k8s_api::{AnyObject, GroupVersionResource, Status, UserInfo};
use k8s_api_client::{Body, DeleteOptions, Preconditions, Propagation, Reply, Response, WriteOptions};
use k8s_openapi::api::core::v1::{Pod, PodCondition};
use k8s_openapi::api::policy::v1::{Eviction, PodDisruptionBudget};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::admission::Lookup;
use crate::core::{Core, Scope};
use crate::verbs;

/// A budget does not remember more evictions that nobody has seen yet than this.
const MOST_DISRUPTED: usize = 2000;

/// Deletes a pod if the disruption budgets that cover it allow it.
///
/// Upstream: `pkg/registry/core/pod/storage/eviction.go`.
pub(super) async fn evict(core: &Core, scope: &Scope<'_>, body: Body, options: &WriteOptions) -> Result<Reply, Status> {
    let (eviction, warnings) = verbs::decode_kind::<Eviction>(body, options.field_validation)?;
    if eviction.metadata.name.as_deref().is_some_and(|name| !name.is_empty() && name != scope.name) {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    let mut delete = delete_options(&eviction);
    delete.dry_run |= options.dry_run;
    let found = core.peek(scope.resource, scope.namespace, scope.name).await?;
    let found = found.ok_or_else(|| Status::not_found(scope.resource.gvr(), scope.name))?;
    let pod = found.typed::<Pod>().map_err(Status::internal)?;
    if !ignores_budgets(&pod) {
        take_from_budget(core, scope, &pod, delete.dry_run).await?;
    }
    let pods = Scope { subresource: "", ..*scope };
    announce(core, &pods, delete.dry_run).await?;
    verbs::delete_pod(core, &pods, delete).await?;
    let mut status = Status::success(Details::default());
    status.details = None;
    status.code = 201;
    Ok(Reply { response: Response::Status(status), warnings })
}

/// A pod that runs nothing, or is going anyway, disrupts nobody.
fn ignores_budgets(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    matches!(phase, "Succeeded" | "Failed" | "Pending") || pod.metadata.deletion_timestamp.is_some()
}

async fn take_from_budget(core: &Core, scope: &Scope<'_>, pod: &Pod, dry_run: bool) -> Result<(), Status> {
    let budgets = GroupVersionResource::new("policy", "v1", "poddisruptionbudgets");
    let mut covering = Vec::new();
    for object in core.list(&budgets, scope.namespace).await? {
        let budget = object.typed::<PodDisruptionBudget>().map_err(Status::internal)?;
        let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let selector = Selector::of(selector).map_err(Status::internal)?;
        if selector.matches(pod.metadata.labels.as_ref()) {
            covering.push(budget);
        }
    }
    let budget = match covering.as_slice() {
        [] => return Ok(()),
        [one] => one,
        _ => {
            let message =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Status::failure(500, k8s_api::Reason::Unknown, message));
        }
    };
    if !is_ready(pod) && unhealthy_may_go(budget) {
        return Ok(());
    }
    let name = budget.metadata.name.clone().unwrap_or_default();
    let resource = core.resources.get(&budgets)?;
    let user = UserInfo::apiserver();
    let scope =
        Scope { resource: &resource, namespace: scope.namespace, name: &name, subresource: "status", user: &user };
    let now = Time(core.env.clock.now());
    let pod_name = pod.metadata.name.clone().unwrap_or_default();
    let mut edit = |object: &mut dyn AnyObject| match object.as_any_mut().downcast_mut::<PodDisruptionBudget>() {
        Some(budget) => decrement(budget, &pod_name, &now),
        None => Err(Status::internal("not a budget")),
    };
    verbs::mutate(core, &scope, dry_run, &mut edit).await.map(drop)
}

fn decrement(budget: &mut PodDisruptionBudget, pod: &str, now: &Time) -> Result<(), Status> {
    let name = budget.metadata.name.clone().unwrap_or_default();
    let generation = budget.metadata.generation.unwrap_or_default();
    let status = budget.status.get_or_insert_default();
    if status.observed_generation.unwrap_or_default() < generation {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(refused(message, why, 10));
    }
    let allowed = status.disruptions_allowed.unwrap_or_default();
    if allowed < 0 {
        return Err(Status::failure(403, k8s_api::Reason::Forbidden, "pdb disruptions allowed is negative"));
    }
    let disrupted = status.disrupted_pods.get_or_insert_default();
    if disrupted.len() > MOST_DISRUPTED {
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(Status::failure(403, k8s_api::Reason::Forbidden, why));
    }
    if allowed == 0 {
        let why = format!(
            "The disruption budget {name} needs {} healthy pods and has {} currently",
            status.desired_healthy.unwrap_or_default(),
            status.current_healthy.unwrap_or_default()
        );
        return Err(refused("Cannot evict pod as it would violate the pod's disruption budget.", why, 0));
    }
    status.disruptions_allowed = Some(allowed - 1);
    if allowed == 1 {
        let condition = status.conditions.iter_mut().flatten().find(|c| c.type_ == "DisruptionAllowed");
        if let Some(condition) = condition.filter(|c| c.status == "True") {
            "False".clone_into(&mut condition.status);
            "InsufficientPods".clone_into(&mut condition.reason);
            condition.last_transition_time = now.clone();
        }
    }
    disrupted.insert(pod.to_owned(), now.clone());
    Ok(())
}

fn refused(message: &str, why: String, retry_after_seconds: i32) -> Status {
    let mut status = Status::too_many_requests(message, retry_after_seconds);
    let cause = Cause { reason: "DisruptionBudget".to_owned(), message: why, field: String::new() };
    status.details.get_or_insert_default().causes.push(cause);
    status
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True")
}

fn unhealthy_may_go(budget: &PodDisruptionBudget) -> bool {
    let policy = budget.spec.as_ref().and_then(|spec| spec.unhealthy_pod_eviction_policy.as_deref());
    let status = budget.status.clone().unwrap_or_default();
    policy == Some("AlwaysAllow")
        || (status.current_healthy >= status.desired_healthy && status.desired_healthy > Some(0))
}

/// Says on the pod that it is going because of an eviction.
async fn announce(core: &Core, scope: &Scope<'_>, dry_run: bool) -> Result<(), Status> {
    let now = Time(core.env.clock.now());
    let mut edit = |object: &mut dyn AnyObject| {
        if let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() {
            let generation = pod.metadata.generation;
            let conditions = pod.status.get_or_insert_default().conditions.get_or_insert_default();
            conditions.retain(|c| c.type_ != "DisruptionTarget");
            conditions.push(PodCondition {
                type_: "DisruptionTarget".to_owned(),
                status: "True".to_owned(),
                reason: Some("EvictionByEvictionAPI".to_owned()),
                message: Some("Eviction API: evicting".to_owned()),
                last_transition_time: Some(now.clone()),
                observed_generation: generation,
                ..PodCondition::default()
            });
        }
        Ok(())
    };
    verbs::mutate(core, scope, dry_run, &mut edit).await.map(drop)
}

fn delete_options(eviction: &Eviction) -> DeleteOptions {
    let Some(given) = &eviction.delete_options else { return DeleteOptions::default() };
    let preconditions = given.preconditions.as_ref();
    DeleteOptions {
        grace_period_seconds: given.grace_period_seconds,
        propagation: given.propagation_policy.as_deref().and_then(Propagation::parse),
        preconditions: Preconditions {
            uid: preconditions.and_then(|p| p.uid.clone()),
            resource_version: preconditions.and_then(|p| p.resource_version.clone()),
        },
        dry_run: given.dry_run.as_ref().is_some_and(|d| d.iter().any(|d| d == "All")),
        ignore_store_read_error: false,
    }
}
