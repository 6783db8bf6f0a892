//! Fields and resources of a pod as text.
//!
//! Upstream: `pkg/fieldpath`, `pkg/api/v1/resource`.

use std::collections::BTreeMap;
use std::fmt::Write;

use k8s_api::quantity::Quantity;
use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};

use crate::context::Context;

/// A field of the pod, as `fieldRef` names it. `pod_ips` are the addresses of its sandbox.
pub(crate) fn field(context: &Context, pod: &Pod, pod_ips: &[String], path: &str) -> Result<String, String> {
    let spec = pod.spec.as_ref();
    let text = match path {
        "spec.nodeName" => spec.and_then(|spec| spec.node_name.clone()),
        "spec.serviceAccountName" => spec.and_then(|spec| spec.service_account_name.clone()),
        "status.hostIP" => context.ips.first().map(ToString::to_string),
        "status.hostIPs" => Some(context.ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
        "status.podIP" => pod_ips.first().cloned(),
        "status.podIPs" => Some(pod_ips.join(",")),
        _ => return metadata(pod, path),
    };
    Ok(text.unwrap_or_default())
}

fn metadata(pod: &Pod, path: &str) -> Result<String, String> {
    let meta = &pod.metadata;
    let text = match path {
        "metadata.name" => meta.name.clone(),
        "metadata.namespace" => meta.namespace.clone(),
        "metadata.uid" => meta.uid.clone(),
        "metadata.labels" => Some(lines(meta.labels.as_ref())),
        "metadata.annotations" => Some(lines(meta.annotations.as_ref())),
        _ => {
            let of = |map: Option<&BTreeMap<String, String>>, key: &str| map.and_then(|map| map.get(key).cloned());
            if let Some(key) = subscript(path, "metadata.labels") {
                of(meta.labels.as_ref(), key)
            } else if let Some(key) = subscript(path, "metadata.annotations") {
                of(meta.annotations.as_ref(), key)
            } else {
                return Err(format!("unsupported fieldPath: {path}"));
            }
        }
    };
    Ok(text.unwrap_or_default())
}

/// The key in `metadata.labels['key']`.
fn subscript<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    path.strip_prefix(base)?.strip_prefix("['")?.strip_suffix("']")
}

/// One line `key="value"` for each entry, in order.
fn lines(map: Option<&BTreeMap<String, String>>) -> String {
    let mut text = String::new();
    for (key, value) in map.into_iter().flatten() {
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{key}={value:?}");
    }
    text
}

/// The container of this name, to look at its resources.
pub(crate) fn container<'a>(pod: &'a Pod, name: &str) -> Result<&'a Container, String> {
    let all = pod.spec.iter().flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()));
    all.into_iter().find(|container| container.name == name).ok_or_else(|| format!("container {name} not found"))
}

/// A request or limit of a container, as `resourceFieldRef` names it, in units of its divisor, rounded up. Where the
/// container sets no limit it is what the node has.
pub(crate) fn resource(
    context: &Context,
    container: &Container,
    which: &ResourceFieldSelector,
) -> Result<String, String> {
    let (list, name) = which.resource.split_once('.').ok_or_else(|| unsupported(container, which))?;
    let divisor = which.divisor.as_ref().and_then(|text| Quantity::try_from(text).ok());
    let divisor = divisor.filter(|divisor| divisor.signum() > 0);
    let resources = container.resources.as_ref();
    let limit = |name: &str| {
        let set = resources.and_then(|r| r.limits.as_ref()?.get(name));
        set.and_then(|text| Quantity::try_from(text).ok())
    };
    let amount = match list {
        "limits" => limit(name),
        "requests" => {
            let set = resources.and_then(|r| r.requests.as_ref()?.get(name));
            set.and_then(|text| Quantity::try_from(text).ok())
        }
        _ => return Err(unsupported(container, which)),
    };
    let milli = name == "cpu";
    let whole = match amount {
        Some(amount) if milli => amount.milli_value(),
        Some(amount) => amount.value(),
        None if list == "limits" && milli => context.allocatable.0,
        None if list == "limits" && name == "memory" => context.allocatable.1,
        None => 0,
    };
    let unit = match divisor {
        Some(divisor) if milli => divisor.milli_value(),
        Some(divisor) => divisor.value(),
        None if milli => 1000,
        None => 1,
    };
    Ok((whole.saturating_add(unit - 1) / unit.max(1)).to_string())
}

fn unsupported(container: &Container, which: &ResourceFieldSelector) -> String {
    format!("unsupported container resource : {} in container {}", which.resource, container.name)
}
