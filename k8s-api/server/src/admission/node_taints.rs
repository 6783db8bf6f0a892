use async_trait::async_trait;
use k8s_api::{AnyObject, Status};
use k8s_openapi::api::core::v1::{Node, Taint};

use super::{Admission, AdmissionRequest, Lookup, Operation};

/// Taints every new node as not ready, until the node lifecycle controller has seen it ready.
///
/// Upstream: `plugin/pkg/admission/nodetaint`.
#[derive(Debug)]
pub(super) struct TaintNodesByCondition;

const NOT_READY: &str = "node.kubernetes.io/not-ready";

#[async_trait]
impl Admission for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        "TaintNodesByCondition"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        request.is(Operation::Create, "", "nodes")
    }

    async fn admit(
        &self,
        _: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        _: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(node) = object.and_then(|o| o.as_any_mut().downcast_mut::<Node>()) else { return Ok(()) };
        let taints = node.spec.get_or_insert_default().taints.get_or_insert_default();
        if !taints.iter().any(|t| t.key == NOT_READY && t.effect == "NoSchedule") {
            taints.push(Taint { key: NOT_READY.to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() });
        }
        Ok(())
    }
}
