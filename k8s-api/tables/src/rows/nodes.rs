use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeStatus};

use super::Cells;
use crate::cells::{NONE, UNKNOWN};
use crate::human::since;

pub(super) fn node(node: &Node, now: Timestamp) -> Cells {
    let meta = &node.metadata;
    let status = node.status.as_ref();
    let info = status.and_then(|status| status.node_info.as_ref());
    let text = |get: fn(&k8s_openapi::api::core::v1::NodeSystemInfo) -> &String| {
        info.map(get).filter(|text| !text.is_empty()).cloned()
    };
    let mut kernel = text(|info| &info.kernel_version).unwrap_or_else(|| UNKNOWN.to_owned());
    if let Some(architecture) = text(|info| &info.architecture) {
        kernel = format!("{kernel} ({architecture})");
    }
    vec![
        meta.name.clone().into(),
        state(node).into(),
        roles(node).into(),
        since(meta.creation_timestamp.as_ref().map(|time| time.0), now).into(),
        text(|info| &info.kubelet_version).unwrap_or_default().into(),
        address(status, "InternalIP").into(),
        address(status, "ExternalIP").into(),
        text(|info| &info.os_image).unwrap_or_else(|| UNKNOWN.to_owned()).into(),
        kernel.into(),
        text(|info| &info.container_runtime_version).unwrap_or_else(|| UNKNOWN.to_owned()).into(),
    ]
}

fn state(node: &Node) -> String {
    let mut conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready = match conditions.rfind(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let closed = node.spec.as_ref().is_some_and(|spec| spec.unschedulable == Some(true));
    if closed { format!("{ready},SchedulingDisabled") } else { ready.to_owned() }
}

fn roles(node: &Node) -> String {
    let labels = node.metadata.labels.iter().flatten();
    let roles: BTreeSet<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if key == "kubernetes.io/role" => Some(value),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    if roles.is_empty() { NONE.to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn address(status: Option<&NodeStatus>, kind: &str) -> String {
    let mut addresses = status.into_iter().flat_map(|status| status.addresses.iter().flatten());
    let found = addresses.find(|address| address.type_ == kind);
    found.map_or_else(|| NONE.to_owned(), |found| found.address.clone())
}
