use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Taint as ApiTaint};

use super::{resources, text};
use crate::fixture::tagged;
use crate::{Labels, NodeFacts, Taint, TaintEffect};

/// What a node is. Taints with an effect unknown to us keep no pod away, as upstream has it.
pub fn node(node: &Node) -> NodeFacts {
    let spec = node.spec.as_ref();
    let status = node.status.as_ref();
    let mut images = BTreeMap::new();
    for image in status.and_then(|s| s.images.as_deref()).unwrap_or_default() {
        for name in image.names.iter().flatten() {
            images.insert(tagged(name), image.size_bytes.unwrap_or(0));
        }
    }
    NodeFacts {
        name: text(node.metadata.name.as_deref()),
        labels: node.metadata.labels.clone().map(Labels::from).unwrap_or_default(),
        taints: spec.and_then(|s| s.taints.as_deref()).unwrap_or_default().iter().filter_map(taint).collect(),
        unschedulable: spec.and_then(|s| s.unschedulable).unwrap_or(false),
        allocatable: resources::list(status.and_then(|s| s.allocatable.as_ref())),
        images,
    }
}

fn taint(taint: &ApiTaint) -> Option<Taint> {
    let effect = TaintEffect::parse(&taint.effect)?;
    Some(Taint { key: taint.key.as_str().into(), value: text(taint.value.as_deref()), effect })
}
