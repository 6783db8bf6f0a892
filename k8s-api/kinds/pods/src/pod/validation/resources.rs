//! What containers, and a pod as a whole, request and may use.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList, ErrorType, Shown};
use k8s_api::quantity::Quantity;
use k8s_api_kinds::{At, names};
use k8s_openapi::api::core::v1::{Container, ResourceClaim, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use super::{Scope, check};
use crate::amounts::{self, Amounts, is_huge_page, is_native, list, may_overcommit, read};
use crate::blank::{items, text};

/// The names without a prefix that some resource of the cluster has.
const STANDARD: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

/// Of those, what is counted in whole numbers.
const WHOLE: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

type NameCheck = fn(&str, &At<'_>, &mut ErrorList);

pub(super) fn of_container(resources: &ResourceRequirements, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    if resources.limits.is_none() && resources.requests.is_none() && resources.claims.is_none() {
        return;
    }
    requirements(resources, container_name, scope, at, errors);
}

pub(super) fn overhead(overhead: &Amounts, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let resources = ResourceRequirements { limits: Some(overhead.clone()), ..Default::default() };
    requirements(&resources, container_name, scope, at, errors);
}

pub(super) fn pod_level(scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let Some(resources) = &scope.spec.resources else { return };
    if crate::pod::is_windows(scope.spec) {
        errors.push(Error::forbidden(at, "may not be set for a windows pod"));
        return;
    }
    if resources.claims.is_some() {
        let detail = "claims may not be set for Resources at pod-level";
        errors.push(Error::forbidden(&at.child("claims"), detail));
    }
    requirements(resources, pod_name, scope, at, errors);
    consistency(resources, scope, at, errors);
}

/// A pod as a whole must have room for what its containers ask for.
fn consistency(resources: &ResourceRequirements, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let (containers, init_containers) = (&scope.spec.containers, list(&scope.spec.init_containers));
    let place = at.child("requests");
    for (name, sum) in amounts::aggregate(containers, init_containers, amounts::requests) {
        let own = amounts::get(&resources.requests, name).map(read);
        if let Some(own) = own.filter(|own| sum > *own) {
            let detail = format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.push(Error::invalid(&place.key(name), own.to_string(), detail));
        }
    }
    let place = at.child("limits");
    for (name, sum) in amounts::aggregate(containers, init_containers, amounts::limits) {
        let own = amounts::get(&resources.limits, name).map(read).filter(|_| is_huge_page(name));
        if let Some(own) = own.filter(|own| sum > *own) {
            let detail = format!("must be greater than or equal to aggregate container limits of {sum}");
            errors.push(Error::invalid(&place.key(name), own.to_string(), detail));
        }
    }
    let place = at.child("containers");
    for (i, container) in containers.iter().enumerate() {
        for (name, limit) in amounts::limits(container).into_iter().flatten() {
            let (limit, own) = (read(limit), amounts::get(&resources.limits, name).map(read));
            if let Some(own) = own.filter(|own| limit > *own) {
                let at = place.index(i);
                let at = at.key(name);
                let detail = format!("must be less than or equal to pod limits of {own}");
                errors.push(Error::invalid(&at.child("limits"), limit.to_string(), detail));
            }
        }
    }
}

fn requirements(
    resources: &ResourceRequirements,
    name_check: NameCheck,
    scope: &Scope<'_>,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    let (limits_at, requests_at) = (at.child("limits"), at.child("requests"));
    for (name, amount) in resources.limits.iter().flatten() {
        let at = limits_at.key(name);
        name_check(name, &at, errors);
        self::amount(name, amount, &at, errors);
        divisible(name, amount, scope, &at, errors);
    }
    for (name, amount) in resources.requests.iter().flatten() {
        let at = requests_at.key(name);
        name_check(name, &at, errors);
        self::amount(name, amount, &at, errors);
        match amounts::get(&resources.limits, name) {
            Some(limit) => within(name, amount, limit, &requests_at, errors),
            None if !may_overcommit(name) => {
                errors.push(Error::required(&limits_at, "Limit must be set for non overcommitable resources"));
            }
            None => {}
        }
        divisible(name, amount, scope, &at, errors);
    }
    let mut names = [&resources.limits, &resources.requests].into_iter().flatten().flat_map(Amounts::keys);
    if names.clone().any(|name| is_huge_page(name)) && !names.any(|name| matches!(name.as_str(), "cpu" | "memory")) {
        errors.push(Error::forbidden(at, "HugePages require cpu or memory"));
    }
    claims(items(&resources.claims), scope, &at.child("claims"), errors);
}

fn within(name: &str, amount: &Text, limit: &Text, at: &At<'_>, errors: &mut ErrorList) {
    let (amount, limit) = (read(amount), read(limit));
    let relation = if amount != limit && !may_overcommit(name) {
        "equal to"
    } else if amount > limit {
        "less than or equal to"
    } else {
        return;
    };
    errors.push(Error::invalid(at, amount.to_string(), format!("must be {relation} {name} limit of {limit}")));
}

/// The amount of a resource: not negative, and whole where only whole ones exist.
pub(super) fn amount(name: &str, amount: &Text, at: &At<'_>, errors: &mut ErrorList) {
    let value = read(amount);
    if value.signum() < 0 {
        errors.push(Error::invalid(at, value.to_string(), "must be greater than or equal to 0"));
    }
    if (WHOLE.contains(&name) || is_extended(name)) && value.milli_value() % 1000 != 0 {
        errors.push(Error::invalid(at, value.to_string(), "must be an integer"));
    }
}

fn divisible(name: &str, amount: &Text, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    if is_huge_page(name) && !scope.options.indivisible_huge_pages && !is_divisible(name, amount) {
        let value = read(amount).to_string();
        let detail = format!("{value} is not positive integer multiple of {name}");
        errors.push(Error::invalid(at, value, detail));
    }
}

fn is_divisible(name: &str, amount: &Text) -> bool {
    let Some(Ok(size)) = name.strip_prefix("hugepages-").map(Quantity::parse) else { return false };
    size.signum() > 0 && size.milli_value() % 1000 == 0 && read(amount).value() % size.value() == 0
}

/// Whether a container asks for a part of a huge page.
pub(super) fn has_indivisible_huge_pages(container: &Container) -> bool {
    any_indivisible_huge_pages(amounts::limits(container)) || any_indivisible_huge_pages(amounts::requests(container))
}

/// Whether a list asks for a part of a huge page.
pub(super) fn any_indivisible_huge_pages(list: Option<&Amounts>) -> bool {
    list.into_iter().flatten().any(|(name, amount)| is_huge_page(name) && !is_divisible(name, amount))
}

/// A resource that a device plugin or an administrator brought.
fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty()
}

fn resource_name(name: &str, at: &At<'_>, errors: &mut ErrorList) {
    let messages = names::qualified_name(name);
    let quota = name.starts_with("hugepages-") || name.starts_with("requests.hugepages-");
    if messages.is_empty() && !name.contains('/') && !STANDARD.contains(&name) && !quota {
        errors.push(Error::invalid(at, name, "must be a standard resource type or fully qualified"));
    }
    check(messages, name, at, errors);
}

fn container_name(name: &str, at: &At<'_>, errors: &mut ErrorList) {
    if matches!(name, "cpu" | "memory" | "ephemeral-storage") {
        return;
    }
    resource_name(name, at, errors);
    if !name.contains('/') {
        if !is_huge_page(name) {
            errors.push(Error::invalid(at, name, "must be a standard resource for containers"));
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.push(Error::invalid(at, name, "doesn't follow extended resource name standard"));
    }
}

fn pod_name(name: &str, at: &At<'_>, errors: &mut ErrorList) {
    let before = errors.len();
    resource_name(name, at, errors);
    if errors.len() == before && !amounts::is_pod_level(name) {
        errors.push(Error::not_supported(at, name, &["cpu", "hugepages-", "memory"]));
    }
}

fn claims(claims: &[ResourceClaim], scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let mut taken = BTreeSet::new();
    for (i, claim) in claims.iter().enumerate() {
        let at = at.index(i);
        if claim.name.is_empty() {
            errors.push(Error::required(&at, ""));
            continue;
        }
        claim_once(claim, &mut taken, &at, errors);
        if !scope.claims.contains(claim.name.as_str()) {
            let names: Vec<&str> = scope.claims.iter().copied().collect();
            let listed =
                if names.is_empty() { " which is empty".to_owned() } else { format!(": {}", names.join(", ")) };
            errors.push(Error {
                kind: ErrorType::NotFound,
                field: at.to_string(),
                value: Some(claim.name.as_str().shown()),
                detail: format!("must be one of the names in pod.spec.resourceClaims{listed}"),
            });
        }
    }
}

/// A claim stands once as a whole, or once for each of its requests.
fn claim_once(claim: &ResourceClaim, taken: &mut BTreeSet<String>, at: &At<'_>, errors: &mut ErrorList) {
    let (name, request) = (&claim.name, text(&claim.request));
    if taken.contains(name) {
        errors.push(Error::duplicate(at, name));
        return;
    }
    let key = if request.is_empty() { name.clone() } else { format!("{name}/{request}") };
    if !request.is_empty() {
        check(names::dns1123_label(request), request, &at.child("request"), errors);
    }
    if taken.contains(&key) {
        errors.push(Error::duplicate(at, &key));
    } else if request.is_empty() {
        let parts = taken.iter().filter(|key| key.split_once('/').is_some_and(|(claim, _)| claim == name));
        errors.extend(parts.map(|_| Error::duplicate(at, name)));
    }
    taken.insert(key);
}
