use k8s_api::registry::Registry;
use k8s_api::{GroupVersionKind, GroupVersionResource, Reason, Status};

use crate::Client;

/// The resource that serves a kind, and whether its objects live in namespaces.
///
/// The built-in kinds are known; for others the server's discovery is asked.
pub(super) async fn resource(client: &Client, kind: &GroupVersionKind) -> Result<(GroupVersionResource, bool), Status> {
    if let Some(info) = Registry::builtin().snapshot().kind(&kind.group, &kind.version, &kind.kind) {
        return Ok((info.gvr.clone(), info.namespaced));
    }
    let served = match client.discover_version(&kind.group, &kind.version).await {
        Err(status) if status.code == 404 => Vec::new(),
        served => served?,
    };
    let found = served.into_iter().find(|served| served.kind.kind == kind.kind);
    found.map(|found| (found.resource, found.namespaced)).ok_or_else(|| {
        let message = format!("no matches for kind \"{}\" in version \"{}\"", kind.kind, kind.api_version());
        Status::failure(404, Reason::NotFound, message)
    })
}
