//! What the controllers here ask of nodes.

use k8s_openapi::api::core::v1::{Node, NodeCondition, Taint};

pub(crate) fn taints(node: &Node) -> &[Taint] {
    node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default()
}

pub(crate) fn condition<'a>(node: &'a Node, kind: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_deref()?;
    conditions.iter().find(|condition| condition.type_ == kind)
}

pub(crate) fn is_ready(node: &Node) -> bool {
    condition(node, "Ready").is_some_and(|ready| ready.status == "True")
}

/// The taint of a node that says it is not ready.
pub(crate) const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// The taint of a node that says nothing.
pub(crate) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

pub(crate) fn has_taint(node: &Node, key: &str, effect: &str) -> bool {
    taints(node).iter().any(|taint| taint.key == key && taint.effect == effect)
}
