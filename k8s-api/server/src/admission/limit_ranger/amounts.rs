//! What a pod asks for, and how amounts fit into a range.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use k8s_api::quantity::Quantity;
use k8s_openapi::api::core::v1::{PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

/// Amounts by resource.
pub(super) type Amounts = BTreeMap<String, Text>;

/// Which of the two amounts of a container is meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Requests,
    Limits,
}

/// The amounts that are quantities; others did not pass validation.
pub(super) fn read(amounts: Option<&Amounts>) -> impl Iterator<Item = (&str, Quantity)> {
    amounts.into_iter().flatten().filter_map(|(resource, text)| Some((resource.as_str(), text.try_into().ok()?)))
}

pub(super) fn get(amounts: Option<&Amounts>, resource: &str) -> Option<Quantity> {
    amounts?.get(resource)?.try_into().ok()
}

/// Why a request or a limit is too small.
pub(super) fn below(
    ty: &str,
    resource: &str,
    enforced: Quantity,
    request: Option<Quantity>,
    limit: Option<Quantity>,
) -> Option<String> {
    let rule = format!("minimum {resource} usage per {ty} is {enforced}");
    let Some(request) = request else { return Some(format!("{rule}.  No request is specified")) };
    if compare(request, enforced) == Ordering::Less {
        return Some(format!("{rule}, but request is {request}"));
    }
    let limit = limit.filter(|limit| compare(*limit, enforced) == Ordering::Less);
    limit.map(|limit| format!("{rule}, but limit is {limit}"))
}

/// Why a limit or a request is too large.
pub(super) fn above(
    ty: &str,
    resource: &str,
    enforced: Quantity,
    request: Option<Quantity>,
    limit: Option<Quantity>,
) -> Option<String> {
    let rule = format!("maximum {resource} usage per {ty} is {enforced}");
    let Some(limit) = limit else { return Some(format!("{rule}.  No limit is specified")) };
    if compare(limit, enforced) == Ordering::Greater {
        return Some(format!("{rule}, but limit is {limit}"));
    }
    let request = request.filter(|request| compare(*request, enforced) == Ordering::Greater);
    request.map(|request| format!("{rule}, but request is {request}"))
}

/// Why a request alone is too large.
pub(super) fn request_above(ty: &str, resource: &str, enforced: Quantity, request: Option<Quantity>) -> Option<String> {
    let rule = format!("maximum {resource} usage per {ty} is {enforced}");
    let Some(request) = request else { return Some(format!("{rule}.  No request is specified")) };
    (compare(request, enforced) == Ordering::Greater).then(|| format!("{rule}, but request is {request}"))
}

/// Why a limit is too many times the request.
pub(super) fn apart(
    ty: &str,
    resource: &str,
    enforced: Quantity,
    request: Option<Quantity>,
    limit: Option<Quantity>,
) -> Option<String> {
    let rule = format!("{resource} max limit to request ratio per {ty} is {enforced}");
    let Some(request) = request.filter(|request| !request.is_zero()) else {
        return Some(format!("{rule}, but no request is specified or request is 0"));
    };
    let Some(limit) = limit.filter(|limit| !limit.is_zero()) else {
        return Some(format!("{rule}, but no limit is specified or limit is 0"));
    };
    let ratio = limit.milli_value() as f64 / request.milli_value() as f64;
    (ratio > enforced.as_f64()).then(|| format!("{rule}, but provided ratio is {ratio:.6}"))
}

/// As upstream: by thousandths, rounded up.
fn compare(a: Quantity, b: Quantity) -> Ordering {
    let milli = |quantity: Quantity| quantity.value() <= i64::MAX / 1000;
    if milli(a) && milli(b) { a.milli_value().cmp(&b.milli_value()) } else { a.value().cmp(&b.value()) }
}

/// What a pod needs as a whole: the sum of its containers, or more where an init container needs more, or what the pod
/// itself says.
pub(super) fn of_pod(spec: &PodSpec, side: Side) -> Amounts {
    let mut all = BTreeMap::new();
    for container in &spec.containers {
        add(&mut all, pick(container.resources.as_ref(), side));
    }
    let (mut sidecars, mut most) = (BTreeMap::new(), BTreeMap::new());
    for container in spec.init_containers.iter().flatten() {
        let amounts = pick(container.resources.as_ref(), side);
        let mut needed = sidecars.clone();
        add(&mut needed, amounts);
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut all, amounts);
            sidecars.clone_from(&needed);
        }
        raise(&mut most, needed);
    }
    raise(&mut all, most);
    for (resource, amount) in read(pick(spec.resources.as_ref(), side)) {
        if matches!(resource, "cpu" | "memory") {
            all.insert(resource.to_owned(), amount);
        }
    }
    all.into_iter().map(|(resource, amount)| (resource, amount.into())).collect()
}

fn pick(resources: Option<&ResourceRequirements>, side: Side) -> Option<&Amounts> {
    let resources = resources?;
    match side {
        Side::Requests => resources.requests.as_ref(),
        Side::Limits => resources.limits.as_ref(),
    }
}

fn add(sum: &mut BTreeMap<String, Quantity>, amounts: Option<&Amounts>) {
    for (resource, amount) in read(amounts) {
        sum.entry(resource.to_owned()).and_modify(|sum| *sum += amount).or_insert(amount);
    }
}

fn raise(most: &mut BTreeMap<String, Quantity>, amounts: BTreeMap<String, Quantity>) {
    for (resource, amount) in amounts {
        let known = most.entry(resource).or_insert(amount);
        *known = (*known).max(amount);
    }
}
