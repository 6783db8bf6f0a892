//! Lists of resources and their amounts.

#![expect(clippy::ref_option, reason = "fields of k8s-openapi are passed as they are")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_api::quantity::{Quantity, canonical};
use k8s_openapi::api::core::v1::Container;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use crate::blank::items;
use k8s_api_kinds::canonical as kinds;

/// Resources by name, as objects carry them.
pub(crate) type Amounts = BTreeMap<String, Text>;

/// A quantity of an object; zero when it is none, which decoding has ruled out.
pub(crate) fn read(text: &Text) -> Quantity {
    Quantity::parse(&text.0).unwrap_or_default()
}

/// Writes an amount as upstream stores it.
pub(crate) fn tidy(text: &mut Text) {
    if let Ok(Cow::Owned(better)) = canonical(&text.0) {
        text.0 = better;
    }
}

/// Writes a list as upstream stores it: amounts in canonical form and no finer than a thousandth, no empty list.
pub(crate) fn tidy_list(list: &mut Option<Amounts>) {
    kinds::tidy(list);
    for amount in list.iter_mut().flat_map(BTreeMap::values_mut) {
        let exact = read(amount);
        let rounded = Quantity::milli(exact.milli_value(), exact.format());
        if exact.scaled_value(-9) != i64::MAX && rounded != exact {
            amount.0 = rounded.to_string();
        } else {
            tidy(amount);
        }
    }
}

/// The amount of one resource in a list.
pub(crate) fn get<'a>(list: &'a Option<Amounts>, name: &str) -> Option<&'a Text> {
    list.as_ref()?.get(name)
}

/// Whether a resource is counted in pages of one size.
pub(crate) fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Whether a resource is the machine's own: its name is plain or belongs to Kubernetes.
pub(crate) fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether more of it may be limited than requested.
pub(crate) fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

/// Whether a pod as a whole may ask for it.
pub(crate) fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_page(name)
}

/// What a pod's containers ask for together at the moment they ask for most.
///
/// Containers run at once, init containers one after the other, and sidecars beside all that come after them.
///
/// Upstream: `AggregateContainerRequests` and `AggregateContainerLimits` in `k8s.io/component-helpers/resource`.
pub(crate) fn aggregate<'a>(
    containers: &'a [Container],
    init_containers: &'a [Container],
    of: impl Fn(&'a Container) -> Option<&'a Amounts>,
) -> BTreeMap<&'a str, Quantity> {
    let mut total = BTreeMap::new();
    for container in containers {
        add(&mut total, of(container));
    }
    let (mut sidecars, mut peak) = (BTreeMap::new(), BTreeMap::new());
    for container in init_containers {
        let now = if container.restart_policy.as_deref() == Some("Always") {
            add(&mut total, of(container));
            add(&mut sidecars, of(container));
            sidecars.clone()
        } else {
            let mut now = sidecars.clone();
            add(&mut now, of(container));
            now
        };
        raise(&mut peak, now);
    }
    raise(&mut total, peak);
    total
}

fn add<'a>(total: &mut BTreeMap<&'a str, Quantity>, list: Option<&'a Amounts>) {
    for (name, amount) in list.into_iter().flatten() {
        *total.entry(name).or_default() += read(amount);
    }
}

fn raise<'a>(peak: &mut BTreeMap<&'a str, Quantity>, other: BTreeMap<&'a str, Quantity>) {
    for (name, amount) in other {
        let slot = peak.entry(name).or_default();
        if amount > *slot {
            *slot = amount;
        }
    }
}

/// What a container requests.
pub(crate) fn requests(container: &Container) -> Option<&Amounts> {
    container.resources.as_ref()?.requests.as_ref()
}

/// What a container may use.
pub(crate) fn limits(container: &Container) -> Option<&Amounts> {
    container.resources.as_ref()?.limits.as_ref()
}

/// The containers of a list that may be absent.
pub(crate) fn list(containers: &Option<Vec<Container>>) -> &[Container] {
    items(containers)
}
