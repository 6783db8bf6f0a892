mod amounts;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::{AnyObject, DynamicObject, GroupVersionResource, Status};
use k8s_openapi::api::core::v1::{
    Container, LimitRange, LimitRangeItem, PersistentVolumeClaimSpec, Pod, PodSpec, ResourceRequirements,
};

use super::{Admission, AdmissionRequest, Lookup, Operation};
use amounts::{Amounts, Side, of_pod};

/// Gives containers what the limit ranges of their namespace say by default, and refuses what is out of range.
///
/// Upstream: `plugin/pkg/admission/limitranger`.
#[derive(Debug)]
pub(super) struct LimitRanger;

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

#[async_trait]
impl Admission for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        let claim = |operation| request.is(operation, "", "persistentvolumeclaims");
        request.is(Operation::Create, "", "pods")
            || (claim(Operation::Create) || claim(Operation::Update))
                && request.old.is_none_or(|old| old.meta().deletion_timestamp.is_none())
    }

    async fn admit(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(pod) = object.and_then(|object| object.as_any_mut().downcast_mut::<Pod>()) else { return Ok(()) };
        for range in ranges(request, cluster).await? {
            give_defaults(pod, items(&range));
        }
        Ok(())
    }

    async fn validate(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(object) = object else { return Ok(()) };
        for range in ranges(request, cluster).await? {
            let mut refusals = Vec::new();
            if let Some(spec) = object.as_any().downcast_ref::<Pod>().and_then(|pod| pod.spec.as_ref()) {
                items(&range).for_each(|item| check_pod(spec, item, &mut refusals));
            } else if let Some(claim) = object.as_any().downcast_ref::<DynamicObject>() {
                let spec = claim.rest.get("spec").cloned().unwrap_or_default();
                let spec: PersistentVolumeClaimSpec = serde_json::from_value(spec).map_err(Status::internal)?;
                items(&range).for_each(|item| check_claim(&spec, item, &mut refusals));
            }
            if !refusals.is_empty() {
                return Err(request.forbid(&together(refusals)));
            }
        }
        Ok(())
    }
}

async fn ranges(request: &AdmissionRequest<'_>, cluster: &dyn Lookup) -> Result<Vec<Arc<LimitRange>>, Status> {
    let found = cluster.list(&GroupVersionResource::new("", "v1", "limitranges"), request.namespace).await?;
    found.iter().map(|object| object.typed::<LimitRange>().map_err(Status::internal)).collect()
}

fn items(range: &LimitRange) -> impl Iterator<Item = &LimitRangeItem> {
    range.spec.iter().flat_map(|spec| &spec.limits)
}

/// Several reasons as one, each told once.
fn together(refusals: Vec<String>) -> String {
    let mut told = BTreeSet::new();
    let mut once: Vec<String> = refusals.into_iter().filter(|refusal| told.insert(refusal.clone())).collect();
    if once.len() == 1 { once.remove(0) } else { format!("[{}]", once.join(", ")) }
}

fn give_defaults<'a>(pod: &mut Pod, items: impl Iterator<Item = &'a LimitRangeItem>) {
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for item in items.filter(|item| item.type_ == "Container") {
        requests.extend(item.default_request.clone().unwrap_or_default());
        limits.extend(item.default.clone().unwrap_or_default());
    }
    let Some(spec) = &mut pod.spec else { return };
    let mut given = Vec::new();
    for container in &mut spec.containers {
        give(container, "container", &requests, &limits, &mut given);
    }
    for container in spec.init_containers.iter_mut().flatten() {
        give(container, "init container", &requests, &limits, &mut given);
    }
    if !given.is_empty() {
        let note = format!("LimitRanger plugin set: {}", given.join("; "));
        pod.metadata.annotations.get_or_insert_default().insert(ANNOTATION.to_owned(), note);
    }
}

fn give(container: &mut Container, what: &str, requests: &Amounts, limits: &Amounts, given: &mut Vec<String>) {
    if requests.is_empty() && limits.is_empty() {
        return;
    }
    let resources = container.resources.get_or_insert_default();
    let mut fill = |amounts: &mut Option<Amounts>, defaults: &Amounts, side: &str| {
        let mut set = Vec::new();
        for (resource, amount) in defaults {
            let amounts = amounts.get_or_insert_default();
            if !amounts.contains_key(resource) {
                amounts.insert(resource.clone(), amount.clone());
                set.push(resource.as_str());
            }
        }
        if !set.is_empty() {
            given.push(format!("{} {side} for {what} {}", set.join(", "), container.name));
        }
    };
    fill(&mut resources.requests, requests, "request");
    fill(&mut resources.limits, limits, "limit");
}

fn check_pod(spec: &PodSpec, item: &LimitRangeItem, refusals: &mut Vec<String>) {
    let empty = ResourceRequirements::default();
    match item.type_.as_str() {
        "Container" => {
            for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
                let resources = container.resources.as_ref().unwrap_or(&empty);
                check(item, resources.requests.as_ref(), resources.limits.as_ref(), refusals);
            }
        }
        "Pod" => {
            let (requests, limits) = (of_pod(spec, Side::Requests), of_pod(spec, Side::Limits));
            check(item, Some(&requests), Some(&limits), refusals);
        }
        _ => {}
    }
}

fn check(item: &LimitRangeItem, requests: Option<&Amounts>, limits: Option<&Amounts>, refusals: &mut Vec<String>) {
    let pair = |resource: &str| (amounts::get(requests, resource), amounts::get(limits, resource));
    for (resource, enforced) in amounts::read(item.min.as_ref()) {
        let (request, limit) = pair(resource);
        refusals.extend(amounts::below(&item.type_, resource, enforced, request, limit));
    }
    for (resource, enforced) in amounts::read(item.max.as_ref()) {
        let (request, limit) = pair(resource);
        refusals.extend(amounts::above(&item.type_, resource, enforced, request, limit));
    }
    for (resource, enforced) in amounts::read(item.max_limit_request_ratio.as_ref()) {
        let (request, limit) = pair(resource);
        refusals.extend(amounts::apart(&item.type_, resource, enforced, request, limit));
    }
}

fn check_claim(spec: &PersistentVolumeClaimSpec, item: &LimitRangeItem, refusals: &mut Vec<String>) {
    if item.type_ != "PersistentVolumeClaim" {
        return;
    }
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    for (resource, enforced) in amounts::read(item.min.as_ref()) {
        let request = amounts::get(requests, resource);
        refusals.extend(amounts::below(&item.type_, resource, enforced, request, None));
    }
    for (resource, enforced) in amounts::read(item.max.as_ref()) {
        let request = amounts::get(requests, resource);
        refusals.extend(amounts::request_above(&item.type_, resource, enforced, request));
    }
}
