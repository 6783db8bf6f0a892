//! Lists of resources: their names and quantities.
//!
//! Upstream: `pkg/apis/core/helper/helpers.go`, `ValidateResourceQuantityValue`.

use std::collections::BTreeMap;
use std::fmt;

use k8s_api::field::{Error, ErrorList};
use k8s_api::quantity::Quantity as Number;
use k8s_api_kinds::names;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::checks::qualified_name;

/// Quantities by resource.
pub(crate) type ResourceList = BTreeMap<String, Quantity>;

const COUNTED: [&str; 9] = [
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

/// Resources of containers and nodes, and of quotas for them.
const MEASURED: [&str; 10] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "requests.storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
];

/// The number of a quantity; zero when it is none, which decoding rules out.
pub(crate) fn number(quantity: &Quantity) -> Number {
    Number::parse(&quantity.0).unwrap_or_default()
}

/// Writes every quantity in its canonical form.
pub(crate) fn canonical(list: &mut Option<ResourceList>) {
    k8s_api_kinds::canonical::tidy(list);
    for quantity in list.iter_mut().flat_map(BTreeMap::values_mut) {
        canonical_one(quantity);
    }
}

/// Writes a quantity in its canonical form.
pub(crate) fn canonical_one(quantity: &mut Quantity) {
    // Most are small whole numbers already.
    let plain = quantity.0.len() < 10 && !quantity.0.starts_with('0') && quantity.0.bytes().all(|b| b.is_ascii_digit());
    if !plain && let Ok(number) = Number::parse(&quantity.0) {
        quantity.0 = number.to_string();
    }
}

/// Whether a resource is known without a prefix.
pub(crate) fn is_standard(name: &str) -> bool {
    COUNTED.contains(&name) || MEASURED.contains(&name) || name == "storage"
}

/// Whether a quota may name a resource without a prefix.
pub(crate) fn is_standard_for_quota(name: &str) -> bool {
    COUNTED.contains(&name) || MEASURED.contains(&name)
}

/// Whether a resource comes in whole numbers.
pub(crate) fn is_whole(name: &str) -> bool {
    COUNTED.contains(&name) || is_extended(name)
}

/// Whether a resource is one that somebody added to nodes: with a prefix that is not Kubernetes' own.
pub(crate) fn is_extended(name: &str) -> bool {
    name.contains('/')
        && !name.contains("kubernetes.io/")
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Checks the name of a resource: a qualified one, and a known one when it has no prefix.
pub(crate) fn validate_name(errors: &mut ErrorList, at: &dyn fmt::Display, name: &str) -> bool {
    let before = errors.len();
    qualified_name(errors, at, name);
    if errors.len() > before {
        return false;
    }
    if !name.contains('/') && !is_standard(name) {
        errors.push(Error::invalid(at, name, "must be a standard resource type or fully qualified"));
        return false;
    }
    true
}

/// Checks a quantity of a resource: not negative, and whole where the resource is.
pub(crate) fn validate_value(errors: &mut ErrorList, at: &dyn fmt::Display, name: &str, quantity: &Quantity) {
    let number = number(quantity);
    if number.signum() < 0 {
        errors.push(Error::invalid(at, number.to_string(), "must be greater than or equal to 0"));
    }
    if is_whole(name) && number.milli_value() % 1000 != 0 {
        errors.push(Error::invalid(at, number.to_string(), "must be an integer"));
    }
}
