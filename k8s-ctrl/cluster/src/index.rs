use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::Pod;

/// The index of pods by the node they are bound to.
pub(crate) const BY_NODE: &str = "spec.nodeName";

/// The value of a pod in [`BY_NODE`].
pub(crate) fn node_of(pod: &Pod) -> Vec<String> {
    let node = pod::node_name(pod);
    if node.is_empty() { Vec::new() } else { vec![node.to_owned()] }
}
