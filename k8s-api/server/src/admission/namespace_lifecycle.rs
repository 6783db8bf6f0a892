use async_trait::async_trait;
use k8s_api::status::{Cause, Details};
use k8s_api::{AnyObject, GroupVersionResource, Status};

use super::{Admission, AdmissionRequest, Lookup, Operation};

/// Keeps objects out of namespaces that do not exist or are going, and the cluster's own namespaces from being deleted.
///
/// Upstream: `k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle`.
#[derive(Debug)]
pub(super) struct NamespaceLifecycle;

const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

#[async_trait]
impl Admission for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        "NamespaceLifecycle"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        request.is(Operation::Delete, "", "namespaces")
            || (request.operation == Operation::Create
                && !request.namespace.is_empty()
                && request.resource.resource != "localsubjectaccessreviews")
    }

    async fn admit(
        &self,
        request: &AdmissionRequest<'_>,
        _: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        if request.operation == Operation::Delete {
            let immortal = IMMORTAL.contains(&request.name);
            return if immortal { Err(request.forbid("this namespace may not be deleted")) } else { Ok(()) };
        }
        let namespaces = GroupVersionResource::new("", "v1", "namespaces");
        let Some(namespace) = cluster.get(&namespaces, "", request.namespace).await? else {
            return Err(Status::not_found(&namespaces, request.namespace));
        };
        if namespace.meta().deletion_timestamp.is_none() {
            return Ok(());
        }
        let going = format!("namespace {} is being terminated", request.namespace);
        let why =
            format!("unable to create new content in namespace {} because it is being terminated", request.namespace);
        let mut status = request.forbid(&why);
        let cause =
            Cause { reason: "NamespaceTerminating".to_owned(), message: going, field: "metadata.namespace".to_owned() };
        status.details.get_or_insert_with(|| Box::new(Details::default())).causes.push(cause);
        Err(status)
    }
}
